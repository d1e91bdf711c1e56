// A film in a browser that reads playlists itself: iPhones before iOS 17.1. The same face as engine.js; the choices that
// the element does not offer are made in the playlist, which is asked for anew: its renditions, its sound, and where it
// leads to first. So a node that fails is left here too, though not unseen: the element loads again at the same place.
//
// Events: "ready" · "tracks" · "level" · "fatal" {kind, details}.

import { drawable, fetchCues } from "./cues.js";
import { keysOf, pick } from "./tracks.js";
import { join } from "./token.js";

//: Data saver: pictures up to this height.
const SAVER_HEIGHT = 480;
//: How long the picture may stand still without a byte before another node is asked for; longer each time.
const SILENCE_MS = 6000;
const LOOK_MS = 1000;
//: After so many in a row it is not the nodes. A minute of film is a new beginning.
const TRIES = 4;
const CALM_S = 60;
const ASK_MS = 4000;
// MediaError
const NETWORK = 2;

export class NativeEngine extends EventTarget {
  #video;
  #delivery;
  #answer;
  #tools;
  #url = "";
  #wish = { height: 0, saver: false, sound: "" };
  #avoided = [];
  #tries = 0;
  #since = { at: 0, place: -1, buffered: -1 };
  #calmFrom = 0;
  #position = 0;
  #loading = false;
  #text = -1;
  #words = new Map();
  #look = 0;
  #unlisten = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./delivery.js").Delivery} delivery where subtitles and small pictures come from
   * @param {() => object} answer the session's, as it is now
   * @param {{fetch?: typeof fetch, now?: () => number}} [tools]
   */
  constructor(video, delivery, answer, tools = {}) {
    super();
    this.#video = video;
    this.#delivery = delivery;
    this.#answer = answer;
    this.#tools = { fetch: (...args) => fetch(...args), now: () => performance.now(), ...tools };
  }

  /** As engine.js; of `start` the position, the sound and the data saver matter here. */
  open(url, { position = 0, audioLanguage = "", described = false, limits = {} } = {}) {
    this.#url = url;
    this.#wish.saver = Boolean(limits.saver);
    const sounds = this.audioTracks;
    const sound = sounds[pick(sounds, audioLanguage && (described ? `${audioLanguage}:description` : audioLanguage))];
    this.#wish.sound = sound?.name ?? "";
    const { signal } = this.#unlisten;
    const on = (type, handler) => this.#video.addEventListener(type, handler, { signal });
    on("error", () => this.#failed(this.#video.error?.code === NETWORK ? "network" : "media"));
    on("loadedmetadata", () => this.#loaded());
    on("resize", () => this.#say("level"));
    on("timeupdate", () => this.#moved());
    // The system's own full screen shows its own subtitles, and nothing of ours.
    on("webkitbeginfullscreen", () => this.#showWords());
    on("webkitendfullscreen", () => this.#showWords());
    this.#video.textTracks?.addEventListener("addtrack", ({ track }) => this.#ours(track) || (track.mode = "disabled"), { signal });
    this.#video.audioTracks?.addEventListener?.("change", () => this.#say("tracks"), { signal });
    this.#look = setInterval(() => this.#watch(), LOOK_MS);
    this.#load(position);
  }

  destroy() {
    this.#unlisten.abort();
    clearInterval(this.#look);
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  stretch() {}

  hold() {}

  resume() {}

  /** Try again where it stopped, with every node. */
  retry() {
    this.#avoided = [];
    this.#tries = 0;
    this.#load(this.#position);
  }

  // Renditions -------------------------------------------------------------------------------------------------

  get levels() {
    const pictures = [...(this.#answer().tracks?.video ?? [])].sort((one, other) => one.bandwidth - other.bandwidth);
    return pictures.map(({ name, width, height, bandwidth }, index) => {
      return { index, name, width, height, bitrate: bandwidth, average: bandwidth };
    });
  }

  get level() {
    const { videoHeight } = this.#video;
    return this.levels.find(({ height }) => height === videoHeight) ?? null;
  }

  get choice() {
    const { height } = this.#wish;
    return height ? this.levels.findIndex((level) => level.height === height) : -1;
  }

  choose(index) {
    this.#change({ height: this.levels[index]?.height ?? 0 });
  }

  save(on) {
    this.#change({ saver: on });
  }

  get throughput() {
    return NaN;
  }

  get adaptation() {
    return null;
  }

  /** The node that the playlist leads to first: what the browser does then it tells nobody. */
  get node() {
    const { nodes = [] } = this.#answer();
    return nodes.find(({ id }) => !this.#avoided.includes(id))?.id ?? nodes[0]?.id ?? null;
  }

  // Sound and text ---------------------------------------------------------------------------------------------

  get audioTracks() {
    return (this.#answer().tracks?.audio ?? []).map((track, id) => described(track, id));
  }

  get audioTrack() {
    const tracks = this.audioTracks;
    const own = [...(this.#video.audioTracks ?? [])].find(({ enabled }) => enabled);
    const heard = own && tracks.findIndex((track) => sameTrack(own, track));
    if (heard >= 0) return heard;
    const wanted = tracks.findIndex(({ name }) => name === this.#wish.sound);
    return wanted >= 0 ? wanted : Math.max(0, (this.#answer().tracks?.audio ?? []).findIndex((track) => track.default));
  }

  chooseAudio(id) {
    const track = this.audioTracks[id];
    const own = [...(this.#video.audioTracks ?? [])].find((one) => sameTrack(one, track));
    if (own) {
      this.#wish.sound = track.name; // should it be loaded anew
      for (const one of this.#video.audioTracks) one.enabled = one === own;
      this.#say("tracks");
    } else {
      this.#change({ sound: track?.name ?? "" });
    }
  }

  get textTracks() {
    const { tracks, nodes = [], token, package: id } = this.#answer();
    const base = nodes[0]?.base_url ?? "";
    const url = (name) => (base && id ? join(base, token.value, `${id}/${name}/index.m3u8`) : "");
    return (tracks?.text ?? []).map((track, place) => ({ ...described(track, place), url: url(track.name) }));
  }

  get textTrack() {
    return this.#text;
  }

  cues(id) {
    return fetchCues(this.textTracks[id].url, this.#delivery);
  }

  async chooseText(id) {
    if (this.#text === id) return;
    this.#text = id;
    this.#say("tracks");
    const track = this.textTracks[id];
    if (track && !this.#words.has(track.name)) await this.#loadWords(track);
    this.#showWords();
  }

  async #loadWords(track) {
    const words = this.#video.addTextTrack("subtitles", keysOf(this.textTracks)[track.id], track.language);
    this.#words.set(track.name, words);
    words.mode = "hidden";
    for (const cue of drawable((await this.cues(track.id)) ?? [])) words.addCue(cue);
    if (!words.cues?.length) this.#words.delete(track.name); // no node gave them: the next choice asks again
  }

  #showWords() {
    const shown = this.#words.get(this.textTracks[this.#text]?.name);
    const mode = this.#video.webkitDisplayingFullscreen ? "showing" : "hidden";
    for (const words of this.#words.values()) words.mode = words === shown ? mode : "disabled";
  }

  #ours(track) {
    return [...this.#words.values()].includes(track);
  }

  // Loading ----------------------------------------------------------------------------------------------------

  #change(wish) {
    const before = this.#address();
    Object.assign(this.#wish, wish);
    if (this.#address() !== before) this.#load(this.#position);
    this.#say("tracks");
  }

  #address() {
    const { height, saver, sound } = this.#wish;
    const url = new URL(this.#url, globalThis.location?.href);
    if (height) {
      url.searchParams.set("least", String(height));
      url.searchParams.set("most", String(height));
    } else if (saver) {
      url.searchParams.set("most", String(SAVER_HEIGHT));
    }
    if (sound) url.searchParams.set("sound", sound);
    if (this.#avoided.length) url.searchParams.set("avoid", this.#avoided.join(","));
    return url.href;
  }

  #load(position) {
    const runs = this.#loading ? this.#loading.runs : !this.#video.paused;
    this.#position = position;
    this.#loading = { runs, rate: this.#video.playbackRate };
    this.#since = { at: this.#tools.now(), place: -1, buffered: -1 };
    this.#video.src = this.#address();
    if (runs) this.#video.play()?.catch?.(() => {});
  }

  #loaded() {
    if (this.#loading) {
      if (this.#position > 0) this.#video.currentTime = this.#position;
      this.#video.playbackRate = this.#loading.rate || 1;
      this.#loading = false;
    }
    this.#say("ready");
    this.#say("level");
  }

  // Trouble ----------------------------------------------------------------------------------------------------

  #moved() {
    if (this.#loading) return;
    this.#position = this.#video.currentTime;
    if (this.#tries && this.#position - this.#calmFrom > CALM_S) {
      this.#tries = 0;
      this.#avoided = [];
    }
  }

  /** Whether the picture moves, or bytes come at least. */
  #watch() {
    const { paused, ended, currentTime, buffered, readyState } = this.#video;
    const now = this.#tools.now();
    const end = buffered?.length ? buffered.end(buffered.length - 1) : 0;
    const same = currentTime === this.#since.place && end === this.#since.buffered;
    if ((paused && !this.#loading) || ended || readyState > 2 || !same) {
      this.#since = { at: now, place: currentTime, buffered: end };
    } else if (now - this.#since.at > SILENCE_MS * (1 + this.#tries)) {
      this.#since.at = now;
      this.#failed("network");
    }
  }

  async #failed(kind) {
    const { signal } = this.#unlisten;
    if (signal.aborted) return;
    this.#tries += 1;
    this.#calmFrom = this.#position;
    const nodes = (this.#answer().nodes ?? []).map(({ id }) => id);
    const node = this.node;
    if (this.#tries > TRIES) {
      this.#say("fatal", { kind, details: "native" });
      return;
    }
    this.#avoided = this.#avoided.length + 1 < nodes.length ? [...this.#avoided, node] : [node];
    // What is buffered plays on when the site is away; without its playlist there is nothing to load.
    if (await this.#answers()) {
      if (!signal.aborted) this.#load(this.#position);
    } else if (!signal.aborted && this.#video.error) {
      this.#say("fatal", { kind: "network", details: "native" });
    }
  }

  async #answers() {
    try {
      const answer = await this.#tools.fetch(this.#address(), { signal: AbortSignal.timeout(ASK_MS), credentials: "omit" });
      return answer.ok;
    } catch {
      return false;
    }
  }

  #say(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function described({ name, language, label, channels, forced, hearing_impaired: sdh, described: describes }, id) {
  return {
    id,
    name,
    language: language === "und" ? "" : language,
    label,
    channels: channels ?? 0,
    forced: Boolean(forced),
    sdh: Boolean(sdh),
    described: Boolean(describes),
  };
}

// The browser's own list of sounds says NAME and LANGUAGE of the playlist.
function sameTrack(own, track) {
  return own.label === track?.label || own.label === `${track?.label} (${track?.name})`;
}
