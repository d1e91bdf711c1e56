// Whether the viewer is using the controls: they come with any sign of life and go when left alone. Who walks through
// them with Tab, as those do who listen to the page, keeps them until Escape or until the focus has left.

const IDLE_MS = 3000;
//: Who came by arrow keys (a remote) and stopped: the focus goes back to the picture.
const WALKED_MS = 6000;
const PAUSED_CARD_MS = 4000;

export class Presence {
  #host;
  #tools;
  #idleTimer = 0;
  #cardTimer = 0;
  #pointer = { x: -1, y: -1 };

  /**
   * @param {HTMLElement} host
   * @param {object} tools
   * @param {() => boolean} tools.held whether something is open that needs the controls
   * @param {() => HTMLElement | null} tools.focused the control that has the focus, if one has
   * @param {() => "" | "tab" | "arrows"} tools.how how the focus came there
   * @param {() => void} tools.leave put the focus on the picture
   * @param {() => void} [tools.onLife] somebody is there
   */
  constructor(host, tools) {
    this.#host = host;
    this.#tools = tools;
  }

  get idle() {
    return this.#host.classList.contains("idle");
  }

  /** A sign of life: show the controls for a while. */
  wake(event) {
    if (event?.type === "pointermove") {
      // A mouse that lies still sends moves too, when elements move under it.
      const { clientX, clientY } = event;
      if (clientX === this.#pointer.x && clientY === this.#pointer.y) return;
      this.#pointer = { x: clientX, y: clientY };
    }
    if (event && event.type !== "focusin") this.#tools.onLife?.();
    this.#host.classList.remove("idle");
    this.sleepSoon(this.#tools.how() === "arrows" && this.#tools.focused() ? WALKED_MS : IDLE_MS);
  }

  sleepSoon(delay) {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#sleep(), delay);
  }

  /** Away with them now. */
  hide() {
    clearTimeout(this.#idleTimer);
    if (!this.#tools.held()) this.#host.classList.add("idle");
  }

  /** The film runs. */
  runs() {
    this.#host.classList.remove("paused", "carded");
    clearTimeout(this.#cardTimer);
    this.wake();
  }

  /** The film stands: after a while the picture says what is on. */
  stands() {
    this.#host.classList.add("paused");
    this.wake();
    clearTimeout(this.#cardTimer);
    this.#cardTimer = setTimeout(() => this.#host.classList.add("carded"), PAUSED_CARD_MS);
  }

  drop() {
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#cardTimer);
  }

  #sleep() {
    const { held, focused, how, leave } = this.#tools;
    if (held()) return;
    if (focused()) {
      if (how() === "tab") return;
      leave();
    }
    this.#host.classList.add("idle");
  }
}
