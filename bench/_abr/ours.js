// Our adaptation in the simulator: the very class that the browser runs, told what the browser tells it.

import { Adaptation } from "../../static/js/player/abr/adaptation.js";

/** What is expected of a line that nothing is known of: as abr/memory.js says it. */
const UNKNOWN = { expected: 1.2e6, doubt: 0.8 };

/**
 * @param {object} film
 * @param {{capacity: number, exact?: boolean, parameters?: object, expectation?: object}} options `exact`: the sizes of
 *   coming segments are known; `expectation`: what the last session makes one expect of the line
 */
export function ours(film, { capacity, exact = true, parameters, expectation = UNKNOWN }) {
  const levels = film.levels.map((level) => ({ ...level, name: String(level.index), width: 1, height: level.height }));
  const adaptation = new Adaptation({
    expectation,
    parameters,
    sizes: (name) => (exact ? film.sizes[Number(name)] : null),
  });
  const { duration } = film;
  const segments = film.sizes[0].length;
  return {
    choose: ({ segment, buffer, last }) =>
      adaptation.next({ levels, last, segment, segments, buffer, capacity, duration }).index,
    progress({ segment, buffer, started, level, size, loaded, elapsed }) {
      if (!started) return null;
      const under = { levels, level, segment, duration, loaded, total: size, elapsed, buffer };
      return adaptation.giveUp(under)?.index ?? null;
    },
    done({ segment, level, size, seconds, ttfb }) {
      adaptation.heard({ node: "a", kind: "video", bytes: size, ttfb_ms: ttfb * 1000, ms: (seconds - ttfb) * 1000 });
      adaptation.arrived({ segment, bytes: size, average: levels[level].average, duration });
    },
  };
}
