// All downloads of this device, as pages handle them: asked for, going on, paused, removed. One page at a time fetches
// (the browser's own locks see to that); when it goes, the next one goes on where it was.
//
// Events: "change" (look at `all` again) · "progress" {record} · "removed" {records} (their licences were ended).

import { capabilities } from "../player/capabilities.js";
import { Cellar, FLAG } from "./cellar.js";
import { Fetcher, NoRoom, Over } from "./fetcher.js";
import { Licences } from "./licences.js";
import { forgetPlace } from "./local.js";
import { described } from "./package.js";
import { nextUp } from "./terms.js";
import { canSeal, open, seal } from "./vault.js";

/** So many are fetched at once. */
export const AT_ONCE = 2;
const LOCK = "netflixlite.kept.fetching";
const FIRST_WAIT_MS = 4000;
const LONGEST_WAIT_MS = 60_000;
const POSTER = "poster";

export class Downloads extends EventTarget {
  #tools;
  #running = new Map();
  #leading = false;
  #held = false;
  #failures = 0;
  #timer = 0;

  /** @param {{cellar?: Cellar, licences?: Licences, fetch?: typeof fetch, now?: () => number}} [tools] */
  constructor(tools = {}) {
    super();
    const cellar = tools.cellar ?? new Cellar();
    this.#tools = { fetch: (...args) => fetch(...args), now: Date.now, ...tools };
    this.cellar = cellar;
    this.licences = tools.licences ?? new Licences(cellar, this.#tools);
    cellar.addEventListener("change", () => {
      this.dispatchEvent(new Event("change"));
      this.#look();
    });
  }

  /** Whether films can be kept in this browser, on this page. */
  static get possible() {
    return canSeal() && Boolean(globalThis.navigator?.locks);
  }

  /** The records of one profile, or of all. */
  async all(profile = "") {
    const records = await this.cellar.all();
    return profile ? records.filter((record) => record.profile.id === profile) : records;
  }

  /**
   * Keep a film. @param {{video: string, height?: number, sounds?: string[], poster?: string}} wish
   * @param {(method: string, url: string, body?: object) => Promise<object>} ask lib/http.js'
   */
  async add({ video, poster = "", ...wish }, ask) {
    const given = await ask("POST", "/api/v1/playback/downloads", { video, ...wish, capabilities: await capabilities() });
    const about = { id: given.licence.id, video, profile: given.profile };
    const key = given.token_url.split("/").at(-2);
    const film = described(given.session);
    const record = {
      ...about,
      at: this.#tools.now(),
      state: "queued",
      bytes: given.bytes,
      got: 0,
      title: film.title,
      name: film.name,
      film,
      tracks: given.tracks,
      bookmark: given.session.bookmark,
      urls: {
        token: given.token_url,
        segments: given.segments_url,
        contentKey: given.content_key_url,
        done: given.done_url,
        reports: given.reports_url,
        standing: given.standing_url,
      },
      ...(await this.licences.begin(about, given.licence, key)),
    };
    for (const before of await this.all(given.profile.id)) if (before.video === video) await this.cellar.remove(before.id);
    globalThis.localStorage?.setItem(FLAG, "1");
    navigator.storage?.persist?.().catch(() => {}); // the browser may ask its user, or say no: then it may evict
    await this.licences.tick();
    await this.cellar.put(record);
    if (poster) await this.#poster(record, poster);
    return record;
  }

  async pause(id) {
    this.#stop(id);
    await this.cellar.patch(id, { state: "paused" });
  }

  async resume(id) {
    this.#failures = 0;
    await this.cellar.patch(id, { state: "queued", trouble: "" });
  }

  /** Remove it here, and tell the site that this device keeps it no more; when it is away, the licence runs out. */
  async remove(id) {
    const record = await this.cellar.get(id);
    this.#stop(id);
    await this.cellar.remove(id);
    forgetPlace(id);
    if (record) this.#tell(record, { removed: true });
    if (!(await this.cellar.all()).length) globalThis.localStorage?.removeItem(FLAG);
  }

  /** Somebody signs out: nothing stays. */
  async wipe() {
    for (const id of this.#running.keys()) this.#stop(id);
    globalThis.localStorage?.removeItem(FLAG);
    forgetPlace("");
    await this.cellar.clear();
  }

  /** Ask the site how licences stand. @returns {Promise<object[]>} what was removed for it */
  async sync({ force = false } = {}) {
    try {
      const gone = await this.licences.ask({ force });
      if (gone.length) this.dispatchEvent(new CustomEvent("removed", { detail: { records: gone } }));
      return gone;
    } catch {
      await this.licences.tick(); // the site is away: the device's clock goes on all the same
      return [];
    }
  }

  /** The poster's bytes; null when there is none, or it cannot be opened. */
  async poster(record) {
    try {
      const sealed = await this.cellar.piece(record.id, POSTER);
      return sealed && (await open(await this.licences.keyOf(record), POSTER, sealed));
    } catch {
      return null;
    }
  }

  /** Fetch what waits, for as long as this page lives and no other one does. */
  start() {
    if (this.#leading || !Downloads.possible) return;
    this.#leading = true;
    globalThis.addEventListener?.("online", () => this.#again(0));
    navigator.locks.request(LOCK, async () => {
      // Whoever fetched these is gone.
      for (const { id, state } of await this.cellar.all()) if (state === "fetching") await this.cellar.patch(id, { state: "queued" });
      await this.cellar.sweep();
      this.#leading = "now";
      this.#look();
      await new Promise(() => {}); // until the page goes
    }).catch(() => (this.#leading = false));
  }

  /** A film is watched: nothing is fetched beside it. */
  hold(held) {
    if (held === this.#held) return;
    this.#held = held;
    if (held) for (const [id, fetcher] of this.#running) if (fetcher) this.#stop(id, "queued");
    if (!held) this.#look();
  }

  // ------------------------------------------------------------------------------------------------------------

  async #look() {
    if (this.#leading !== "now" || this.#held) return;
    const records = await this.cellar.all();
    for (const [id, fetcher] of this.#running) {
      if (fetcher && records.find((record) => record.id === id)?.state !== "fetching") this.#stop(id);
    }
    const waits = this.#timer ? [] : nextUp(records, AT_ONCE);
    for (const record of waits) if (!this.#running.has(record.id)) this.#fetch(record);
  }

  async #fetch({ id }) {
    this.#running.set(id, null);
    try {
      const record = await this.cellar.patch(id, { state: "fetching", trouble: "" });
      if (!record) return;
      const key = await this.licences.keyOf(record);
      const onProgress = (now) => this.dispatchEvent(new CustomEvent("progress", { detail: { record: now } }));
      const fetcher = new Fetcher(record, { cellar: this.cellar, key, onProgress, fetch: this.#tools.fetch });
      this.#running.set(id, fetcher);
      const whole = await fetcher.run();
      this.#failures = 0;
      if (whole) {
        await this.cellar.patch(id, { state: "complete" });
        this.#tell(record, {});
      }
    } catch (error) {
      await this.#failed(id, error);
    } finally {
      this.#running.delete(id);
      this.#look();
    }
  }

  async #failed(id, error) {
    if (error instanceof NoRoom) return void (await this.cellar.patch(id, { state: "failed", trouble: "room" }));
    if (error instanceof Over || error.message === "expired") {
      await this.sync({ force: true });
      const left = await this.cellar.get(id);
      if (left) await this.cellar.patch(id, { state: "failed", trouble: "over" });
      return;
    }
    // The network, most likely. It waits, and goes on by itself.
    this.#failures += 1;
    this.#again(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1)));
    const record = await this.cellar.get(id);
    if (record?.state === "fetching") await this.cellar.patch(id, { state: "queued", trouble: "network" });
  }

  #again(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#look();
    }, ms);
    this.#timer.unref?.();
  }

  #stop(id, state = "") {
    this.#running.get(id)?.stop();
    if (state) this.cellar.patch(id, { state });
  }

  #tell(record, word) {
    const body = JSON.stringify(word);
    const how = { method: "POST", credentials: "omit", headers: { "Content-Type": "text/plain" }, body, keepalive: true };
    this.#tools.fetch(record.urls.done, how).catch(() => {});
  }

  async #poster(record, url) {
    try {
      const response = await this.#tools.fetch(url);
      if (!response.ok) return;
      const bytes = new Uint8Array(await response.arrayBuffer());
      await this.cellar.putPiece(record.id, POSTER, await seal(await this.licences.keyOf(record), POSTER, bytes), 0);
    } catch {
      // a film without its poster plays as well
    }
  }
}

let shared = null;

/** This page's. */
export function downloads() {
  return (shared ??= new Downloads());
}
