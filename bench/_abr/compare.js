// All algorithms over all networks: many sessions, and the means of what they were worth.

import { bunny, feature } from "./films.js";
import { hlsDefault } from "./hls.js";
import { ours } from "./ours.js";
import { bola, bolaCalm, robustMpc, throughputRule } from "./rivals.js";
import { score } from "./score.js";
import { watch } from "./session.js";
import { CLASS_NAMES, trace, UNSEEN } from "./traces.js";

export const RIVALS = { bola, bola_o: bolaCalm, mpc: robustMpc, throughput: throughputRule, hls: hlsDefault };
export const ALGORITHMS = { ours, ...RIVALS };
//: Seeds that parameters were fitted on; the others are held out for the figures that are published.
export const TRAINING = 1;
export const HELD_OUT = 9_000_001;

const CAPACITY_S = 60;

/** One session of one algorithm: what it was worth. */
export function one(make, name, seed, more = {}) {
  const film = seed % 2 ? bunny() : feature(seed);
  const algorithm = make(film, { capacity: CAPACITY_S, ...more });
  const result = watch(trace(name, seed), film, algorithm, { capacity: CAPACITY_S });
  algorithm.close?.();
  return score(result, film);
}

/** @returns {object[]} what each session was worth */
export function sessions(make, name, seeds, more) {
  return seeds.map((seed) => one(make, name, seed, more));
}

/** Means of what sessions were worth. */
export function means(scores) {
  const keys = Object.keys(scores[0]);
  return Object.fromEntries(keys.map((key) => [key, scores.reduce((sum, each) => sum + each[key], 0) / scores.length]));
}

/** Mean and 95 % half-width of the difference of paired scores. */
export function paired(mine, theirs, key) {
  const differences = mine.map((each, at) => each[key] - theirs[at][key]);
  const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
  const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (differences.length - 1);
  return { mean, half: 1.96 * Math.sqrt(variance / differences.length) };
}

export function seedsFrom(first, count) {
  return Array.from({ length: count }, (_, at) => first + at);
}

export { CLASS_NAMES, UNSEEN };
