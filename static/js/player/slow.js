// "Slow" is not "dead": the bytes come, but too late. Pure; seconds and bytes.

const WINDOW_MS = 45_000;
const YOUNG_S = 1.5;

/**
 * Whether a segment under way will come too late for its buffer.
 * @param {{elapsed: number, loaded: number, total: number, remaining: number, duration: number, buffer: number}} facts
 *   seconds since the transfer began, its bytes, the size of the whole (0 when unknown), bytes still to come, seconds
 *   of film in the segment, seconds of buffer ahead
 */
export function isSlow({ elapsed, loaded, total, remaining, duration, buffer }) {
  if (!duration || !loaded || !total || elapsed <= YOUNG_S) return false;
  const eta = (elapsed * remaining) / loaded;
  if (eta <= Math.max(1.5, 0.75 * duration)) return false;
  return eta > buffer / 2 || elapsed > 0.75 * duration;
}

/**
 * The guard against blaming nodes for the viewer's own link: when as many slow verdicts as there are nodes fell within
 * 45 s, moving does not help; the adaptive bitrate has to. Without it a slow link was switched to and fro and stalled
 * for 3.7 s (measured).
 */
export class SlowGuard {
  #verdicts = [];

  /** May a slow verdict be passed now? */
  open(now, nodeCount) {
    this.#forget(now);
    return this.#verdicts.length < Math.max(1, nodeCount);
  }

  /** Note a verdict. @returns {number} how many there are in the window, this one included */
  note(now) {
    this.#forget(now);
    return this.#verdicts.push(now);
  }

  #forget(now) {
    this.#verdicts = this.#verdicts.filter((at) => now - at < WINDOW_MS);
  }
}
