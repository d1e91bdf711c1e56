// Fits the parameters of our adaptation on training seeds: node bench/_abr/fit.js [minutes] [sessions of each class].
// Climbs: changes a few at once by chance, keeps what is better. Prints each step; parameters.js is edited by hand.
//
// What is climbed is the sum over the classes of both scores, each in units of its stall weight, with each second of
// stall counted several times: of two like scores the one with fewer stalls is wanted, for viewers forgive a picture.

import { CLASS_NAMES, means, one, seedsFrom, TRAINING } from "./compare.js";
import { ours } from "./ours.js";
import { normal, random } from "./random.js";
import { ABANDON, DOUBT, PLAN } from "../../static/js/player/abr/parameters.js";

const SEGMENTS = 90;
//: How often each second of stall is counted, beyond what it costs in the scores.
const DEARER = 6;
const SPACE = {
  doubt: {
    quick: [0.7, 6], slow: [4, 30], lean: [0.2, 1], first: [0.3, 1.2], floor: [0.05, 0.3], factor: [0.6, 1.6], memory: [2, 20],
  },
  plan: {
    horizon: [4, 9], linear: [0.2, 0.9], stall: [0.7, 4], change: [0.5, 2], reserve: [0.3, 6], comfort: [5, 40],
    stays: [0.6, 1], tail: [1, 2], gain: [0, 0.1],
  },
  abandon: { witness: [0.1, 5], safe: [0.6, 1.1], gain: [0, 0.6] },
};

const wall = () => Number(process.hrtime.bigint()) / 1e9;
const minutes = Number(process.argv[2] ?? 5);
const count = Number(process.argv[3] ?? 25);
const seeds = seedsFrom(TRAINING, count);
const uniform = random(Math.floor(wall() * 1000));

function value(parameters) {
  let sum = 0;
  const shown = [];
  for (const name of CLASS_NAMES) {
    const mean = means(seeds.map((seed) => one(ours, name, seed, { parameters })));
    sum += mean.lin / 4.3 + mean.log / 2.66 - (DEARER * mean.stall_s) / SEGMENTS;
    shown.push(`${name} ${mean.lin.toFixed(3)} ${mean.log.toFixed(3)} ${mean.stall_s.toFixed(2)}s ${mean.switches.toFixed(1)}`);
  }
  return { sum, shown: shown.join(" | ") };
}

function changed(parameters) {
  const next = structuredClone(parameters);
  const names = Object.entries(SPACE).flatMap(([group, keys]) => Object.keys(keys).map((key) => [group, key]));
  const some = 1 + Math.floor(uniform() * 4);
  for (let i = 0; i < some; i += 1) {
    const [group, key] = names[Math.floor(uniform() * names.length)];
    const [low, high] = SPACE[group][key];
    const to = next[group][key] + 0.2 * (high - low) * normal(uniform);
    const bounded = Math.min(high, Math.max(low, to));
    next[group][key] = key === "horizon" ? Math.round(bounded) : Math.round(bounded * 1000) / 1000;
  }
  return next;
}

let best = { doubt: { ...DOUBT }, plan: { ...PLAN }, abandon: { ...ABANDON } };
let reached = value(best);
console.log("from", reached.sum.toFixed(4), reached.shown);
const until = wall() + minutes * 60;
for (let step = 0; wall() < until; step += 1) {
  const next = changed(best);
  const got = value(next);
  if (got.sum <= reached.sum) continue;
  [best, reached] = [next, got];
  console.log(step, got.sum.toFixed(4), got.shown, JSON.stringify(best));
}
