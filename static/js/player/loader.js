// The loader that hls.js is given. It implements the documented Loader interface with fetch and streams; each request
// for a playlist, segment or text goes to the node that is best now, and from node to node until its bytes are there.
// hls.js is told only of the end: success, or that every node failed for as long as the policy allows.

import { roundDelay } from "./limits.js";
import { split } from "./token.js";
import { Body, Failure, transfer } from "./transfer.js";

const LONGEST_MS = 20_000;
const BOXES = new Set(["ftyp", "styp", "moof", "sidx", "emsg", "prft", "moov", "mdat"]);
const KEY_BYTES = 16;
const PAGE = /^\s*<(!doctype|!--|html|head|\?xml)/i;
const STEERING_TAG = /^#EXT-X-CONTENT-STEERING:.*\r?\n?/m;

/**
 * Whether the bytes can be what was asked for: a node (or a hotel's portal) may answer 200 with a page of its own. Of an
 * encrypted film's segments no more can be said than that they are no such page.
 */
export function plausible(url, bytes, encrypted = false) {
  const path = url.split(/[?#]/, 1)[0];
  if (/\.m3u8$/.test(path)) return startsWith(bytes, "#EXTM3U");
  if (/\.vtt$/.test(path)) return startsWith(bytes, "WEBVTT");
  if (/content-key$/.test(path)) return bytes.length === KEY_BYTES;
  if (encrypted && /\.m4s$/.test(path)) return bytes.length > 0 && !PAGE.test(String.fromCharCode(...bytes));
  if (/\.(m4s|mp4)$/.test(path)) return bytes.length >= 8 && BOXES.has(String.fromCharCode(...bytes.slice(4, 8)));
  return true;
}

function startsWith(bytes, text) {
  const skip = bytes[0] === 0xef ? 3 : 0; // a byte order mark is allowed
  return String.fromCharCode(...bytes.slice(skip, skip + text.length)) === text;
}

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
    #policy = {};
    #abort = new AbortController();
    #body = new Body();
    #parts = [];
    #response = null;
    #over = false;
    #renewed = false;
    #lowered = false;

    load(context, config, callbacks) {
      this.context = context;
      this.#callbacks = callbacks;
      this.#policy = config?.loadPolicy ?? {};
      this.stats.loading.start = delivery.now();
      this.#run().catch((error) => {
        if (this.#over) console.error("player:", error); // from a callback of the engine: nothing to load anew
        else this.#fail(new Failure("network", { cause: error }));
      });
    }

    abort() {
      if (this.#over) return;
      this.#over = true;
      this.stats.aborted = true;
      this.#abort.abort();
      this.#tell("onAbort", this.stats, this.context, this.#response);
    }

    destroy() {
      this.#callbacks = null;
      if (!this.#over) {
        this.#over = true;
        this.stats.aborted = true;
        this.#abort.abort();
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

    async #run() {
      const began = delivery.now();
      if (delivery.keptKey(this.context.url)) return this.#recall();
      if (await this.#early()) return;
      const patience = Math.min(LONGEST_MS, this.#policy.maxLoadTimeMs || LONGEST_MS);
      let tried = new Set();
      let failures = [];
      for (let round = 0; !this.#over; ) {
        const place = this.#places().find((id) => !tried.has(id));
        if (place === undefined) {
          round += 1;
          delivery.trouble(round);
          if (isHopeless(failures) || delivery.now() - began > patience) return this.#fail(failures.at(-1));
          tried = new Set();
          failures = [];
          await this.#pause(roundDelay(round));
          continue;
        }
        const token = delivery.token;
        try {
          return await this.#attempt(place, round);
        } catch (error) {
          if (this.#over) return;
          const failure = error instanceof Failure ? error : new Failure("network", { cause: error });
          if (await this.#again(place, failure, token)) continue;
          tried.add(place);
          failures.push(failure);
        }
      }
    }

    /** Take what was fetched before the player asked, if this is part of it. @returns {Promise<boolean>} whether it was */
    async #early() {
      const { context } = this;
      const entry = delivery.larder?.take(context);
      const found = entry && (await entry);
      for (const failure of delivery.larder?.faults() ?? []) delivery.failed(failure.node, failure);
      if (!found || this.#over) return this.#over;
      const { bytes, node, timing, response } = found;
      if (!plausible(context.url, bytes.subarray(0, KEY_BYTES + 1), Boolean(delivery.contentKeyUrl))) return false;
      Object.assign(this.#body, { from: 0, total: bytes.byteLength });
      this.#body.add(bytes);
      this.#parts.push(timing);
      this.#response = response;
      if (node) {
        const media = context.type === "media-fragment" || Boolean(context.frag);
        delivery.succeeded(node, split(context.url).path, timing, { media });
      }
      this.#succeed(null);
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

    /** Node ids; "" stands for the URL as it is (the multivariant playlist has one address only). */
    #places() {
      return delivery.order(this.context.url) ?? [""];
    }

    async #attempt(place, round) {
      const { context } = this;
      const at = place ? delivery.url(context.url, place) : delivery.place(context.url);
      const url = place ? at + delivery.about(context.url, context.frag) : at;
      const body = this.#body;
      const kept = body.received;
      const range = context.rangeEnd ? [context.rangeStart ?? 0, context.rangeEnd] : null;
      const what = { url, body, range, binary: context.responseType === "arraybuffer", headers: context.headers };
      let result;
      try {
        result = await transfer(what, {
          fetch: delivery.fetch,
          now: () => delivery.now(),
          signal: this.#abort.signal,
          judge: (timing) => this.#judge(place, round, timing),
          onHead: (timing) => this.#showHead(timing),
          onBytes: () => (this.stats.loaded = body.received),
        });
        if (!plausible(url, body.head(KEY_BYTES + 1), Boolean(delivery.contentKeyUrl))) throw new Failure("content");
      } catch (error) {
        if (error.kind === "content") body.clear();
        if (error.timing?.bytes) this.#parts.push(error.timing);
        throw error;
      }
      if (this.#over) return;
      if (kept && body.received > result.timing.bytes) delivery.resumes += 1;
      this.#parts.push(result.timing);
      this.#response = result.response;
      if (place) {
        const media = context.type === "media-fragment" || Boolean(context.frag);
        delivery.succeeded(place, split(url).path, result.timing, { media });
        if (media) delivery.hinted(place, result.response.headers.get("cmsd-dynamic"));
        const best = this.#parts.reduce((a, b) => (b.bytes > a.bytes ? b : a));
        delivery.transferred(place, context.frag, best);
      }
      this.#succeed(range);
    }

    #judge(place, round, timing) {
      if (!place) {
        const silent = delivery.now() - (timing.last || timing.start);
        return silent > (this.#policy.maxTimeToFirstByteMs || 8000) ? new Failure("stall") : null;
      }
      const silence = delivery.silence(place, round, timing);
      if (silence) return new Failure(silence);
      const { frag } = this.context;
      if (!frag?.duration || this.#over || this.#lowered) return null;
      const verdict = delivery.slowness(place, frag, { timing, body: this.#body });
      this.#lowered = verdict === "lower"; // the engine aborts this very loader soon: one verdict is enough
      return verdict === "move" ? new Failure("slow") : null;
    }

    #showHead(timing) {
      const { stats } = this;
      // hls.js judges the rate of a running fragment from these, so they are those of the transfer that runs.
      stats.loading.start = timing.start;
      stats.loading.first = timing.first;
      stats.total = this.#body.total;
      stats.loaded = this.#body.received;
    }

    /** Whether to ask the same place again; else it counts as failed. */
    async #again(place, failure, token) {
      if (failure.kind === "range") return true; // the kept bytes are gone, the next request is for the whole
      if (!place || failure.kind === "slow") return false;
      if (failure.status === 403 && !this.#renewed) {
        this.#renewed = true;
        if (await delivery.renewToken(token)) return true;
      }
      delivery.failed(place, failure);
      return false;
    }

    #succeed(range) {
      const { context, stats } = this;
      const bytes = this.#body.join(range);
      delivery.keepKey(context.url, bytes);
      const best = this.#parts.reduce((a, b) => (b.bytes > a.bytes ? b : a));
      stats.loading.end = Math.max(delivery.now(), 1);
      // The bandwidth sample is that of one whole transfer, the largest: neither bytes that another node sent nor the
      // time that a dead one cost may teach the adaptive bitrate a wrong rate.
      stats.loading.start = stats.loading.end - (best.last - best.start);
      stats.loading.first = stats.loading.start + (best.first - best.start);
      stats.loaded = this.#parts.length > 1 ? best.bytes : bytes.byteLength;
      stats.total = stats.loaded;
      const data = context.responseType === "arraybuffer" ? bytes.buffer : this.#text(bytes);
      // The URL stays the logical one, whichever node answered: hls.js sees one URL space.
      const url = split(context.url) ? context.url : this.#response.url || context.url; // a key's too: it is the cache's name
      this.#over = true;
      this.#tell("onProgress", stats, context, data, this.#response);
      this.#tell("onSuccess", { url, data, code: this.#response.status }, stats, context, this.#response);
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

    #pause(ms) {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#abort.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
      });
    }
  };
}

/** Whether every node said that there is no such thing: asking again would not help. */
function isHopeless(failures) {
  return failures.length > 0 && failures.every(({ status }) => status === 400 || status === 404);
}
