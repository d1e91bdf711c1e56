// What the upload page says, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { backOff, fill, left, MIB, nextPiece, percent, size, Speed } from "../../static/js/admin/upload/format.js";
import { standing } from "../../static/js/admin/upload/standing.js";

const WORDS = new Proxy({}, { get: (_target, name) => `${String(name)} {percent} {seconds} {speed} {left} {reason}` });
const TIMES = { seconds: "{n} s", minutes: "{n} min", hours: "{n} h {m} min" };

function entry(more) {
  return { mine: true, state: "receiving", offset: 43, length: 100, tab: null, until: "May 1", work: null, ...more };
}

function sending(state, more) {
  return { state, file: { size: 1000 }, sent: 430, retryAt: 0, reason: "", status: 0, speed: new Speed(), ...more };
}

test("sizes are written for people", () => {
  assert.deepEqual(
    [0, 37, 999, 52_300, 999_700, 24_310_000, 1_250_000_000, 999_999_999_999].map((bytes) => size(bytes, "en")),
    ["0 kB", "37 B", "999 B", "52 kB", "1 MB", "24.3 MB", "1.25 GB", "1 TB"],
  );
});

test("a hundred percent is said only of the whole", () => {
  assert.equal(percent(999_999, 1_000_000), 99);
  assert.equal(percent(5, 5), 100);
  assert.equal(percent(0, 0), 0);
});

test("times left are round", () => {
  assert.deepEqual(
    [1, 42, 89, 300, 7000].map((seconds) => left(seconds, TIMES)),
    ["5 s", "45 s", "90 s", "5 min", "1 h 57 min"],
  );
  assert.equal(fill("{a} of {b}", { a: 1 }), "1 of {b}");
});

test("pieces follow the speed within bounds, and by no more than half or double", () => {
  assert.equal(nextPiece(4 * MIB, 4), 4 * MIB);
  assert.equal(nextPiece(4 * MIB, 0.1), 8 * MIB);
  assert.equal(nextPiece(4 * MIB, 60), 2 * MIB);
  assert.equal(nextPiece(MIB, 1000), MIB);
  assert.equal(nextPiece(32 * MIB, 0.01), 32 * MIB);
  assert.deepEqual([0, 3, 99].map(backOff), [1, 5, 15]);
});

test("speed is over the last ten seconds and forgets what was before a break", () => {
  const speed = new Speed();
  assert.equal(speed.value, 0);
  for (let now = 0; now <= 20_000; now += 500) speed.add(now * 1000, now);
  assert.equal(Math.round(speed.value), 1_000_000);
  speed.add(10, 20_500);
  assert.equal(speed.value, 0);
});

test("each state of this tab has words and a way out", () => {
  const ways = {
    preparing: "cancel",
    receiving: "pause",
    paused: "resume",
    offline: "retry",
    trouble: "retry",
    signed_out: "sign_in",
    elsewhere: "here",
    full: "retry",
    gone: "again",
    unreadable: "choose",
    different: "choose",
    refused: "dismiss",
  };
  for (const [state, way] of Object.entries(ways)) {
    const shown = standing(sending(state, { reason: "why" }), null, WORDS);
    assert.ok(shown.text || shown.error, state);
    assert.equal(shown.buttons[0], way, state);
    assert.equal(shown.percent, 43);
  }
  // Refused unasked, or after a look at what had arrived.
  const steps = [0, 430].map((sent) => standing(sending("refused", { sent }), null, WORDS).step);
  assert.deepEqual(steps, [0, 1]);
  const waits = standing(sending("offline", { retryAt: 9000 }), null, WORDS, { now: 5500 });
  assert.match(waits.text, / 4 /);
});

test("what the server has is shown when this tab sends nothing", () => {
  const show = (more, options) => standing(null, entry(more), WORDS, options);
  assert.deepEqual([show({}).state, show({}).percent, show({}).buttons[0]], ["unclaimed", 43, "choose"]);
  assert.equal(show({ tab: "other" }).state, "elsewhere");
  assert.deepEqual(show({ mine: false }).buttons, ["discard"]);
  assert.match(show({ state: "finishing", finishing: { percent: 34, waiting: false } }).text, /34/);
  assert.match(show({ state: "finishing" }, { worker: false }).text, /no_worker/);
  assert.deepEqual([show({ state: "refused", reason: "zip" }).error, show({ state: "refused" }).tone], ["zip", "bad"]);
});

test("encoding is told with its progress, and that it can be watched already", () => {
  const work = { state: "encoding", percent: 61.4, left: "about 2 minutes left", speed: "1.8×", playable: true };
  const shown = standing(null, entry({ state: "done", work }), WORDS);
  assert.equal(shown.percent, 61.4);
  assert.match(shown.text, /encoding 61.*about 2 minutes left.*1\.8×.*playable/);
  assert.equal(standing(null, entry({ state: "done", work: { ...work, state: "ready" } }), WORDS).tone, "good");
  const failed = standing(null, entry({ state: "done", work: { ...work, state: "failed", error: "it broke" } }), WORDS);
  assert.deepEqual([failed.error, failed.tone], ["it broke", "bad"]);
});

test("a list that is a moment old does not make a sent film unsent", () => {
  assert.equal(standing(sending("done"), entry({}), WORDS).state, "checking");
});
