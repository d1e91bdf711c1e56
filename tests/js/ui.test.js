import assert from "node:assert/strict";
import { test } from "node:test";
import { qualityChoices, qualityName } from "../../static/js/player/ui/names.js";
import { endsAt, figures, seconds, words } from "../../static/js/player/ui/clock.js";
import { ICONS } from "../../static/js/player/ui/icons.js";
import { actionOf, isForElement, sheet } from "../../static/js/player/ui/keys.js";
import { Preferences } from "../../static/js/player/ui/prefs.js";
import { ceiling, pointsOf } from "../../static/js/player/ui/graph.js";
import { reportOf, rowsOf, serversOf } from "../../static/js/player/ui/stats.js";

const key = (code, more = {}) => actionOf({ code, key: "", ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more });

test("times in figures", () => {
  const cases = [[0, "0:00"], [83, "1:23"], [3725, "1:02:05"], [-5, "0:00"], [NaN, "0:00"], [59.99, "0:59"]];
  for (const [value, expected] of cases) assert.equal(figures(value), expected);
  assert.equal(figures(83, 7200), "0:01:23", "the width of the whole");
});

test("times in words, for those who listen", () => {
  assert.equal(words(3725), "1 hour 2 minutes 5 seconds");
  assert.equal(words(60), "1 minute");
  assert.equal(words(0), "0 seconds");
});

test("when it will be over", () => {
  const now = new Date(2026, 10, 21, 20, 0);
  const expected = new Date(2026, 10, 21, 21, 30).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  assert.equal(endsAt(5400, now), expected);
});

test("seconds from what an API may send", () => {
  assert.equal(seconds(24.5), 24.5);
  assert.equal(seconds("00:24:10"), 1450);
  assert.equal(seconds("1 01:00:00.500"), 90_000.5);
  assert.ok(Number.isNaN(seconds(undefined)));
});

test("keys by their place on the keyboard, so that every layout works", () => {
  const cases = [
    ["Space", "toggle"],
    ["KeyK", "toggle"],
    ["KeyF", "fullscreen"],
    ["KeyM", "mute"],
    ["KeyJ", "back"],
    ["ArrowRight", "forward"],
    ["ArrowUp", "louder"],
    ["Home", "start"],
    ["End", "end"],
    ["KeyC", "captions"],
    ["Escape", "escape"],
    ["KeyS", "skip"],
    ["KeyE", "episodes"],
    ["KeyP", "pip"],
  ];
  for (const [code, name] of cases) assert.equal(key(code).name, name, code);
  assert.deepEqual(key("Digit7"), { name: "jump", value: 0.7 });
  assert.deepEqual(key("Numpad0"), { name: "jump", value: 0 });
  assert.deepEqual(key("Comma"), { name: "frame", value: -1 });
  assert.equal(key("Comma", { shiftKey: true }).name, "slower");
  assert.equal(key("Period", { shiftKey: true }).name, "faster");
  assert.equal(key("IntlBackslash", { key: "<" }).name, "slower", "a German keyboard");
  assert.equal(key("KeyN", { shiftKey: true }).name, "next");
  assert.equal(key("KeyP", { shiftKey: true }).name, "previous");
  assert.deepEqual(key("PageUp"), { name: "chapter", value: 1 });
  assert.deepEqual(key("KeyG"), { name: "offset", value: -1 });
  assert.equal(key("KeyS", { key: "ы" }).name, "skip", "a Cyrillic keyboard");
  assert.equal(key("", { key: "MediaRewind" }).name, "back", "a remote");
  assert.equal(key("Enter", { ctrlKey: true }).name, "fullscreen");
  assert.equal(key("Minus", { key: "?", shiftKey: true }).name, "help");
  assert.equal(key("KeyS", { ctrlKey: true, shiftKey: true }).name, "statistics");
});

test("the browser's own keys stay the browser's", () => {
  for (const held of ["ctrlKey", "altKey", "metaKey"]) assert.equal(key("KeyF", { [held]: true }), null);
  assert.equal(key("KeyN"), null);
  assert.equal(key("KeyX"), null);
});

test("typing is never a shortcut, and a slider keeps its arrows", () => {
  const element = (matching, closest = null) => ({ matches: (query) => query.includes(matching), closest: () => closest });
  assert.equal(isForElement(element("textarea"), { name: "toggle" }), true);
  assert.equal(isForElement(element("button"), { name: "toggle" }), true);
  assert.equal(isForElement(element("button"), { name: "forward" }), false);
  assert.equal(isForElement(element("[role=slider]"), { name: "forward" }), true);
  assert.equal(isForElement(element("[role=slider]"), { name: "mute" }), false);
  assert.equal(isForElement(element("nothing", {}), { name: "forward" }), true, "inside a menu");
  assert.equal(isForElement({}, { name: "toggle" }), false, "the document itself");
});

test("the sheet names every key that works", () => {
  const rows = sheet().flatMap((group) => group.rows);
  assert.ok(rows.length >= 18);
  assert.ok(rows.every(([keys, meaning]) => keys.length && meaning));
});

test("the quality menu: automatic first, then each height once, best first", () => {
  const levels = [240, 360, 720, 720].map((height, index) => ({ index, height, bitrate: 1e6 * (index + 1) }));
  const auto = qualityChoices(levels, -1, levels[1]);
  assert.deepEqual(auto.map(({ label }) => label), ["Auto", "720p", "360p", "240p"]);
  assert.deepEqual(auto[0], { label: "Auto", note: "360p", value: -1, chosen: true });
  const fixed = qualityChoices(levels, 1, levels[1]);
  assert.deepEqual(fixed.filter(({ chosen }) => chosen).map(({ label }) => label), ["360p"]);
  assert.equal(fixed[0].note, "");
  assert.equal(qualityName({ height: 2160 }), "4K");
  assert.equal(qualityName(null), "");
});

test("tastes are kept, and survive a storage that is full, forbidden or spoilt", () => {
  const kept = new Map();
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  new Preferences(storage).set("volume", 0.4);
  assert.equal(new Preferences(storage).get("volume"), 0.4);
  kept.set("netflixlite.player", '{"volume":"loud","evil":1,"rate":1.5}');
  const mended = new Preferences(storage);
  assert.deepEqual([mended.get("volume"), mended.get("rate"), mended.get("evil")], [1, 1.5, undefined]);
  const throwing = {
    getItem: () => assert.fail("forbidden"),
    setItem: () => assert.fail("full"),
  };
  const bare = new Preferences(throwing);
  bare.set("muted", true);
  assert.equal(bare.get("muted"), true);
  assert.equal(new Preferences(null).get("rate"), 1);
});

const STATE = {
  node: "n2",
  nodes: [
    { id: "n1", state: "penalised", why: "stall", reason: "same region", failures: 1 },
    { id: "n2", state: "healthy", why: "", reason: "nearest tier, 12 % busy", failures: 0 },
  ],
  rates: { n2: 8.25e6 },
  level: { width: 1280, height: 720, bitrate: 2.5e6 },
  adaptation: { why: "the buffer allows it", cap: "data saver", abandoned: 0 },
  buffer: 12.34,
  throughput: NaN,
  decoded: 90,
  dropped: 10,
  stalls: 0,
  stall_ms: 0,
  resumes: 1,
  hedges: 2,
  corrupt: 0,
  renewals: 0,
  unsent: 0,
  session: null,
  position: 5,
  duration: 100,
  paused: false,
  switches: [{ at: 1000, from: "n1", to: "n2", why: "stall" }],
  errors: [{ at: 900, text: "n1: stall" }],
};

test("statistics name the server, the picture, and why both", () => {
  const rows = new Map(rowsOf(STATE));
  assert.equal(rows.get("Server"), "n2: nearest tier, 12 % busy");
  assert.equal(rows.get("Picture"), "1280×720, 2.5 Mbit/s");
  assert.equal(rows.get("Why this picture"), "the buffer allows it; limit: data saver");
  assert.equal(rows.get("Line"), "–");
  assert.equal(rows.get("Frames"), "90 shown, 10 dropped (10.0%)");
  assert.equal(rows.get("Segments"), "1 resumed mid-segment, 2 asked twice");
  assert.equal(rows.has("Reports waiting"), false);
  assert.match(new Map(rowsOf({ ...STATE, unsent: 7 })).get("Reports waiting"), /^7/);
  const dropping = { why: "this device drops frames above", cap: "this device drops frames above" };
  const why = new Map(rowsOf({ ...STATE, adaptation: dropping })).get("Why this picture");
  assert.equal(why, "this device drops frames above 720p");
  const bare = { ...STATE, nodes: [], node: null, level: null, adaptation: null, dropped: 0, hedges: undefined };
  assert.equal(new Map(rowsOf(bare)).get("Server"), "–");
});

test("statistics say of each server what it gives and why it stands where it stands", () => {
  assert.deepEqual(serversOf(STATE), [
    { id: "n1", used: false, health: "penalised", rate: "–", reason: "stall" },
    { id: "n2", used: true, health: "well", rate: "8.3 Mbit/s", reason: "nearest tier, 12 % busy" },
  ]);
});

test("the text for support has everything, newest event first", () => {
  const text = reportOf(STATE, { when: "now", browser: "a browser" });
  assert.match(text, /^netflixlite, now\na browser\n/);
  assert.match(text, /\* n2: well, 8.3 Mbit\/s/);
  assert.match(text, /1\.0s {2}n1 → n2: stall\n0\.9s {2}n1: stall$/);
});

test("the buffer's line ends now, at its height", () => {
  const samples = [{ at: 0, value: 9 }, { at: 40_000, value: 0 }, { at: 70_000, value: 10 }];
  assert.equal(pointsOf(samples, 70_000, 20), "120,48 240,24");
  assert.deepEqual([[0], [5.1], [31], [250], [301]].map(ceiling), [5, 10, 60, 300, 400]);
});

test("every icon is drawn", () => {
  for (const [name, parts] of Object.entries(ICONS)) {
    assert.ok(parts.length > 0, name);
    assert.ok(parts.every(({ d, text }) => d || text), name);
  }
});
