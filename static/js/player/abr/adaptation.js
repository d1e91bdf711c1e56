// The adaptive bitrate of one film on one element: what is learnt of the line, what limits the picture, what comes next.
// It knows neither hls.js nor the DOM; controller.js and engine.js tell it what happens.

import { abandon, lower } from "./abandon.js";
import { capOf } from "./caps.js";
import { decide } from "./decide.js";
import { ABANDON, DOUBT, PLAN } from "./parameters.js";
import { Throughput } from "./throughput.js";

//: A node that was not used yet is expected to give this part of what the one before gave.
const STRANGER = 0.8;
//: Where sizes are not known a segment is like the one before it, less so the further it is away; and is doubted more.
const ALIKE = 0.7;
const UNKNOWN_SIZE_DOUBT = 0.3;
//: What comes so soon, and so much faster than all before, came out of the browser's own cache.
const CACHED_MS = 25;
const CACHED_FACTOR = 6;
//: What the loader says of a line that broke counts like a segment of this size.
const BROKEN_BYTES = 96 * 1024;

//: Segments, before which a line is hardly known.
const HARDLY_KNOWN = 3;

export class Adaptation {
  #throughput;
  #tools;
  #p;
  #node = null;
  #busy = 0;
  #busyAt = -1;
  #seen = new Set();
  /** What limits the picture: see `capOf`. */
  limits = { screen: null, saver: false, failing: 0, maxHeight: 0 };
  /** The choice of now and why, for the statistics. */
  why = "";
  /** How often a segment was given up for a smaller one. */
  abandoned = 0;

  /**
   * @param {object} [tools]
   * @param {{expected: number, doubt: number}} [tools.expectation] of the line, before a byte has come
   * @param {() => number} [tools.rateCap] bit/s that a node or steering asks to stay below; 0 for none
   * @param {(name: string) => number[] | null} [tools.sizes] bytes of a rendition's segments, when they are known
   * @param {{plan?: object, doubt?: object, abandon?: object}} [tools.parameters] others than ours, to fit them
   */
  constructor({ expectation = {}, rateCap = () => 0, sizes = () => null, parameters = {} } = {}) {
    this.#p = {
      plan: { ...PLAN, ...parameters.plan },
      abandon: { ...ABANDON, ...parameters.abandon },
    };
    this.#throughput = new Throughput(expectation, { ...DOUBT, ...parameters.doubt });
    this.#tools = { rateCap, sizes };
  }

  /** What is known of the line. */
  get throughput() {
    return this.#throughput;
  }

  /** A transfer that won (the loader's `transfer` event). Small ones tell of the round trip only. */
  heard({ node, kind, bytes, ttfb_ms: ttfb, ms }) {
    if (kind !== "video") {
      // Sound and words come beside the picture and have their share of the line only: no measure of it.
      if (kind === "playlist") this.#throughput.add({ bytes: 0, ms: 0, ttfb });
      return;
    }
    if (this.#cached(bytes, ms + ttfb)) return;
    this.#serve(node);
    this.#throughput.add({ bytes, ms, ttfb });
  }

  #cached(bytes, ms) {
    const { samples, estimate } = this.#throughput;
    return samples > 0 && ms < CACHED_MS && bytes * 8000 > ms * CACHED_FACTOR * estimate.rate;
  }

  /** A segment is here: how large it was tells of its neighbours, where their sizes are not known. */
  arrived({ segment, bytes, average, duration }) {
    const mean = (average * duration) / 8;
    if (!(bytes > 0) || !(mean > 0)) return;
    this.#busy = Math.log(bytes / mean);
    this.#busyAt = segment;
  }

  /** The node that serves from now on: of one that is not known yet less is expected. */
  #serve(node) {
    if (node === undefined || node === this.#node) return;
    if (this.#node !== null && !this.#seen.has(node) && this.#throughput.known) this.#throughput.discount(STRANGER);
    this.#node = node;
    this.#seen.add(node);
  }

  /** The highest rendition that is allowed now, and who says so. */
  cap(levels) {
    return capOf(levels, { ...this.limits, rate: this.#tools.rateCap() });
  }

  /**
   * The rendition of the next segment.
   * @param {object} facts
   * @param {{average: number, width: number, height: number, name: string}[]} facts.levels lowest first
   * @param {number} facts.last the one before; -1 when there is none
   * @param {number} facts.segment its number
   * @param {number} facts.segments how many there are; 0 when that is not known
   * @param {number} facts.buffer seconds of film in hand
   * @param {number} facts.capacity seconds of film that are kept at most
   * @param {number} facts.duration seconds of a segment
   * @param {number} [facts.speed] of the playback
   */
  next({ levels, last, segment, segments = 0, buffer, capacity, duration, speed = 1 }) {
    const cap = this.cap(levels);
    const facts = {
      levels,
      last,
      cap: cap.index,
      capWhy: cap.why,
      // At double speed a second in hand lasts half as long.
      buffer: buffer / speed,
      capacity: capacity / speed,
      duration: duration / speed,
      sizes: this.#ahead(levels, segment, segments, duration),
      estimate: this.#estimateOf(levels, segment),
      limit: this.#tools.rateCap(),
    };
    const choice = this.#held(decide(facts, this.#p.plan), facts);
    this.why = choice.why;
    return choice;
  }

  /**
   * No climbing on what is hardly known yet with next to nothing in hand: a film that was resumed begins in the middle of
   * a segment, and a node that fails in the first second leaves as little.
   */
  #held(choice, { last, buffer, duration, sizes, estimate }) {
    if (last < 0 || choice.index <= last || this.#throughput.samples >= HARDLY_KNOWN || buffer >= duration / 2) return choice;
    const rate = estimate.rate * Math.exp(-estimate.doubt);
    const inTime = (index) => estimate.ttfb + (sizes[0][index] * 8) / rate <= buffer;
    let { index } = choice;
    while (index > last && !inTime(index)) index -= 1;
    return index === choice.index ? choice : { index, why: "little in hand yet" };
  }

  /**
   * Whether the segment under way should be given up for a smaller one; null when not.
   * @param {object} facts see `abandon`; `segment` is its number
   */
  giveUp({ levels, level, segment, duration, loaded, total = 0, elapsed, buffer, speed = 1 }) {
    const sizes = this.#sizesOf(levels, segment, duration);
    if (total > 0) sizes[level] = total;
    const { estimate } = this.#throughput;
    const facts = { levels, level, loaded, sizes, elapsed, buffer: buffer / speed, estimate };
    const choice = abandon(facts, { a: this.#p.abandon, p: this.#p.plan });
    if (!choice) return null;
    this.abandoned += 1;
    this.why = choice.why;
    // The one transfer that is counted though it did not win: that the line has become slow is why it was given up.
    this.#throughput.add({ bytes: Math.max(loaded, 16 * 1024), ms: (elapsed - estimate.ttfb) * 1000 });
    return choice;
  }

  /**
   * The rendition for a segment that no node will bring in time, as the loader found out; null: go on with this one.
   * @param {object} facts see `lower`; `segment` is its number
   */
  lower({ levels, level, segment, duration, remaining, rate, buffer, speed = 1 }) {
    const sizes = this.#sizesOf(levels, segment, duration);
    const choice = lower({ level, sizes, remaining, rate, buffer: buffer / speed }, { a: this.#p.abandon });
    if (!choice) return null;
    this.abandoned += 1;
    this.why = choice.why;
    this.#throughput.add({ bytes: BROKEN_BYTES, ms: (BROKEN_BYTES * 8000) / Math.max(1000, rate) });
    return choice;
  }

  #ahead(levels, segment, segments, duration) {
    const { horizon } = this.#p.plan;
    const left = segments > segment ? segments - segment : horizon;
    return Array.from({ length: Math.min(horizon, left) }, (_, step) =>
      this.#sizesOf(levels, segment + step, duration),
    );
  }

  #estimateOf(levels, segment) {
    const { estimate } = this.#throughput;
    const known = levels.some(({ name }) => this.#tools.sizes(name)?.[segment]);
    return known ? estimate : { ...estimate, doubt: Math.hypot(estimate.doubt, UNKNOWN_SIZE_DOUBT) };
  }

  /** Bytes of a segment in each rendition: as they are when that is known, else like those of the last one. */
  #sizesOf(levels, segment, duration) {
    const away = this.#busyAt < 0 ? Infinity : Math.max(1, segment - this.#busyAt);
    const busy = Math.exp(this.#busy * ALIKE ** away);
    return levels.map(({ name, average }) => this.#tools.sizes(name)?.[segment] ?? ((average * duration) / 8) * busy);
  }
}
