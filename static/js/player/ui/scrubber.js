// The timeline: played, buffered, a handle, and a time that follows the pointer. Dragging shows; letting go seeks.

import { figures, words } from "./clock.js";
import { h } from "./dom.js";

const STEP_S = 10;

export class Scrubber {
  #screen;
  #duration;
  #available;
  #picture;
  #onSeek;
  #dragging = null;
  #rail;
  #played;
  #buffered;
  #tip;
  #time;
  #still;
  #wanted = 0;

  /**
   * @param {import("../screen.js").Screen} screen
   * @param {object} tools
   * @param {() => number} tools.duration of the whole film, seconds
   * @param {() => number} tools.available how much of it is there
   * @param {(second: number) => Promise<{tile: object, image: string} | null> | undefined} tools.picture
   * @param {(seconds: number) => void} tools.onSeek
   * @param {(seconds: number | null) => void} [tools.onDrag]
   */
  constructor(screen, { duration, available, picture, onSeek, onDrag }) {
    this.#screen = screen;
    this.#duration = duration;
    this.#available = available;
    this.#picture = picture;
    this.#onSeek = onSeek;
    this.onDrag = onDrag;
    this.#played = h("div", { class: "played" });
    this.#buffered = h("div", { class: "buffered" });
    this.#time = h("span", {}, "0:00");
    this.#still = h("div", { class: "still", hidden: true });
    this.#tip = h("output", { class: "tip", "aria-hidden": "true" }, this.#still, this.#time);
    this.#rail = h(
      "div",
      { class: "rail" },
      h("div", { class: "there" }),
      this.#buffered,
      h("div", { class: "hovered" }),
      this.#played,
      h("div", { class: "handle" }),
    );
    this.element = h(
      "div",
      {
        class: "player-scrubber",
        role: "slider",
        tabIndex: 0,
        "aria-label": "Position",
        "aria-valuemin": "0",
        "aria-orientation": "horizontal",
        onpointerdown: (event) => this.#down(event),
        onpointermove: (event) => this.#move(event),
        onpointerup: (event) => this.#up(event),
        onpointercancel: () => this.#drop(),
        onpointerleave: () => this.element.classList.remove("hover"),
        onkeydown: (event) => this.#key(event),
      },
      this.#rail,
      this.#tip,
    );
  }

  get #video() {
    return this.#screen.video;
  }

  /** The position that is shown: where the finger is, while one drags. */
  get shown() {
    return this.#dragging ?? this.#video.currentTime;
  }

  get dragging() {
    return this.#dragging !== null;
  }

  /** Show the state of now. */
  paint() {
    const duration = this.#duration();
    const { buffered, currentTime } = this.#video;
    let end = 0;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.3) end = Math.max(end, buffered.end(i));
    }
    const part = (seconds) => String(duration ? Math.min(1, seconds / duration) : 0);
    this.element.style.setProperty("--played", part(this.shown));
    this.element.style.setProperty("--buffered", part(end));
    const growing = duration - this.#available() > 1;
    this.element.classList.toggle("growing", growing);
    if (growing) this.element.style.setProperty("--there", part(this.#available()));
    const whole = Math.floor(this.shown);
    if (this.element.getAttribute("aria-valuenow") === String(whole)) return;
    this.element.setAttribute("aria-valuemax", String(Math.floor(duration)));
    this.element.setAttribute("aria-valuenow", String(whole));
    this.element.setAttribute("aria-valuetext", `${words(whole)} of ${words(duration)}`);
  }

  #at(event) {
    const box = this.#rail.getBoundingClientRect();
    const along = Math.min(1, Math.max(0, (event.clientX - box.left) / (box.width || 1)));
    const half = this.#tip.offsetWidth / 2;
    const centre = Math.min(box.width - half, Math.max(half, along * box.width));
    this.element.style.setProperty("--pointer", String(along));
    this.element.style.setProperty("--tip", `${centre}px`);
    const seconds = along * this.#duration();
    this.#time.textContent = figures(seconds, this.#duration());
    this.#show(seconds);
    return seconds;
  }

  /** The small picture of where the pointer is, when it has come; only the one that was asked for last is shown. */
  async #show(seconds) {
    const wanted = (this.#wanted += 1);
    const found = (await this.#picture(seconds)) ?? null;
    if (wanted !== this.#wanted) return;
    this.#still.hidden = !found;
    if (!found) return;
    const { tile, image } = found;
    const { style } = this.#still;
    style.inlineSize = `${tile.width}px`;
    style.blockSize = `${tile.height}px`;
    style.backgroundImage = `url("${image}")`;
    style.backgroundPosition = `-${tile.x}px -${tile.y}px`;
    this.#tip.classList.add("pictured");
  }

  #down(event) {
    if (event.button > 0) return;
    this.element.setPointerCapture(event.pointerId);
    this.#drag(this.#at(event));
  }

  #move(event) {
    this.element.classList.add("hover");
    const seconds = this.#at(event);
    if (this.dragging) this.#drag(seconds);
  }

  #up(event) {
    if (!this.dragging) return;
    const seconds = this.#at(event);
    this.#drop();
    this.#onSeek(seconds);
  }

  #drag(seconds) {
    this.#dragging = seconds;
    this.element.classList.add("dragging", "hover");
    this.onDrag?.(seconds);
    this.paint();
  }

  #drop() {
    this.#dragging = null;
    this.element.classList.remove("dragging", "hover");
    this.onDrag?.(null);
    this.paint();
  }

  #key(event) {
    const steps = { ArrowLeft: -STEP_S, ArrowRight: STEP_S, PageDown: -60, PageUp: 60 };
    let to = null;
    if (event.code in steps) to = this.#video.currentTime + steps[event.code];
    else if (event.code === "Home") to = 0;
    else if (event.code === "End") to = this.#duration();
    if (to === null || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#onSeek(to);
  }
}
