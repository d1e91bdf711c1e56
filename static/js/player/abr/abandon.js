// Whether a segment under way should be given up for a smaller one of the same film. Pure.
//
// Only when it pays: what could still be in time is never loaded anew, and the smaller one must save more stall than the
// picture loses by it. Another node is not this module's matter (delivery.js sees to that first).

import { ABANDON, PLAN } from "./parameters.js";
import { qualities } from "./plan.js";

/**
 * @param {object} facts
 * @param {{average: number}[]} facts.levels
 * @param {number} facts.level the rendition under way
 * @param {number} facts.loaded bytes that came
 * @param {number[]} facts.sizes bytes of this segment in each rendition
 * @param {number} facts.elapsed seconds since it was asked for
 * @param {number} facts.buffer seconds of film in hand
 * @param {{rate: number, ttfb: number, doubt: number}} facts.estimate from before
 * @returns {{index: number, why: string} | null}
 */
export function abandon(facts, { a = ABANDON, p = PLAN } = {}) {
  const { levels, level, loaded, sizes, elapsed, buffer, estimate } = facts;
  const flowing = elapsed - estimate.ttfb;
  if (level <= 0 || flowing < (loaded > 0 ? a.after : a.silence)) return null;
  const rate = believed(loaded, flowing, estimate, a);
  const rest = (Math.max(0, sizes[level] - loaded) * 8) / rate;
  if (rest <= buffer * a.safe) return null;
  const quality = qualities(levels.map(({ average }) => average), p);
  const stall = Math.max(0, rest - buffer);
  let best = null;
  for (let index = 0; index < level; index += 1) {
    const seconds = estimate.ttfb + (sizes[index] * 8) / rate;
    if (seconds >= rest) break;
    const saved = p.stall * (stall - Math.max(0, seconds - buffer));
    const gain = saved - (1 + p.change) * (quality[level] - quality[index]);
    if (gain > a.gain && (!best || gain > best.gain)) best = { index, gain };
  }
  return best && { index: best.index, why: "would have come too late" };
}

/**
 * The rendition for a segment that the loader says no node will bring in time: the best one that will be, by the rate of
 * now, or else the least.
 * @param {object} facts
 * @param {number} facts.level the rendition under way
 * @param {number[]} facts.sizes bytes of this segment in each rendition
 * @param {number} facts.remaining bytes that are missing
 * @param {number} facts.rate bit/s, now
 * @param {number} facts.buffer seconds of film in hand
 * @returns {{index: number, why: string} | null} null when a smaller one would come no sooner than the rest of this
 */
export function lower({ level, sizes, remaining, rate, buffer }, { a = ABANDON } = {}) {
  if (level <= 0 || !(sizes[0] < remaining)) return null;
  let index = level - 1;
  while (index > 0 && (sizes[index] >= remaining || (sizes[index] * 8) / rate > buffer * a.spared)) index -= 1;
  return { index, why: "no server brings it in time" };
}

/** Between the rate of this transfer and that of before: the longer it runs, the more it is its own witness. */
function believed(loaded, flowing, estimate, { witness }) {
  const own = Math.max(loaded * 8, 1000) / flowing;
  const trust = flowing / (flowing + witness);
  return Math.exp(trust * Math.log(own) + (1 - trust) * Math.log(estimate.rate));
}
