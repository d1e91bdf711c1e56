// One film on one screen: opens the session, shows its package, hands over to newer ones, and mends what breaks.
// Knows nothing of controls; says what happens by events.
//
// Events: "opened" {answer, position, resumed} · "refused" {error} · "blocked" (a gesture is needed) ·
// "waiting" {why} · "flowing" · "failed" {message, detail, retryIn} · "mended" · "tracks" · "level" · "switch" ·
// "scene" (a newer package is shown).

import { breath } from "../lib/breath.js";
import { gettext } from "../lib/words.js";
import { savesData } from "./abr/caps.js";
import { remembered } from "./abr/memory.js";
import { placeOf } from "./ahead.js";
import { Alone } from "./alone.js";
import { capabilities } from "./capabilities.js";
import { bufferAhead, Engine } from "./engine.js";
import { Growth } from "./growth.js";
import { Larder } from "./larder.js";
import { Scene } from "./scene.js";
import { PlaybackSession, SessionError } from "./session.js";
import { screenOf, soundOf, startOf } from "./start.js";
import { Tally } from "./tally.js";

const KEPT_ERRORS = 50;
// After this long without a picture a spinner is not enough: the viewer gets words and a button.
const PATIENCE_MS = 8000;
const LONGEST_RETRY_S = 30;
// Where one begins in a film that is still being prepared, at the latest: so far from the end of what is there.
const SHORT_OF_END_S = 10;

const MESSAGES = {
  network: [gettext("We can't reach any of our servers."), gettext("Your place is kept.")],
  media: [gettext("This film can't be played in this browser."), gettext("Its picture or sound could not be decoded.")],
  none: [
    gettext("This browser can't play our films."),
    gettext("It knows neither Media Source Extensions nor HLS. Try another one."),
  ],
};

export class Player extends EventTarget {
  /** Whether somebody is there. */
  alone = new Alone();
  #screen;
  #options;
  #preferences;
  #tally;
  #session = null;
  #scene = null;
  #errors = [];
  #started = false;
  #attempts = 0;
  #retryTimer = 0;
  #unlisten = new AbortController();
  #mending = false;
  #lastFailure = null;
  #from = 0;
  #growth;

  /**
   * @param {import("./screen.js").Screen} screen
   * @param {{sessionUrl: string, csrf: string, fetch?: typeof fetch}} options `fetch`: how the site and nodes are reached;
   *   a film that is kept on this device comes from there instead (offline/local.js)
   * @param {import("./ui/prefs.js").Preferences} preferences
   */
  constructor(screen, options, preferences) {
    super();
    this.#screen = screen;
    this.#options = options;
    this.#preferences = preferences;
    this.#tally = new Tally(screen);
    this.#growth = new Growth(screen, {
      scene: () => this.#scene,
      open: () => this.#openAgain(),
      prepare: (video, session) => this.#sceneOn(video, session),
      start: () => this.#start(this.#scene),
      show: (scene) => this.#show(scene),
      reload: (session) => this.#reload(session),
      ask: () => this.#session?.beat("growing"),
      note: (text) => this.#note(text),
      play: () => this.play(),
    });
    this.#listen();
  }

  get #video() {
    return this.#screen.video;
  }

  // Coming and going -------------------------------------------------------------------------------------------

  /**
   * Play a video from its bookmark, or from `position` when given.
   * @param {string} videoId
   * @param {{position?: number, prepared?: import("./ahead.js").Ahead, alone?: boolean}} [from] what was prepared of it,
   *   if anything; `alone`: it begins by itself
   */
  async load(videoId, { position, prepared, alone = false } = {}) {
    const leaves = this.answer?.id;
    if (Engine.way === "native") {
      prepared?.drop(); // such a browser fetches all of it by itself, from addresses that answer once a session has begun
      prepared = null;
    }
    const ready = this.#screen.detached ? null : prepared?.take(videoId);
    this.#leave("left", ready?.scene?.video);
    this.alone.begin(alone);
    if (Engine.way === "none") {
      this.#fail({ kind: "none" });
      return;
    }
    const session = this.#sessionOf(videoId, leaves);
    this.videoId = videoId;
    this.#session = session;
    if (!ready?.scene) Engine.prime(this.#video);
    try {
      if (!ready) await prepared?.asked(videoId);
      if (this.#session !== session) {
        prepared?.drop();
        return;
      }
      const ahead = ready ?? prepared?.take(videoId);
      if (ahead) {
        await this.#beginAhead(ahead, { leaves, position });
        return;
      }
      await session.open();
      await breath();
      if (this.#session === session) this.#begin(session, { position });
      else session.close("left");
    } catch (error) {
      if (this.#session === session) this.#refused(error, position);
    }
  }

  /** Stop, free the slot, forget. */
  unload(event = "close") {
    this.#leave(event);
  }

  /** The same; when an element was made ready for what comes next, it is shown before this one goes dark. */
  #leave(event, relief = null) {
    clearTimeout(this.#retryTimer);
    this.#growth.stop();
    this.#session?.close(event);
    const before = this.#scene;
    this.#session = this.#scene = null;
    if (relief) {
      before?.engine.hold();
      this.#screen.use(relief).then(() => before?.close());
    } else {
      before?.close();
    }
    this.#started = false;
    this.#attempts = 0;
    this.#tally.reset();
  }

  destroy() {
    this.unload();
    this.#unlisten.abort();
  }

  /** Begin again at the same place, with a new session. */
  restart() {
    return this.load(this.videoId, { position: this.position, alone: this.alone.now });
  }

  /** Try to go on after a failure, keeping what is buffered where that is possible. */
  retry() {
    clearTimeout(this.#retryTimer);
    if (!this.#scene || this.#lastFailure?.manifest || this.#lastFailure?.kind === "media") this.restart();
    else {
      this.#scene.engine.retry();
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
    return this.#scene?.engine ?? null;
  }

  get answer() {
    return this.#scene?.answer ?? null;
  }

  /** Whether the picture is kept small to save data, by the viewer's word or the browser's. */
  get savesData() {
    return savesData(this.#preferences.get("saver"), navigator.connection);
  }

  /** Small pictures for the timeline; null when there are none. */
  get sprites() {
    return this.#scene?.sprites ?? null;
  }

  /** Seconds of the whole film, also while only its beginning is there. */
  get duration() {
    const { duration } = this.#video;
    if (this.#scene) return this.#scene.duration;
    return Number.isFinite(duration) && duration > 0 ? duration : 0;
  }

  /** Seconds that can be played now: less than `duration` while the film is still being prepared. */
  get available() {
    return this.#scene?.available ?? 0;
  }

  /** Whether the film (not only what is there of it so far) has been played to its end. */
  get ended() {
    return this.#video.ended && (this.#scene?.complete ?? true);
  }

  /** Where the viewer is, also while nothing is loaded. */
  get position() {
    return this.#video.readyState ? this.#video.currentTime : (this.#from ?? 0);
  }

  /** A plain picture of everything, for the statistics panel, the beacons and browser tests. */
  get state() {
    const video = this.#video;
    const quality = video.getVideoPlaybackQuality?.() ?? {};
    const { delivery = null, engine = null } = this.#scene ?? {};
    const stalls = this.#tally.stalls;
    return {
      session: this.answer?.id ?? null,
      video: this.videoId ?? null,
      node: engine?.node ?? delivery?.serving ?? delivery?.nodes.active ?? null,
      nodes: delivery?.nodes.list(delivery.now()) ?? [],
      level: engine?.level ?? null,
      levels: engine?.levels.map(({ height }) => height) ?? [],
      choice: engine?.choice ?? -1,
      throughput: Math.round(engine?.throughput) || 0,
      adaptation: engine?.adaptation ?? null,
      position: video.currentTime,
      duration: this.duration,
      available: this.available,
      paused: video.paused,
      ended: this.ended,
      buffer: bufferAhead(video),
      decoded: quality.totalVideoFrames ?? 0,
      dropped: quality.droppedVideoFrames ?? 0,
      stalls: stalls.count,
      stall_ms: Math.round(stalls.ms),
      switches: [...(delivery?.switches ?? [])],
      resumes: delivery?.resumes ?? 0,
      hedges: delivery?.hedges ?? 0,
      corrupt: delivery?.corrupt ?? 0,
      rates: ratesOf(delivery),
      unsent: this.#session?.unsent ?? 0,
      renewals: delivery?.renewals ?? 0,
      handovers: this.#growth.handovers,
      reloads: this.#growth.reloads,
      errors: [...this.#errors],
    };
  }

  // ------------------------------------------------------------------------------------------------------------

  #sessionOf(videoId, leaves) {
    const { sessionUrl: url, csrf } = this.#options;
    return this.#own(new PlaybackSession({ url, csrf, videoId, capabilities, ...this.#means }), leaves);
  }

  /** Have a session speak of this player, and to it. */
  #own(session, leaves) {
    session.belong({
      leaves,
      facts: () => this.#facts(),
      onClosed: (reason, text) => session === this.#session && this.#closed(reason, text),
      onNewer: () => session === this.#session && this.#growth.hear(),
    });
    return session;
  }

  #whereabouts = () => ({ current: this.state.node ?? "" });

  /** How the site and nodes are reached, when that is not the network. */
  get #means() {
    const { fetch } = this.#options;
    return fetch ? { fetch } : {};
  }

  #sceneOn(video, session, larder) {
    const learnt = this.#scene?.delivery;
    return new Scene(video, session, { whereabouts: this.#whereabouts, larder, learnt, ...this.#means });
  }

  /** Show what was prepared, and have the site begin it in the meantime: it may say no, or have another package by now. */
  async #beginAhead({ session, answer, larder, scene }, { leaves, position }) {
    this.#session = this.#own(session, leaves);
    larder.hurry();
    this.#begin(session, { position, larder, rehearsed: scene });
    const shown = this.#scene;
    if (!answer.begin) return; // it was opened, not prepared
    try {
      const begun = await session.begin();
      if (this.#session !== session) {
        session.close("left");
        return;
      }
      if (begun.package === answer.package) shown.adopt(begun, this.#whereabouts);
      else this.#reload(session); // what was prepared has no other token: it could not play until the other is there
      shown.engine.stretch();
      session.startBeacons();
    } catch (error) {
      if (this.#session !== session) return;
      this.unload();
      this.#refused(error, position);
    }
  }

  #begin(session, { position, larder, rehearsed }) {
    const { answer } = session;
    const early = larder ?? new Larder(answer, { waited: true, ...this.#means });
    const scene = rehearsed ?? this.#sceneOn(this.#video, session, early);
    const stopped = placeOf(answer);
    const whole = scene.duration || Infinity;
    const asked = position ?? stopped;
    const wanted = asked < whole ? asked : Math.max(0, whole - SHORT_OF_END_S);
    // A film that is still being prepared may not reach to where its viewer once was.
    const from = scene.complete ? wanted : Math.min(wanted, Math.max(0, scene.available - SHORT_OF_END_S));
    this.#from = from;
    this.#show(scene);
    if (rehearsed) this.#raise(scene, from, stopped);
    else this.#open(scene, from, larder ? null : early);
    session.startBeacons();
    this.#say("opened", { answer, position: from, resumed: position === undefined && stopped > 0 });
    if (rehearsed) this.#screen.catchUp(); // it may run since the very press
    this.play();
  }

  #open(scene, from, stock) {
    const start = this.#start(null);
    stock?.stock({ ...start, position: from, screen: screenOf(this.#video) });
    scene.open({ ...start, position: from, rendition: scene.delivery.larder?.rendition });
  }

  /** A scene that was rehearsed at `stopped` is shown. What it said of itself meanwhile, nobody heard. */
  #raise(scene, from, stopped) {
    if (Math.abs(from - stopped) > 0.5) scene.video.currentTime = from;
    for (const type of ["tracks", "level"]) this.#say(type);
  }

  /** What an engine is told at its start: what was learnt of the line, and the viewer's languages. */
  #start(before) {
    const start = startOf(this.#preferences, before?.engine.throughput);
    return { ...start, ...soundOf(this.answer, this.#preferences) };
  }

  /** This scene is the film from now on. */
  #show(scene) {
    const before = this.#scene;
    this.#scene = scene;
    this.#follow(scene);
    this.#growth.watch(scene);
    if (!before) return;
    const height = before.engine.levels[before.engine.choice]?.height;
    const same = height && scene.engine.levels.find((level) => level.height === height);
    if (same) scene.engine.choose(same.index);
    before.close();
    for (const type of ["tracks", "level", "scene"]) this.#say(type);
  }

  /** Another session of this video, for its newer package. The one of now is at its end with that; its picture is not. */
  async #openAgain() {
    const session = this.#sessionOf(this.videoId, this.answer?.id);
    const before = this.#session;
    await session.open();
    if (this.#session !== before) {
      session.close("left");
      return null;
    }
    before.retire();
    this.#session = session;
    this.#tally.turnPage();
    session.startBeacons();
    return session;
  }

  /** Show what a session plays on the element that is there: the picture is gone for a moment. */
  #reload(session) {
    const { paused, ended } = this.#video;
    const runs = !paused || ended;
    const position = this.position;
    const scene = this.#sceneOn(this.#video, session);
    const start = this.#start(this.#scene);
    this.#scene.close();
    this.#scene = null;
    this.#show(scene);
    scene.open({ ...start, position });
    if (runs) this.play();
  }

  #follow(scene) {
    const { delivery, engine } = scene;
    const on = (target, type, handler) =>
      target.addEventListener(type, ({ detail }) => scene === this.#scene && handler(detail));
    on(delivery, "switch", (detail) => {
      this.#say("switch", detail);
      if (!this.#flowing) this.#say("waiting", { why: "switch" });
    });
    on(delivery, "failure", ({ node, kind, status }) => this.#note(`${node}: ${kind}${status ? ` ${status}` : ""}`));
    on(delivery, "trouble", () => this.#trouble());
    on(delivery, "calm", () => this.#mended());
    on(delivery, "lost", ({ error }) => {
      // The picture of a session that another one has taken over from plays on with the token that it has.
      if (scene.session === this.#session) this.#closed(error.details?.reason ?? "", error.message);
    });
    on(engine, "fatal", (detail) => this.#fail(detail));
    on(engine, "failing", ({ height }) => this.#preferences.set("frames", { height, at: Date.now() }));
    for (const type of ["ready", "tracks", "level"]) {
      on(engine, type, () => this.#say(type === "ready" ? "tracks" : type));
    }
  }

  // Every node failed. The loader goes on trying by itself.
  #trouble() {
    if (this.#flowing) return;
    this.#say("waiting", { why: "trouble" });
    if (this.#tally.waited < PATIENCE_MS || this.#lastFailure) return;
    const [message] = MESSAGES.network;
    const detail = gettext("Your place is kept. We keep trying.");
    this.#lastFailure = { kind: "network" };
    this.#say("failed", { message, detail, retryIn: null });
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
  // on with its token. The picture does not notice, unless the film has been packaged anew since.
  async #reopen() {
    const scene = this.#scene;
    if (this.#mending || !this.#session || !scene) return;
    this.#mending = true;
    try {
      const before = scene.answer.package;
      const answer = await this.#session.open();
      if (this.#scene !== scene) return;
      if (answer.package && answer.package !== before) this.#growth.take(this.#session);
      else scene.adopt(answer);
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
      this.#growth.stop();
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

  // What the picture says --------------------------------------------------------------------------------------

  #listen() {
    const { signal } = this.#unlisten;
    const on = (type, handler) => this.#screen.addEventListener(type, handler, { signal });
    on("playing", () => this.#flow());
    on("waiting", () => this.#wait());
    on("pause", () => {
      this.#flow();
      if (!this.#video.ended) this.#session?.beat("pause");
    });
    on("play", () => this.#started && this.#session?.beat("play"));
    on("timeupdate", () => this.#tally.moved());
    on("seeking", () => {
      this.#tally.seeking();
      this.#flow();
    });
    on("seeked", () => this.#session?.beat("seek"));
    on("ended", () => {
      if (!this.ended) {
        this.#say("waiting", { why: "growing" });
        return;
      }
      this.#session?.beat("ended");
      this.#rememberRate();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) return;
      this.#session?.beatLast("hidden");
      if (this.#started) this.#rememberRate();
    }, { signal });
    addEventListener("pagehide", () => {
      this.#session?.close("pagehide", { leaving: true });
    }, { signal });
    // Back from the browser's page cache: the session was closed when the page went away.
    addEventListener("pageshow", ({ persisted }) => persisted && this.restart(), { signal });
    addEventListener("online", () => this.#lastFailure && this.retry(), { signal });
  }

  #rememberRate() {
    const rate = this.engine?.throughput;
    if (!Number.isFinite(rate)) return;
    this.#preferences.set("rates", remembered(this.#preferences.get("rates"), navigator.connection, rate, Date.now()));
  }

  #wait() {
    this.#tally.waits();
    this.#say("waiting", { why: this.#video.seeking ? "seek" : this.#started ? "stall" : "start" });
  }

  #flow() {
    this.#tally.flows();
    if (!this.#video.paused && !this.#video.seeking) {
      if (!this.#started) this.#session?.beat("play"); // not at the press: the first picture need not wait for it
      this.#started = true;
      this.#say("flowing");
    }
  }

  #facts() {
    const { position, duration, paused, buffer, level, dropped, node } = this.state;
    const stalls = this.#tally.fresh;
    return {
      position: Math.round(position * 1000) / 1000,
      duration: Math.round(duration * 1000) / 1000,
      paused,
      alone: this.alone.now,
      buffer: Math.round(buffer * 100) / 100,
      rendition: level?.name ?? "",
      height: level?.height ?? 0,
      watched: this.#tally.takeWatched(),
      stalls: stalls.count,
      stall_ms: Math.round(stalls.ms),
      dropped,
      node: node ?? "",
      samples: this.#scene?.delivery.estimates.take("beacon") ?? [],
    };
  }

  #note(text) {
    this.#errors.push({ at: Math.round(performance.now()), text });
    if (this.#errors.length > KEPT_ERRORS) this.#errors.shift();
  }

  #say(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** What each node gave lately, in bit/s; nodes that are not known yet are left out. */
function ratesOf(delivery) {
  const rates = (delivery?.nodes.list(delivery.now()) ?? []).map(({ id }) => [id, Math.round(delivery.estimates.rate(id))]);
  return Object.fromEntries(rates.filter(([, rate]) => rate > 0));
}
