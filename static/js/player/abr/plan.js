// The look ahead: what each rendition of the next segment would lead to, over several ways that the line may go. Pure.
//
// For each of a few rates (quantiles of the estimate) the coming segments are played through: this rendition first, then
// the one that would suit best from there on if the rate were this one. Quality, changes and stalls are added up, and
// what is in hand at the end. The mean over the rates is what the rendition is worth. A rate that is doubtful has bad
// cases in which a large segment stalls; that is what makes the choice careful, not a factor of safety.

import { PLAN } from "./parameters.js";

//: Quantiles of a normal distribution that stand for a fifth of the cases each.
const CASES = [-1.4, -0.53, 0, 0.53, 1.4];

/** How good renditions look, 0 to 1: between plain bits and their logarithm. */
export function qualities(rates, { linear } = PLAN) {
  const [least, most] = [rates[0], rates[rates.length - 1]];
  const span = Math.log(most / least) || 1;
  return rates.map((rate) => (linear * rate) / most + ((1 - linear) * Math.log(rate / least)) / span);
}

/**
 * What each rendition of the next segment is worth.
 *
 * @param {object} facts
 * @param {number[]} facts.quality of each rendition, lowest first
 * @param {number[][]} facts.sizes bytes of the coming segments: [segment from now][rendition]
 * @param {number} facts.duration seconds that a segment plays for
 * @param {number} facts.buffer seconds of film in hand
 * @param {number} facts.capacity seconds of film that are kept in hand at most
 * @param {number} facts.last the rendition before; -1 when there is none
 * @param {{rate: number, usual: number, doubt: number, ttfb: number}} facts.estimate
 * @param {object} [p] parameters
 * @returns {number[]}
 */
export function worth(facts, p = PLAN) {
  const { quality, sizes, estimate } = facts;
  const count = quality.length;
  const steps = Math.min(p.horizon, sizes.length);
  const values = new Array(count).fill(0);
  const rates = new Array(steps);
  for (const z of CASES) {
    const off = z * estimate.doubt * (z < 0 ? p.tail : 1);
    const now = Math.log(estimate.rate / estimate.usual) + off;
    for (let step = 0; step < steps; step += 1) rates[step] = estimate.usual * Math.exp(now * p.stays ** step);
    for (let first = 0; first < count; first += 1) {
      let best = -Infinity;
      for (let then = 0; then < count; then += 1) {
        const value = play(first, then, rates, facts, p);
        if (value > best) best = value;
        if (steps === 1) break;
      }
      values[first] += best / CASES.length;
    }
  }
  return values;
}

function play(first, then, rates, { quality, sizes, duration, buffer, capacity, last, estimate }, p) {
  let value = 0;
  let inHand = buffer;
  let before = last < 0 ? first : last;
  for (let step = 0; step < rates.length; step += 1) {
    const level = step ? then : first;
    const seconds = estimate.ttfb + (sizes[step][level] * 8) / rates[step];
    if (seconds > inHand) {
      value -= p.stall * (seconds - inHand);
      inHand = duration;
    } else inHand = Math.min(capacity, inHand - seconds + duration);
    const change = quality[level] - quality[before];
    value += quality[level] - p.change * (change < 0 ? -change : change);
    before = level;
  }
  return value + p.reserve * (1 - Math.exp(-inHand / p.comfort));
}
