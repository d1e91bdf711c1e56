// Runs the comparison and writes one JSON object: node bench/_abr/run.js <sessions of each class> [first seed].
// What is under way is told on stderr.

import { ALGORITHMS, CLASS_NAMES, HELD_OUT, means, paired, seedsFrom, sessions, UNSEEN } from "./compare.js";
import { ours } from "./ours.js";

const count = Number(process.argv[2] ?? 100);
const seeds = seedsFrom(Number(process.argv[3] ?? HELD_OUT), count);
//: Ours with less, to see what its parts are worth.
const LESS = {
  "ours, sizes unknown": (film, more) => ours(film, { ...more, exact: false }),
  "ours, never giving up": (film, more) => ({ ...ours(film, more), progress: () => null }),
};

const classes = {};
for (const name of [...CLASS_NAMES, UNSEEN]) {
  const scores = {};
  for (const [algorithm, make] of Object.entries({ ...ALGORITHMS, ...LESS })) {
    process.stderr.write(`${name}: ${algorithm}\n`);
    scores[algorithm] = sessions(make, name, seeds);
  }
  const rows = Object.fromEntries(Object.entries(scores).map(([algorithm, each]) => [algorithm, means(each)]));
  const leads = {};
  for (const key of ["lin", "log"]) {
    const rivals = Object.keys(ALGORITHMS).filter((algorithm) => algorithm !== "ours");
    const best = rivals.reduce((a, b) => (rows[b][key] > rows[a][key] ? b : a));
    leads[key] = { rival: best, ...paired(scores.ours, scores[best], key) };
  }
  classes[name] = { rows, leads };
}
process.stdout.write(`${JSON.stringify({ sessions: count, classes })}\n`);
