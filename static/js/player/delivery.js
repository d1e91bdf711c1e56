// What all requests of one playback session share: the nodes, the token, what was learnt about each node, and the
// decisions that follow. Loaders ask it where to go and tell it how it went.
//
// Events: "switch" {from, to, why} · "failure" {node, kind, status} · "trouble" {round} (every node failed once) ·
// "calm" (bytes come again) · "lower" {frag, rate} (take a smaller rendition) · "lost" {error} (the session is over) ·
// "transfer" {node, kind, bytes, ttfb_ms, ms, at}: once for each resource that arrived, of the transfer that won. `kind`
// is "video", "audio", "text" or "playlist"; `ttfb_ms` is from the request to its first byte, `ms` from there to the last.

import { cmcd } from "./cmcd.js";
import { Estimates } from "./estimate.js";
import { Hints } from "./hints.js";
import { firstByteLimit, stallLimit } from "./limits.js";
import { Nodes } from "./nodes.js";
import { isSlow, SlowGuard } from "./slow.js";
import { Tables } from "./tables.js";
import { isKey, join, renewalDelay, renewalRetryDelay, split } from "./token.js";

const PROBE_BYTES = 65_536;
const PROBE_MS = 1500;
const PROBE_EVERY_MS = 1000;
const SHORT_BUFFER_S = 8;
const KEPT_SWITCHES = 50;
// What a node that was never used is thought to give, beside the last one that was.
const STRANGER = 0.8;
const KINDS = { main: "video", audio: "audio", subtitle: "text" };

export class Delivery extends EventTarget {
  #tools;
  #guard = new SlowGuard();
  #token = "";
  #renewing = null;
  #renewFailures = 0;
  #renewTimer = 0;
  #probeTimer = 0;
  #probing = new Set();
  #failedAt = new Map();
  #hints = new Hints();
  #troubled = false;
  #lastPath = null;
  #contentKey = null;

  /**
   * @param {object} session `nodes` and `token` as the playback API answers them
   * @param {object} tools
   * @param {() => Promise<{value: string, issuedAt: number, expiresAt: number, nodes?: object[]}>} tools.renew
   * @param {() => number} [tools.buffer] seconds of film ahead of the playhead
   * @param {typeof fetch} [tools.fetch]
   * @param {() => number} [tools.now] ms, never going back
   * @param {() => number} [tools.random]
   * @param {import("./larder.js").Larder} [tools.larder] what was fetched before
   * @param {Delivery} [tools.learnt] another delivery to this viewer, whose knowledge of the nodes is shared from now on
   */
  constructor(session, tools) {
    super();
    this.#tools = {
      fetch: (...args) => fetch(...args),
      now: () => performance.now(),
      buffer: () => Infinity,
      random: Math.random,
      ...tools,
    };
    const { learnt } = this.#tools;
    /** What was fetched of this film before its player asked (larder.js); null when nothing was. */
    this.larder = this.#tools.larder ?? null;
    this.nodes = learnt?.nodes ?? new Nodes(session.nodes, { random: this.#tools.random });
    this.estimates = learnt?.estimates ?? new Estimates();
    this.switches = learnt?.switches ?? [];
    this.serving = learnt?.serving ?? null;
    this.renewals = learnt?.renewals ?? 0;
    this.resumes = learnt?.resumes ?? 0;
    /** Where the key of encrypted segments is given out; null when there are none. */
    this.contentKeyUrl = session.content_key_url ?? null;
    /** Sizes and digests of segments, shared by verification and adaptation. */
    this.tables = new Tables(session.segments, { fetch: this.#tools.fetch, now: () => this.now() });
    this.#take(session.token);
    if (learnt) this.rank(session.nodes);
    this.#probeTimer = setInterval(() => this.#probeDue(), PROBE_EVERY_MS);
    this.#probeTimer.unref?.();
  }

  close() {
    clearTimeout(this.#renewTimer);
    clearInterval(this.#probeTimer);
    this.#renewTimer = this.#probeTimer = 0;
  }

  get fetch() {
    return this.#tools.fetch;
  }

  now() {
    return this.#tools.now();
  }

  buffer() {
    return this.#tools.buffer();
  }

  /** The token in use. A request compares it with the one it was refused with. */
  get token() {
    return this.#token;
  }

  // Where to go ------------------------------------------------------------------------------------------------

  /** Node ids in the order to ask them, for this URL; null when the URL has one place only. */
  order(url) {
    return split(url) && !isKey(url) ? this.nodes.order(this.now()) : null;
  }

  /** The one place of a URL that no node serves. A content key comes from the session, never from a node. */
  place(url) {
    return isKey(url) && this.contentKeyUrl ? this.contentKeyUrl : url;
  }

  /**
   * The content key, if this is one's URL and it came before. Every rendition of a package has the same key: a change of
   * language or quality needs no site for it.
   */
  keptKey(url) {
    return isKey(url) && this.contentKeyUrl ? this.#contentKey : null;
  }

  /** Keep what came for a URL if it is the content key. */
  keepKey(url, bytes) {
    if (isKey(url) && this.contentKeyUrl) this.#contentKey = bytes.slice();
  }

  /** This media URL at that node, with the token of now. */
  url(url, id) {
    return join(this.nodes.base(id), this.#token, split(url).path);
  }

  /** What a request for this fragment says of itself, as the query that it ends with. */
  about(url, frag) {
    const parts = frag && split(url);
    if (!parts) return "";
    return cmcd({ path: parts.path, type: frag.type, buffer: this.buffer(), starved: this.#troubled });
  }

  /** The node that audio, video and text are asked from now. */
  get active() {
    return this.nodes.active;
  }

  /** The rate to stay below because a node or steering asks for it, bit/s; 0 when none does. */
  get cap() {
    return this.#hints.cap(this.now());
  }

  /** What this node gives, bit/s: measured, or 0.8 of what the last node gave; NaN when nothing is known. */
  rateOf(id) {
    const own = this.estimates.rate(id);
    return Number.isNaN(own) ? STRANGER * this.estimates.rate(this.serving) : own;
  }

  /** What steering asks players to stay below, kbit/s; 0 for none. */
  steerRate(kilobits) {
    this.#hints.steer(kilobits);
  }

  /** The server's new ranking (steering, token renewal). */
  rank(list) {
    this.#watchMove("steering", () => this.nodes.update(list, this.now()));
  }

  // How long to wait -------------------------------------------------------------------------------------------

  /** Whether this transfer has been silent for too long: "first-byte", "stall" or null. */
  silence(id, round, timing) {
    const now = this.now();
    const facts = {
      buffer: this.buffer(),
      usual: this.estimates.usualTtfb(id),
      round,
      // It failed on another request since this one began: no benefit of the doubt. Audio follows video at once.
      suspect: (this.#failedAt.get(id) ?? -Infinity) > timing.start,
      duress: this.#hints.duress(id, now),
    };
    if (!timing.first) return now - timing.start > firstByteLimit(facts) ? "first-byte" : null;
    return now - timing.last > stallLimit(facts) ? "stall" : null;
  }

  /**
   * What to do about a segment whose bytes come too slowly: null (nothing), "move" (this request goes on at another
   * node), or "lower" (the engine is told to drop it and take a smaller rendition).
   */
  slowness(id, frag, { timing, body }) {
    const now = this.now();
    const elapsed = (now - timing.start) / 1000;
    const buffer = this.buffer();
    const facts = { elapsed, loaded: timing.bytes, total: body.total, remaining: body.total - body.received };
    if (!isSlow({ ...facts, duration: frag.duration, buffer })) return null;
    if (!this.nodes.hasAlternative(id, now) || !this.#guard.open(now, this.nodes.size)) return null;
    const verdicts = this.#guard.note(now);
    this.failed(id, { kind: "slow", status: 0 });
    if (frag.type !== "main" || (buffer >= SHORT_BUFFER_S && verdicts < 2)) return "move";
    this.#emit("lower", { frag, rate: (timing.bytes * 8) / elapsed });
    return "lower";
  }

  // How it went ------------------------------------------------------------------------------------------------

  succeeded(id, path, timing, { media }) {
    const now = this.now();
    this.estimates.good(id, {
      ttfb: timing.first - timing.start,
      bytes: timing.bytes,
      ms: timing.last - timing.first,
    });
    this.#watchMove("recovered", () => this.nodes.succeed(id, now));
    if (media) {
      this.serving = id;
      this.#lastPath = path;
    }
    if (this.#troubled) {
      this.#troubled = false;
      this.#emit("calm", {});
    }
  }

  /**
   * A node says how it is (CMSD-Dynamic, CTA-5006): `du` when it is near its limit or drains. Nothing failed: the next
   * request goes elsewhere, with the chance that it names, so that not all its players move at once.
   */
  hinted(id, text) {
    const chance = this.#hints.hear(id, text, this.now());
    if (chance > 0 && this.#tools.random() < chance) {
      this.#watchMove("asked to", () => this.nodes.leave(id, this.now()));
    }
  }

  /** A resource is here; `timing` is that of the transfer that won. */
  transferred(id, frag, timing) {
    const { start, first, last, bytes } = timing;
    const kind = frag ? (KINDS[frag.type] ?? "video") : "playlist";
    this.#emit("transfer", { node: id, kind, bytes, ttfb_ms: first - start, ms: last - first, at: last });
  }

  failed(id, { kind, status }) {
    const now = this.now();
    this.estimates.bad(id);
    this.#failedAt.set(id, now);
    const why = status ? `${kind} ${status}` : kind;
    this.#watchMove(why, () => this.nodes.penalise(id, now, why));
    this.#emit("failure", { node: id, kind, status });
  }

  /** Every node has been asked for one resource, and none gave it. */
  trouble(round) {
    this.#troubled = true;
    this.#emit("trouble", { round });
  }

  // Token ------------------------------------------------------------------------------------------------------

  /**
   * Get a token other than `used`. Many requests may ask at once: one renewal serves all.
   * @returns {Promise<boolean>} whether the token is now another one
   */
  async renewToken(used) {
    if (used !== undefined && used !== this.#token) return true;
    const before = this.#token;
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    await this.#renewing;
    return this.#token !== before;
  }

  /** Take over another session of the same video (the first was closed or expired while the page slept). */
  adopt(session) {
    this.contentKeyUrl = session.content_key_url ?? null;
    this.#take(session.token);
    this.rank(session.nodes);
  }

  async #renew() {
    try {
      const fresh = await this.#tools.renew();
      this.#take(fresh);
      this.renewals += 1;
      if (fresh.nodes?.length) this.rank(fresh.nodes);
    } catch (error) {
      if (error?.final) {
        this.#emit("lost", { error });
        return;
      }
      // The control plane is away. Nodes accept the old token for hours then, so the film goes on; ask again later.
      this.#renewFailures += 1;
      this.#schedule(renewalRetryDelay(this.#renewFailures));
    }
  }

  #take({ value, issuedAt, expiresAt }) {
    this.#token = value;
    this.#renewFailures = 0;
    this.#schedule(renewalDelay({ issuedAt, expiresAt }));
  }

  #schedule(delay) {
    clearTimeout(this.#renewTimer);
    this.#renewTimer = setTimeout(() => this.renewToken(), delay);
    this.#renewTimer.unref?.();
  }

  // Probes: a node whose penalty has ended gets one small request that no viewer waits for ---------------------

  #probeDue() {
    if (!this.#lastPath) return;
    for (const id of this.nodes.due(this.now())) if (!this.#probing.has(id)) this.#probe(id);
  }

  async #probe(id) {
    this.#probing.add(id);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), PROBE_MS);
    const start = this.now();
    try {
      // no-store: the browser's own cache would answer for a dead node.
      const response = await this.fetch(join(this.nodes.base(id), this.#token, this.#lastPath), {
        headers: { Range: `bytes=0-${PROBE_BYTES - 1}` },
        signal: controller.signal,
        cache: "no-store",
        mode: "cors",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      });
      if (!response.ok) throw new Error(`probe ${response.status}`);
      const first = this.now();
      const bytes = (await response.arrayBuffer()).byteLength;
      const last = this.now();
      this.estimates.good(id, { ttfb: first - start, bytes, ms: last - first });
      this.#watchMove("recovered", () => this.nodes.succeed(id, last));
    } catch {
      this.estimates.bad(id);
      this.nodes.penalise(id, this.now(), "probe failed");
    } finally {
      clearTimeout(timer);
      this.#probing.delete(id);
    }
  }

  #watchMove(why, change) {
    const from = this.nodes.active;
    change();
    const to = this.nodes.active;
    if (from === to) return;
    this.switches.push({ at: Math.round(this.now()), from, to, why });
    if (this.switches.length > KEPT_SWITCHES) this.switches.shift();
    this.#emit("switch", { from, to, why });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
