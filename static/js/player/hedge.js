// Hedging: a request that gets no byte is sent to the next node too, and the first byte wins. On a budget, because
// every hedge is work for the fleet: 5 % of requests, three at once; none while hedges do not help. Pure.

const SOONEST_MS = 250;
const SILENT_MS = 600;
const SHORT_BUFFER_S = 8;
const SHARE = 0.05;
const BURST = 3;
const RECENT_MS = 60_000;

/** How long to wait for the first byte before another node is asked too, ms. `usual`: this node's own p95; NaN unknown. */
export function hedgeDelay(usual) {
  return Math.max(SOONEST_MS, usual || 0);
}

/**
 * Whether silence is worth a hedge: only with a short buffer; a long one can wait for the limits.
 * @param {{waited: number, begun: boolean, usual: number, buffer: number}} facts ms of silence; whether bytes had come
 */
export function silentEnough({ waited, begun, usual, buffer }) {
  return buffer < SHORT_BUFFER_S && waited > (begun ? SILENT_MS : hedgeDelay(usual));
}

export class HedgeBudget {
  #tokens = BURST;
  #lost = [];
  /** Hedges sent, and won, since the start. */
  sent = 0;
  won = 0;

  /** A request begins: it pays in a twentieth of a hedge. */
  earn() {
    this.#tokens = Math.min(BURST, this.#tokens + SHARE);
  }

  /** Spend one, if there is one and hedges have helped lately. */
  take(now) {
    this.#lost = this.#lost.filter((at) => now - at < RECENT_MS);
    if (this.#tokens < 1 || this.#lost.length >= 2) return false;
    this.#tokens -= 1;
    this.sent += 1;
    return true;
  }

  /** A hedge ended: its node was first, or the one that was asked first after all. */
  end(now, won) {
    if (won) {
      this.won += 1;
      this.#lost = [];
    } else {
      this.#lost.push(now);
    }
  }
}
