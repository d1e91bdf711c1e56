import assert from "node:assert/strict";
import { test } from "node:test";
import { Beside, episodeOf, playable } from "../../static/js/player/ui/beside.js";
import { Cast } from "../../static/js/player/ui/cast.js";
import { momentAsked } from "../../static/js/lib/links.js";
import { length } from "../../static/js/player/ui/clock.js";
import { stepOf } from "../../static/js/player/ui/episodes.js";
import { Gestures } from "../../static/js/player/ui/gestures.js";
import { chapterAt, chapterStep, creditsFrom, hasScene, skippable } from "../../static/js/player/ui/moments.js";
import { waitingWords, whyLong } from "../../static/js/player/ui/trouble.js";
import { Vigil } from "../../static/js/player/ui/vigil.js";

const MARKERS = [
  { kind: "recap", start: 0, end: 30, name: "" },
  { kind: "intro", start: 60, end: 120, name: "" },
  { kind: "chapter", start: 0, end: 300, name: "One" },
  { kind: "chapter", start: 300, end: 600, name: "Two" },
  { kind: "chapter", start: 600, end: 1000, name: "Three" },
  { kind: "credits", start: 900, end: 1000, name: "" },
];

test("what can be skipped, and when", () => {
  assert.equal(skippable(MARKERS, 10, 1000).kind, "recap");
  assert.equal(skippable(MARKERS, 40, 1000), null, "between them");
  assert.equal(skippable(MARKERS, 60, 1000).end, 120);
  assert.equal(skippable(MARKERS, 119.5, 1000), null, "it is over before anybody could press");
  assert.equal(skippable(MARKERS, 950, 1000), null, "behind these credits is nothing");
  assert.equal(skippable([{ kind: "credits", start: 900, end: 960 }], 910, 1000).kind, "credits", "a scene follows");
  assert.equal(skippable([{ kind: "intro", start: 5, end: 7 }], 6, 1000), null, "too short");
});

test("the next card comes with the credits, or shortly before the end", () => {
  assert.equal(creditsFrom(MARKERS, 1000), 900);
  assert.equal(creditsFrom([], 1000), 980);
  assert.equal(creditsFrom([], 48), 40, "a short film");
  assert.equal(creditsFrom([{ kind: "credits", start: 20, end: 60 }], 1000), 980, "these are at the beginning");
  assert.equal(hasScene(MARKERS, 1000), false);
  assert.equal(hasScene([{ kind: "credits", start: 900, end: 960 }], 1000), true);
});

test("chapters by keys: on, back to this one's start, back to the one before", () => {
  assert.equal(chapterAt(MARKERS, 350).name, "Two");
  assert.equal(chapterAt([], 350), null);
  assert.deepEqual(chapterStep(MARKERS, 10, 1, 1000), { to: 300, name: "Two" });
  assert.deepEqual(chapterStep(MARKERS, 350, -1, 1000), { to: 300, name: "Two" });
  assert.deepEqual(chapterStep(MARKERS, 301, -1, 1000), { to: 0, name: "One" });
  assert.equal(chapterStep(MARKERS, 1, -1, 1000).to, 0);
  assert.equal(chapterStep(MARKERS, 700, 1, 1000).to, 700, "the last one");
  assert.deepEqual(chapterStep([], 10, -1, 1000), { to: 0, name: "" }, "a minute in films without chapters");
  assert.equal(chapterStep([], 990, 1, 1000).to, 1000);
});

test("after three episodes, or four hours, without a touch it asks", () => {
  let now = 0;
  const vigil = new Vigil(() => now);
  assert.equal(vigil.asks, false);
  vigil.passed();
  assert.equal(vigil.asks, false, "the second one ends");
  vigil.passed();
  assert.equal(vigil.asks, true, "the third one ends");
  vigil.touch();
  assert.equal(vigil.asks, false);
  now = 4 * 3600_000;
  assert.equal(vigil.asks, true);
});

test("the moment that an address asks for", () => {
  const cases = [["?t=90", 90], ["?t=90s", 90], ["?t=1h2m3s", 3723], ["?t=2m", 120], ["?t=1:30", 90], ["?t=1:00:05", 3605], ["?t=0", 0]];
  for (const [search, expected] of cases) assert.equal(momentAsked(search), expected, search);
  for (const search of ["", "?t=", "?t=soon", "?t=-5", "?x=1", "?t=1:2:3:4"]) assert.equal(momentAsked(search), undefined, search);
});

test("how long an episode is, in few letters", () => {
  assert.equal(length(2640), "44 min");
  assert.equal(length(20), "1 min");
  assert.match(length(5400), /^1 hr,? 30 min$/);
});

test("a long wait is explained by what is known", () => {
  const facts = { online: true, opened: true, levels: [1, 2], level: { bitrate: 5e6 }, throughput: 1e6 };
  assert.equal(whyLong(facts), "slow");
  assert.equal(whyLong({ ...facts, online: false }), "offline");
  assert.equal(whyLong({ ...facts, opened: false }), "open");
  assert.equal(whyLong({ ...facts, throughput: 9e6 }), "", "the line is not to blame");
  assert.equal(whyLong({ ...facts, levels: [1] }), "", "there is no smaller picture");
  assert.equal(waitingWords("stall"), "");
  assert.match(waitingWords("switch"), /another server/);
});

test("what stands beside a film is asked for once, and again when it is old", async () => {
  let now = 0;
  const asked = [];
  const answers = { a: { seasons: [{ episodes: [{ video: "a", still: "/a.jpg" }, { video: null }] }] } };
  const ask = async (_method, url) => (asked.push(url), answers[url] ?? Promise.reject(new Error("away")));
  const beside = new Beside((video) => video, { ask, now: () => now });
  assert.equal(beside.of("a"), null);
  const [known] = await Promise.all([beside.about("a"), beside.about("a")]);
  assert.equal(known.still("a"), "/a.jpg");
  assert.equal(playable(known), 1);
  assert.equal(episodeOf(known, "b"), null);
  await beside.about("a");
  assert.deepEqual(asked, ["a"]);
  now = 60_000;
  delete answers.a;
  assert.equal((await beside.about("a")).still("a"), "/a.jpg", "the site is away: what was known stays");
  assert.equal(await beside.about("b"), null);
  assert.equal(beside.of("a"), null);
});

test("a finger: two taps jump, each further one jumps again, one shows the controls", () => {
  const listeners = {};
  const surface = {
    addEventListener: (type, handler) => (listeners[type] = handler),
    getBoundingClientRect: () => ({ left: 0, width: 100 }),
  };
  const did = [];
  new Gestures(surface, {
    toggle: () => did.push("toggle"),
    enlarge: () => did.push("enlarge"),
    tap: () => did.push("tap"),
    jump: (direction) => did.push(direction),
  });
  const tap = (clientX, timeStamp, pointerType = "touch") => listeners.pointerup({ button: 0, clientX, timeStamp, pointerType });
  tap(90, 0);
  tap(90, 200);
  tap(90, 700);
  tap(50, 5000);
  tap(50, 9000, "mouse");
  assert.deepEqual(did, [1, 1, "tap", "toggle"]);
});

test("the list of episodes is walked with arrows: lines, seasons, Close", () => {
  const item = (pressed) => ({ getAttribute: () => (pressed ? "true" : null) });
  const [lines, tabs, shut] = [[item(), item()], [item(), item(true)], item()];
  const step = (code, at) => stepOf(code, { lines, tabs, at, shut });
  assert.equal(step("ArrowDown", lines[0]), lines[1]);
  assert.equal(step("ArrowDown", lines[1]), lines[1]);
  assert.equal(step("ArrowUp", lines[0]), tabs[1]);
  assert.equal(step("ArrowRight", tabs[0]), tabs[1]);
  assert.equal(step("ArrowUp", tabs[0]), shut);
  assert.equal(step("ArrowDown", shut), tabs[1]);
  assert.equal(step("End", lines[0]), lines[1]);
  assert.equal(step("ArrowRight", lines[0]), null);
  assert.equal(stepOf("ArrowUp", { lines, tabs: [], at: lines[0], shut }), shut);
});

/** Another screen, as the browser's Remote Playback has it. */
function screenOfTheHouse() {
  const remote = Object.assign(new EventTarget(), {
    state: "disconnected",
    watchAvailability: async (tell) => tell(true),
    cancelWatchAvailability: async () => {},
    prompt: async () => {
      remote.state = "connected";
      remote.dispatchEvent(new Event("connect"));
    },
  });
  return { remote, src: "", currentTime: 0, play: async () => {}, pause() {}, removeAttribute() {} };
}

test("another screen gets the film's plain address, and the place comes back with it", async () => {
  const other = screenOfTheHouse();
  const here = { currentTime: 42, paused: false, pause: () => (here.paused = true), play: async () => (here.paused = false) };
  const told = [];
  const cast = new Cast({
    make: () => other,
    video: () => here,
    address: () => "https://site.test/film.m3u8",
    onAvailable: (there) => told.push(there),
    onChange: (on) => told.push(on),
  });
  cast.look();
  await cast.choose();
  assert.deepEqual([other.src, other.currentTime, here.paused], ["https://site.test/film.m3u8", 42, true]);
  assert.equal(cast.connected, true);
  other.currentTime = 99;
  other.remote.state = "disconnected";
  other.remote.dispatchEvent(new Event("disconnect"));
  assert.deepEqual([here.currentTime, here.paused], [99, false]);
  assert.deepEqual(told, [true, true, false]);
  cast.drop();
  const bare = new Cast({ make: () => ({}), video: () => here, address: () => "x", onAvailable: () => assert.fail() });
  bare.look();
  await bare.choose();
});
