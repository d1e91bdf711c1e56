// Draws the cues of the video's hidden text track in our own layer: above the controls when they show, in our type, and
// in full screen too. The track itself stays on the element, where browsers and assistive technology look for it.

import { taste } from "../taste.js";
import { h } from "./dom.js";

export class Captions {
  #screen;
  #tracks = new WeakSet();
  #on = false;

  /** @param {import("../screen.js").Screen} screen */
  constructor(screen) {
    this.#screen = screen;
    this.element = h("div", { class: "player-captions captions" });
    Object.assign(this.element.dataset, taste.look);
    screen.addEventListener("swap", () => this.#take());
    this.#take();
  }

  /** Show cues or not. */
  show(on) {
    this.#on = on;
    this.paint();
  }

  paint() {
    const cues = this.#on ? this.#active() : [];
    const top = cues.some((cue) => typeof cue.line === "number" && !cue.snapToLines && cue.line < 40);
    this.element.classList.toggle("top", top);
    this.element.replaceChildren(...cues.map((cue) => this.#line(cue)));
  }

  #active() {
    const tracks = [...this.#screen.video.textTracks].filter(({ mode, kind }) => mode !== "disabled" && kind !== "metadata");
    const cues = tracks.flatMap((track) => [...(track.activeCues ?? [])]);
    return cues.sort((a, b) => a.startTime - b.startTime);
  }

  #line(cue) {
    const line = h("p", { class: "cue" });
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
      // Browsers show a track by default in some cases; ours is drawn here.
      if (track.mode === "showing") track.mode = "hidden";
      if (this.#tracks.has(track)) continue;
      this.#tracks.add(track);
      track.addEventListener("cuechange", () => this.paint());
    }
    this.paint();
  }
}
