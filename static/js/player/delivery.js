// What all requests of one playback session share: the nodes, the token, what was learnt about each node, and the
// decisions that follow. Loaders ask it where to go and tell it how it went.
//
// Events: "switch" {from, to, why} · "failure" {node, kind, status} · "trouble" {round} (every node failed once) ·
// "calm" (bytes come again) · "lower" {frag, rate, remaining} (take a smaller rendition) · "lost" {error} (the session is over) ·
// "tainted" {node, path} (a segment that is in use already turned out to be wrong) ·
// "transfer" {node, kind, bytes, ttfb_ms, ms, at}: once for each resource that arrived, of the transfer that won. `kind`
// is "video", "audio", "text" or "playlist"; `ttfb_ms` is from the request to its first byte, `ms` from there to the last.

import { cmcd } from "./cmcd.js";
import { Estimates } from "./estimate.js";
import { Hints } from "./hints.js";
import { firstByteLimit, RepeatBudget, stallLimit } from "./limits.js";
import { Nodes } from "./nodes.js";
import { Probes } from "./probes.js";
import { Renewal } from "./renewal.js";
import { Rivals } from "./rivals.js";
import { Tables } from "./tables.js";
import { isKey, join, split } from "./token.js";
import { placeOf, Verifier } from "./verify.js";

const KEPT_SWITCHES = 50;
// What a node that was never used is thought to give, beside what the line has carried.
const STRANGER = 0.8;
const KINDS = { main: "video", audio: "audio", subtitle: "text" };
const OVERLOADED_S = 15;
// Answers of a node that is well: it drains, is not to serve this, or has not got it.
const WELL = new Set([404, 410, 421, 429]);

export class Delivery extends EventTarget {
  #tools;
  #repeats = new RepeatBudget();
  #hints;
  #renewal;
  #probes;
  #verifier;
  #failedAt = new Map();
  #troubled = false;
  #contentKey = null;

  /**
   * @param {object} session `nodes`, `token`, `segments` and `heads` as the playback API answers them
   * @param {object} tools
   * @param {() => Promise<{value: string, issuedAt: number, expiresAt: number, nodes?: object[]}>} tools.renew
   * @param {() => number} [tools.buffer] seconds of film ahead of the playhead
   * @param {typeof fetch} [tools.fetch]
   * @param {() => number} [tools.now] ms, never going back
   * @param {() => number} [tools.random]
   * @param {(bytes: Uint8Array) => Promise<Uint8Array>} [tools.digest] SHA-256
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
    this.#hints = learnt?.#hints ?? new Hints();
    this.serving = learnt?.serving ?? null;
    this.resumes = learnt?.resumes ?? 0;
    /** Answers that were not what the site says they are. */
    this.corrupt = learnt?.corrupt ?? 0;
    /** Where the key of encrypted segments is given out; null when there are none. */
    this.contentKeyUrl = session.content_key_url ?? null;
    /** Sizes and digests of segments, shared by verification and adaptation. */
    this.tables = new Tables(session.segments, { fetch: this.#tools.fetch, now: () => this.now() });
    this.tables.learn(session.heads);
    /** Whether a second node is asked beside the first one. */
    this.rivals = new Rivals(this);
    this.#verifier = this.#verification();
    this.#renewal = this.#renewing(learnt);
    this.#renewal.take(session.token);
    if (learnt) this.rank(session.nodes);
    this.#probes = this.#probing();
  }

  #verification() {
    return new Verifier(this.tables, {
      now: () => this.now(),
      buffer: () => this.buffer(),
      ...(this.#tools.digest && { digest: this.#tools.digest }),
      onWrong: (id, path) => {
        this.corrupted(id);
        this.#emit("tainted", { node: id, path });
      },
    });
  }

  #renewing(learnt) {
    const renewal = new Renewal({
      renew: () => this.#tools.renew(),
      now: () => this.now(),
      onFresh: (fresh) => fresh.nodes?.length && this.rank(fresh.nodes, fresh.issuedAt),
      onLost: (error) => this.#emit("lost", { error }),
    });
    renewal.count = learnt?.renewals ?? 0;
    return renewal;
  }

  #probing() {
    return new Probes({
      now: () => this.now(),
      buffer: () => this.buffer(),
      due: () => this.nodes.due(this.now()),
      lied: (id) => this.nodes.lied(id),
      url: (id, path) => join(this.nodes.base(id), this.token, path),
      fetch: (...args) => this.fetch(...args),
      onGood: (id, timing) => {
        this.estimates.good(id, timing);
        this.estimates.measured(id, timing);
        this.#watchMove("recovered", () => this.nodes.succeed(id, this.now()));
      },
      onBad: (id) => {
        this.estimates.bad(id);
        this.nodes.penalise(id, this.now(), "probe failed", this.nodes.lied(id) ? "wrong" : "dead");
      },
    });
  }

  close() {
    this.#renewal.stop();
    this.#probes.stop();
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
    return this.#renewal.token;
  }

  /** How often the token was renewed. */
  get renewals() {
    return this.#renewal.count;
  }

  /** Requests that were sent to a second node too because the first kept silent. */
  get hedges() {
    return this.rivals.hedges;
  }

  /** Whether segments are encrypted. */
  get encrypted() {
    return Boolean(this.contentKeyUrl);
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
    return join(this.nodes.base(id), this.token, split(url).path);
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

  /**
   * What this node gives, bit/s: measured, or 0.8 of what the line carried lately; NaN when nothing is known. Not of what
   * the node in use gives: when that has become slow, others would be taken for slow with it.
   */
  rateOf(id) {
    const own = this.estimates.rate(id);
    return Number.isNaN(own) ? STRANGER * this.estimates.line : own;
  }

  /** What steering asks players to stay below, kbit/s; 0 for none. */
  steerRate(kilobits) {
    this.#hints.steer(kilobits);
  }

  /**
   * The server's new ranking (steering, token renewal).
   * @param {number} [serverNow] epoch ms on the server's clock
   */
  rank(list, serverNow) {
    this.#watchMove("steering", () => this.nodes.update(list, this.now(), serverNow));
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
    const silent = now - (timing.first ? timing.last : timing.start) - timing.busy;
    if (!timing.first) return silent > firstByteLimit(facts) ? "first-byte" : null;
    return silent > stallLimit(facts) ? "stall" : null;
  }

  /** A request begins. Each one pays in a share of a hedge and of a repetition. */
  asks() {
    this.rivals.earn();
    this.#repeats.earn();
  }

  /** How long to wait before a request that failed is sent again, ms: nothing, unless much was repeated lately. */
  repeatDelay() {
    return this.#repeats.take() ? 0 : this.#repeats.delay;
  }

  /**
   * No node will bring this fragment in time. The engine may take a smaller one, if there is one.
   * @param {{rate: number, remaining: number}} how bit/s, bytes that are missing
   */
  lower(frag, how) {
    if (frag.type === "main" && frag.level > 0) this.#emit("lower", { frag, ...how });
  }

  // How it went ------------------------------------------------------------------------------------------------

  /**
   * A resource is here.
   * @param {string} id the node that brought it (or its end)
   * @param {string} url
   * @param {{timing: object, kept: boolean, media: boolean, frag?: object, response: Response}} how `timing` of the
   *   transfer that won; whether it continued what another one had begun
   */
  arrived(id, url, { timing, kept, media, frag, response }) {
    const { path } = split(url);
    const { start, first, last, bytes } = timing;
    const kind = frag ? (KINDS[frag.type] ?? "video") : "playlist";
    if (kept) this.resumes += 1;
    this.estimates.good(id, { ttfb: first - start, bytes });
    this.measured(id, timing);
    this.#watchMove("recovered", () => this.nodes.succeed(id, this.now()));
    if (media) {
      this.serving = id;
      this.#probes.remember(path, this.tables.of(...Object.values(placeOf(path))));
      this.hinted(id, response.headers.get("cmsd-dynamic"));
    }
    if (this.#troubled) {
      this.#troubled = false;
      this.nodes.relent(this.now());
      this.#emit("calm", {});
    }
    this.#emit("transfer", { node: id, kind, bytes, ttfb_ms: first - start, ms: last - first, at: last });
  }

  /** A transfer that another one was better than still says what its node gives. */
  measured(id, { begun, last, bytes, lead }) {
    if (begun) this.estimates.measured(id, { bytes: bytes - lead, ms: last - begun });
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

  failed(id, { kind, status = 0, retryAfter = 0 }) {
    const now = this.now();
    const why = status ? `${kind} ${status}` : kind;
    this.estimates.bad(id);
    this.#watchMove(why, () => {
      if (status === 429) this.nodes.leave(id, now, (retryAfter || OVERLOADED_S) * 1000, { refuses: true });
      else if (WELL.has(status)) this.nodes.leave(id, now, undefined, { refuses: status === 410 });
      else this.nodes.penalise(id, now, why, kind === "slow" || kind === "late" ? "slow" : "dead");
    });
    if (!WELL.has(status)) this.#failedAt.set(id, now);
    this.#emit("failure", { node: id, kind, status });
  }

  /** Another node was asked later and answered sooner. */
  late(id) {
    this.failed(id, { kind: "late" });
  }

  /** A node sent bytes that are not what the site says they are. */
  corrupted(id) {
    const now = this.now();
    this.corrupt += 1;
    this.estimates.lied(id);
    this.#watchMove("wrong bytes", () => this.nodes.penalise(id, now, "wrong bytes", "wrong"));
    this.#emit("failure", { node: id, kind: "corrupt", status: 0 });
  }

  /** What must be true of the file at this URL: {size, digest}; null when that is not known. */
  expected(url) {
    const parts = split(url);
    return parts && !isKey(url) ? this.#verifier.expected(parts.path) : null;
  }

  /** @returns {Promise<"right" | "wrong" | "unknown">} `id`: who sent these bytes; "" when several nodes did */
  async check(url, bytes, id) {
    const parts = split(url);
    return parts && !isKey(url) ? this.#verifier.check(parts.path, bytes, id) : "unknown";
  }

  /** Every node has been asked for one resource, and none gave it. */
  trouble(round) {
    this.#troubled = true;
    this.#emit("trouble", { round });
  }

  // Token ------------------------------------------------------------------------------------------------------

  /** Get a token other than `used`. @returns {Promise<boolean>} whether the token is now another one */
  renewToken(used) {
    return this.#renewal.other(used);
  }

  /** A node refused this token; the next one may take it. */
  refused(token) {
    this.#renewal.suspect(token);
  }

  /** Take over another session of the same video (the first was closed or expired while the page slept). */
  adopt(session) {
    this.contentKeyUrl = session.content_key_url ?? null;
    this.tables.adopt(session.segments);
    this.tables.learn(session.heads);
    this.#renewal.take(session.token);
    this.rank(session.nodes);
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
