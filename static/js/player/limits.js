// How long a node may be silent before the request goes elsewhere. Pure: milliseconds in and out, buffer in seconds.
//
// 1500 ms is the measured figure that gave no stall in 54 faulted sessions; with a short buffer there is no time for
// that. The figures grow with every round over all nodes, so that a world in which everything is slow (a bad mobile
// link, every node cold) still gets its bytes in the end instead of being switched for ever.

const NORMAL_MS = 1500;
const LONGEST_MS = 8000;
const SUSPECT_MS = 300;
const SHORTEST_MS = 400;
// Who has this much in hand need not be hasty: a busy machine is late too.
const CALM_S = 8;
const CALM_MS = 700;
// What is repeated may be a fifth of what is asked for, and ten at once.
const REPEAT_SHARE = 0.2;
const REPEAT_BURST = 10;
const REPEAT_DELAY_MS = 500;
// A node in duress lets who can wait a quarter of what they have in hand, ten seconds at most (docs/autonomy.md).
const DURESS_MS_PER_S = 250;
const DURESS_LONGEST_MS = 10_000;

function grown(limit, round) {
  return Math.min(LONGEST_MS, limit * 2 ** round);
}

/**
 * The limit for the first byte.
 * @param {{buffer: number, usual?: number, round?: number, suspect?: boolean, duress?: boolean}} facts seconds of buffer ahead; this
 *   node's usual time to first byte (p95, ms) if known; how often every node was asked; whether the node failed on
 *   another request since this one began; whether it said lately that it is in duress
 */
export function firstByteLimit({ buffer, usual = NaN, round = 0, suspect = false, duress = false }) {
  const far = Number.isFinite(usual) ? usual : 0;
  let limit = far ? Math.min(NORMAL_MS, Math.max(buffer > CALM_S ? CALM_MS : SHORTEST_MS, 4 * far)) : NORMAL_MS;
  if (buffer < 6) limit = Math.min(limit, Math.max(800, 2 * far));
  // Two nodes have to fit into what is left: a second of it is for the bytes.
  if (buffer > 1) limit = Math.min(limit, Math.max(SHORTEST_MS, 2 * far, 500 * (buffer - 1)));
  if (suspect) limit = Math.min(limit, Math.max(SUSPECT_MS, far));
  const patience = duress && !suspect ? Math.min(DURESS_LONGEST_MS, buffer * DURESS_MS_PER_S) : 0;
  return grown(limit, round) + patience;
}

/** The limit between two bytes; the facts are those of `firstByteLimit`. */
export function stallLimit({ buffer, round = 0, suspect = false }) {
  let limit = NORMAL_MS;
  if (buffer < 6) limit = 1000;
  if (buffer < 3) limit = 700;
  if (suspect) limit = Math.min(limit, SUSPECT_MS);
  return grown(limit, round);
}

/** The wait before the next round when every node has failed: 250 ms, 500 ms … 2 s. */
export function roundDelay(round) {
  return Math.min(2000, 250 * 2 ** Math.max(0, round - 1));
}

/** Repetitions on a budget, so that a fleet in trouble is not asked more than one that is well. */
export class RepeatBudget {
  #tokens = REPEAT_BURST;
  /** How long to wait when there is nothing left, ms. */
  delay = REPEAT_DELAY_MS;

  /** A request begins. */
  earn() {
    this.#tokens = Math.min(REPEAT_BURST, this.#tokens + REPEAT_SHARE);
  }

  /** It is about to be sent again. @returns {boolean} whether that is within the budget */
  take() {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
