// The figures of the adaptation. Those of `PLAN` and `DOUBT` were fitted by bench/_abr/fit.js on training seeds of made
// networks (docs/adaptation.md); whoever changes one runs `make bench NAME=abr`.

export const DOUBT = Object.freeze({
  /** Half-lives, in segments, of the quick and the slow mean of the rate. */
  quick: 1.2,
  slow: 19,
  /** Part of the quick mean in what is expected of the next segment. */
  lean: 0.77,
  /** Spread (standard deviation of the logarithm) that is expected before anything was seen; floor and factor after. */
  first: 0.67,
  floor: 0.25,
  factor: 0.82,
  /** Half-life, in segments, of what was learnt about the spread. */
  memory: 7,
});

export const PLAN = Object.freeze({
  /** Segments that are looked ahead. */
  horizon: 9,
  /** Part of plain bits in the quality of a rendition; the rest is their logarithm. */
  linear: 0.58,
  /** What a second of stall costs; 1 is the best picture beside the worst one for a segment (Pensieve's weights). */
  stall: 0.82,
  /** What a change of quality costs, beside the quality itself. */
  change: 1.3,
  /** What film in hand is worth at the end of the look ahead, and how much of it is most of that, in seconds. */
  reserve: 5.9,
  comfort: 23,
  /** How much of the difference between now and usual is left after each segment. */
  stays: 0.85,
  /** How much worse than a normal distribution the bad cases are. */
  tail: 1.2,
  /** A change must promise so much, else things stay as they are. */
  gain: 0.04,
});

export const ABANDON = Object.freeze({
  /** A segment is judged after so many seconds. Not fitted: until then the loader looks whether another node is better. */
  after: 1.6,
  /** The same while no byte has come. */
  silence: 2,
  /** It is in time when it comes within this part of what is in hand. */
  safe: 1.07,
  /** Seconds after which its own rate counts as much as that of the segments before: most breaks are short. */
  witness: 1,
  /** Part of what is in hand that a smaller one may take when the line has just broken: sound needs its share too. */
  spared: 0.6,
  /** What giving it up must save, in the plan's measure. */
  gain: 0.05,
});
