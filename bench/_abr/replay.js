// What the simulator does with one film over one line: node bench/_abr/replay.js '{"film", "rates", "latency", …}' → the
// renditions that it chose. For tests that hold a real player against it.

import { ours } from "./ours.js";
import { watch } from "./session.js";

const { levels, sizes, duration, rates, latency, capacity, expectation, first } = JSON.parse(process.argv[2]);
const film = { duration, sizes, levels: levels.map((level, index) => ({ ...level, index })) };
const algorithm = ours(film, { capacity, expectation });
const { choose } = algorithm;
// The first one is told: it was fetched before the player had begun.
algorithm.choose = (facts) => (facts.segment === 0 && first >= 0 ? first : choose(facts));
const result = watch({ rates, latency }, film, algorithm, { capacity, segments: sizes[0].length });
process.stdout.write(`${JSON.stringify({ levels: result.levels, stall_s: result.stall_s, given_up: result.given_up })}\n`);
