import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { NativeEngine } from "../../static/js/player/native.js";
import { wayOf } from "../../static/js/player/way.js";
import { fakeTime, PACKAGE, settle } from "./helpers.js";

test("our engine wherever it can work, the browser's own where nothing else can", () => {
  const chromium = { supported: true, media: true, native: true };
  const cases = [
    [chromium, "mse"],
    [{ ...chromium, forced: true }, "native"],
    [{ supported: true, media: true, native: false, forced: true }, "mse"],
    [{ supported: true, media: true, native: true }, "mse"], // iPhone from iOS 17.1: ManagedMediaSource
    [{ supported: false, media: false, native: true }, "native"], // before
    [{ supported: false, media: true, native: true }, "none"],
    [{ supported: false, media: false, native: false }, "none"],
  ];
  for (const [platform, way] of cases) assert.equal(wayOf(platform), way, JSON.stringify(platform));
});

const WORDS = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";
const ANSWER = {
  package: PACKAGE,
  token: { value: "token" },
  nodes: [
    { id: "n1", base_url: "http://n1.test", rank: 0 },
    { id: "n2", base_url: "http://n2.test", rank: 1 },
    { id: "shield", base_url: "http://site.test", rank: 2 },
  ],
  tracks: {
    video: [
      { name: "v720", width: 1280, height: 720, bandwidth: 2.5e6 },
      { name: "v360", width: 640, height: 360, bandwidth: 0.9e6 },
    ],
    audio: [
      { name: "a-en", language: "en", label: "English", channels: 2, default: true },
      { name: "a-de", language: "de", label: "Deutsch", channels: 2, default: false },
    ],
    text: [{ name: "t-en", language: "en", label: "English", hearing_impaired: true }],
  },
};

class Words {
  mode = "disabled";
  cues = [];
  addCue(cue) {
    this.cues.push(cue);
  }
}

/** An element as an old iPhone has it: it reads playlists, and tells next to nothing of it. */
class Phone extends EventTarget {
  paused = true;
  ended = false;
  readyState = 0;
  currentTime = 0;
  playbackRate = 1;
  videoHeight = 0;
  error = null;
  loads = [];
  texts = [];
  textTracks = new EventTarget();
  end = 0;

  get buffered() {
    return { length: this.end ? 1 : 0, start: () => 0, end: () => this.end };
  }

  set src(url) {
    this.loads.push(new URL(url));
    Object.assign(this, { paused: true, readyState: 0, currentTime: 0, error: null, end: 0 });
  }

  play() {
    this.paused = false;
    return Promise.resolve();
  }

  load() {}

  removeAttribute() {}

  addTextTrack() {
    const words = new Words();
    this.texts.push(words);
    return words;
  }

  comes(height = 360) {
    Object.assign(this, { readyState: 4, videoHeight: height, end: this.currentTime + 10 });
    this.dispatchEvent(new Event("loadedmetadata"));
  }

  goes(to) {
    Object.assign(this, { currentTime: to, readyState: 4, end: to + 10 });
    this.dispatchEvent(new Event("timeupdate"));
  }

  get asked() {
    return Object.fromEntries(this.loads.at(-1).searchParams);
  }
}

let time;
let phone;
let engine;
let said;
let site;

beforeEach(() => {
  time = fakeTime();
  globalThis.VTTCue ??= class {
    constructor(start, end, text) {
      Object.assign(this, { startTime: start, endTime: end, text });
    }
  };
  phone = new Phone();
  site = { ok: true };
  const delivery = { order: () => ["n1"], url: (url) => url, fetch: async () => new Response(WORDS) };
  const fetch = async () => (site.ok ? new Response("#EXTM3U") : Promise.reject(new TypeError("away")));
  engine = new NativeEngine(phone, delivery, () => ANSWER, { fetch, now: time.now });
  said = [];
  for (const type of ["ready", "tracks", "level", "fatal"]) engine.addEventListener(type, () => said.push(type));
});

afterEach(() => {
  engine.destroy();
  time.end();
});

function begin(start = {}) {
  engine.open("http://site.test/api/multivariant.m3u8", start);
  phone.play();
  phone.comes();
}

test("it begins at the bookmark, with the sound that is wished for, and says what it shows", () => {
  begin({ position: 24, audioLanguage: "de", limits: { saver: true } });
  assert.deepEqual(phone.asked, { most: "480", sound: "a-de" });
  assert.equal(phone.currentTime, 24);
  assert.deepEqual([engine.level.name, engine.choice, engine.audioTrack], ["v360", -1, 1]);
  assert.ok(said.includes("ready"));
  assert.deepEqual(engine.levels.map(({ height }) => height), [360, 720], "lowest first, as everywhere");
});

test("quality and sound are chosen by another playlist, at the same place, and it plays on", () => {
  begin();
  phone.goes(30);
  phone.playbackRate = 1.5;
  engine.choose(1);
  assert.deepEqual(phone.asked, { least: "720", most: "720" });
  assert.equal(phone.paused, false);
  phone.comes(720);
  assert.deepEqual([phone.currentTime, phone.playbackRate, engine.choice], [30, 1.5, 1]);
  engine.chooseAudio(1);
  assert.equal(phone.asked.sound, "a-de");
  assert.equal(engine.audioTrack, 1);
  const before = phone.loads.length;
  engine.save(true);
  assert.equal(phone.loads.length, before, "a height that was chosen holds");
});

test("where the browser has a list of sounds it is used, and nothing is loaded anew", () => {
  phone.audioTracks = [{ label: "English", enabled: true }, { label: "Deutsch", enabled: false }];
  begin();
  const before = phone.loads.length;
  engine.chooseAudio(1);
  assert.deepEqual(phone.audioTracks.map(({ enabled }) => enabled), [false, true]);
  assert.deepEqual([phone.loads.length, engine.audioTrack], [before, 1]);
});

test("subtitles are ours, and the system's in its own full screen", async () => {
  begin();
  assert.deepEqual(engine.textTracks.map(({ sdh, url }) => [sdh, url]), [
    [true, `http://n1.test/v1/token/${PACKAGE}/t-en/index.m3u8`],
  ]);
  await engine.chooseText(0);
  assert.deepEqual([phone.texts[0].mode, phone.texts[0].cues.length, engine.textTrack], ["hidden", 1, 0]);
  phone.webkitDisplayingFullscreen = true;
  phone.dispatchEvent(new Event("webkitbeginfullscreen"));
  assert.equal(phone.texts[0].mode, "showing");
  await engine.chooseText(-1);
  assert.equal(phone.texts[0].mode, "disabled");
});

test("a node that goes silent is left, at the same place", async () => {
  begin();
  phone.goes(12);
  phone.readyState = 2;
  await time.pass(5000, 250);
  assert.equal(phone.loads.length, 1, "a short wait is nobody's fault");
  await time.pass(3500, 250);
  assert.equal(phone.asked.avoid, "n1");
  assert.equal(engine.node, "n2");
  phone.comes();
  assert.deepEqual([phone.currentTime, phone.paused], [12, false]);
});

test("an error is answered at once, and given up when no node helps", async () => {
  begin();
  phone.goes(12);
  for (let i = 0; i < 4; i += 1) {
    phone.error = { code: 2 };
    phone.dispatchEvent(new Event("error"));
    await settle();
  }
  assert.deepEqual(phone.loads.slice(1).map((url) => url.searchParams.get("avoid")), ["n1", "n1,n2", "shield", "shield,n1"]);
  assert.ok(!said.includes("fatal"));
  phone.dispatchEvent(new Event("error"));
  await settle();
  assert.ok(said.includes("fatal"));
  engine.retry();
  assert.equal(phone.asked.avoid, undefined, "with every node again");
});

test("while the site is away nothing is loaded anew: what is buffered plays on", async () => {
  begin();
  phone.goes(12);
  phone.readyState = 2;
  site.ok = false;
  await time.pass(9000, 250);
  assert.equal(phone.loads.length, 1);
  assert.ok(!said.includes("fatal"));
});

test("nobody is blamed for a pause", async () => {
  begin();
  phone.paused = true;
  phone.readyState = 2;
  await time.pass(30_000, 500);
  assert.equal(phone.loads.length, 1);
});
