// A node whose penalty has ended gets one small request that no viewer waits for; one that sent wrong bytes has to send
// right ones.

import { DIGEST_BYTES } from "./tables.js";
import { digest } from "./sha256.js";
import { same } from "./verify.js";

const BYTES = 65_536;
// With little in hand a probe must not take the line from the film: a quarter of it, and none while a stall is near.
const LITTLE_S = 6;
const LITTLE_BYTES = 16_384;
const NEXT_TO_NOTHING_S = 2;
const LONGEST_MS = 1500;
const EVERY_MS = 1000;
const LARGEST_PROOF = 2 << 20;

export class Probes {
  #tools;
  #timer;
  #running = new Set();
  #path = null;
  #proof = null;

  /**
   * @param {object} tools
   * @param {() => number} tools.now
   * @param {() => number} [tools.buffer] seconds of film in hand
   * @param {() => string[]} tools.due ids of nodes to be probed
   * @param {(id: string) => boolean} tools.lied whether only right bytes forgive this node
   * @param {(id: string, path: string) => string} tools.url
   * @param {(url: string, init: object) => Promise<Response>} tools.fetch
   * @param {(id: string, timing: {ttfb: number, bytes: number, ms: number}) => void} tools.onGood
   * @param {(id: string) => void} tools.onBad
   */
  constructor(tools) {
    this.#tools = tools;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref?.();
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** A segment that was served: probes ask for it. With its digest it also proves who lied. */
  remember(path, known) {
    this.#path = path;
    const small = known && (!known.size || known.size <= LARGEST_PROOF);
    if (small && (!this.#proof || (known.size || Infinity) <= (this.#proof.size || Infinity))) {
      this.#proof = { path, size: known.size, digest: known.digest.slice() };
    }
  }

  #look() {
    if (!this.#path || this.#inHand < NEXT_TO_NOTHING_S) return;
    for (const id of this.#tools.due()) {
      const lied = this.#tools.lied(id);
      if (!this.#running.has(id) && (this.#proof || !lied)) this.#probe(id, lied ? this.#proof : null);
    }
  }

  get #inHand() {
    return this.#tools.buffer?.() ?? Infinity;
  }

  async #probe(id, proof) {
    this.#running.add(id);
    const { now, onGood, onBad } = this.#tools;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), LONGEST_MS * (proof ? 4 : 1));
    const start = now();
    const bytes = this.#inHand < LITTLE_S ? LITTLE_BYTES : BYTES;
    try {
      // no-store: the browser's own cache would answer for a dead node.
      const response = await this.#tools.fetch(this.#tools.url(id, proof?.path ?? this.#path), {
        headers: proof ? {} : { Range: `bytes=0-${bytes - 1}` },
        signal: controller.signal,
        cache: "no-store",
        mode: "cors",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      if (!response.ok) throw new Error(`probe ${response.status}`);
      const first = now();
      const found = new Uint8Array(await response.arrayBuffer());
      const last = now();
      if (proof && !same((await digest(found)).subarray(0, DIGEST_BYTES), proof.digest)) throw new Error("wrong");
      onGood(id, { ttfb: first - start, bytes: found.byteLength, ms: last - first });
    } catch {
      onBad(id);
    } finally {
      clearTimeout(timer);
      this.#running.delete(id);
    }
  }
}
