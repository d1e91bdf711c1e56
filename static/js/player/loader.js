// The loader that hls.js is given. It implements the documented Loader interface with fetch and streams; each request
// for a playlist, segment or text goes to the node that is best now, and from node to node until its bytes are there.
// hls.js is told only of the end: success, or that every node failed for as long as the policy allows.

import { breath } from "../lib/breath.js";
import { plausible } from "./plausible.js";
import { Pursuit } from "./pursuit.js";
import { split } from "./token.js";
import { Failure } from "./transfer.js";

const STEERING_TAG = /^#EXT-X-CONTENT-STEERING:.*\r?\n?/m;
const HEAD_BYTES = 64;
// A transfer of less says nothing of a rate.
const SMALL_SAMPLE = 64 * 1024;

/**
 * The multivariant playlist without its steering tag. hls.js's own content steering would ask the same server a second
 * time, punish a pathway for 300 s and, on a move, fetch every media playlist anew; our loader moves single requests
 * and needs none of that. Without the tag hls.js stays on the first pathway's variants (read in 1.7.4:
 * filterParsedLevels), whose URLs we map to any node. Players other than ours see the tag untouched.
 */
export function withoutSteering(text) {
  return text.replace(STEERING_TAG, "");
}

function newStats() {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}

/** The loader class for one session, to be given to hls.js as `loader`, `fLoader` and `pLoader`. */
export function loaderFor(delivery) {
  return class NodeLoader {
    context = null;
    stats = newStats();
    #callbacks = null;
    #pursuit = null;
    #response = null;
    #over = false;

    load(context, config, callbacks) {
      this.context = context;
      this.#callbacks = callbacks;
      this.stats.loading.start = delivery.now();
      this.#run(config?.loadPolicy ?? {}).catch((error) => {
        if (this.#over) console.error("player:", error); // from a callback of the engine: nothing to load anew
        else this.#fail(new Failure("network", { cause: error }));
      });
    }

    abort() {
      if (this.#over) return;
      this.#over = true;
      this.stats.aborted = true;
      this.#pursuit?.abort();
      this.#tell("onAbort", this.stats, this.context, this.#response);
    }

    destroy() {
      this.#callbacks = null;
      if (!this.#over) {
        this.#over = true;
        this.stats.aborted = true;
        this.#pursuit?.abort();
      }
      this.context = null;
      this.#response = null;
    }

    getCacheAge() {
      const age = this.#response?.headers.get("age");
      return age ? Number.parseFloat(age) : null;
    }

    getResponseHeader(name) {
      return this.#response?.headers.get(name) ?? null;
    }

    // ----------------------------------------------------------------------------------------------------------

    async #run({ maxTimeToFirstByteMs, maxLoadTimeMs }) {
      if (delivery.keptKey(this.context.url)) return this.#recall();
      if ((await this.#early()) || this.#over) return;
      const { url, frag, headers, responseType, rangeStart, rangeEnd } = this.context;
      const binary = responseType === "arraybuffer";
      const range = rangeEnd ? [rangeStart ?? 0, rangeEnd] : null;
      const want = { url, frag, headers, binary, range, firstByteMs: maxTimeToFirstByteMs, loadMs: maxLoadTimeMs };
      this.#pursuit = new Pursuit(delivery, want, (timing, body) => this.#show(timing, body));
      let result;
      try {
        result = await this.#pursuit.run();
      } catch (error) {
        this.#fail(error instanceof Failure ? error : new Failure("network", { cause: error }));
        return;
      }
      if (!this.#over) this.#succeed(result);
    }

    /** Take what was fetched before the player asked, if this is part of it. @returns {Promise<boolean>} whether it was */
    async #early() {
      const { context } = this;
      const entry = delivery.larder?.take(context);
      const found = entry && (await entry);
      for (const failure of delivery.larder?.faults() ?? []) delivery.failed(failure.node, failure);
      if (!found || this.#over) return this.#over;
      const { bytes, node } = found;
      if (!plausible(context.url, bytes.subarray(0, HEAD_BYTES), delivery.encrypted)) return false;
      if ((await delivery.check(context.url, bytes, node)) === "wrong") {
        delivery.corrupted(node);
        return false;
      }
      // What a playlist leads to is long work; all of them are there at once.
      if (context.responseType !== "arraybuffer") await breath();
      if (!this.#over) this.#succeed({ ...found, kept: false });
      return true;
    }

    /** Answer from memory: later, for the engine expects its loader to return first. */
    async #recall() {
      await null;
      if (this.#over) return;
      const { context, stats } = this;
      const data = delivery.keptKey(context.url).slice().buffer;
      stats.loaded = stats.total = data.byteLength;
      stats.loading.first = stats.loading.end = Math.max(delivery.now(), 1);
      this.#over = true;
      this.#tell("onSuccess", { url: context.url, data, code: 200 }, stats, context, null);
    }

    #show(timing, body) {
      const { stats } = this;
      // hls.js judges the rate of a running fragment from these, so they are those of the transfer that runs.
      stats.loading.start = timing.start;
      stats.loading.first = timing.first;
      stats.total = body.total;
      stats.loaded = body.received;
    }

    #succeed({ bytes, response, node, timing, kept }) {
      const { context, stats } = this;
      const media = context.type === "media-fragment" || Boolean(context.frag);
      this.#response = response;
      if (node) delivery.arrived(node, context.url, { timing, kept, media, frag: context.frag, response });
      delivery.keepKey(context.url, bytes);
      const parts = this.#pursuit?.parts ?? [];
      const sample = sampleOf(timing, parts);
      stats.loading.end = Math.max(delivery.now(), 1);
      // The bandwidth sample is that of one transfer: neither bytes that another node sent nor the time that a dead one
      // cost may teach the adaptive bitrate a wrong rate.
      stats.loading.start = stats.loading.end - (sample.last - sample.start);
      stats.loading.first = stats.loading.start + (sample.first - sample.start);
      stats.loaded = parts.length > 1 ? sample.bytes : bytes.byteLength;
      stats.total = stats.loaded;
      const data = context.responseType === "arraybuffer" ? bytes.buffer : this.#text(bytes);
      // The URL stays the logical one, whichever node answered: hls.js sees one URL space.
      const url = split(context.url) ? context.url : response.url || context.url; // a key's too: it is the cache's name
      this.#over = true;
      this.#tell("onProgress", stats, context, data, response);
      this.#tell("onSuccess", { url, data, code: response.status }, stats, context, response);
    }

    #text(bytes) {
      const text = new TextDecoder().decode(bytes);
      if (this.context.responseType === "json") return JSON.parse(text);
      return this.context.type === "manifest" ? withoutSteering(text) : text;
    }

    #fail(failure) {
      if (this.#over) return;
      this.#over = true;
      this.stats.loading.end = delivery.now();
      const silent = failure.kind === "first-byte" || failure.kind === "stall";
      if (silent) this.#tell("onTimeout", this.stats, this.context, this.#response);
      else {
        const error = { code: failure.status, text: failure.message };
        this.#tell("onError", error, this.context, this.#response, this.stats);
      }
    }

    #tell(name, ...args) {
      const callback = this.#callbacks?.[name];
      if (callback) callback(...args);
    }
  };
}

/** The transfer that a rate is told by: the one that won, or the largest when that brought next to nothing. */
function sampleOf(won, parts) {
  return won.bytes >= SMALL_SAMPLE ? won : parts.reduce((a, b) => (b.bytes > a.bytes ? b : a), won);
}
