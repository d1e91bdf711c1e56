// What was fetched of a film before its player asked: the playlists, what decoders need, the first segments. By the path
// below the token, which is the same at every node and for every token. The loader looks here first; what is not here,
// failed, or does not come in time, it fetches as it fetches everything.

import { firstRendition, firstSound, objectsOf, segmentAt } from "./first.js";
import { join, split } from "./token.js";
import { Body, Failure, transfer } from "./transfer.js";

//: More is not fetched of a film that nobody may ever play.
const MOST_BYTES = 4 * 1024 * 1024;
//: A node that is silent for so long is given up: while somebody waits, the loader sees to it then, in its own way.
const SILENCE_MS = 600;
//: While somebody waits, the next node is asked too after this long without a byte: the first byte wins.
const BESIDE_MS = 300;
const UNWAITED_SILENCE_MS = 3000;
const NODES_UNWAITED = 2;

export class Larder {
  #answer;
  #tools;
  #abort = new AbortController();
  #entries = new Map();
  #bytes = 0;
  #faults = [];
  /** Name of the rendition that was fetched; "" when none was. */
  rendition = "";

  /**
   * @param {object} answer a session's, opened or prepared: its nodes, package, token and tracks
   * @param {{fetch?: typeof fetch, now?: () => number, waited?: boolean}} [tools] `waited`: somebody has pressed Play
   */
  constructor(answer, tools = {}) {
    this.#answer = answer;
    this.#tools = { fetch: (...args) => fetch(...args), now: () => performance.now(), waited: false, ...tools };
    const { hls, playlist } = answer;
    if (playlist) this.#entries.set(plain(hls), Promise.resolve(memory(playlist, this.#tools.now())));
  }

  /**
   * Fetch the beginning. All of it goes out at once; from the middle of a film, the segment once its number is known.
   * @param {object} start as startOf makes it
   * @param {number} [start.position] seconds
   * @param {{width: number, height: number} | null} [start.screen] device pixels
   * @returns {Promise<boolean>} when all has come, or not: whether the picture's segment is here
   */
  async stock({ position = 0, expectation, limits, screen = null, audioLanguage = "" }) {
    const { tracks, package: id, encrypted, max_height: maxHeight } = this.#answer;
    const picture = firstRendition(tracks?.video, {
      rate: expectation.expected,
      waited: this.#tools.waited,
      limits: { ...limits, screen, maxHeight: maxHeight ?? 0 },
    });
    if (!id || encrypted || !picture) return false;
    this.rendition = picture.name;
    const sound = firstSound(tracks.audio, audioLanguage);
    const wanted = [picture, sound].filter(Boolean).map((one) => this.#beginning(id, one.name, position));
    const [segment] = await Promise.all(wanted);
    return Boolean(segment);
  }

  /** The bytes that were fetched. */
  get size() {
    return this.#bytes;
  }

  /**
   * What is here for a request, or comes soon. It is given once: after that the browser's cache and the loader are there.
   * @param {{url: string, rangeEnd?: number}} context
   * @returns {Promise<{bytes: Uint8Array, node: string, timing: object, response: object} | null> | null}
   */
  take({ url, rangeEnd }) {
    const key = split(url)?.path ?? plain(url);
    const entry = rangeEnd ? null : this.#entries.get(key);
    if (!entry) return null;
    this.#entries.delete(key);
    this.hurry();
    return entry;
  }

  /** What went wrong where since this was last asked: {node, kind, status}. A token that was over is no node's fault. */
  faults() {
    return this.#faults.splice(0).filter(({ status, kind }) => status !== 403 && kind !== "aborted");
  }

  /** Somebody waits for the picture now. */
  hurry() {
    this.#tools.waited = true;
  }

  /** Nobody wants it any more. */
  close() {
    this.#abort.abort();
    this.#entries.clear();
  }

  async #beginning(id, rendition, position) {
    const known = position > 0 ? null : 0;
    const fetched = objectsOf(id, rendition, known).map((path) => this.#fetch(path));
    if (known !== null) return fetched.at(-1);
    const playlist = await fetched[0];
    if (!playlist) return null;
    const number = segmentAt(new TextDecoder().decode(playlist.bytes), position);
    return this.#fetch(`${id}/${rendition}/${number}.m4s`);
  }

  #fetch(path) {
    const entry = this.#from(path);
    this.#entries.set(path, entry);
    return entry;
  }

  async #from(path) {
    const nodes = [...(this.#answer.nodes ?? [])].sort((a, b) => a.rank - b.rank);
    for (const [place, node] of nodes.entries()) {
      if (this.#abort.signal.aborted || this.#bytes > MOST_BYTES) return null;
      if (place >= (this.#tools.waited ? 1 : NODES_UNWAITED)) return null;
      try {
        return await this.#race(path, node, nodes[place + 1]);
      } catch {
        if (this.#abort.signal.aborted) return null;
      }
    }
    return null;
  }

  /** From one node; from another one too when that one keeps silent while somebody waits. */
  #race(path, node, spare) {
    return new Promise((resolve, reject) => {
      const lanes = new Map();
      const begin = ({ id, base_url: base }) => {
        const abort = new AbortController();
        lanes.set(id, abort);
        const heard = () => {
          for (const [other, its] of lanes) {
            if (other === id) continue;
            lanes.delete(other);
            its.abort();
            if (other === node.id) this.#faults.push({ node: other, kind: "late", status: 0 });
          }
        };
        const silent = () => spare && id === node.id && !lanes.has(spare.id) && begin(spare);
        this.#one(id, join(base, this.#answer.token.value, path), { abort, heard, silent }).then(resolve, (failure) => {
          if (!lanes.delete(id)) return; // another one was sooner
          this.#faults.push({ node: id, kind: failure.kind ?? "network", status: failure.status ?? 0 });
          if (id === spare?.id) spare = null;
          if (!lanes.size) reject(failure);
        });
      };
      begin(node);
    });
  }

  async #one(node, url, { abort, heard, silent }) {
    const body = new Body();
    const { now } = this.#tools;
    const end = () => abort.abort();
    this.#abort.signal.addEventListener("abort", end, { once: true });
    if (this.#abort.signal.aborted) end();
    const { response, timing } = await transfer(
      { url, body, range: null, binary: !url.endsWith(".m3u8") },
      {
        fetch: this.#tools.fetch,
        now,
        signal: abort.signal,
        judge: (timing) => this.#judge(timing, silent),
        onHead: heard,
      },
    ).finally(() => this.#abort.signal.removeEventListener("abort", end));
    this.#bytes += body.received;
    return { bytes: body.join(null), node, timing, response };
  }

  #judge({ start, last, busy }, ask) {
    if (this.#bytes > MOST_BYTES) return new Failure("aborted");
    const silent = this.#tools.now() - (last || start) - busy;
    if (this.#tools.waited && !last && silent > BESIDE_MS) ask();
    return silent > (this.#tools.waited ? SILENCE_MS : UNWAITED_SILENCE_MS) ? new Failure("first-byte") : null;
  }
}

/** What came with the session's answer, as if it had been fetched. */
function memory(text, now) {
  const bytes = new TextEncoder().encode(text);
  const timing = { start: now, first: now, last: now, bytes: bytes.byteLength };
  return { bytes, node: "", timing, response: new Response(null, { status: 200 }) };
}

/** An address without its query: `?keys=loader` asks for the very text that comes with an answer. */
function plain(url) {
  return url.split(/[?#]/, 1)[0];
}
