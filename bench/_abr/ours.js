// Our adaptation in the simulator: the modules that the browser runs, and nothing else that decides.

import { abandon } from "../../static/js/player/abr/abandon.js";
import { decide } from "../../static/js/player/abr/decide.js";
import { ABANDON, DOUBT, PLAN } from "../../static/js/player/abr/parameters.js";
import { Throughput } from "../../static/js/player/abr/throughput.js";

/** What is taken for the line's rate when nothing is known of it (controller.js has the same). */
const UNKNOWN_BPS = 1.2e6;

/**
 * @param {object} film
 * @param {{capacity: number, exact?: boolean, parameters?: object, expected?: number}} options `exact`: the sizes of
 *   coming segments are known (else means stand for them); `expected`: bit/s that the last session saw
 */
export function ours(film, { capacity, exact = true, parameters = {}, expected = UNKNOWN_BPS }) {
  const p = { ...PLAN, ...parameters.plan };
  const a = { ...ABANDON, ...parameters.abandon };
  const throughput = new Throughput({ expected }, { ...DOUBT, ...parameters.doubt });
  const means = film.levels.map(({ average }) => (average * film.duration) / 8);
  const sizesOf = (segment) => (exact ? film.sizes.map((sizes) => sizes[segment]) : means);
  const ahead = (segment) => {
    const until = Math.min(segment + p.horizon, film.sizes[0].length);
    return Array.from({ length: until - segment }, (_, step) => sizesOf(segment + step));
  };
  return {
    choose({ segment, buffer, last }) {
      const { levels, duration } = film;
      const facts = { levels, duration, buffer, capacity, last, sizes: ahead(segment) };
      return decide({ ...facts, estimate: throughput.estimate }, p).index;
    },
    progress({ segment, buffer, started, level, loaded, elapsed }) {
      if (!started) return null;
      const facts = { levels: film.levels, level, loaded, elapsed, buffer, sizes: sizesOf(segment) };
      const other = abandon({ ...facts, estimate: throughput.estimate }, { a, p });
      if (!other) return null;
      throughput.add({ bytes: loaded, ms: (elapsed - throughput.estimate.ttfb) * 1000 });
      return other.index;
    },
    done({ size, seconds, ttfb }) {
      throughput.add({ bytes: size, ms: (seconds - ttfb) * 1000, ttfb: ttfb * 1000 });
    },
  };
}
