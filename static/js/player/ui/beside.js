// What is known beside the film: its names, its series' episodes and how far each is, the viewer's verdict. Asked for once
// the picture moves; a player without an answer shows less and works as well.

import { ask } from "../../lib/http.js";

//: The list of episodes is asked for again after this long: other screens of the household move bookmarks, too.
const FRESH_MS = 30_000;

export class Beside {
  #url;
  #ask;
  #now;
  #video = "";
  #at = 0;
  #asking = null;
  #known = null;

  /**
   * @param {(video: string) => string} url where it is asked for
   * @param {{ask?: typeof ask, now?: () => number}} [tools]
   */
  constructor(url, { ask: question = ask, now = () => performance.now() } = {}) {
    this.#url = url;
    this.#ask = question;
    this.#now = now;
  }

  /** What is known of this video now; null when nothing is yet. */
  of(video) {
    return this.#video === video ? this.#known : null;
  }

  /**
   * Ask, unless it is known well enough. @returns {Promise<object | null>} never rejects; null when the site is away
   */
  async about(video) {
    if (this.#video === video && this.#asking) return this.#asking;
    if (this.of(video) && this.#now() - this.#at < FRESH_MS) return this.#known;
    if (this.#video !== video) this.#known = null;
    this.#video = video;
    const asking = this.#ask("GET", this.#url(video)).then(
      (answer) => this.#keep(video, asking, answer),
      () => this.#keep(video, asking, this.of(video)),
    );
    this.#asking = asking;
    return asking;
  }

  #keep(video, asking, answer) {
    if (this.#asking !== asking) return null; // another film meanwhile
    this.#asking = null;
    this.#known = answer && { ...answer, still: (other) => episodeOf(answer, other)?.still ?? null };
    this.#at = this.#now();
    return this.#known;
  }
}

/** The episode with this video, or null. Pure. */
export function episodeOf({ seasons = [] }, video) {
  for (const { episodes } of seasons) {
    const found = episodes.find((episode) => episode.video === video);
    if (found) return found;
  }
  return null;
}

/** How many episodes can be played. Pure. */
export function playable({ seasons = [] }) {
  return seasons.reduce((sum, { episodes }) => sum + episodes.filter(({ video }) => video).length, 0);
}
