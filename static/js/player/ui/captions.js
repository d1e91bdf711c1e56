// Draws the cues of the video's hidden text track in our own layer: above the controls when they show, in our type, and
// in full screen too. The track itself stays on the element, where browsers and assistive technology look for it.

import { h } from "./dom.js";

export class Captions {
  #video;
  #tracks = new Set();
  #on = false;

  constructor(video) {
    this.#video = video;
    this.element = h("div", { class: "player-captions" });
    video.textTracks.addEventListener("addtrack", () => this.#listen());
    video.textTracks.addEventListener("change", () => this.#listen());
    this.#listen();
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
    const tracks = [...this.#video.textTracks].filter(({ mode, kind }) => mode !== "disabled" && kind !== "metadata");
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

  #listen() {
    for (const track of this.#video.textTracks) {
      // Browsers show a track by default in some cases; ours is drawn here.
      if (track.mode === "showing") track.mode = "hidden";
      if (this.#tracks.has(track)) continue;
      this.#tracks.add(track);
      track.addEventListener("cuechange", () => this.paint());
    }
    this.paint();
  }
}
