// Networks to play over: bits per second, second by second, made by chance with the statistics of published logs.
//
// The logs themselves are not here. What is taken from them are figures: the usual rate, how much sessions differ, how
// much a session wavers slowly (a route, a neighbour's download) and quickly (fading), and how often it breaks off.
//   3g         Riiser et al., Commute path bandwidth traces from 3G networks (MMSys 2013): Telenor HSDPA in Oslo by bus,
//              metro, tram, train, ferry and car; 0.1 to 3 Mbit/s, dips of seconds, tunnels of a metro.
//   4g         van der Hooft et al., HTTP/2-based adaptive streaming over 4G/LTE networks (IEEE Comm. Letters 2016):
//              Ghent on foot, by bicycle, bus, tram, train and car; 0 to 95 Mbit/s, seconds without a byte at handovers.
//   wifi       a home's wireless link as its users have it: 12 Mbit/s in the middle, shared air, bursts of interference.
//   broadband  FCC, Measuring Broadband America (2016), the part that Pensieve used (means of 0.2 to 6 Mbit/s): steady
//              for minutes, then at another level.

import { between, normal, random } from "./random.js";

const CLASSES = {
  "3g": {
    median: 1.3e6, spread: 0.45, bounds: [0.25e6, 4.5e6], latency: 0.1,
    slow: { sd: 0.35, seconds: 40 }, quick: { sd: 0.3, stays: 0.5 },
    dips: [
      { every: 40, share: 1, lasts: [1, 4], factor: [0.08, 0.4] },
      { every: 90, share: 0.15, lasts: [8, 25], factor: [0, 0.06] },
    ],
  },
  "4g": {
    median: 14e6, spread: 0.7, bounds: [1e6, 95e6], latency: 0.05,
    slow: { sd: 0.6, seconds: 25 }, quick: { sd: 0.35, stays: 0.5 },
    dips: [
      { every: 45, share: 1, lasts: [1, 2], factor: [0, 0.08] },
      { every: 120, share: 0.3, lasts: [5, 15], factor: [0.02, 0.12] },
    ],
  },
  wifi: {
    median: 12e6, spread: 0.8, bounds: [0.8e6, 200e6], latency: 0.025,
    slow: { sd: 0.4, seconds: 60 }, quick: { sd: 0.25, stays: 0.4 },
    dips: [{ every: 60, share: 1, lasts: [3, 12], factor: [0.12, 0.5] }],
  },
  broadband: {
    median: 3.2e6, spread: 0.7, bounds: [0.3e6, 12e6], latency: 0.03,
    slow: { sd: 0.12, seconds: 60 }, quick: { sd: 0.1, stays: 0.3 },
    dips: [{ every: 150, share: 0.8, lasts: [20, 120], factor: [0.3, 0.8] }],
  },
};

/** What parameters were fitted on. */
export const CLASS_NAMES = Object.keys(CLASSES);
/** Of no kind that was fitted on: a line that is good and bad by turns, a quarter of a minute to a minute each. */
export const UNSEEN = "steps";

/**
 * @param {string} name of the class
 * @param {number} seed
 * @param {number} [seconds] how long it is; it begins anew after that
 * @returns {{name: string, seed: number, latency: number, rates: Float64Array}} seconds to the first byte; bit/s
 */
export function trace(name, seed, seconds = 900) {
  if (name === UNSEEN) return steps(seed, seconds);
  const kind = CLASSES[name];
  const uniform = random(seed * 7919 + name.length * 104729 + name.charCodeAt(0));
  const [lowest, highest] = kind.bounds;
  const bounded = (rate) => Math.min(highest, Math.max(lowest, rate));
  const usual = bounded(kind.median * Math.exp(kind.spread * normal(uniform)));
  const gaps = dips(kind.dips, seconds, uniform);
  const rates = new Float64Array(seconds);
  const stays = Math.exp(-1 / kind.slow.seconds);
  let slow = kind.slow.sd * normal(uniform);
  let quick = 0;
  for (let second = 0; second < seconds; second += 1) {
    slow = stays * slow + Math.sqrt(1 - stays ** 2) * kind.slow.sd * normal(uniform);
    quick = kind.quick.stays * quick + Math.sqrt(1 - kind.quick.stays ** 2) * kind.quick.sd * normal(uniform);
    rates[second] = Math.min(highest, usual * Math.exp(slow + quick)) * gaps[second];
  }
  return { name, seed, latency: kind.latency, rates };
}

function steps(seed, seconds) {
  const uniform = random(seed * 31 + 5);
  const [high, low, lasts] = [between(uniform, [2e6, 10e6]), between(uniform, [0.3e6, 1.1e6]), between(uniform, [15, 60])];
  const rates = Float64Array.from({ length: seconds }, (_, second) => (Math.floor(second / lasts) % 2 ? low : high));
  return { name: UNSEEN, seed, latency: 0.04, rates };
}

function dips(kinds, seconds, uniform) {
  const factors = new Float64Array(seconds).fill(1);
  for (const { every, share, lasts, factor } of kinds) {
    if (uniform() >= share) continue;
    for (let at = -every * Math.log(1 - uniform()); at < seconds; at += 1 - every * Math.log(1 - uniform())) {
      const by = between(uniform, factor);
      const end = at + between(uniform, lasts);
      for (let second = Math.floor(at); second < Math.min(seconds, end); second += 1) factors[second] *= by;
      at = end;
    }
  }
  return factors;
}
