// Whether bytes are what the site says they are: wrong ones never reach the decoder. A table that is not here yet is
// waited for only by who has film in hand; what could not be proved when it came is proved when the table is there.

import { DIGEST_BYTES } from "./tables.js";
import { digest as ours } from "./sha256.js";

// A segment may wait for its table for a part of the film that is in hand: not for the last half second, nor long.
const SPARED_S = 0.5;
const SHARE = 0.4;
const WAIT_MS = 500;
const KEPT_DOUBTS = 64;

/** The rendition and the file's name of a media path, `<package>/<rendition>/<name>`. */
export function placeOf(path) {
  const [, rendition, name] = /\/([^/]+)\/([^/?#]+)(?:[?#]|$)/.exec(path) ?? [];
  return { rendition, name };
}

function isVerified(name) {
  return /\.(m4s|mp4|vtt)$/.test(name ?? "");
}

export function same(found, expected) {
  return expected.every((byte, i) => byte === found[i]);
}

export class Verifier {
  #tables;
  #tools;
  #doubts = new Map();

  /**
   * @param {import("./tables.js").Tables} tables
   * @param {object} tools
   * @param {() => number} tools.now ms
   * @param {() => number} tools.buffer seconds of film ahead
   * @param {(bytes: Uint8Array) => Promise<Uint8Array>} [tools.digest] SHA-256
   * @param {(node: string, path: string) => void} tools.onWrong a node's bytes were wrong, and they are in use already
   */
  constructor(tables, tools) {
    this.#tables = tables;
    this.#tools = { digest: ours, ...tools };
  }

  /** What is known of this file now: {size, digest}; null when nothing is. Asks for the table when a picture is there. */
  expected(path) {
    const { rendition, name } = placeOf(path);
    if (!isVerified(name)) return null;
    if (this.#tools.buffer() > 0) this.#ask(rendition);
    return this.#tables.of(rendition, name);
  }

  /**
   * @param {string} path
   * @param {Uint8Array} bytes of the whole file
   * @param {string} node who sent them; "" when several did
   * @returns {Promise<"right" | "wrong" | "unknown">}
   */
  async check(path, bytes, node) {
    const { rendition, name } = placeOf(path);
    if (!isVerified(name) || this.#tables.none) return "unknown";
    const known = this.#tables.of(rendition, name) ?? (await this.#await(rendition, name));
    if (known?.size && known.size !== bytes.length) return "wrong";
    const found = (await this.#tools.digest(bytes)).subarray(0, DIGEST_BYTES);
    if (known) return same(found, known.digest) ? "right" : "wrong";
    if (node) this.#doubt(path, { rendition, name, node, found });
    return "unknown";
  }

  async #await(rendition, name) {
    const spare = this.#tools.buffer() - SPARED_S;
    if (!(spare > 0)) return null;
    const left = Math.min(WAIT_MS, spare * SHARE * 1000) - this.#tables.waited(rendition);
    const asking = this.#ask(rendition);
    if (left > 0) await Promise.race([asking, new Promise((resolve) => setTimeout(resolve, left))]);
    return this.#tables.of(rendition, name);
  }

  async #ask(rendition) {
    if (await this.#tables.load(rendition)) this.#prove(rendition);
  }

  #doubt(path, doubt) {
    this.#doubts.set(path, doubt);
    if (this.#doubts.size > KEPT_DOUBTS) this.#doubts.delete(this.#doubts.keys().next().value);
  }

  #prove(rendition) {
    for (const [path, doubt] of this.#doubts) {
      if (doubt.rendition !== rendition) continue;
      this.#doubts.delete(path);
      const known = this.#tables.of(rendition, doubt.name);
      if (known && !same(doubt.found, known.digest)) this.#tools.onWrong(doubt.node, path);
    }
  }
}
