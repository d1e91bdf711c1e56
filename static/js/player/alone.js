// Whether a film may be playing to nobody: an episode that began by itself, and in whose first minutes nothing was touched.
// Such a one says half as much of its viewer's taste (docs/recommend-signals.md).

//: A touch within so long after the beginning says that somebody watches.
const SEEN_MS = 10 * 60_000;

export class Alone {
  #now;
  #since = null;

  /** @param {() => number} [now] milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** A film begins. @param {boolean} alone by itself: nobody asked for it */
  begin(alone) {
    this.#since = alone ? this.#now() : null;
  }

  /** Somebody is there; later than that it is the end of this one that they touch, or the next. */
  touch() {
    if (this.#since !== null && this.#now() - this.#since < SEEN_MS) this.#since = null;
  }

  /** Whether it began by itself and nobody was there. */
  get now() {
    return this.#since !== null;
  }
}
