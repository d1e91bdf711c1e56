// What each node has been like: time to first byte, rate, failures. Pure; the figures feed the limits, the beacons
// and the statistics panel.

const RECENT = 20;
const SMALLEST_RATE_SAMPLE = 16 * 1024;
// The answer to a request for so little tells the round trip: its disk and its queue have the least part in it.
const SMALL_OBJECT = 64 * 1024;
// bit/s. What is faster came from the browser's own cache.
const FASTEST = 2e9;
const COUNTS = ["ok", "failures", "corrupt", "hedges"];

/** A weighted mean in which a sample's weight halves every `halfLife` samples. */
export class Ewma {
  #alpha;
  #value = NaN;

  constructor(halfLife) {
    this.#alpha = 1 - 0.5 ** (1 / halfLife);
  }

  add(sample) {
    this.#value = Number.isNaN(this.#value) ? sample : this.#value + this.#alpha * (sample - this.#value);
  }

  get value() {
    return this.#value;
  }
}

export class Estimates {
  #nodes = new Map();

  /** A transfer ended well. @param {{ttfb: number, bytes: number}} transfer ms */
  good(id, { ttfb, bytes }) {
    const node = this.#of(id);
    node.ok += 1;
    if (ttfb >= 0) {
      node.ttfbs.push(ttfb);
      if (node.ttfbs.length > RECENT) node.ttfbs.shift();
      node.ttfb.add(ttfb);
      if (bytes <= SMALL_OBJECT) node.rtt = Math.min(node.rtt, ttfb);
    }
  }

  /** So many bytes came in so many ms, whatever became of the transfer; without its first piece, whose time is unknown. */
  measured(id, { bytes, ms }) {
    const node = this.#of(id);
    // Below 16 KiB the time is that of the round trip, not of the bytes.
    const rate = (bytes * 8000) / ms;
    if (bytes >= SMALLEST_RATE_SAMPLE && ms > 0 && rate < FASTEST) {
      node.fast.add(rate);
      node.slow.add(rate);
    }
  }

  bad(id) {
    this.#of(id).failures += 1;
  }

  /** It sent wrong bytes. */
  lied(id) {
    const node = this.#of(id);
    node.failures += 1;
    node.corrupt += 1;
  }

  /** It was asked too because another one kept silent. */
  hedged(id) {
    this.#of(id).hedges += 1;
  }

  /** Usual time to first byte, ms: about the 95th percentile of the last 20; NaN before the fourth sample. */
  usualTtfb(id) {
    const { ttfbs } = this.#of(id);
    if (ttfbs.length < 4) return NaN;
    const sorted = [...ttfbs].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))];
  }

  /** Goodput in bit/s: the more careful of a quick and a slow mean; NaN when unknown. */
  rate(id) {
    const { fast, slow } = this.#of(id);
    return Math.min(fast.value, slow.value);
  }

  /** What the viewer's line has carried of late, bit/s: the slow mean of the best node; NaN when unknown. */
  get line() {
    const known = [...this.#nodes.values()].map(({ slow }) => slow.value).filter((rate) => rate > 0);
    return known.length ? Math.max(...known) : NaN;
  }

  /**
   * One sample per node that was used since this reader last asked, in the form of the beacon. Each reader (beacons,
   * steering) has its own place, so that neither takes counts from the other.
   */
  take(reader) {
    const samples = [];
    for (const [id, node] of this.#nodes) {
      const seen = node.seen.get(reader) ?? { ok: 0, failures: 0, corrupt: 0, hedges: 0 };
      if (COUNTS.every((count) => node[count] === seen[count])) continue;
      const rate = this.rate(id);
      samples.push({
        node: id,
        ok: node.ok - seen.ok,
        failures: node.failures - seen.failures,
        corrupt: node.corrupt - seen.corrupt,
        hedges: node.hedges - seen.hedges,
        rtt_ms: Number.isFinite(node.rtt) ? Math.round(node.rtt) : null,
        ttfb_ms: Number.isNaN(node.ttfb.value) ? null : Math.round(node.ttfb.value),
        bps: Number.isNaN(rate) ? null : Math.round(rate),
      });
      node.seen.set(reader, Object.fromEntries(COUNTS.map((count) => [count, node[count]])));
    }
    return samples;
  }

  #of(id) {
    if (!this.#nodes.has(id)) {
      this.#nodes.set(id, {
        ok: 0,
        failures: 0,
        corrupt: 0,
        hedges: 0,
        rtt: Infinity,
        ttfbs: [],
        ttfb: new Ewma(4),
        fast: new Ewma(2),
        slow: new Ewma(8),
        seen: new Map(),
      });
    }
    return this.#nodes.get(id);
  }
}
