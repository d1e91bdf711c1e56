// Where the picture is shown and how well: the size of the element in device pixels, and dropped frames. Tells the
// adaptation's limits of it.
//
// Events: "roomier" (a larger picture would show now) · "failing" {height} (frames are dropped; it steps down) ·
// "proved" {height} (stepping down helped: worth remembering).

import { Frames } from "./frames.js";

const LOOK_MS = 1000;

export class Surroundings extends EventTarget {
  #video;
  #adaptation;
  #frames;
  #picture;
  #observer = null;
  #timer = 0;
  #unlisten = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./adaptation.js").Adaptation} adaptation its `limits` are set
   * @param {() => {height: number, lowest: boolean} | null} picture the rendition on the screen
   */
  constructor(video, adaptation, picture) {
    super();
    this.#video = video;
    this.#adaptation = adaptation;
    this.#frames = new Frames(adaptation.limits.failing);
    this.#picture = picture;
    const { signal } = this.#unlisten;
    for (const type of ["seeking", "pause", "ratechange", "waiting"]) {
      video.addEventListener(type, () => this.#frames.reset(), { signal });
    }
    document.addEventListener("visibilitychange", () => this.#frames.reset(), { signal });
    this.#measure();
    if (globalThis.ResizeObserver) {
      this.#observer = new ResizeObserver(() => this.#measure());
      this.#observer.observe(video);
    }
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  close() {
    this.#unlisten.abort();
    this.#observer?.disconnect();
    clearInterval(this.#timer);
  }

  #measure() {
    const { clientWidth, clientHeight } = this.#video;
    const dots = globalThis.devicePixelRatio || 1;
    // An element that is not laid out (a second one that is being prepared) has no size: that is no limit.
    const screen = clientWidth && clientHeight ? { width: clientWidth * dots, height: clientHeight * dots } : null;
    const before = this.#adaptation.limits.screen;
    this.#adaptation.limits.screen = screen;
    if (before && screen && screen.height > before.height * 1.2) this.#say("roomier");
  }

  #look() {
    const video = this.#video;
    const picture = this.#picture();
    if (video.paused || video.seeking || video.readyState < 3 || document.hidden || !picture) {
      this.#frames.reset();
      return;
    }
    const quality = video.getVideoPlaybackQuality?.();
    if (!quality) return;
    const counters = { total: quality.totalVideoFrames, dropped: quality.droppedVideoFrames };
    const verdict = this.#frames.look({ now: performance.now(), ...counters, ...picture });
    if (!verdict) return;
    this.#adaptation.limits.failing = this.#frames.failing;
    if (verdict !== "cleared") this.#say(verdict, { height: this.#frames.failing });
  }

  #say(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
