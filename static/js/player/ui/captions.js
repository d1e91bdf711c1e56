// Draws cues in our own layer: above the controls when they show, in the profile's look, and in full screen too. The
// engine's track stays on the element, where browsers and assistive technology look for it; a second one is drawn under
// it. When a cue begins is our own reckoning, not the browser's: subtitles can be told to come earlier or later.

import { gettext } from "../../lib/words.js";
import { taste } from "../taste.js";
import { h } from "./dom.js";

const CHANGES = ["play", "playing", "pause", "seeking", "seeked", "ratechange", "timeupdate"];
//: At the latest so often it is looked again: what loads in the meantime brings cues of its own.
const LOOK_MS = 4000;

/** The cues of now, in the order in which they begin. Pure. @param {{startTime: number, endTime: number}[]} cues */
export function activeAt(cues, second) {
  return cues.filter((cue) => cue.startTime <= second && cue.endTime > second).sort((a, b) => a.startTime - b.startTime);
}

/** When something begins or ends next, in seconds; Infinity when nothing does. Pure. */
export function nextChange(cues, second) {
  let next = Infinity;
  for (const { startTime, endTime } of cues) {
    if (startTime > second) next = Math.min(next, startTime);
    else if (endTime > second) next = Math.min(next, endTime);
  }
  return next;
}

export class Captions {
  #screen;
  #tracks = new WeakSet();
  #on = false;
  #second = [];
  #drawn = [];
  #timer = 0;
  #sample = false;
  #spoken = h("p", { class: "player-said", "aria-live": "polite" });
  /** Seconds by which all subtitles come later (earlier, when negative). */
  offset = 0;
  /** Whether screen readers are to read them. */
  speaks = false;

  /** @param {import("../screen.js").Screen} screen */
  constructor(screen) {
    this.#screen = screen;
    this.lines = h("div", { class: "lines" });
    this.element = h("div", { class: "player-captions captions" }, this.lines, this.#spoken);
    this.look(taste.look);
    screen.addEventListener("swap", () => this.#take());
    for (const type of CHANGES) screen.addEventListener(type, () => this.paint());
    this.#take();
  }

  /** How they look: the words of accounts/look.py. */
  look(look) {
    Object.assign(this.element.dataset, look);
    this.#drawn = [];
    this.paint();
  }

  /** Show the engine's cues or not. */
  show(on) {
    this.#on = on;
    this.paint();
  }

  /** Show these too. @param {VTTCue[]} cues */
  beside(cues) {
    this.#second = cues;
    this.paint();
  }

  /** Words to try a look on, while nothing is said. */
  sample(on) {
    this.#sample = on;
    this.element.classList.toggle("trying", on); // on small screens the menu would cover them
    this.paint();
  }

  /** Come earlier or later. */
  shift(offset) {
    this.offset = offset;
    this.paint();
  }

  paint() {
    clearTimeout(this.#timer);
    const { currentTime, paused, playbackRate } = this.#screen.video;
    const at = currentTime - this.offset;
    const first = this.#on ? this.#cues() : [];
    this.#draw(activeAt(first, at), activeAt(this.#second, at));
    if (paused || !(first.length || this.#second.length)) return;
    const next = Math.min(nextChange(first, at), nextChange(this.#second, at));
    const wait = ((next - at) * 1000) / (playbackRate || 1);
    this.#timer = setTimeout(() => this.paint(), Math.min(LOOK_MS, Math.max(8, wait + 4)));
  }

  #cues() {
    const tracks = [...this.#screen.video.textTracks].filter(({ mode, kind }) => mode !== "disabled" && kind !== "metadata");
    return tracks.flatMap((track) => [...(track.cues ?? [])]);
  }

  #draw(first, second) {
    const sampled = this.#sample && !first.length;
    const wanted = [...first, ...second, sampled];
    if (wanted.length === this.#drawn.length && wanted.every((cue, index) => cue === this.#drawn[index])) return;
    this.#drawn = wanted;
    const top = first.some((cue) => typeof cue.line === "number" && (cue.snapToLines ? cue.line === 0 : cue.line < 40));
    this.element.classList.toggle("top", top || this.element.dataset.position === "top");
    const lines = first.map((cue) => this.#line(cue));
    if (sampled) lines.push(h("p", { class: "cue" }, gettext("This is how subtitles look.")));
    this.lines.replaceChildren(...lines, ...second.map((cue) => this.#line(cue, "second")));
    if (this.speaks) this.#spoken.textContent = lines.map(({ textContent }) => textContent).join(" ");
  }

  #line(cue, more = "") {
    const line = h("p", { class: more ? `cue ${more}` : "cue", dir: "auto" });
    // getCueAsHTML parses WebVTT's own few tags (i, b, u, c, v, ruby) into a fragment: no markup of others gets in.
    if (cue.getCueAsHTML) line.append(cue.getCueAsHTML());
    else line.textContent = cue.text;
    return line;
  }

  #take() {
    const { textTracks } = this.#screen.video;
    for (const type of ["addtrack", "change"]) textTracks.addEventListener(type, () => this.#listen());
    this.#listen();
  }

  #listen() {
    for (const track of this.#screen.video.textTracks) {
      // Browsers show a track by default in some cases; ours is drawn here. (In a system's own full screen only the
      // system draws: native.js shows it there.)
      if (track.mode === "showing" && !this.#screen.video.webkitDisplayingFullscreen) track.mode = "hidden";
      if (this.#tracks.has(track)) continue;
      this.#tracks.add(track);
      track.addEventListener("cuechange", () => this.paint());
    }
    this.paint();
  }
}
