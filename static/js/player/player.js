// One film on one video element: opens the session, runs engine, delivery, steering and beacons, and mends what breaks.
// Knows nothing of controls; says what happens by events.
//
// Events: "opened" {answer, position, resumed} · "refused" {error} · "blocked" (a gesture is needed) ·
// "waiting" {why} · "flowing" · "failed" {message, detail, retryIn} · "mended" · "tracks" · "level" · "switch".

import { Delivery } from "./delivery.js";
import { bufferAhead, Engine } from "./engine.js";
import { PlaybackSession, SessionError } from "./session.js";
import { Steering } from "./steering.js";
import { seconds } from "./ui/clock.js";

const RESUME_FROM_S = 5;
const WATCHED = 0.95;
const KEPT_ERRORS = 50;
// A wait that nobody sees is no stall.
const STALL_MS = 200;
// After this long without a picture a spinner is not enough: the viewer gets words and a button.
const PATIENCE_MS = 8000;
const LONGEST_RETRY_S = 30;

const MESSAGES = {
  network: ["We can't reach any of our servers.", "Your place is kept."],
  media: ["This film can't be played in this browser.", "Its picture or sound could not be decoded."],
  none: ["This browser can't play our films.", "It knows neither Media Source Extensions nor HLS. Try another one."],
};

export class Player extends EventTarget {
  #video;
  #options;
  #preferences;
  #session = null;
  #delivery = null;
  #engine = null;
  #steering = null;
  #answer = null;
  #errors = [];
  #stalls = { count: 0, ms: 0, since: 0 };
  #started = false;
  #attempts = 0;
  #retryTimer = 0;
  #unlisten = new AbortController();
  #mending = false;
  #lastFailure = null;
  #from = 0;
  #watched = { at: 0, since: 0 };
  #settled = false;
  #waitingSince = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {{sessionUrl: string, csrf: string}} options
   * @param {import("./ui/prefs.js").Preferences} preferences
   */
  constructor(video, options, preferences) {
    super();
    this.#video = video;
    this.#options = options;
    this.#preferences = preferences;
    this.#listen();
  }

  // Coming and going -------------------------------------------------------------------------------------------

  /**
   * Play a video from its bookmark, or from `position` when given.
   * @param {string} videoId
   * @param {{position?: number}} [from]
   */
  async load(videoId, { position } = {}) {
    const leaves = this.#answer?.id;
    this.unload("left");
    if (Engine.way === "none") {
      this.#fail({ kind: "none" });
      return;
    }
    const session = new PlaybackSession({
      url: this.#options.sessionUrl,
      csrf: this.#options.csrf,
      videoId,
      leaves,
      facts: () => this.#facts(),
      onClosed: (reason, text) => this.#closed(reason, text),
    });
    this.videoId = videoId;
    this.#session = session;
    try {
      const answer = await session.open();
      if (this.#session === session) this.#begin(answer, position);
      else session.close("left");
    } catch (error) {
      if (this.#session === session) this.#refused(error, position);
    }
  }

  /** Stop, free the slot, forget. */
  unload(event = "close") {
    clearTimeout(this.#retryTimer);
    this.#session?.close(event);
    this.#steering?.stop();
    this.#engine?.destroy();
    this.#delivery?.close();
    this.#session = this.#steering = this.#engine = this.#delivery = this.#answer = null;
    this.#started = this.#settled = false;
    this.#waitingSince = 0;
    this.#attempts = 0;
    this.#stalls = { count: 0, ms: 0, since: 0 };
  }

  destroy() {
    this.unload();
    this.#unlisten.abort();
  }

  /** Begin again at the same place, with a new session. */
  restart() {
    return this.load(this.videoId, { position: this.position });
  }

  /** Try to go on after a failure, keeping what is buffered where that is possible. */
  retry() {
    clearTimeout(this.#retryTimer);
    if (!this.#engine || this.#lastFailure?.manifest || this.#lastFailure?.kind === "media") this.restart();
    else {
      this.#engine.retry();
      this.play();
    }
  }

  async play() {
    try {
      await this.#video.play();
    } catch (error) {
      // Unmuted play without a gesture: say so. (Silent autoplay would begin a film without its first words.)
      if (error.name === "NotAllowedError") this.#say("blocked");
    }
  }

  // What there is ----------------------------------------------------------------------------------------------

  get engine() {
    return this.#engine;
  }

  get answer() {
    return this.#answer;
  }

  /** Seconds; the video's own when it knows, else the catalogue's. */
  get duration() {
    const { duration } = this.#video;
    return Number.isFinite(duration) && duration > 0 ? duration : seconds(this.#answer?.duration) || 0;
  }

  /** Where the viewer is, also while nothing is loaded. */
  get position() {
    return this.#video.readyState ? this.#video.currentTime : (this.#from ?? 0);
  }

  /** A plain picture of everything, for the statistics panel, the beacons and browser tests. */
  get state() {
    const video = this.#video;
    const quality = video.getVideoPlaybackQuality?.() ?? {};
    const delivery = this.#delivery;
    const stalls = this.#stallsNow(this.#stalls.since);
    return {
      session: this.#answer?.id ?? null,
      video: this.videoId ?? null,
      node: delivery?.serving ?? delivery?.nodes.active ?? null,
      nodes: delivery?.nodes.list(delivery.now()) ?? [],
      level: this.#engine?.level ?? null,
      choice: this.#engine?.choice ?? -1,
      throughput: Math.round(this.#engine?.throughput) || 0,
      position: video.currentTime,
      duration: this.duration,
      paused: video.paused,
      ended: video.ended,
      buffer: bufferAhead(video),
      decoded: quality.totalVideoFrames ?? 0,
      dropped: quality.droppedVideoFrames ?? 0,
      stalls: stalls.count,
      stall_ms: Math.round(stalls.ms),
      switches: [...(delivery?.switches ?? [])],
      resumes: delivery?.resumes ?? 0,
      renewals: delivery?.renewals ?? 0,
      errors: [...this.#errors],
    };
  }

  // ------------------------------------------------------------------------------------------------------------

  #begin(answer, position) {
    this.#answer = answer;
    const bookmark = answer.bookmark;
    const stopped = bookmark && !bookmark.finished ? seconds(bookmark.position) : 0;
    const resumable = stopped >= RESUME_FROM_S && stopped < (seconds(answer.duration) || Infinity) * WATCHED;
    const from = position ?? (resumable ? stopped : 0);
    this.#from = from;
    this.#delivery = new Delivery(answer, {
      buffer: () => bufferAhead(this.#video),
      renew: () => this.#session.renew(),
    });
    this.#engine = new Engine(this.#video, this.#delivery);
    this.#steering = new Steering(answer.steering, this.#delivery, () => this.#whereabouts());
    this.#follow(this.#delivery, this.#engine);
    this.#engine.open(answer.hls, {
      position: from,
      bandwidth: this.#preferences.get("bandwidth"),
      audioLanguage: this.#preferences.get("audio"),
      textLanguage: this.#preferences.get("text"),
    });
    this.#session.startBeacons();
    this.#say("opened", { answer, position: from, resumed: position === undefined && resumable });
    this.play();
  }

  #follow(delivery, engine) {
    delivery.addEventListener("switch", ({ detail }) => {
      this.#say("switch", detail);
      if (!this.#flowing) this.#say("waiting", { why: "switch" });
    });
    delivery.addEventListener("failure", ({ detail }) => {
      this.#note(`${detail.node}: ${detail.kind}${detail.status ? ` ${detail.status}` : ""}`);
    });
    delivery.addEventListener("trouble", () => this.#trouble());
    delivery.addEventListener("calm", () => this.#mended());
    delivery.addEventListener("lost", ({ detail: { error } }) => {
      this.#closed(error.details?.reason ?? "", error.message);
    });
    engine.addEventListener("fatal", ({ detail }) => this.#fail(detail));
    for (const type of ["ready", "tracks", "level"]) {
      engine.addEventListener(type, () => this.#say(type === "ready" ? "tracks" : type));
    }
  }

  // Every node failed. The loader goes on trying by itself.
  #trouble() {
    if (this.#flowing) return;
    this.#say("waiting", { why: "trouble" });
    if (performance.now() - this.#waitingSince < PATIENCE_MS || this.#lastFailure) return;
    const [message, detail] = MESSAGES.network;
    this.#lastFailure = { kind: "network" };
    this.#say("failed", { message, detail: `${detail} We keep trying.`, retryIn: null });
  }

  get #flowing() {
    return this.#video.readyState >= 3 || this.#video.paused;
  }

  #refused(error, position) {
    const known = error instanceof SessionError ? error : new SessionError({ code: "error", message: String(error) });
    this.#note(`session: ${known.code}`);
    this.#from = position ?? 0;
    if (known.final) this.#say("refused", { error: known });
    else this.#fail({ kind: "network", manifest: true, details: known.code });
  }

  // The site does not know this session any more (it slept for long, or was closed elsewhere): take another one and go
  // on with its token. The picture does not notice.
  async #reopen() {
    if (this.#mending || !this.#session) return;
    this.#mending = true;
    try {
      const answer = await this.#session.open();
      this.#answer = answer;
      this.#delivery.adopt(answer);
      this.#steering.stop();
      this.#steering = new Steering(answer.steering, this.#delivery, () => this.#whereabouts());
      this.#session.startBeacons();
    } catch (error) {
      if (error.final) {
        this.#video.pause();
        this.#say("refused", { error });
      }
    } finally {
      this.#mending = false;
    }
  }

  // The site ended the session. After a silence (a laptop that slept) another one is taken; anything else was meant.
  #closed(reason, message) {
    this.#note(`session closed: ${reason}`);
    if (["silent", "forgotten", ""].includes(reason)) this.#reopen();
    else {
      this.#video.pause();
      this.#say("refused", { error: new SessionError({ code: reason, message, status: 403 }) });
    }
  }

  #fail(detail) {
    this.#lastFailure = detail;
    this.#note(`fatal: ${detail.kind} ${detail.details ?? ""}`);
    const [message, more] = MESSAGES[detail.kind] ?? MESSAGES.media;
    let retryIn = null;
    if (detail.kind === "network") {
      this.#attempts += 1;
      retryIn = Math.min(LONGEST_RETRY_S, 2 ** this.#attempts);
      clearTimeout(this.#retryTimer);
      this.#retryTimer = setTimeout(() => this.retry(), retryIn * 1000);
    }
    // What is buffered plays on; the controls decide when to show this.
    this.#say("failed", { message, detail: more, retryIn });
  }

  #mended() {
    this.#attempts = 0;
    this.#lastFailure = null;
    clearTimeout(this.#retryTimer);
    this.#say("mended");
  }

  // What the video element says --------------------------------------------------------------------------------

  #listen() {
    const { signal } = this.#unlisten;
    const video = this.#video;
    const on = (type, handler) => video.addEventListener(type, handler, { signal });
    on("playing", () => this.#flow());
    on("waiting", () => this.#wait());
    on("pause", () => {
      this.#flow();
      if (!video.ended) this.#session?.beat("pause");
    });
    on("play", () => this.#session?.beat("play"));
    on("timeupdate", () => {
      const moved = video.currentTime - this.#watched.at;
      if (moved > 0 && moved < 2 && !video.seeking) {
        this.#watched.since += moved;
        this.#settled = true;
        this.#waitingSince = 0;
      }
      this.#watched.at = video.currentTime;
    });
    on("seeking", () => {
      this.#waitingSince = performance.now();
      this.#settled = false; // what is waited for now is the seek, until the picture moves again
      this.#flow();
    });
    on("seeked", () => this.#session?.beat("seek"));
    on("ended", () => {
      this.#session?.beat("ended");
      const rate = this.#engine?.throughput;
      if (Number.isFinite(rate)) this.#rememberRate(rate);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#session?.beatLast("hidden");
      const rate = this.#engine?.throughput;
      if (document.hidden && this.#started && Number.isFinite(rate)) this.#rememberRate(rate);
    }, { signal });
    addEventListener("pagehide", () => {
      this.#session?.beatLast("pagehide");
      this.#session?.close("pagehide");
    }, { signal });
    // Back from the browser's page cache: the session was closed when the page went away.
    addEventListener("pageshow", ({ persisted }) => persisted && this.restart(), { signal });
    addEventListener("online", () => this.#lastFailure && this.retry(), { signal });
  }

  #rememberRate(rate) {
    // Careful (0.8) and bounded: the link of tomorrow may be another one.
    this.#preferences.set("bandwidth", Math.round(Math.min(20e6, Math.max(400e3, rate * 0.8))));
  }

  #wait() {
    this.#waitingSince ||= performance.now();
    const { seeking, ended, paused } = this.#video;
    if (this.#settled && !seeking && !ended && !paused) this.#stalls.since ||= performance.now();
    this.#say("waiting", { why: seeking ? "seek" : this.#started ? "stall" : "start" });
  }

  /** The count with the wait of now in it, if that is long enough to be one. */
  #stallsNow(since) {
    const { count, ms, since: began } = this.#stalls;
    const wait = began ? performance.now() - began : 0;
    return wait < STALL_MS ? { count, ms, since } : { count: count + 1, ms: ms + wait, since };
  }

  #flow() {
    this.#stalls = this.#stallsNow(0);
    if (!this.#video.paused && !this.#video.seeking) {
      this.#started = true;
      this.#waitingSince = 0;
      this.#say("flowing");
    }
  }

  #facts() {
    const { position, duration, paused, buffer, level, stalls, stall_ms, dropped, node } = this.state;
    return {
      position: Math.round(position * 1000) / 1000,
      duration: Math.round(duration * 1000) / 1000,
      paused,
      buffer: Math.round(buffer * 100) / 100,
      rendition: level?.name ?? "",
      height: level?.height ?? 0,
      watched: this.#takeWatched(),
      stalls,
      stall_ms,
      dropped,
      node: node ?? "",
      samples: this.#delivery?.estimates.take("beacon") ?? [],
    };
  }

  #whereabouts() {
    return { current: this.state.node ?? "" };
  }

  /** Seconds that the picture really moved since the last report. */
  #takeWatched() {
    const { since } = this.#watched;
    this.#watched.since = 0;
    return Math.round(since * 100) / 100;
  }

  #note(text) {
    this.#errors.push({ at: Math.round(performance.now()), text });
    if (this.#errors.length > KEPT_ERRORS) this.#errors.shift();
  }

  #say(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
