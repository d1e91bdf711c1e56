// One viewer watching one film over one link, in simulated time. Nothing here knows an algorithm.
//
// An algorithm is {pause?(facts) → seconds, choose(facts) → index, progress?(facts) → index | null, done?(facts)}.
// `pause` and `choose` are asked before each segment; `progress` ten times a second while one comes, and may give it up for another rendition of the same.

const TICK_S = 0.1;
const LONGEST_S = 3600;

/** A link that gives bytes as its trace says, from any second on. */
export class Link {
  #rates;

  constructor({ rates, latency }) {
    this.#rates = rates;
    this.latency = latency;
  }

  /** Bytes that come between two seconds. */
  bytes(from, to) {
    let bits = 0;
    for (let at = from; at < to - 1e-9; ) {
      const second = Math.floor(at + 1e-9);
      const until = Math.min(to, second + 1);
      bits += this.#rates[second % this.#rates.length] * (until - at);
      at = until;
    }
    return bits / 8;
  }
}

/**
 * @param {{rates: Float64Array, latency: number}} trace
 * @param {{levels: object[], sizes: number[][], duration: number}} film sizes in bytes, by level, by segment
 * @param {object} algorithm
 * @param {{capacity?: number, segments?: number}} [options] seconds of film that the player keeps ahead
 * @returns {object} what was played: levels, stalls, start, bytes
 */
export function watch(trace, film, algorithm, { capacity = 60, segments = 90 } = {}) {
  const viewer = new Viewer(new Link(trace), film, algorithm, capacity);
  const count = Math.min(segments, film.sizes[0].length);
  for (let segment = 0; segment < count && viewer.now < LONGEST_S; segment += 1) viewer.take(segment);
  return viewer.result;
}

class Viewer {
  now = 0;
  #link;
  #film;
  #algorithm;
  #capacity;
  #buffer = 0;
  #started = false;
  #last = -1;
  #stalling = false;

  constructor(link, film, algorithm, capacity) {
    this.#link = link;
    this.#film = film;
    this.#algorithm = algorithm;
    this.#capacity = capacity;
    this.result = { levels: [], start: 0, stalls: 0, stall_s: 0, bytes: 0, wasted: 0, given_up: 0 };
  }

  take(segment) {
    const { duration } = this.#film;
    const full = this.#buffer + duration - this.#capacity;
    if (full > 0) this.#pass(full);
    const pause = this.#started ? (this.#algorithm.pause?.(this.#facts(segment)) ?? 0) : 0;
    if (pause > 0) this.#pass(pause);
    let level = this.#algorithm.choose(this.#facts(segment));
    for (let round = 0; ; round += 1) {
      const other = this.#load(segment, level, round < 3);
      if (other === null) break;
      this.result.given_up += 1;
      level = other;
    }
    this.#buffer += duration;
    this.#last = level;
    this.result.levels.push(level);
    if (!this.#started) {
      this.#started = true;
      this.result.start = this.now;
    }
    this.#stalling = false;
  }

  #facts(segment, more) {
    return { now: this.now, segment, buffer: this.#buffer, last: this.#last, started: this.#started, ...more };
  }

  /** Load a segment; the level to load instead when the algorithm gives it up, else null. */
  #load(segment, level, mayStop) {
    const began = this.now;
    const size = this.#film.sizes[level][segment];
    const { latency } = this.#link;
    let loaded = 0;
    this.#pass(latency);
    while (loaded < size) {
      const come = this.#link.bytes(this.now, this.now + TICK_S);
      if (loaded + come >= size) {
        this.#pass(this.#rest(size - loaded, come));
        loaded = size;
        break;
      }
      loaded += come;
      this.#pass(TICK_S);
      const facts = { level, size, loaded, elapsed: this.now - began, ttfb: latency };
      const other = mayStop ? (this.#algorithm.progress?.(this.#facts(segment, facts)) ?? null) : null;
      if (other !== null && other !== level) {
        this.result.bytes += loaded;
        this.result.wasted += loaded;
        return other;
      }
      if (this.now > LONGEST_S) break;
    }
    this.result.bytes += size;
    const facts = { level, size, seconds: this.now - began, ttfb: latency };
    this.#algorithm.done?.(this.#facts(segment, facts));
    return null;
  }

  /** How much of a tick the last bytes take: exact within a second, for rates change at seconds only. */
  #rest(bytes, come) {
    let [low, high] = [0, TICK_S];
    if (!come) return TICK_S;
    for (let i = 0; i < 20; i += 1) {
      const middle = (low + high) / 2;
      if (this.#link.bytes(this.now, this.now + middle) < bytes) low = middle;
      else high = middle;
    }
    return high;
  }

  #pass(seconds) {
    this.now += seconds;
    if (!this.#started) return;
    const short = seconds - this.#buffer;
    this.#buffer = Math.max(0, this.#buffer - seconds);
    if (short <= 1e-9) return;
    this.result.stall_s += short;
    if (!this.#stalling) this.result.stalls += 1;
    this.#stalling = true;
  }
}
