// What rate to expect of the next segments, and how much to doubt that. Pure: samples in, an estimate out.
//
// Rates are compared as logarithms: half is as far from usual as double. The doubt is learnt from how wrong the estimate
// was each time; on a steady line it becomes small and the picture large, on a train the other way round.

import { DOUBT } from "./parameters.js";

//: Below this the time is that of the round trip, not of the bytes.
const SMALLEST_BYTES = 16 * 1024;
//: A transfer of so many bytes has full weight; a smaller one has not left TCP's slow start.
const FULL_BYTES = 96 * 1024;
const USUAL_TTFB_S = 0.08;

export class Throughput {
  #p;
  #quick = NaN;
  #slow = NaN;
  #variance;
  #ttfb = NaN;
  #weight = 0;
  #last = NaN;

  /** @param {{expected?: number, doubt?: number}} [before] bit/s that earlier sessions saw, and how sure that is */
  constructor({ expected = NaN, doubt = DOUBT.first } = {}, parameters = DOUBT) {
    this.#p = parameters;
    this.#variance = doubt ** 2;
    if (expected > 0) this.#quick = this.#slow = Math.log(expected);
  }

  /**
   * A transfer that brought bytes.
   * @param {{bytes: number, ms: number, ttfb?: number}} sample `ms` from its first byte to its last, `ttfb` before that
   */
  add({ bytes, ms, ttfb = NaN }) {
    if (ttfb >= 0) {
      const seconds = ttfb / 1000;
      this.#ttfb = Number.isNaN(this.#ttfb) ? seconds : this.#ttfb + 0.25 * (seconds - this.#ttfb);
    }
    if (bytes < SMALLEST_BYTES || !(ms > 0)) return;
    const rate = (bytes * 8000) / ms;
    const weight = Math.min(1, Math.max(0.25, bytes / FULL_BYTES));
    const seen = Math.log(rate);
    if (this.#weight > 0) {
      const share = 1 - 0.5 ** (weight / this.#p.memory);
      this.#variance += share * ((seen - this.#expected) ** 2 - this.#variance);
    }
    this.#quick = this.#mixed(this.#quick, seen, this.#p.quick, weight);
    this.#slow = this.#mixed(this.#slow, seen, this.#p.slow, weight);
    this.#weight += weight;
    this.#last = rate;
  }

  /** Expect no more than this part of it: the next bytes come from elsewhere. */
  discount(part) {
    this.#quick += Math.log(part);
  }

  /** Whether anything is known, if only from earlier sessions. */
  get known() {
    return !Number.isNaN(this.#quick);
  }

  /** Transfers that were seen, small ones counting for less than one. */
  get samples() {
    return this.#weight;
  }

  /** Bit/s of the last transfer; NaN before the first. */
  get last() {
    return this.#last;
  }

  /**
   * What to expect.
   * @returns {{rate: number, usual: number, doubt: number, ttfb: number}} bit/s of the next segment (its median) and in
   *   the long run, the standard deviation of its logarithm, seconds to the first byte
   */
  get estimate() {
    const { floor, factor } = this.#p;
    return {
      rate: Math.exp(this.#expected),
      usual: Math.exp(this.#slow),
      doubt: Math.max(floor, factor * Math.sqrt(this.#variance)),
      ttfb: Number.isNaN(this.#ttfb) ? USUAL_TTFB_S : this.#ttfb,
    };
  }

  get #expected() {
    return this.#slow + this.#p.lean * (this.#quick - this.#slow);
  }

  // A mean that was not seen yet, only remembered, gives way quickly.
  #mixed(mean, seen, halfLife, weight) {
    if (Number.isNaN(mean)) return seen;
    const share = Math.max(1 - 0.5 ** (weight / halfLife), weight / (this.#weight + weight + 0.5));
    return mean + share * (seen - mean);
  }
}
