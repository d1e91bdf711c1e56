// What the site is told of how it went: seconds really watched, stalls, waits. Counts for as long as one film is on.

// A wait that nobody sees is no stall.
const STALL_MS = 200;

export class Tally {
  #screen;
  #stalls = { count: 0, ms: 0, since: 0 };
  #told = { count: 0, ms: 0 };
  #watched = { at: 0, since: 0 };
  #settled = false;
  #waitingSince = 0;

  /** @param {import("./screen.js").Screen} screen */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Another film. */
  reset() {
    this.#stalls = { count: 0, ms: 0, since: 0 };
    this.#told = { count: 0, ms: 0 };
    this.#settled = false;
    this.#waitingSince = 0;
  }

  /** Another session of the same film: what was before it has been reported. */
  turnPage() {
    const { count, ms } = this.stalls;
    this.#told = { count, ms };
    this.takeWatched();
  }

  /** Milliseconds since a picture is waited for; 0 when it moves. */
  get waited() {
    return this.#waitingSince ? performance.now() - this.#waitingSince : 0;
  }

  /** All stalls of this film, the wait of now among them if it is long enough to be one. */
  get stalls() {
    return this.#stallsNow(this.#stalls.since);
  }

  /** Those that the session of now has not reported yet. */
  get fresh() {
    const { count, ms } = this.stalls;
    return { count: count - this.#told.count, ms: ms - this.#told.ms };
  }

  /** Seconds that the picture really moved since the last report. */
  takeWatched() {
    const { since } = this.#watched;
    this.#watched.since = 0;
    return Math.round(since * 100) / 100;
  }

  // What happens -----------------------------------------------------------------------------------------------

  moved() {
    const { currentTime, seeking } = this.#screen.video;
    const step = currentTime - this.#watched.at;
    if (step > 0 && step < 2 && !seeking) {
      this.#watched.since += step;
      this.#settled = true;
      this.#waitingSince = 0;
    }
    this.#watched.at = currentTime;
  }

  seeking() {
    this.#waitingSince = performance.now();
    this.#settled = false; // what is waited for now is the seek, until the picture moves again
    this.flows();
  }

  waits() {
    this.#waitingSince ||= performance.now();
    const { seeking, ended, paused } = this.#screen.video;
    if (this.#settled && !seeking && !ended && !paused) this.#stalls.since ||= performance.now();
  }

  flows() {
    this.#stalls = this.#stallsNow(0);
    const { paused, seeking } = this.#screen.video;
    if (!paused && !seeking) this.#waitingSince = 0;
  }

  #stallsNow(since) {
    const { count, ms, since: began } = this.#stalls;
    const wait = began ? performance.now() - began : 0;
    return wait < STALL_MS ? { count, ms, since } : { count: count + 1, ms: ms + wait, since };
  }
}
