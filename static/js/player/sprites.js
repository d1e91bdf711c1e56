// Small pictures of the film for the timeline: a WebVTT index names, for each stretch, a sheet and a place on it. Fetched
// when first wanted, from whichever node answers; a film without them, or a node that fails, is no news.

import { split } from "./token.js";

const PATIENCE_MS = 6000;
const CUE = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> (?:(\d+):)?(\d\d):(\d\d\.\d{3})[^\n]*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;

function secondsOf(hours, minutes, seconds) {
  return (Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(seconds);
}

/** The tiles of an index, in order: {start, end, sheet, x, y, width, height}. What is not understood is left out. Pure. */
export function tilesOf(text) {
  return [...text.replaceAll("\r", "").matchAll(CUE)].map((found) => ({
    start: secondsOf(found[1], found[2], found[3]),
    end: secondsOf(found[4], found[5], found[6]),
    sheet: found[7],
    x: Number(found[8]),
    y: Number(found[9]),
    width: Number(found[10]),
    height: Number(found[11]),
  }));
}

/** The tile that shows this second; null when there is none. Pure. */
export function tileAt(tiles, second) {
  let low = 0;
  let high = tiles.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tiles[middle].start <= second) low = middle;
    else high = middle - 1;
  }
  const tile = tiles[low];
  return tile && tile.start <= second + 0.5 ? tile : null;
}

export class Sprites {
  #url;
  #delivery;
  #tiles = null;
  #sheets = new Map();

  /** @param {string} url of the index, at any node @param {import("./delivery.js").Delivery} delivery */
  constructor(url, delivery) {
    this.#url = url;
    this.#delivery = delivery;
  }

  /**
   * The picture for this second, and the address of its sheet.
   * @returns {Promise<{tile: object, image: string} | null>}
   */
  async at(second) {
    const tiles = await this.#index();
    const tile = tileAt(tiles, second);
    if (!tile) return null;
    const image = await this.#image(tile.sheet);
    this.#nearby(tiles, tile.sheet);
    return image && { tile, image };
  }

  async #index() {
    this.#tiles ??= this.#load("").then(async (answer) => (answer ? tilesOf(await answer.text()) : null));
    const tiles = await this.#tiles;
    if (!tiles) this.#tiles = null; // no node gave it: who points there again asks again
    return tiles ?? [];
  }

  async #image(sheet) {
    if (!this.#sheets.has(sheet)) this.#sheets.set(sheet, this.#sheet(sheet));
    const image = await this.#sheets.get(sheet);
    if (!image) this.#sheets.delete(sheet);
    return image;
  }

  // Who scrubs goes on to the sheets beside this one: they are small, and there before the hand is.
  #nearby(tiles, sheet) {
    const names = [...new Set(tiles.map((tile) => tile.sheet))];
    const at = names.indexOf(sheet);
    for (const beside of [names[at + 1], names[at - 1]]) if (beside) this.#image(beside);
  }

  close() {
    for (const sheet of this.#sheets.values()) sheet.then((image) => image && URL.revokeObjectURL(image));
    this.#sheets.clear();
  }

  // As a blob: the page's policy lets pictures come from the site alone, and this way they come from any node.
  async #sheet(name) {
    const answer = /^[\w.-]+$/.test(name) ? await this.#load(name) : null;
    if (!answer) return null;
    return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type: "image/webp" }));
  }

  async #load(name) {
    const index = split(this.#url);
    if (!index) return null;
    const url = name ? this.#url.replace(/[^/?#]*(?=$|[?#])/, name) : this.#url;
    for (const node of this.#delivery.order(url)) {
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const answer = await this.#delivery.fetch(this.#delivery.url(url, node), { signal, credentials: "omit" });
        if (answer.ok) return answer;
      } catch {
        // the next node
      }
    }
    return null;
  }
}
