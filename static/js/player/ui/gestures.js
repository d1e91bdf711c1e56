// What the pointer does on the picture: a mouse clicks to pause and double-clicks to enlarge; a finger taps for the
// controls and double-taps left or right to jump, and goes on jumping with each further tap.

const DOUBLE_MS = 300;
const GOES_ON_MS = 700;
const SIDE = 0.35; // how much of the width, left and right, belongs to jumping

export class Gestures {
  #tools;
  #surface;
  #lastTap = 0;
  #lastSide = 0;
  #jumped = -Infinity;
  #timer = 0;

  /**
   * @param {HTMLElement} surface
   * @param {{toggle: () => void, enlarge: () => void, tap: () => void, jump: (direction: -1 | 1) => void}} tools
   */
  constructor(surface, tools) {
    this.#surface = surface;
    this.#tools = tools;
    surface.addEventListener("pointerup", (event) => this.#up(event));
    surface.addEventListener("dblclick", (event) => {
      if (event.pointerType !== "touch" && !this.#touched(event)) tools.enlarge();
    });
  }

  #touched(event) {
    return event.timeStamp - this.#lastTap < 800;
  }

  #up(event) {
    if (event.button > 0) return;
    if (event.pointerType === "mouse") {
      this.#tools.toggle();
      return;
    }
    const box = this.#surface.getBoundingClientRect();
    const along = (event.clientX - box.left) / (box.width || 1);
    const side = along < SIDE ? -1 : along > 1 - SIDE ? 1 : 0;
    const same = side && side === this.#lastSide;
    const goesOn = same && event.timeStamp - this.#jumped < GOES_ON_MS;
    const double = same && event.timeStamp - this.#lastTap < DOUBLE_MS;
    clearTimeout(this.#timer);
    if (double || goesOn) {
      this.#jumped = event.timeStamp;
      this.#tools.jump(side);
    } else if (side) {
      // A side tap waits: it may be the first of two, and the controls should not blink in between.
      this.#timer = setTimeout(this.#tools.tap, DOUBLE_MS);
    } else this.#tools.tap();
    this.#lastTap = event.timeStamp;
    this.#lastSide = side;
  }
}
