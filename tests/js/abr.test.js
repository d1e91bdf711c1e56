// The adaptive bitrate's pure parts: what is expected of the line, what is chosen, what is given up, what limits.

import assert from "node:assert/strict";
import { test } from "node:test";

import { abandon, lower } from "../../static/js/player/abr/abandon.js";
import { Adaptation } from "../../static/js/player/abr/adaptation.js";
import { capOf, savesData } from "../../static/js/player/abr/caps.js";
import { decide } from "../../static/js/player/abr/decide.js";
import { Frames } from "../../static/js/player/abr/frames.js";
import { expectation, failingHeight, remembered } from "../../static/js/player/abr/memory.js";
import { Throughput } from "../../static/js/player/abr/throughput.js";

const LADDER = [
  { name: "v234", average: 0.2e6, width: 416, height: 234 },
  { name: "v360", average: 0.5e6, width: 640, height: 360 },
  { name: "v540", average: 1.1e6, width: 960, height: 540 },
  { name: "v720", average: 2.2e6, width: 1280, height: 720 },
  { name: "v1080", average: 4.4e6, width: 1920, height: 1080 },
];
const SURE = { doubt: 0.15, ttfb: 0.05 };

function line(bps, more = {}) {
  return { rate: bps, usual: bps, ...SURE, ...more };
}

function facts(more) {
  const bytes = LADDER.map(({ average }) => (average * 4) / 8);
  const sizes = Array.from({ length: 8 }, () => bytes);
  return { levels: LADDER, duration: 4, capacity: 60, buffer: 20, last: 2, sizes, ...more };
}

function fed(rates, before) {
  const throughput = new Throughput(before);
  for (const rate of rates) throughput.add({ bytes: rate / 8, ms: 1000, ttfb: 50 });
  return throughput.estimate;
}

test("a steady line is expected to go on and is hardly doubted", () => {
  const { rate, doubt, ttfb } = fed(new Array(20).fill(5e6));
  assert.ok(Math.abs(rate - 5e6) < 1e5);
  assert.ok(doubt < 0.3);
  assert.ok(Math.abs(ttfb - 0.05) < 1e-9);
});

test("a line that wavers is doubted as much as it wavers", () => {
  const { doubt } = fed(Array.from({ length: 40 }, (_, at) => (at % 2 ? 2e6 : 6e6)));
  assert.ok(doubt > 0.45, `doubt ${doubt}`);
});

test("what was remembered gives way to what is seen within a few segments", () => {
  const { rate } = fed(new Array(4).fill(8e6), { expected: 1e6 });
  assert.ok(rate > 6e6, `${rate}`);
});

test("a playlist tells of the round trip only", () => {
  const throughput = new Throughput({ expected: 3e6 });
  throughput.add({ bytes: 900, ms: 40, ttfb: 120 });
  assert.equal(throughput.samples, 0);
  assert.ok(Math.abs(throughput.estimate.rate - 3e6) < 1);
  assert.ok(Math.abs(throughput.estimate.ttfb - 0.12) < 1e-9);
});

test("a line that carries the best gets the best, whatever came before", () => {
  for (const last of [0, 2, 4]) assert.equal(decide(facts({ last, estimate: line(20e6) })).index, 4);
});

test("a line that carries nothing gets the least once little is in hand", () => {
  assert.equal(decide(facts({ last: 4, buffer: 3, estimate: line(0.2e6) })).index, 0);
});

test("the same line is trusted with more when it is steady than when it wavers", () => {
  const careful = decide(facts({ buffer: 6, last: 2, estimate: line(3.4e6, { doubt: 0.9 }) })).index;
  const bold = decide(facts({ buffer: 6, last: 2, estimate: line(3.4e6, { doubt: 0.1 }) })).index;
  assert.ok(careful < bold, `${careful} ${bold}`);
});

test("a large segment ahead is seen: its exact size decides, not the rendition's mean", () => {
  const estimate = line(4.6e6, { doubt: 0.05 });
  const even = facts({ buffer: 6, last: 4, estimate });
  assert.equal(decide(even).index, 4);
  const large = even.sizes.map((bytes, step) => (step ? bytes : bytes.map((size) => size * 3)));
  assert.ok(decide({ ...even, sizes: large }).index < 4);
});

test("the end of the film needs nothing in hand", () => {
  const { index } = decide(facts({ buffer: 14, last: 4, estimate: line(3e6), sizes: facts().sizes.slice(0, 1) }));
  assert.equal(index, 4);
});

test("nothing above the cap is chosen, and who capped is told", () => {
  const choice = decide(facts({ cap: 2, capWhy: "data saver", estimate: line(20e6) }));
  assert.deepEqual(choice, { index: 2, why: "data saver" });
});

test("a node's word bounds the line", () => {
  assert.ok(decide(facts({ estimate: line(20e6), limit: 1.2e6 })).index <= 2);
});

test("on an even line the quality settles: no to and fro", () => {
  for (const bps of [0.8e6, 1.5e6, 2.4e6, 3.3e6, 5e6]) {
    let [last, buffer] = [-1, 0];
    const chosen = [];
    for (let segment = 0; segment < 60; segment += 1) {
      const sizes = facts().sizes;
      ({ index: last } = decide(facts({ last, buffer, sizes, estimate: line(bps) })));
      chosen.push(last);
      buffer = Math.min(60, Math.max(0, buffer - (LADDER[last].average * 4) / bps) + 4);
    }
    const changes = chosen.slice(10).filter((level, at, all) => at && level !== all[at - 1]).length;
    assert.ok(changes <= 8, `${bps}: ${chosen.join("")}`);
  }
});

const UNDER_WAY = {
  levels: LADDER,
  level: 4,
  sizes: LADDER.map(({ average }) => (average * 4) / 8),
  estimate: line(5e6),
};

test("a segment that will be too late is given up for one that is in time", () => {
  const choice = abandon({ ...UNDER_WAY, loaded: 100_000, elapsed: 2.5, buffer: 3 });
  assert.ok(choice && choice.index < 4);
});

test("what can still be in time is never loaded anew", () => {
  assert.equal(abandon({ ...UNDER_WAY, loaded: 1_900_000, elapsed: 5, buffer: 2 }), null);
  assert.equal(abandon({ ...UNDER_WAY, loaded: 500_000, elapsed: 2, buffer: 30 }), null);
});

test("a first byte that is late is the loader's matter first", () => {
  assert.equal(abandon({ ...UNDER_WAY, loaded: 0, elapsed: 1.2, buffer: 2 }), null);
  assert.ok(abandon({ ...UNDER_WAY, loaded: 0, elapsed: 3, buffer: 2 }));
});

test("the smallest is never given up, and nothing before it can be judged", () => {
  assert.equal(abandon({ ...UNDER_WAY, level: 0, loaded: 0, elapsed: 9, buffer: 0 }), null);
  assert.equal(abandon({ ...UNDER_WAY, loaded: 0, elapsed: 0.4, buffer: 1 }), null);
});

test("what no node brings in time is lowered to what comes in time at the rate of now, else to the least", () => {
  const facts = { level: 4, sizes: UNDER_WAY.sizes, remaining: UNDER_WAY.sizes[4], buffer: 3 };
  assert.equal(lower({ ...facts, rate: 0.1e6 }).index, 0);
  const { index } = lower({ ...facts, rate: 4e6 });
  assert.ok(index > 0 && index < 4);
  assert.ok((UNDER_WAY.sizes[index] * 8) / 4e6 < 3 && (UNDER_WAY.sizes[index + 1] * 8) / 4e6 > 1.8);
  assert.equal(lower({ ...facts, level: 0, rate: 0.1e6 }), null, "there is nothing smaller");
  assert.equal(lower({ ...facts, remaining: UNDER_WAY.sizes[0], rate: 0.1e6 }), null, "it would come no sooner");
});

test("a line that broke is believed sooner for the loader's word of it", () => {
  const film = new Adaptation({ expectation: { expected: 8e6, doubt: 0.2 } });
  for (let i = 0; i < 4; i += 1) film.heard({ node: "n1", kind: "video", bytes: 1e6, ttfb_ms: 20, ms: 1000 });
  const facts = { levels: LADDER, level: 4, segment: 5, duration: 4, remaining: 1e6, buffer: 3 };
  const { rate } = film.throughput.estimate;
  assert.equal(film.lower({ ...facts, rate: 0.4e6 }).index, 0);
  assert.equal(film.abandoned, 1);
  assert.ok(film.throughput.estimate.rate < rate / 2);
  film.heard({ node: "n1", kind: "video", bytes: 100_000, ttfb_ms: 20, ms: 2000 });
  const next = film.next({ levels: LADDER, last: 0, segment: 6, buffer: 4, capacity: 8, duration: 4 });
  assert.equal(next.index, 0, next.why);
});

test("the picture is no larger than its place on the screen needs", () => {
  assert.equal(capOf(LADDER, { screen: { width: 1280, height: 720 } }).index, 3);
  assert.equal(capOf(LADDER, { screen: { width: 700, height: 394 } }).index, 2);
  assert.equal(capOf(LADDER, { screen: { width: 3840, height: 2160 } }).index, 4);
  assert.equal(capOf(LADDER, {}).why, "");
});

test("of limits the lowest counts; below all there is still a picture", () => {
  const limits = { screen: { width: 1280, height: 720 }, saver: true, failing: 1080, maxHeight: 720 };
  assert.deepEqual(capOf(LADDER, limits), { index: 1, why: "data saver" });
  assert.equal(capOf(LADDER, { rate: 1000 }).index, 0);
  assert.equal(capOf(LADDER, { failing: 100 }).index, 0);
});

test("data saver: the viewer's word goes before the browser's", () => {
  assert.equal(savesData("", { saveData: true }), true);
  assert.equal(savesData("", undefined), false);
  assert.equal(savesData("off", { saveData: true }), false);
  assert.equal(savesData("on", { saveData: false }), true);
});

function watchFrames(frames, { height, share, from, windows }) {
  const said = [];
  let [total, dropped] = [0, 0];
  for (let at = 0; at <= windows * 5; at += 1) {
    const verdict = frames.look({ now: from + at * 1000, total, dropped, height, lowest: false });
    if (verdict) said.push(verdict);
    total += 24;
    dropped += 24 * share;
  }
  return said;
}

test("a device that drops frames steps down, and remembers when that helped", () => {
  const frames = new Frames();
  assert.deepEqual(watchFrames(frames, { height: 1080, share: 0.4, from: 0, windows: 3 }), ["failing"]);
  assert.equal(frames.failing, 1080);
  assert.deepEqual(watchFrames(frames, { height: 720, share: 0, from: 20_000, windows: 2 }), ["proved"]);
  assert.equal(frames.failing, 1080);
});

test("where a smaller picture does not help, the step is taken back", () => {
  const frames = new Frames();
  watchFrames(frames, { height: 1080, share: 0.4, from: 0, windows: 3 });
  assert.deepEqual(watchFrames(frames, { height: 720, share: 0.4, from: 20_000, windows: 2 })[0], "cleared");
  assert.equal(frames.failing, 0);
});

test("a few dropped frames are no reason", () => {
  assert.deepEqual(watchFrames(new Frames(), { height: 1080, share: 0.05, from: 0, windows: 5 }), []);
});

test("the last session on the same kind of line is remembered, the others are kept apart", () => {
  const day = 86_400_000;
  let rates = remembered({}, { type: "wifi" }, 9e6, 1000);
  rates = remembered(rates, { type: "cellular" }, 1e6, 2000);
  assert.ok(expectation(rates, { type: "wifi" }, 3000).expected > 7e6);
  assert.ok(expectation(rates, { type: "cellular" }, 3000).expected < 1e6);
  const fresh = expectation(rates, { type: "wifi" }, 3000);
  const stale = expectation(rates, { type: "wifi" }, 3 * day);
  assert.ok(stale.expected < fresh.expected && stale.doubt > fresh.doubt);
});

test("a storage that holds nonsense is as good as none", () => {
  const plain = expectation({}, undefined, 0);
  for (const nonsense of [null, 5, "x", [], { any: null }, { any: { bps: "1", at: 0 } }, { any: { bps: -1, at: 0 } }]) {
    assert.deepEqual(expectation(nonsense, undefined, 0), plain);
  }
  assert.equal(failingHeight(null, 0), 0);
  assert.equal(failingHeight({ height: 1080, at: 0 }, 1000), 1080);
  assert.equal(failingHeight({ height: 1080, at: 0 }, 40 * 86_400_000), 0);
});

test("a node that is new is expected to give less than the one before, once", () => {
  const adaptation = new Adaptation({ expectation: { expected: 8e6, doubt: 0.3 } });
  const from = (node) => adaptation.heard({ node, kind: "video", bytes: 1e6, ttfb_ms: 20, ms: 1000 });
  for (let i = 0; i < 5; i += 1) from("a");
  const before = adaptation.throughput.estimate.rate;
  from("b");
  const after = adaptation.throughput.estimate.rate;
  assert.ok(after < before && after > before * 0.75, `${before} ${after}`);
  from("a");
  assert.ok(adaptation.throughput.estimate.rate > after);
});

test("sound and words are no measure of the line", () => {
  const adaptation = new Adaptation();
  adaptation.heard({ node: "a", kind: "audio", bytes: 65_000, ttfb_ms: 20, ms: 900 });
  assert.equal(adaptation.throughput.samples, 0);
});

test("what the browser had in its cache is no measure of the line", () => {
  const adaptation = new Adaptation();
  const heard = (bytes, ms) => adaptation.heard({ node: "a", kind: "video", bytes, ttfb_ms: 1, ms });
  for (let i = 0; i < 4; i += 1) heard(500_000, 1000);
  const before = adaptation.throughput.estimate.rate;
  heard(500_000, 3);
  assert.equal(adaptation.throughput.estimate.rate, before);
  const near = new Adaptation(); // on a home's own network everything is that fast
  near.heard({ node: "a", kind: "video", bytes: 500_000, ttfb_ms: 1, ms: 5 });
  assert.ok(near.throughput.estimate.rate > 100e6);
});

test("exact sizes are used as soon as they are there", () => {
  let known = null;
  const adaptation = new Adaptation({ expectation: { expected: 4.6e6, doubt: 0.1 }, sizes: (name) => (name === "v1080" ? known : null) });
  const now = { levels: LADDER, last: 4, segment: 0, segments: 50, buffer: 6, capacity: 60, duration: 4 };
  const means = adaptation.next(now).index;
  known = new Array(50).fill(9_000_000);
  assert.ok(adaptation.next(now).index < means);
});

test("with little in hand nothing climbs on what is hardly known yet, nor is anything taken down for it", () => {
  const adaptation = new Adaptation({ expectation: { expected: 6e6, doubt: 0.45 } });
  const levels = [["v240", 0.35e6], ["v360", 0.9e6], ["v720", 2.5e6]].map(([name, average]) => ({ name, average, width: 16, height: 9 }));
  const hear = () => adaptation.heard({ node: "a", kind: "video", bytes: 450_000, ttfb_ms: 20, ms: 450 });
  const at = (buffer, last) => adaptation.next({ levels, last, segment: 1, segments: 50, buffer, capacity: 34, duration: 4 });
  hear();
  assert.equal(at(4, 0).index, 2);
  assert.deepEqual(at(1.3, 0), { index: 1, why: "little in hand yet" });
  assert.equal(at(0.3, 0).index, 0);
  assert.equal(at(1.3, 2).index, 2, "nothing is taken down for it");
  for (let i = 0; i < 2; i += 1) hear();
  assert.equal(at(1.3, 0).index, 2, "it is known now");
});
