// The face of the adaptation that hls.js sees, held against what hls.js 1.7 does with it.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Adaptation } from "../../static/js/player/abr/adaptation.js";
import { controllerFor } from "../../static/js/player/abr/controller.js";

const EVENTS = Object.fromEntries(
  [
    "MANIFEST_LOADING",
    "LEVELS_UPDATED",
    "MAX_AUTO_LEVEL_UPDATED",
    "FRAG_LOADING",
    "FRAG_LOADED",
    "FRAG_LOAD_EMERGENCY_ABORTED",
  ].map((name) => [name, name]),
);

function level(height, bitrate, group = "aud") {
  const details = { averagetargetduration: 4, fragments: new Array(100), startSN: 0 };
  const attrs = { "STABLE-VARIANT-ID": `v${height}${group === "sur" ? "-sur" : ""}` };
  const size = { width: (height * 16) / 9, height };
  return { ...size, bitrate, averageBitrate: bitrate * 0.7, codecSet: "avc1", audioGroups: [group], attrs, details };
}

function player(levels, expected) {
  const adaptation = new Adaptation({ expectation: { expected, doubt: 0.3 } });
  const listeners = new Map();
  const hls = {
    levels,
    config: { maxBufferLength: 30, maxMaxBufferLength: 180, maxBufferSize: 60e6 },
    media: { paused: false, readyState: 4, playbackRate: 1, currentTime: 0 },
    mainForwardBufferInfo: { len: 20, end: 20 },
    autoLevelEnabled: true,
    loadLevelObj: levels[0],
    said: [],
    on: (event, listener) => listeners.set(event, listener),
    off: (event) => listeners.delete(event),
    trigger: (event, data) => hls.said.push([event, data]),
    tell: (event, data) => listeners.get(event)(event, data),
    listeners,
  };
  const controller = new (controllerFor(adaptation, EVENTS))(hls);
  Object.defineProperty(hls, "nextLoadLevel", { set: (to) => (controller.nextAutoLevel = to) });
  return { hls, controller, adaptation };
}

const LADDER = [level(240, 0.4e6), level(480, 1.2e6), level(720, 3e6)];

function fragment(at, sn = 5, loading = { start: 1, first: 2, end: 0 }) {
  const stats = { loaded: 100_000, total: 1_500_000, aborted: false, loading };
  return { type: "main", level: at, sn, duration: 4, stats, abortRequests: mock.fn() };
}

test("what hls.js writes back is no will of anybody's; what differs holds for one segment", () => {
  const { hls, controller } = player(LADDER, 50e6);
  assert.equal(controller.firstAutoLevel, 2);
  controller.nextAutoLevel = 2;
  assert.equal(controller.forcedAutoLevel, -1);
  controller.nextAutoLevel = 0;
  assert.equal(controller.nextAutoLevel, 0);
  hls.tell("FRAG_LOADED", { frag: fragment(0) });
  assert.equal(controller.forcedAutoLevel, -1);
  assert.equal(controller.nextAutoLevel, 2);
});

test("only renditions with the sound that plays are chosen from", () => {
  const both = [level(240, 0.4e6), level(240, 0.7e6, "sur"), level(720, 3e6), level(720, 3.3e6, "sur")];
  const { hls, controller } = player(both, 50e6);
  hls.loadLevelObj = both[0];
  assert.equal(controller.nextAutoLevel, 2);
  hls.loadLevelObj = both[1];
  hls.tell("LEVELS_UPDATED", {});
  assert.equal(controller.nextAutoLevel, 3);
});

test("a segment that comes too late is aborted and a smaller one forced", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const { hls, controller } = player(LADDER, 5e6);
  hls.mainForwardBufferInfo = { len: 2, end: 2 };
  const frag = fragment(2, 0, { start: performance.now() - 5000, first: performance.now() - 4900, end: 0 });
  hls.tell("FRAG_LOADING", { frag });
  context.mock.timers.tick(150);
  assert.equal(frag.abortRequests.mock.callCount(), 1);
  assert.ok(controller.nextAutoLevel < 2);
  assert.equal(hls.said[0][0], "FRAG_LOAD_EMERGENCY_ABORTED");
  controller.destroy();
});

test("what the loader says no node brings in time is aborted for a smaller one, once it is under way", () => {
  const { hls, controller } = player(LADDER, 5e6);
  hls.mainForwardBufferInfo = { len: 3, end: 3 };
  const frag = fragment(2, 0, { start: performance.now(), first: performance.now(), end: 0 });
  const how = { rate: 0.5e6, remaining: 1_400_000 };
  controller.lower(frag, how);
  assert.equal(frag.abortRequests.mock.callCount(), 0, "it was over already");
  hls.tell("FRAG_LOADING", { frag });
  controller.lower(frag, { ...how, remaining: 10_000 });
  assert.equal(frag.abortRequests.mock.callCount(), 0, "a smaller one would come no sooner");
  hls.media.paused = true;
  controller.lower(frag, how);
  assert.equal(frag.abortRequests.mock.callCount(), 0, "nobody waits");
  hls.media.paused = false;
  controller.lower(frag, how);
  assert.equal(frag.abortRequests.mock.callCount(), 1);
  assert.equal(controller.nextAutoLevel, 0);
  assert.equal(hls.said[0][0], "FRAG_LOAD_EMERGENCY_ABORTED");
  controller.destroy();
});

test("a viewer's own choice and a paused film are left alone", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  for (const rests of [{ autoLevelEnabled: false }, { media: { paused: true, readyState: 4, playbackRate: 1 } }]) {
    const { hls, controller } = player(LADDER, 5e6);
    Object.assign(hls, { mainForwardBufferInfo: { len: 2, end: 2 } }, rests);
    const frag = fragment(2, 0, { start: performance.now() - 5000, first: performance.now() - 4900, end: 0 });
    hls.tell("FRAG_LOADING", { frag });
    context.mock.timers.tick(1000);
    assert.equal(frag.abortRequests.mock.callCount(), 0);
    controller.destroy();
  }
});

test("it says what hls.js asks of an estimator, and leaves no listener behind", () => {
  const { hls, controller } = player(LADDER, 5e6);
  assert.ok(controller.bwEstimator.getEstimate() > 4e6);
  assert.ok(controller.bwEstimator.getEstimateTTFB() > 0);
  assert.equal(controller.bwEstimator.canEstimate(), false);
  controller.destroy();
  assert.equal(hls.listeners.size, 0);
  assert.equal(controller.nextAutoLevel, -1);
});
