// The only file that knows hls.js. Everything else sees levels, tracks and a few events. Where the browser has to read
// playlists itself, native.js is in its place.
//
// Events: "ready" (levels and tracks are known) · "tracks" · "level" · "fatal" {kind, details} · "failing" {height} (this
// device drops frames from that height on, and a smaller picture helps).

import Hls from "../../vendor/hls.min.mjs";
import { Adaptation } from "./abr/adaptation.js";
import { controllerFor } from "./abr/controller.js";
import { Surroundings } from "./abr/surroundings.js";
import { fetchCues } from "./cues.js";
import { loaderFor } from "./loader.js";
import { platform, wayOf } from "./way.js";

const RECOVERIES = 2;
const RECOVERY_WINDOW_MS = 20_000;
const RENEW_FROM_S = 8;
// What playlists say of tracks (RFC 8216, 4.3.4.1; Apple's authoring specification): subtitles that also tell sounds,
// and sound that also tells the picture.
const SOUNDS = "public.accessibility.describes-music-and-sound";
const DESCRIBES = "public.accessibility.describes-video";

// Elements that were primed, with their sources: a browser takes some ten milliseconds to open one.
const primed = new WeakMap();

/** Seconds of film ahead of the playhead. A gap of 0.3 s counts as none: segments of audio and video end apart. */
export function bufferAhead(video) {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i += 1) {
    if (buffered.start(i) <= currentTime + 0.3 && buffered.end(i) > currentTime) return buffered.end(i) - currentTime;
  }
  return 0;
}

// Last resort only: our loader acts first (player study §2.4, the configuration that gave no stall).
function policy(firstByteMs, loadMs, errorRetries, timeoutRetries) {
  return {
    default: {
      maxTimeToFirstByteMs: firstByteMs,
      maxLoadTimeMs: loadMs,
      timeoutRetry: { maxNumRetry: timeoutRetries, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: errorRetries, retryDelayMs: 200, maxRetryDelayMs: 1000 },
    },
  };
}

function configuration(delivery, adaptation, { position, audioLanguage, described, ahead }) {
  const loader = loaderFor(delivery);
  return {
    loader,
    fLoader: loader,
    pLoader: loader,
    fragLoadPolicy: policy(9000, 20_000, 1, 0),
    playlistLoadPolicy: policy(9000, 20_000, 1, 0),
    manifestLoadPolicy: policy(4000, 8000, 2, 2),
    steeringManifestLoadPolicy: policy(2500, 4000, 2, 2),
    // By default a level that failed once is avoided for ever: a session stayed at 360p to its end (measured).
    errorPenaltyExpireMs: 15_000,
    enableWorker: false, // fragmented MP4 needs no remuxing, and a worker would need a blob: in the CSP
    lowLatencyMode: false,
    // Ours, with limits of its own: the screen, data saver, what the device decodes (abr/).
    abrController: controllerFor(adaptation, Hls.Events),
    capLevelToPlayerSize: false,
    backBufferLength: 60,
    maxBufferLength: ahead || 30,
    maxMaxBufferLength: ahead || 180,
    startPosition: position > 0 ? position : -1,
    // Subtitles are chosen by who knows the viewer's wish (ui/viewer.js), once the tracks are known.
    audioPreference: audioLanguage ? { lang: audioLanguage, ...(described && { characteristics: DESCRIBES }) } : undefined,
  };
}

export class Engine extends EventTarget {
  #video;
  #delivery;
  #hls = null;
  #adaptation = null;
  #surroundings = null;
  #recoveries = [];
  #level = -1;
  #unlisten = new AbortController();

  constructor(video, delivery) {
    super();
    this.#video = video;
    this.#delivery = delivery;
    const { signal } = this.#unlisten;
    delivery.addEventListener("lower", ({ detail }) => this.#lower(detail), { signal });
    // Wrong bytes that came before anybody could know: what the decoder has is thrown away and loaded anew.
    delivery.addEventListener("tainted", guarded(() => this.#hls?.recoverMediaError()), { signal });
  }

  /** "mse", "native" or "none": way.js says what they are. */
  static get way() {
    return wayOf(platform(Hls.isSupported()));
  }

  /** A film comes to this element in a moment: open what it is put into. */
  static prime(video) {
    if (Engine.way !== "mse" || globalThis.ManagedMediaSource) return; // that one opens in a way of its own
    const source = new MediaSource();
    video.src = URL.createObjectURL(source);
    primed.set(video, { source, src: video.src });
  }

  /**
   * Start loading. The picture appears when the element plays.
   * @param {string} url of the multivariant playlist
   * @param {object} start
   * @param {number} [start.position] seconds
   * @param {{expected: number, doubt: number}} [start.expectation] of the line (abr/memory.js)
   * @param {{saver?: boolean, failing?: number}} [start.limits] data saver; the height that this device drops frames at
   * @param {string} [start.audioLanguage]
   * @param {boolean} [start.described] with audio description
   * @param {string} [start.rendition] the one whose first segment is on its way already
   * @param {number} [start.ahead] seconds to buffer at most, until `stretch`
   */
  open(url, start) {
    this.#adapt(start);
    const hls = new Hls(configuration(this.#delivery, this.#adaptation, { ...start, ahead: start.ahead || this.#most }));
    this.#hls = hls;
    const on = (event, handler) => hls.on(event, guarded(handler));
    on(Hls.Events.MANIFEST_PARSED, () => {
      const first = this.levels.find(({ name }) => name === start.rendition);
      if (first) hls.startLevel = first.index;
      this.#say("ready");
    });
    on(Hls.Events.AUDIO_TRACKS_UPDATED, () => this.#say("tracks"));
    on(Hls.Events.AUDIO_TRACK_SWITCHED, () => this.#say("tracks"));
    on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => this.#say("tracks"));
    on(Hls.Events.SUBTITLE_TRACK_SWITCH, () => this.#say("tracks"));
    on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => {
      this.#level = level;
      this.#say("level");
    });
    on(Hls.Events.ERROR, (_, data) => this.#error(data));
    hls.subtitleDisplay = false; // cues are drawn by ui/captions.js, above the controls
    const { source, src } = primed.get(this.#video) ?? {};
    primed.delete(this.#video);
    // A source that was opened before is taken as it is (read in 1.7.4: attachTransferred).
    hls.attachMedia(source && src === this.#video.src ? { media: this.#video, mediaSource: source } : this.#video);
    hls.loadSource(url);
  }

  destroy() {
    this.#unlisten.abort();
    this.#surroundings?.close();
    this.#hls?.destroy();
    this.#hls = null;
  }

  /** What was opened to buffer little is watched now: buffer as usual. */
  stretch() {
    const { config } = this.#hls ?? {};
    if (config) Object.assign(config, { maxBufferLength: this.#most || 30, maxMaxBufferLength: this.#most || 180 });
  }

  /** A bench asks for less (data-ahead, in seconds), to see what happens when little is buffered; 0 when none does. */
  get #most() {
    return Number(this.#video.closest("nl-player")?.dataset.ahead) || 0;
  }

  /** Load nothing more for a while: another one needs the line. */
  hold() {
    this.#hls?.stopLoad();
  }

  /** Go on loading after `hold`. */
  resume() {
    this.#hls?.startLoad(-1);
  }

  // Renditions -------------------------------------------------------------------------------------------------

  /** Picture renditions, lowest first. */
  get levels() {
    return (this.#hls?.levels ?? []).map((level, index) => ({
      index,
      width: level.width,
      height: level.height,
      bitrate: level.bitrate,
      average: level.averageBitrate || level.bitrate,
      name: level.attrs?.["STABLE-VARIANT-ID"] || `v${level.height}`,
    }));
  }

  /** The rendition on the screen; null before the first frame. */
  get level() {
    return this.levels[this.#level] ?? null;
  }

  /** Index of the rendition the viewer chose; -1 for automatic. */
  get choice() {
    return !this.#hls || this.#hls.autoLevelEnabled ? -1 : this.#hls.loadLevel;
  }

  /** Choose a rendition; -1 for automatic. What is buffered ahead in another one is replaced. */
  choose(index) {
    if (!this.#hls) return;
    if (index < 0) this.#hls.loadLevel = -1;
    else this.#hls.nextLevel = index;
  }

  /** Estimated rate of the viewer's link, bit/s; NaN before anything was measured. */
  get throughput() {
    const known = this.#adaptation?.throughput;
    return known?.samples ? known.estimate.rate : NaN;
  }

  /** Why the picture has the quality that it has, and what limits it: {why, cap, abandoned}; null before the start. */
  get adaptation() {
    const adaptation = this.#adaptation;
    if (!adaptation || !this.#hls) return null;
    const cap = adaptation.cap(this.levels).why;
    return { why: this.choice < 0 ? adaptation.why : "chosen by hand", cap, abandoned: adaptation.abandoned };
  }

  /** Data saver on or off. What is buffered stays when it goes on, and makes way for better when it goes off. */
  save(on) {
    if (!this.#adaptation || this.#adaptation.limits.saver === on) return;
    this.#adaptation.limits.saver = on;
    if (!on) this.#renew();
  }

  #adapt({ expectation, limits }) {
    const { tables } = this.#delivery;
    const adaptation = new Adaptation({
      expectation,
      rateCap: () => this.#delivery.cap,
      sizes: (name) => tables.peek(name)?.sizes ?? null,
    });
    Object.assign(adaptation.limits, limits);
    this.#adaptation = adaptation;
    const { signal } = this.#unlisten;
    this.#delivery.addEventListener("transfer", ({ detail }) => adaptation.heard(detail), { signal });
    const video = this.#video;
    this.#surroundings = new Surroundings(video, adaptation, () => this.level && { ...this.level, lowest: !this.level.index });
    this.#surroundings.addEventListener("roomier", () => this.#renew(), { signal });
    this.#surroundings.addEventListener("failing", () => this.#renew(), { signal });
    this.#surroundings.addEventListener("proved", ({ detail }) => this.#say("failing", detail), { signal });
    // Sizes of all renditions, once there is a picture: they must not stand in its way.
    video.addEventListener("playing", () => this.#learnSizes(), { signal, once: true });
  }

  async #learnSizes() {
    for (const name of new Set(this.levels.map((level) => level.name.replace(/-sur$/, "")))) {
      if (this.#unlisten.signal.aborted) return;
      await this.#delivery.tables.load(name);
    }
  }

  /** Load what is ahead anew, in the quality that is right now; what is on the screen stays. */
  #renew() {
    const hls = this.#hls;
    if (!hls?.autoLevelEnabled || this.#level < 0) return;
    const { levels } = this;
    const best = levels[this.#adaptation.cap(levels).index];
    const { samples, estimate } = this.#adaptation.throughput;
    // What is buffered is what keeps the film going: it is given up only for what comes twice as fast as it plays.
    const quick = samples > 0 && estimate.rate > 2 * best.average;
    if (quick && best.index !== this.#level && bufferAhead(this.#video) > RENEW_FROM_S) hls.nextLevel = -1;
  }

  // Sound and text ---------------------------------------------------------------------------------------------

  get audioTracks() {
    return describe(this.#hls?.audioTracks);
  }

  get audioTrack() {
    return this.#hls?.audioTrack ?? -1;
  }

  chooseAudio(id) {
    if (this.#hls) this.#hls.audioTrack = id;
  }

  get textTracks() {
    return describe(this.#hls?.subtitleTracks);
  }

  get textTrack() {
    return this.#hls?.subtitleTrack ?? -1;
  }

  /** All cues of a text track, for whoever draws them beside the one that is chosen; null when no node gives them. */
  cues(id) {
    return fetchCues(this.textTracks[id].url, this.#delivery);
  }

  /** Load a text track (its cues come as a hidden TextTrack of the video); -1 for none. */
  chooseText(id) {
    if (!this.#hls) return;
    this.#hls.subtitleDisplay = false;
    this.#hls.subtitleTrack = id;
  }

  // Trouble ----------------------------------------------------------------------------------------------------

  /** Try again where it stopped, keeping what is buffered. */
  retry() {
    this.#hls?.startLoad(-1);
  }

  #error(data) {
    if (!data.fatal) return;
    const kind = data.type === Hls.ErrorTypes.NETWORK_ERROR ? "network" : "media";
    if (kind === "media" && data.details !== Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) {
      const now = performance.now();
      this.#recoveries = this.#recoveries.filter((at) => now - at < RECOVERY_WINDOW_MS);
      if (this.#recoveries.push(now) <= RECOVERIES) {
        this.#hls.recoverMediaError();
        return;
      }
    }
    const manifest = data.details.startsWith("manifest");
    this.#say("fatal", { kind, details: data.details, manifest, status: data.response?.code ?? 0 });
  }

  // A slow verdict with little buffer: drop the segment, take what the measured rate carries.
  #lower({ frag, ...how }) {
    queueMicrotask(guarded(() => this.#hls?.abrController.lower(frag, how)));
  }

  #say(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function describe(tracks) {
  return (tracks ?? []).map((track, id) => ({
    id,
    label: track.name || track.lang || "",
    language: track.lang ?? "",
    name: track.attrs?.["STABLE-RENDITION-ID"] ?? "",
    channels: Number.parseInt(track.channels, 10) || 0,
    forced: Boolean(track.forced),
    sdh: (track.characteristics ?? "").includes(SOUNDS),
    described: (track.characteristics ?? "").includes(DESCRIBES),
    url: track.url ?? "",
  }));
}

/** An exception in a handler of an hls.js event becomes its fatal internalException: none may leave. */
function guarded(handler) {
  return (...args) => {
    try {
      handler(...args);
    } catch (error) {
      console.error("player:", error);
    }
  };
}
