// The timeline: played, buffered, chapters, a handle, and a time with a small picture that follows the pointer. Dragging
// shows; letting go seeks. Keys walk along it the same way: they show, and seek when one rests.

import { gettext, interpolate } from "../../lib/words.js";
import { figures, words } from "./clock.js";
import { h } from "./dom.js";
import { chapterAt, chaptersOf } from "./moments.js";

const STEP_S = 10;
//: Whoever holds a key goes faster after so many steps, as on a television.
const HASTE_AFTER = 6;
const HASTE = 3;
const REST_MS = 450;
const STEPS = { ArrowLeft: -STEP_S, ArrowRight: STEP_S, PageDown: -60, PageUp: 60 };

/**
 * The stretch of film that is buffered around a moment, in seconds; nothing is a stretch of no length there. Pure.
 * @param {TimeRanges} buffered
 */
export function stretchAround(buffered, at) {
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= at + 0.3 && buffered.end(i) > at) return { from: Math.min(buffered.start(i), at), to: buffered.end(i) };
  }
  return { from: at, to: at };
}

export class Scrubber {
  #screen;
  #duration;
  #available;
  #picture;
  #markers;
  #onSeek;
  #dragging = null;
  #steps = 0;
  #rest = 0;
  #marked = null;
  #marks = h("div", { class: "marks" });
  #chapter = h("span", { class: "of" });
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
   * @param {() => {kind: string, name: string, start: number}[]} [tools.markers]
   * @param {(seconds: number) => void} tools.onSeek
   * @param {(seconds: number | null) => void} [tools.onDrag]
   */
  constructor(screen, { duration, available, picture, markers = () => [], onSeek, onDrag }) {
    this.#screen = screen;
    this.#duration = duration;
    this.#available = available;
    this.#picture = picture;
    this.#markers = markers;
    this.#onSeek = onSeek;
    this.onDrag = onDrag;
    this.#played = h("div", { class: "played" });
    this.#buffered = h("div", { class: "buffered" });
    this.#time = h("span", {}, "0:00");
    this.#still = h("div", { class: "still", hidden: true });
    this.#tip = h("output", { class: "tip", "aria-hidden": "true" }, this.#still, this.#chapter, this.#time);
    this.#rail = h(
      "div",
      { class: "rail" },
      h("div", { class: "there" }),
      this.#buffered,
      h("div", { class: "hovered" }),
      this.#played,
      this.#marks,
      h("div", { class: "handle" }),
    );
    this.element = h(
      "div",
      {
        class: "player-scrubber",
        role: "slider",
        tabIndex: 0,
        "aria-label": gettext("Position"),
        "aria-valuemin": "0",
        "aria-orientation": "horizontal",
        onpointerdown: (event) => this.#down(event),
        onpointermove: (event) => this.#move(event),
        onpointerup: (event) => this.#up(event),
        onpointercancel: () => this.#drop(),
        onpointerleave: () => this.element.classList.remove("hover"),
        onblur: () => this.#land(),
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
    const { from, to } = stretchAround(buffered, currentTime);
    const part = (seconds) => String(duration ? Math.min(1, seconds / duration) : 0);
    this.element.style.setProperty("--played", part(this.shown));
    this.element.style.setProperty("--from", part(from));
    this.element.style.setProperty("--buffered", part(to));
    this.#mark(duration);
    const growing = duration - this.#available() > 1;
    this.element.classList.toggle("growing", growing);
    if (growing) this.element.style.setProperty("--there", part(this.#available()));
    const whole = Math.floor(this.shown);
    if (this.element.getAttribute("aria-valuenow") === String(whole)) return;
    this.element.setAttribute("aria-valuemax", String(Math.floor(duration)));
    this.element.setAttribute("aria-valuenow", String(whole));
    const place = interpolate(gettext("%(position)s of %(length)s"), { position: words(whole), length: words(duration) });
    const chapter = chapterAt(this.#markers(), whole)?.name;
    this.element.setAttribute("aria-valuetext", chapter ? `${chapter}, ${place}` : place);
  }

  /** A gap in the thread where a chapter begins. */
  #mark(duration) {
    const markers = this.#markers();
    if (!duration || (this.#marked?.markers === markers && this.#marked.duration === duration)) return;
    this.#marked = { markers, duration };
    const begins = chaptersOf(markers).filter(({ start }) => start > 0 && start < duration);
    this.#marks.replaceChildren(
      ...begins.map(({ start }) => {
        const mark = h("i", { class: "mark" });
        mark.style.setProperty("--at", String(start / duration));
        return mark;
      }),
    );
  }

  #at(event) {
    const box = this.#rail.getBoundingClientRect();
    const along = Math.min(1, Math.max(0, (event.clientX - box.left) / (box.width || 1)));
    this.#point(along, box.width);
    return along * this.#duration();
  }

  /** Show what is at this part of the film, above it. */
  #point(along, width = this.#rail.getBoundingClientRect().width) {
    const seconds = along * this.#duration();
    this.#time.textContent = figures(seconds, this.#duration());
    this.#chapter.textContent = chapterAt(this.#markers(), seconds)?.name ?? "";
    const half = this.#tip.offsetWidth / 2;
    const centre = Math.min(width - half, Math.max(half, along * width));
    this.element.style.setProperty("--pointer", String(along));
    this.element.style.setProperty("--tip", `${centre}px`);
    this.#show(seconds);
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
    this.#forget();
    this.element.setPointerCapture(event.pointerId);
    this.#drag(this.#at(event));
  }

  #move(event) {
    this.element.classList.add("hover");
    const seconds = this.#at(event);
    if (this.dragging && !this.#steps) this.#drag(seconds);
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
    this.#forget();
    this.#dragging = null;
    this.element.classList.remove("dragging", "hover");
    this.onDrag?.(null);
    this.paint();
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const duration = this.#duration();
    if (event.code in STEPS) this.#step(STEPS[event.code]);
    else if (event.code === "Home" || event.code === "End") this.#walk(event.code === "Home" ? 0 : duration);
    else if (this.#steps && (event.code === "Enter" || event.code === "Space")) this.#land();
    else if (this.#steps && event.code === "Escape") this.#drop();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #step(by) {
    const haste = this.#steps >= HASTE_AFTER ? HASTE : 1;
    this.#walk(this.shown + by * haste);
  }

  /** Go there with the handle and the picture over it; the film follows when the keys rest. */
  #walk(to) {
    const duration = this.#duration();
    if (!duration) return;
    clearTimeout(this.#rest);
    this.#steps += 1;
    this.#drag(Math.min(duration, Math.max(0, to)));
    this.#point(this.#dragging / duration);
    this.#rest = setTimeout(() => this.#land(), REST_MS);
  }

  #land() {
    if (!this.#steps || this.#dragging === null) return;
    const seconds = this.#dragging;
    this.#drop();
    this.#onSeek(seconds);
  }

  #forget() {
    clearTimeout(this.#rest);
    this.#steps = 0;
  }
}
