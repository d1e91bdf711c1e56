// "Slow" is not "dead": the bytes come, but later than they could. Pure: milliseconds, bytes, seconds of film.
//
// Whether a node is slow or the viewer's own link is cannot be told from one transfer. So a slow node is challenged: the
// rest of the segment is asked from another node too, and both run for a moment. When the other one is faster by far it
// was the node; when the two share what the one had before it is the link, nobody is blamed and nothing moves. Without
// such a test a slow link was switched to and fro and stalled for 3.7 s (measured).

const WINDOW_MS = 800;
const YOUNG_MS = 500;
// With little in hand there is less time to look: a picture that is given up must leave time for a smaller one.
const LITTLE_S = 6;
const HURRIED_WINDOW_MS = 500;
const HURRIED_YOUNG_MS = 300;
// Below this much time to come a challenge can't pay for its own round trip.
const NEARLY_THERE_S = 0.5;
const WORTH_S = 1;
// With little in hand less is worth it: a node that is bad now is better left before the next segment hangs on it.
const HURRIED_WORTH_S = 0.5;
// Small segments come soon enough from a bad node too, but then the picture stays small: where another one is this much
// faster, less time to come is worth a challenge.
const MUCH_FASTER = 3;
const SOON_S = 0.25;
const UNKNOWN_WORTH_S = 1.5;
const SAFE_S = 2;
/** How much faster another node has to be. */
export const FASTER = 1.5;
const EARLY_MS = 150;
const LOOK_MS = 400;
const LAST_LOOK_MS = 800;
const HURRIED_LOOK_MS = 250;
// Two that share a line have half of it each; a better node is not that slow in a quarter of a second.
const SHARED = 0.75;
const BETTER = 1.25;
const FIRST_REST_MS = 15_000;
const LONGEST_REST_MS = 240_000;
const WORSE = 0.5;
const SHORTEST_REST_MS = 3000;
const UNDECIDED_REST_MS = 4000;

/** How fast the bytes of one transfer come now, not since it began: a node may be throttled in the middle. */
export class Pace {
  #marks = [];

  /** `bytes` of this transfer were here at `now`. */
  add(now, bytes) {
    this.#marks.push([now, bytes]);
    while (this.#marks.length > 2 && this.#marks[1][0] <= now - WINDOW_MS) this.#marks.shift();
  }

  /**
   * Bytes per second over the last 0.8 s (or since the beginning); NaN before 150 ms.
   * @param {number} now
   * @param {number} [buffer] seconds of film in hand: with little, over the last 0.5 s
   */
  rate(now, buffer = Infinity) {
    const from = now - (buffer < LITTLE_S ? HURRIED_WINDOW_MS : WINDOW_MS);
    const later = this.#marks.findIndex(([at]) => at > from);
    const start = this.#marks[Math.max(0, later < 0 ? this.#marks.length - 1 : later - 1)];
    if (!start || now - start[0] < EARLY_MS) return NaN;
    return ((this.#marks.at(-1)[1] - start[1]) * 1000) / (now - start[0]);
  }

  /** The machine slept: that time does not count. */
  forgive(slept) {
    for (const mark of this.#marks) mark[0] += slept;
  }
}

/**
 * Whether a running transfer should be challenged, and why.
 * @param {object} facts
 * @param {number} facts.age ms since its first byte
 * @param {number} facts.rate bytes per second, now
 * @param {number} facts.remaining bytes
 * @param {number} facts.buffer seconds of film ahead of the playhead
 * @param {number} facts.other bytes per second that another node is thought to give; NaN when nobody knows
 * @returns {"stall" | "faster" | null} a stall threatens · it would be faster elsewhere · leave it
 */
export function reasonToChallenge({ age, rate, remaining, buffer, other }) {
  if (!(rate >= 0)) return null;
  const eta = remaining / Math.max(1, rate);
  const hurried = buffer < LITTLE_S && eta > buffer;
  if (age < (hurried ? HURRIED_YOUNG_MS : YOUNG_MS)) return null;
  const much = other >= MUCH_FASTER * rate && eta - remaining / other > SOON_S / 2;
  if (eta < (much ? SOON_S : NEARLY_THERE_S)) return null;
  const faster = other >= FASTER * rate;
  if (eta > buffer - SAFE_S && (faster || (Number.isNaN(other) && eta > UNKNOWN_WORTH_S))) return "stall";
  const worth = buffer < LITTLE_S ? HURRIED_WORTH_S : WORTH_S;
  return much || (faster && eta > worth && eta - remaining / other > worth / 2) ? "faster" : null;
}

/**
 * Who goes on with the rest.
 * @param {object} facts
 * @param {number} facts.elapsed ms since the challenger's first byte
 * @param {number} facts.challenger bytes per second, since then
 * @param {number} facts.before bytes per second of the other one before the challenge
 * @param {boolean} facts.ahead whether the challenger has come as far as the other one
 * @param {number} [facts.buffer] seconds of film in hand
 * @returns {"move" | "stay" | null} null: look again
 */
export function verdict({ elapsed, challenger, before, ahead, buffer = Infinity }) {
  if (elapsed < EARLY_MS || !(challenger >= 0)) return null;
  if (challenger >= FASTER * before && (ahead || elapsed >= LOOK_MS)) return "move";
  if (buffer < LITTLE_S && elapsed >= HURRIED_LOOK_MS && challenger < SHARED * before) return "stay";
  if (elapsed < LOOK_MS) return null;
  if (elapsed >= LAST_LOOK_MS) return challenger >= BETTER * before ? "move" : "stay";
  return challenger < before ? "stay" : null;
}

/**
 * One challenge at a time, and after one that showed that it is the link a rest: 15 s, 30 s … 4 min. Sooner only when
 * the rate has fallen to less than half of what it was then.
 */
export class TrialGuard {
  #running = null;
  #rest = 0;
  #restsUntil = -Infinity;
  #endedAt = -Infinity;
  #rate = 0;

  /** May this challenger begin? `rate`: bytes per second of the one that would be challenged. */
  begin(who, now, rate) {
    const worse = rate < WORSE * this.#rate && now - this.#endedAt > SHORTEST_REST_MS;
    if (this.#running || (now < this.#restsUntil && !worse)) return false;
    this.#running = who;
    return true;
  }

  /** It ended: `moved`, or it was the link; without a verdict `moved` is null: it was aborted, or `undecided` when all had come. */
  end(who, now, { moved, rate = 0, undecided = false }) {
    if (this.#running !== who) return;
    this.#running = null;
    if (moved === null) {
      if (undecided) this.#restsUntil = Math.max(this.#restsUntil, now + UNDECIDED_REST_MS);
      return;
    }
    this.#endedAt = now;
    this.#rate = rate;
    this.#rest = moved ? 0 : Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, this.#rest * 2));
    this.#restsUntil = now + this.#rest;
  }
}
