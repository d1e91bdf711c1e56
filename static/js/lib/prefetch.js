// Has the film ready that is likely to be played next: the one of the title that is open, or of the card that somebody
// rests on. One at a time; what was left is given up; nothing on lines where it would cost the viewer something.

import { Ahead, worthwhile } from "../player/ahead.js";
import { screenOf, startOf } from "../player/start.js";
import { Preferences } from "../player/ui/prefs.js";
import { videoOf } from "./links.js";

//: Somebody who only passes over a card does not mean it.
const REST_MS = 250;
//: Back to the title that is open, when nothing else has been rested on for so long.
const RETURN_MS = 1500;
const HOSTS = ".card, .episode, .billboard, .actions";

export class Prefetch {
  #options;
  #ahead = null;
  #wanted = null;
  #open = null;
  #looked = null;
  #timer = 0;
  #resting = false;

  /** @param {{sessionUrl: string, watchUrl: string, csrf: string, load: () => void}} options `load`: the player's code */
  constructor(options) {
    this.#options = options;
  }

  /** @param {{here?: Promise<void>}} [when] `here`: somebody is there to play the title that is open */
  listen({ here } = {}) {
    const on = (type, handler) => document.addEventListener(type, handler, { passive: true });
    on("pointerover", ({ target, pointerType }) => pointerType !== "touch" && this.#consider(target));
    on("focusin", ({ target }) => this.#consider(target));
    on("pointerdown", ({ target }) => this.#consider(target.closest("a[href]"), { now: true }));
    on("visibilitychange", () => (document.hidden ? this.#leave() : this.look()));
    if (here) here.then(() => this.look());
    else this.look();
  }

  /** The title that is open is what will be played, if anything is. */
  look() {
    this.#looked = null;
    this.#open = videoOf(document.querySelector(".title-hero .actions a[href]"), this.#options.watchUrl);
    if (this.#resting) return; // a film is on: coming back to its tab is no reason to prepare it once more
    if (this.#open && (!this.#wanted || this.#wanted === this.#open)) {
      this.#wanted = this.#open;
      this.#begin(this.#open);
    }
  }

  /**
   * A page wants to show a stretch of this film by itself: the session that is prepared for that serves a press of Play
   * too, and what somebody means comes first.
   * @returns {Promise<object | null>} the session's answer; null while another film is nearer, or where nothing is prepared
   */
  async glimpse(video) {
    if (this.#resting || (this.#wanted && this.#wanted !== video)) return null;
    this.#looked = this.#wanted = video;
    this.#begin(video, { glimpsed: true });
    const ahead = this.#ahead;
    return ahead?.videoId === video ? ahead.told() : null;
  }

  /** What there is of the film that is played now; else it is begun in this moment. Nothing else is fetched meanwhile. */
  take(videoId) {
    clearTimeout(this.#timer);
    this.#resting = true;
    const ahead = this.#ahead;
    this.#ahead = this.#wanted = null;
    if (ahead?.videoId === videoId) return ahead;
    ahead?.drop();
    return this.#have(videoId, startOf(new Preferences()), { pressed: true });
  }

  /** The film is left again. */
  resume() {
    this.#resting = false;
  }

  #consider(target, { now = false } = {}) {
    if (this.#resting) return;
    const at = this.#videoAt(target);
    const video = at ?? this.#open ?? this.#looked;
    if (video === this.#wanted && !(now && at)) return;
    if (video !== this.#wanted) this.#leave();
    this.#wanted = video;
    if (!video) return;
    clearTimeout(this.#timer);
    if (now && at) this.#begin(video);
    else this.#timer = setTimeout(() => this.#begin(video), at ? REST_MS : RETURN_MS);
  }

  #videoAt(target) {
    const { watchUrl } = this.#options;
    const own = videoOf(target?.closest?.("a[href]"), watchUrl);
    if (own) return own;
    for (const link of target?.closest?.(HOSTS)?.querySelectorAll("a[href]") ?? []) {
      const video = videoOf(link, watchUrl);
      if (video) return video;
    }
    return null;
  }

  #begin(video, { glimpsed = false } = {}) {
    clearTimeout(this.#timer);
    const start = startOf(new Preferences());
    if (!glimpsed) this.#options.load();
    if (this.#ahead?.videoId === video) return;
    this.#ahead?.drop();
    this.#ahead = null;
    if (document.hidden || !worthwhile(navigator.connection, start.limits)) return;
    this.#ahead = this.#have(video, start, { rehearsed: video === this.#open });
  }

  #have(video, start, how) {
    const { sessionUrl, csrf } = this.#options;
    return new Ahead(video, { sessionUrl, csrf, start: { ...start, screen: screenOf() }, ...how });
  }

  // What is there already stays until another film is wanted; what is still on its way is given up.
  #leave() {
    clearTimeout(this.#timer);
    this.#wanted = null;
    const ahead = this.#ahead;
    if (!ahead || ahead.done) return;
    ahead.drop();
    this.#ahead = null;
  }
}
