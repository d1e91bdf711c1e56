// Whether a second node is asked beside the first one: because it keeps silent (a hedge), or because it is slow (a
// challenge). What the pursuits of one session share about it.

import { HedgeBudget, silentEnough } from "./hedge.js";
import { reasonToChallenge, TrialGuard } from "./slow.js";

const SHIELD = "shield";
// A node that was proved slow keeps a request that ends this soon.
const NEARLY_THERE_S = 0.5;
// One that gave nothing for so long is not slow, but dead.
const STANDS_MS = 500;
// A segment that needs longer than this, and longer than there is film in hand, will not come in time.
const HOPELESS_S = 2;
const HOPELESS_AGE_MS = 1000;

export class Rivals {
  #delivery;
  #budget = new HedgeBudget();
  #trials = new TrialGuard();
  #slowAt = new Map();
  #linkAt = -Infinity;

  /** @param {object} delivery the session's, whose nodes, estimates and clock these are */
  constructor(delivery) {
    this.#delivery = delivery;
  }

  /** Hedges sent so far. */
  get hedges() {
    return this.#budget.sent;
  }

  /** A request begins. */
  earn() {
    this.#budget.earn();
  }

  /**
   * The node to ask too, because this one keeps silent; null when that is not justified.
   * @param {string[]} asked places that were asked for this already
   * @param {{waited: number, begun: boolean}} silence ms; whether bytes had come before it
   */
  hedge(id, asked, { waited, begun }) {
    const { nodes, estimates } = this.#delivery;
    const now = this.#delivery.now();
    const facts = { waited, begun, usual: estimates.usualTtfb(id), buffer: this.#delivery.buffer() };
    const rival = silentEnough(facts) && nodes.rival(asked, now);
    if (!rival || !this.#budget.take(now)) return null;
    estimates.hedged(rival);
    return rival;
  }

  /** A hedge was the first to bring a byte, or was not, or (null) was given up with its request. */
  hedged(won) {
    if (won !== null) this.#budget.end(this.#delivery.now(), won);
  }

  /**
   * What to do about a segment whose bytes come slowly: nothing (null); ask `rival` for the rest too and see who is
   * faster; `move` there, because this node was proved slow since; or `lower`: no node will bring it in time.
   * @param {object} who the request, to know it by
   * @param {{age: number, rate: number, remaining: number, began: number, tried: Iterable<string>}} facts ms, bytes per
   *   second, bytes, ms
   */
  challenge(who, id, { age, rate, remaining, began, tried }) {
    const now = this.#delivery.now();
    const buffer = this.#delivery.buffer();
    const eta = remaining / Math.max(1, rate);
    const late = eta > Math.max(buffer, HOPELESS_S);
    const { nodes } = this.#delivery;
    const well = nodes.rival([id, ...tried], now);
    if (well && (this.#slowAt.get(id) ?? -Infinity) > began && eta > NEARLY_THERE_S) return { move: true };
    const rival = well ?? nodes.rival([id, ...tried], now, { desperate: late });
    if (rival && (rival !== SHIELD || late)) {
      const other = this.#delivery.rateOf(rival) / 8;
      const reason = reasonToChallenge({ age, rate, remaining, buffer, other });
      if (reason && this.#trials.begin(who, now, rate)) return { rival };
    }
    // Where a challenge has shown that it is the line there is nothing more to wait for.
    return late && (age > HOPELESS_AGE_MS || this.#linkAt > began) ? { lower: true } : null;
  }

  /** A challenge ended. `left` is the lane that lost to it; `moved` null when it was given up without a verdict. */
  challenged(who, { moved, rate, left = null, undecided = false }) {
    const now = this.#delivery.now();
    this.#trials.end(who, now, { moved, rate, undecided });
    if (moved === false) this.#linkAt = now;
    if (!left) return;
    this.#slowAt.set(left.place, now);
    this.#delivery.failed(left.place, { kind: now - left.timing.last > STANDS_MS ? "stall" : "slow" });
  }
}
