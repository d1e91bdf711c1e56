// What the viewer likes, kept in this browser. Storage may be full, forbidden or someone else's text: never throws.

import { taste } from "../taste.js";

const KEY = "netflixlite.player";
// `audio`, `text` and `second` are wishes as tracks.js has them; `lastText` is the last track that was asked for by name.
// `saver`: data saver, "on", "off" or "" (as the browser says). `rates` and `frames` are abr/memory.js's, which checks them.
const KNOWN = {
  volume: 1,
  muted: false,
  rate: 1,
  audio: "",
  text: "",
  second: "",
  lastText: "",
  spoken: false,
  remaining: true,
  saver: "",
  rates: {},
  frames: {},
};

export class Preferences {
  #storage;
  #values;
  #profile;

  /** @param {Storage | null} [storage] @param {{saver: string}} [profile] what holds where this browser has no wish of its own */
  constructor(storage = safeStorage(), profile = taste) {
    this.#storage = storage;
    this.#profile = profile;
    this.#values = { ...KNOWN, ...this.#read() };
  }

  /** A copy of everything that is known. */
  get all() {
    return { ...this.#values };
  }

  get(name) {
    return name === "saver" ? this.#values.saver || this.#profile.saver : this.#values[name];
  }

  set(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    try {
      this.#storage?.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // a full or forbidden storage: the choice lives as long as the page
    }
  }

  #read() {
    try {
      const stored = JSON.parse(this.#storage?.getItem(KEY) ?? "{}");
      const fits = ([name, value]) => name in KNOWN && typeof value === typeof KNOWN[name];
      return Object.fromEntries(Object.entries(stored ?? {}).filter(fits));
    } catch {
      return {};
    }
  }
}

function safeStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
