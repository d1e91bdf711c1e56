// Which rendition the next segment should have. Pure.

import { PLAN } from "./parameters.js";
import { qualities, worth } from "./plan.js";

/**
 * @param {object} facts
 * @param {{average: number}[]} facts.levels renditions, lowest first; `average` in bit/s
 * @param {number} [facts.cap] the highest that is allowed
 * @param {string} [facts.capWhy] who says so
 * @param {number} [facts.last] the one before; -1 when there is none
 * @param {number} facts.buffer seconds of film in hand
 * @param {number} facts.capacity seconds of film that are kept at most
 * @param {number} facts.duration seconds that a segment plays for
 * @param {number[][]} facts.sizes bytes of the coming segments: [segment from now][rendition]
 * @param {{rate: number, usual: number, doubt: number, ttfb: number}} facts.estimate
 * @param {number} [facts.limit] bit/s that may be asked of the line (a node's word); 0 for none
 * @returns {{index: number, why: string}}
 */
export function decide(facts, p = PLAN) {
  const { levels, last = -1 } = facts;
  const top = Math.min(facts.cap ?? levels.length - 1, levels.length - 1);
  if (top <= 0) return { index: 0, why: levels.length > 1 ? (facts.capWhy ?? "the only one allowed") : "the only one" };
  const values = worth(
    {
      ...facts,
      last,
      quality: qualities(levels.map(({ average }) => average), p).slice(0, top + 1),
      estimate: limited(facts.estimate, facts.limit),
    },
    p,
  );
  let index = 0;
  for (let at = 1; at <= top; at += 1) if (values[at] > values[index]) index = at;
  if (last >= 0 && last <= top && values[index] - values[last] < p.gain) index = last;
  return { index, why: reason(index, top, facts) };
}

/** No more than a node says that it gives. */
function limited(estimate, limit) {
  if (!(limit > 0)) return estimate;
  return { ...estimate, rate: Math.min(estimate.rate, limit), usual: Math.min(estimate.usual, limit) };
}

function reason(index, top, { last = -1, levels, capWhy, buffer, estimate }) {
  if (last < 0) return "start";
  if (index === top) return top < levels.length - 1 ? (capWhy ?? "cap") : "the best";
  const asked = levels[index].average;
  if (index < last) return buffer < 8 ? "little in hand" : "the line is slower";
  if (index > last) return "the line is faster";
  return asked * 1.3 > estimate.rate ? "the line" : "steady";
}
