// hls.js's own AbrController, as it is shipped, driven in simulated time: the class is taken from its default
// configuration and given what it reads of a player.

import Hls from "hls.js";

const TICK_MS = 100;

/** Timers and a clock that stand where we put them; hls.js asks `self` and `performance` for them. */
class Clock {
  now = 0;
  #timers = new Map();
  #last = 0;

  install() {
    globalThis.self ??= globalThis;
    globalThis.self.setInterval = (call, every) => {
      this.#timers.set((this.#last += 1), { call, every, next: this.now + every });
      return this.#last;
    };
    globalThis.self.clearInterval = (id) => this.#timers.delete(id);
    Object.defineProperty(globalThis, "performance", { value: { now: () => this.now }, configurable: true });
  }

  advance(to) {
    this.now = to;
    for (const timer of [...this.#timers.values()]) {
      if (timer.next > to) continue;
      timer.next = to + Math.max(TICK_MS, timer.every);
      timer.call();
    }
  }

  clear() {
    this.#timers.clear();
    this.now = 0;
  }
}

const clock = new Clock();
const quiet = () => {};
const logger = { trace: quiet, debug: quiet, log: quiet, warn: quiet, info: quiet, error: quiet };

function levelOf({ average, bitrate }) {
  return {
    averageBitrate: average,
    maxBitrate: bitrate,
    bitrate,
    codecSet: "avc1",
    videoRange: "SDR",
    frameRate: 24,
    loadError: 0,
    fragmentError: 0,
    attrs: {},
    details: { live: false, averagetargetduration: 4 },
    supportedResult: { supported: true, decodingInfoResults: [] },
  };
}

/** What the controller sees of a player. */
function playerOf(levels) {
  const listeners = new Map();
  const hls = {
    logger,
    config: { ...Hls.DefaultConfig, useMediaCapabilities: false },
    levels,
    allAudioTracks: [],
    firstLevel: 0,
    loadLevel: -1,
    minAutoLevel: 0,
    maxAutoLevel: levels.length - 1,
    autoLevelEnabled: true,
    media: { paused: false, playbackRate: 1, readyState: 4 },
    mainForwardBufferInfo: { len: 0 },
    latestLevelDetails: levels[0].details,
    on: (event, call, self) => listeners.set(event, [...(listeners.get(event) ?? []), call.bind(self)]),
    off: quiet,
    trigger: (event, data) => (listeners.get(event) ?? []).forEach((call) => call(event, data)),
    get loadLevelObj() {
      return levels[hls.loadLevel];
    },
  };
  return hls;
}

/** hls.js's default. */
export function hlsDefault(film) {
  clock.install();
  clock.clear();
  const levels = film.levels.map(levelOf);
  const hls = playerOf(levels);
  const controller = new Hls.DefaultConfig.abrController(hls);
  Object.defineProperties(hls, {
    nextAutoLevel: { get: () => controller.nextAutoLevel, set: (level) => (controller.nextAutoLevel = level) },
    nextLoadLevel: {
      get: () => hls.loadLevel,
      set: (level) => {
        hls.loadLevel = level;
        controller.nextAutoLevel = level;
      },
    },
  });
  hls.trigger(Hls.Events.MANIFEST_LOADING, {});
  let fragment = null;
  let stopped = false;
  const frag = (level, segment, began) => ({
    level,
    sn: segment,
    type: "main",
    duration: film.duration,
    bitrate: levels[level].bitrate,
    stats: {
      aborted: false,
      loaded: 0,
      total: 0,
      loading: { start: began, first: 0, end: 0 },
      parsing: { start: 0, end: 0 },
      bwEstimate: 0,
    },
    abortRequests: () => (stopped = true),
  });
  const begin = (level, segment, now) => {
    stopped = false;
    fragment = frag(level, segment, now * 1000);
    hls.trigger(Hls.Events.FRAG_LOADING, { frag: fragment });
    return level;
  };
  return {
    choose({ now, segment, buffer, last }) {
      clock.advance(now * 1000);
      hls.mainForwardBufferInfo = { len: buffer };
      const level = last < 0 ? controller.firstAutoLevel : controller.nextAutoLevel;
      hls.nextLoadLevel = level;
      return begin(level, segment, now);
    },
    progress({ now, segment, buffer, size, loaded, elapsed, ttfb }) {
      hls.mainForwardBufferInfo = { len: buffer };
      const { stats } = fragment;
      Object.assign(stats, { loaded, total: size });
      stats.loading.first = stats.loading.start + ttfb * 1000;
      clock.advance((stats.loading.start / 1000 + elapsed) * 1000);
      if (!stopped) return null;
      stats.aborted = true;
      return begin(hls.nextAutoLevel, segment, now);
    },
    done({ now, buffer, size, seconds, ttfb }) {
      const { stats } = fragment;
      const end = now * 1000;
      hls.mainForwardBufferInfo = { len: buffer };
      Object.assign(stats, { loaded: size, total: size, parsing: { start: end, end } });
      stats.loading = { start: end - seconds * 1000, first: end - (seconds - ttfb) * 1000, end };
      clock.now = end;
      hls.trigger(Hls.Events.FRAG_LOADED, { frag: fragment, part: null });
      hls.mainForwardBufferInfo = { len: buffer + film.duration };
      hls.trigger(Hls.Events.FRAG_BUFFERED, { frag: fragment, part: null });
    },
    close: () => controller.destroy(),
  };
}
