// Fetches one download, piece by piece, from whichever nodes have it: by the same delivery and pursuit as a film that is
// watched, so that a node that dies, is slow or sends wrong bytes costs nothing but a moment. What is here is not fetched
// again, also after the page is gone.

import { Delivery } from "../player/delivery.js";
import { Pursuit } from "../player/pursuit.js";
import { tokenOf } from "../player/session.js";
import { digest } from "../player/sha256.js";
import { DIGEST_BYTES } from "../player/tables.js";
import { join } from "../player/token.js";
import { placeOf, same } from "../player/verify.js";
import { filesOf, indexOf, sheetsOf } from "./package.js";
import { seal } from "./vault.js";

const TIMEOUT_MS = 12_000;
const LANES = 2;
/** Segments, and what decoders need: the site says what these must be. */
const PROVED = /\.(m4s|mp4)$/;

/** The site says that this may not be kept any more. */
export class Over extends Error {}

/** The device is full. */
export class NoRoom extends Error {}

export class Fetcher {
  #record;
  #tools;
  #abort = new AbortController();
  #delivery = null;
  #pursuits = new Set();

  /**
   * @param {object} record
   * @param {object} tools
   * @param {import("./cellar.js").Cellar} tools.cellar
   * @param {CryptoKey} tools.key of this download
   * @param {(record: object) => void} [tools.onProgress]
   * @param {typeof fetch} [tools.fetch]
   */
  constructor(record, tools) {
    this.#record = record;
    this.#tools = { fetch: (...args) => fetch(...args), onProgress: () => {}, ...tools };
  }

  /** Give up what is on its way. */
  stop() {
    this.#abort.abort();
    for (const pursuit of this.#pursuits) pursuit.abort();
    this.#delivery?.close();
  }

  get stopped() {
    return this.#abort.signal.aborted;
  }

  /**
   * Fetch all that is missing. @returns {Promise<boolean>} whether all is here; false when it was stopped
   * @throws {Over | NoRoom | Error} the last when no node gave something: it may be tried again
   */
  async run() {
    const { urls, film, tracks } = this.#record;
    const token = await this.#token();
    this.#delivery = new Delivery(
      { nodes: token.nodes, token, segments: urls.segments, content_key_url: urls.contentKey },
      { renew: () => this.#token(), fetch: this.#tools.fetch },
    );
    try {
      const there = await this.#tools.cellar.paths(this.#record.id);
      if (urls.contentKey && !there.has("content-key")) await this.#contentKey();
      const sheets = sheetsOf(film.trickplay);
      const files = [];
      for (const rendition of tracks) files.push(...(await this.#files(indexOf(film.package, rendition, sheets), there)));
      await this.#all(files.filter((path) => !there.has(path)));
      return !this.stopped;
    } catch (error) {
      if (this.stopped) return false;
      throw error;
    } finally {
      this.#delivery.close();
    }
  }

  /** The files that an index names; the index itself is kept too. */
  async #files(path, there) {
    if (this.stopped) return [];
    const { bytes } = await this.#pursue(path, { binary: path.endsWith(".vtt") });
    if (!there.has(path)) await this.#keep(path, bytes);
    return filesOf(path, new TextDecoder().decode(bytes));
  }

  async #all(paths) {
    const waiting = [...paths];
    const lane = async () => {
      while (waiting.length && !this.stopped) await this.#piece(waiting.shift());
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  async #piece(path) {
    const { rendition, name } = placeOf(path);
    const proof = PROVED.test(name) ? await this.#proof(rendition, name) : null;
    const { bytes } = await this.#pursue(path, { binary: true });
    if (proof) {
      const found = (await digest(bytes)).subarray(0, DIGEST_BYTES);
      if (!same(found, proof.digest)) throw new Error("content"); // asked again later, by then from elsewhere
    }
    await this.#keep(path, bytes);
  }

  /** What this piece must be. Who watches does without when the site is away; what is kept for weeks is proved. */
  async #proof(rendition, name) {
    await this.#delivery.tables.load(rendition);
    const known = this.#delivery.tables.of(rendition, name);
    if (!known) throw new Error("no table");
    return known;
  }

  async #pursue(path, { binary }) {
    const delivery = this.#delivery;
    const url = join(delivery.nodes.base(delivery.active), delivery.token, path);
    const pursuit = new Pursuit(delivery, { url, binary });
    this.#pursuits.add(pursuit);
    try {
      const result = await pursuit.run();
      const media = PROVED.test(path);
      if (result.node) delivery.arrived(result.node, url, { ...result, media });
      return result;
    } finally {
      this.#pursuits.delete(pursuit);
    }
  }

  async #keep(path, bytes) {
    const { cellar, key, onProgress } = this.#tools;
    const size = bytes.byteLength;
    const sealed = await seal(key, path, bytes);
    if (this.stopped) return;
    let record;
    try {
      record = await cellar.putPiece(this.#record.id, path, sealed, size);
    } catch (error) {
      if (error?.name === "QuotaExceededError") throw new NoRoom("no room");
      throw error;
    }
    if (!record) this.stop(); // removed meanwhile, perhaps by another page
    else onProgress(record);
  }

  async #contentKey() {
    const response = await this.#ask(this.#record.urls.contentKey, "GET");
    await this.#keep("content-key", new Uint8Array(await response.arrayBuffer()));
  }

  async #token() {
    const response = await this.#ask(this.#record.urls.token, "POST");
    return { ...tokenOf(await response.clone().json(), response, Date.now()) };
  }

  async #ask(url, method) {
    const signal = AbortSignal.any?.([this.#abort.signal, AbortSignal.timeout(TIMEOUT_MS)]) ?? this.#abort.signal;
    const response = await this.#tools.fetch(url, { method, credentials: "omit", signal });
    if (response.status === 404 || response.status === 403) throw new Over(String(response.status));
    if (!response.ok) throw new Error(`${url} ${response.status}`);
    return response;
  }
}
