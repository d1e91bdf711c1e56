// A whole evening in fake time: nodes with lines of their own behind the viewer's link, things that go wrong, and a
// player that loads picture and sound through the real loader as hls.js does. Nothing of it takes real time.

import { createHash } from "node:crypto";
import { Delivery } from "../../static/js/player/delivery.js";
import { loaderFor } from "../../static/js/player/loader.js";
import { listed, PACKAGE, segment } from "./helpers.js";

const PIECE = 16 * 1024;
const SEGMENT_S = 4;
const SMALLEST = "v240";
/** Time goes by in such steps. */
export const STEP_MS = 50;
export const MEGABIT = 125_000;

/** A line of so many bytes per second that all who use it share. */
class Line {
  #free = 0;
  constructor(rate) {
    this.rate = rate;
  }

  /** When these bytes have gone through, ms. */
  take(bytes, now) {
    // Who was woken late by a step sends what had its turn meanwhile.
    this.#free = Math.max(this.#free, now - STEP_MS) + (bytes * 1000) / this.rate;
    return this.#free;
  }
}

/** One node or the site: its line, and what is wrong with it ("" nothing). */
class Place {
  constructor(rate) {
    this.line = new Line(rate);
    this.fault = "";
    this.once = null;
  }
}

export class Theatre {
  sent = 0;
  log = [];
  #objects = new Map();

  /**
   * @param {{now: () => number}} time of `fakeTime`
   * @param {{nodes?: number, rate?: number, link?: number, latency?: number, film?: number, least?: number, ahead?: number, piece?: number}}
   *   [how] bytes per second of a node and of the viewer's link, ms, bytes per second of film, and of its smaller picture if
   *   there is one, seconds that the player buffers, bytes that are sent at once
   */
  constructor(
    time,
    { nodes = 2, rate = MEGABIT * 8, link = MEGABIT * 100, latency = 15, film = MEGABIT * 2.5, least = 0, ahead = 30, piece = PIECE } = {},
  ) {
    this.piece = piece;
    this.time = time;
    this.latency = latency;
    this.ahead = ahead;
    this.film = film;
    this.least = least;
    this.link = new Line(link);
    const ids = ["n1", "n2", "n3", "n4"].slice(0, nodes);
    this.places = Object.fromEntries([...ids.map((id) => [id, new Place(rate)]), ["shield", new Place(MEGABIT * 100)]]);
    this.delivery = new Delivery(
      {
        nodes: listed(...Object.keys(this.places)),
        token: { value: "old", issuedAt: 0, expiresAt: 900_000 },
        segments: "http://site.test/segments/{rendition}.json",
      },
      {
        fetch: (url, init) => (url.includes("/segments/") ? this.#table(url) : this.#fetch(url, init)),
        now: time.now,
        buffer: () => this.buffer,
        random: () => 0.5,
        renew: () => new Promise(() => {}),
        digest: async (bytes) => createHash("sha256").update(bytes).digest(),
      },
    );
    this.viewer = new Viewer(this);
  }

  get buffer() {
    return this.viewer?.buffer ?? 0;
  }

  /** The bytes of a path, the same at every node. */
  object(path) {
    if (!this.#objects.has(path)) this.#objects.set(path, this.#make(path));
    return this.#objects.get(path);
  }

  #make(path) {
    if (path.endsWith(".m3u8")) return new TextEncoder().encode("#EXTM3U\n");
    if (path.includes("/a-en/")) return segment(65_000);
    return segment((path.includes(`/${SMALLEST}/`) ? this.least : this.film) * SEGMENT_S);
  }

  /** Let time go by. */
  async play(ms) {
    for (let gone = 0; gone < ms; gone += STEP_MS) {
      await this.time.pass(STEP_MS, STEP_MS);
      this.viewer.tick(STEP_MS);
    }
  }

  close() {
    this.delivery.close();
  }

  /** Bytes that were sent of an object beyond its own size, as a share of all. */
  get repeated() {
    const sent = new Map();
    for (const { path, sent: bytes } of this.log) sent.set(path, (sent.get(path) ?? 0) + bytes);
    let more = 0;
    for (const [path, bytes] of sent) more += Math.max(0, bytes - this.object(`${PACKAGE}/${path}`).length);
    return this.sent ? more / this.sent : 0;
  }

  async #table(url) {
    const rendition = /segments\/(.*)\.json/.exec(url)[1];
    const bytes = this.object(`${PACKAGE}/${rendition}/0.m4s`);
    const sizes = Array(100).fill(bytes.length);
    const digest = createHash("sha256").update(bytes).digest().subarray(0, 16);
    return { ok: true, json: async () => ({ sizes, digests: Buffer.concat(sizes.map(() => digest)).toString("base64") }) };
  }

  async #fetch(url, init) {
    const [, base, path] = /^(http:\/\/[^/]+)\/v1\/[^/]+\/([^?]+)/.exec(url);
    const id = listed(...Object.keys(this.places)).find(({ base_url: one }) => one === base).id;
    const place = this.places[id];
    const entry = { id, path: path.replace(`${PACKAGE}/`, ""), at: this.time.now(), first: 0, end: Infinity, sent: 0 };
    this.log.push(entry);
    const signal = init.signal;
    await wait(1, signal);
    if (place.fault === "dead") throw new TypeError("Failed to fetch");
    await wait(this.latency, signal);
    await this.#silence(place, signal);
    const range = /^bytes=(\d+)-(\d*)$/.exec(init.headers?.Range ?? "");
    const whole = this.object(path);
    const start = range ? Number(range[1]) : 0;
    const part = whole.subarray(start, range?.[2] ? Number(range[2]) + 1 : whole.length);
    const status = this.#status(place, path) ?? (range ? 206 : 200);
    const headers = { "content-length": part.length, "content-range": range && `bytes ${start}-${whole.length - 1}/${whole.length}` };
    const body = status > 299 ? stream(async () => {}) : stream((enqueue) => this.#send(entry, place, part, { enqueue, signal }));
    return { ok: status < 300, status, url: "", body, headers: { get: (name) => headers[name.toLowerCase()]?.toString() ?? null }, arrayBuffer: async () => part };
  }

  #status(place, path) {
    if (/^\d+$/.test(place.fault)) return Number(place.fault);
    if (!place.once || !path.includes("/v720/") || !path.endsWith(".m4s")) return null;
    place.lost ??= path;
    return place.lost === path ? place.once : null;
  }

  async #silence(place, signal) {
    while (place.fault === "hang") await wait(STEP_MS, signal);
  }

  async #send(entry, place, part, { enqueue, signal }) {
    const media = part.length > PIECE;
    for (let at = 0; at < part.length; at += this.piece) {
      await this.#silence(place, signal);
      const half = media && at >= part.length / 2;
      while (half && place.fault === "stall") await wait(STEP_MS, signal);
      if (half && place.fault === "reset") throw new TypeError("reset");
      const piece = part.slice(at, at + this.piece);
      if (half && place.fault === "wrong") piece.fill(7);
      const now = this.time.now();
      const due = Math.max(place.line.take(piece.length, now), this.link.take(piece.length, now));
      if (due > now) await wait(due - now, signal);
      if (place.fault === "dead") throw new TypeError("reset");
      await this.#silence(place, signal);
      entry.first ||= this.time.now();
      entry.sent += piece.length;
      if (media) this.sent += piece.length;
      enqueue(piece);
    }
    entry.end = this.time.now();
  }
}

/**
 * A player: picture and sound side by side, each loads its next segment while less than `ahead` seconds are there. Where
 * there is a smaller picture it takes that one as soon as the loader says so, and stays with it.
 */
class Viewer {
  lowered = [];
  position = 0;
  started = null;
  stalls = [];
  errors = [];
  #theatre;
  #ends = { v720: 0, "a-en": 0 };
  #busy = { v720: false, "a-en": false };
  #ready = { v720: false, "a-en": false };

  #loaders = {};
  #picture = "v720";

  constructor(theatre) {
    this.#theatre = theatre;
    theatre.delivery.addEventListener("lower", () => this.#lower());
  }

  #lower() {
    this.lowered.push(this.#theatre.time.now());
    this.#picture = SMALLEST;
    this.#loaders.v720.abort();
    this.#busy.v720 = false;
    this.#look("v720");
  }

  get buffer() {
    return Math.max(0, Math.min(...Object.values(this.#ends)) - this.position);
  }

  tick(ms) {
    for (const rendition of Object.keys(this.#ends)) this.#look(rendition);
    if (this.buffer > 0) {
      this.started ??= this.#theatre.time.now();
      this.position += Math.min(this.buffer, ms / 1000);
      this.#stalled = 0;
    } else if (this.started !== null) {
      this.#stalled += ms;
      if (this.#stalled === 200) this.stalls.push(this.#theatre.time.now());
    }
  }

  #stalled = 0;

  #look(rendition) {
    if (this.#busy[rendition]) return;
    if (this.#ready[rendition] && this.#ends[rendition] - this.position >= this.#theatre.ahead) return;
    this.#busy[rendition] = true;
    const number = this.#ends[rendition] / SEGMENT_S;
    const name = this.#ready[rendition] ? `${number}.m4s` : "index.m3u8";
    const Loader = loaderFor(this.#theatre.delivery);
    const media = { type: "media-fragment", responseType: "arraybuffer" };
    const place = rendition === "v720" ? this.#picture : rendition;
    const level = this.#theatre.least && place !== SMALLEST ? 1 : 0;
    const frag = { duration: SEGMENT_S, type: rendition === "v720" ? "main" : "audio", level };
    const context = name.endsWith(".m4s") ? { ...media, frag } : { type: "level", responseType: "text" };
    const failed = (error) => {
      this.errors.push(error);
      this.#busy[rendition] = false;
    };
    this.#loaders[rendition] = new Loader({});
    this.#loaders[rendition].load({ url: `http://n1.test/v1/old/${PACKAGE}/${place}/${name}`, ...context }, { loadPolicy: {} }, {
      onSuccess: ({ data }) => {
        this.#busy[rendition] = false;
        if (!this.#ready[rendition]) this.#ready[rendition] = true;
        else {
          this.#ends[rendition] += SEGMENT_S;
          const right = this.#theatre.object(`${PACKAGE}/${place}/${name}`);
          if (Buffer.compare(right, new Uint8Array(data))) this.errors.push({ wrong: name });
        }
      },
      onError: failed,
      onTimeout: () => failed("timeout"),
    });
  }
}

function stream(fill) {
  return new ReadableStream({
    async start(controller) {
      try {
        await fill((bytes) => controller.enqueue(bytes));
        controller.close();
      } catch (error) {
        controller.error(error);
      }
    },
  });
}

function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const leave = () => (clearTimeout(timer), reject(new DOMException("aborted", "AbortError")));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", leave), resolve()), ms);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  });
}
