// The adaptive bitrate of one film on one element: what is learnt of the line, what limits the picture, what comes next.
// It knows neither hls.js nor the DOM; controller.js and engine.js tell it what happens.

import { abandon } from "./abandon.js";
import { capOf } from "./caps.js";
import { decide } from "./decide.js";
import { PLAN } from "./parameters.js";
import { Throughput } from "./throughput.js";

//: A node that was not used yet is expected to give this part of what the one before gave.
const STRANGER = 0.8;

export class Adaptation {
  #throughput;
  #tools;
  #node = null;
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
   */
  constructor({ expectation = {}, rateCap = () => 0, sizes = () => null } = {}) {
    this.#throughput = new Throughput(expectation);
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
    this.#serve(node);
    this.#throughput.add({ bytes, ms, ttfb });
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
    const choice = decide({
      levels,
      last,
      cap: cap.index,
      capWhy: cap.why,
      // At double speed a second in hand lasts half as long.
      buffer: buffer / speed,
      capacity: capacity / speed,
      duration: duration / speed,
      sizes: this.#ahead(levels, segment, segments, duration),
      estimate: this.#throughput.estimate,
      limit: this.#tools.rateCap(),
    });
    this.why = choice.why;
    return choice;
  }

  /**
   * Whether the segment under way should be given up for a smaller one; null when not.
   * @param {object} facts see `abandon`; `segment` is its number
   */
  giveUp({ levels, level, segment, duration, loaded, total = 0, elapsed, buffer, speed = 1 }) {
    const sizes = this.#sizesOf(levels, segment, duration);
    if (total > 0) sizes[level] = total;
    const { estimate } = this.#throughput;
    const choice = abandon({ levels, level, loaded, sizes, elapsed, buffer: buffer / speed, estimate });
    if (!choice) return null;
    this.abandoned += 1;
    this.why = choice.why;
    // The one transfer that is counted though it did not win: that the line has become slow is why it was given up.
    this.#throughput.add({ bytes: Math.max(loaded, 16 * 1024), ms: (elapsed - estimate.ttfb) * 1000 });
    return choice;
  }

  #ahead(levels, segment, segments, duration) {
    const left = segments > segment ? segments - segment : PLAN.horizon;
    return Array.from({ length: Math.min(PLAN.horizon, left) }, (_, step) =>
      this.#sizesOf(levels, segment + step, duration),
    );
  }

  /** Bytes of a segment in each rendition: as they are when that is known, else as its bit rate makes one expect. */
  #sizesOf(levels, segment, duration) {
    return levels.map(({ name, average }) => this.#tools.sizes(name)?.[segment] ?? (average * duration) / 8);
  }
}
