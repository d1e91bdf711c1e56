// Whether somebody is still there. Episodes follow one another by themselves; after three of them, or four hours, without
// a touch of anything, the player asks instead of playing on to an empty room. An episode is never interrupted for it.

const EPISODES = 3;
const HOURS_MS = 4 * 3600_000;

export class Vigil {
  #now;
  #since;
  #watched = 0;

  /** @param {() => number} [now] milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  /** Somebody is there. */
  touch() {
    this.#watched = 0;
    this.#since = this.#now();
  }

  /** An episode went over into the next one by itself. */
  passed() {
    this.#watched += 1;
  }

  /** Whether to ask before the next one plays by itself. */
  get asks() {
    return this.#watched + 1 >= EPISODES || this.#now() - this.#since >= HOURS_MS;
  }
}
