import assert from "node:assert/strict";
import { test } from "node:test";
import { cmcd } from "../../static/js/player/cmcd.js";
import { Estimates, Ewma } from "../../static/js/player/estimate.js";
import { HedgeBudget, silentEnough } from "../../static/js/player/hedge.js";
import { firstByteLimit, RepeatBudget, roundDelay, stallLimit } from "../../static/js/player/limits.js";
import { SessionError, tokenOf } from "../../static/js/player/session.js";
import { Pace, reasonToChallenge, TrialGuard, verdict } from "../../static/js/player/slow.js";
import { rankingOf, ttlOf } from "../../static/js/player/steering.js";
import { join, renewalDelay, renewalRetryDelay, split } from "../../static/js/player/token.js";
import { contentRange } from "../../static/js/player/transfer.js";
import { withoutSteering } from "../../static/js/player/loader.js";
import { plausible } from "../../static/js/player/plausible.js";
import { PACKAGE, segment, segmentUrl } from "./helpers.js";

test("a media URL is taken apart and put together", () => {
  for (const [url, base] of [
    [segmentUrl("n1"), "http://n1.test"],
    [`https://edge.example:8443/cdn/v1/old/${PACKAGE}/v720/3.m4s`, "https://edge.example:8443/cdn"],
  ]) {
    assert.deepEqual(split(url), { base, token: "old", path: `${PACKAGE}/v720/3.m4s` });
    assert.equal(join(base, "old", split(url).path), url);
  }
});

test("what is no media URL is left alone", () => {
  for (const url of ["http://site.test/api/v1/playback/s/key/multivariant.m3u8", "http://n1.test/v1/token/short/x"]) {
    assert.equal(split(url), null);
  }
});

test("a token is renewed at half of its life, whatever the viewer's clock says", () => {
  assert.equal(renewalDelay({ issuedAt: 1_000_000, expiresAt: 1_900_000 }), 450_000);
  assert.equal(renewalDelay({ issuedAt: 1000, expiresAt: 2000 }), 5000, "not more often than every 5 s");
  assert.equal(renewalDelay({ issuedAt: NaN, expiresAt: NaN }), 60_000);
  assert.equal(renewalDelay({ issuedAt: 0, expiresAt: 1e13 }), 2 ** 31 - 1, "setTimeout's own limit");
  assert.deepEqual([1, 2, 3, 9].map(renewalRetryDelay), [5000, 10_000, 20_000, 60_000]);
});

test("limits for the first byte", () => {
  const cases = [
    [{ buffer: 30 }, 1500],
    [{ buffer: 30, usual: 50 }, 700],
    [{ buffer: 7, usual: 50 }, 400],
    [{ buffer: 30, usual: 200 }, 800],
    [{ buffer: 30, usual: 900 }, 1500],
    [{ buffer: 5 }, 800],
    [{ buffer: 5, usual: 600 }, 1200, "a far viewer is not switched for ever"],
    [{ buffer: 30, suspect: true }, 300],
    [{ buffer: 30, usual: 450, suspect: true }, 450],
    [{ buffer: 2 }, 500, "two nodes have to fit"],
    [{ buffer: 0 }, 800],
    [{ buffer: 30, round: 1 }, 3000],
    [{ buffer: 30, round: 9 }, 8000],
  ];
  for (const [facts, expected, why] of cases) assert.equal(firstByteLimit(facts), expected, why ?? JSON.stringify(facts));
});

test("limits between bytes tighten as the buffer shrinks and grow with every round", () => {
  assert.deepEqual([30, 5, 2].map((buffer) => stallLimit({ buffer })), [1500, 1000, 700]);
  assert.equal(stallLimit({ buffer: 30, suspect: true }), 300);
  assert.equal(stallLimit({ buffer: 2, round: 2 }), 2800);
  assert.deepEqual([1, 2, 3, 4, 9].map(roundDelay), [250, 500, 1000, 2000, 2000]);
});

test("the pace is that of now, not of the whole transfer", () => {
  const pace = new Pace();
  pace.add(0, 0);
  assert.ok(Number.isNaN(pace.rate(100)), "too young");
  for (let at = 100; at <= 1000; at += 100) pace.add(at, at * 1000);
  assert.equal(pace.rate(1000), 1_000_000);
  for (let at = 1100; at <= 2000; at += 100) pace.add(at, 1_000_000 + (at - 1000) * 100);
  assert.ok(Math.abs(pace.rate(2000) - 100_000) < 1, `${pace.rate(2000)}`);
  const fell = new Pace();
  for (let at = 0; at <= 800; at += 100) fell.add(at, at * 1000);
  for (let at = 900; at <= 1300; at += 100) fell.add(at, 800_000 + (at - 800) * 100);
  assert.ok(Math.abs(fell.rate(1300, 4) - 100_000) < 1, "with little in hand over a shorter time");
  assert.ok(fell.rate(1300) > 300_000);
  assert.ok(pace.rate(3000) < 10_000, "it stands still");
  pace.forgive(1000);
  assert.ok(Math.abs(pace.rate(3000) - 100_000) < 1, "the machine slept");
});

test("a transfer is challenged when a stall threatens or another node is likely to be faster, and when that pays", () => {
  const base = { age: 600, rate: 100_000, remaining: 1_000_000, buffer: 30, other: 1_000_000 };
  const reason = (facts) => reasonToChallenge({ ...base, ...facts });
  assert.equal(reason({}), "faster");
  assert.equal(reason({ age: 400 }), null, "too young to judge");
  assert.equal(reason({ buffer: 11 }), "stall", "10 s to come, 11 s in hand: less than two seconds to spare");
  assert.equal(reason({ other: 140_000 }), null, "not faster by far");
  assert.equal(reason({ remaining: 90_000, other: 250_000 }), null, "nearly there");
  assert.equal(reason({ remaining: 90_000, other: 250_000, buffer: 4 }), "faster", "with little in hand it is worth it");
  assert.equal(reason({ remaining: 50_000, other: 250_000, buffer: 4 }), null, "nearly there");
  assert.equal(reason({ remaining: 30_000 }), "faster", "ten times as fast, and there is a little to win");
  assert.equal(reason({ remaining: 20_000 }), null, "there is not");
  assert.equal(reason({ other: NaN }), null, "nothing is known of others, and the buffer carries it");
  assert.equal(reason({ other: NaN, buffer: 5 }), "stall");
  assert.equal(reason({ other: NaN, buffer: 0, remaining: 140_000 }), null, "a start on a slow line");
  assert.equal(reason({ age: 350, buffer: 4 }), "stall", "little in hand, and surely too late: sooner");
  assert.equal(reason({ age: 350, buffer: 4, remaining: 300_000 }), null, "it may still be in time");
  assert.equal(reason({ rate: NaN }), null);
  assert.equal(reason({ rate: 0, other: NaN, buffer: 5 }), "stall", "it stands still");
});

test("a challenge is decided by rates: three halves as fast is the node, sharing is the link", () => {
  const base = { elapsed: 450, challenger: 1000, before: 1000, ahead: false };
  const found = (facts) => verdict({ ...base, ...facts });
  assert.equal(found({ elapsed: 100, challenger: 9000, ahead: true }), null, "too soon to say");
  assert.equal(found({ elapsed: 200, challenger: 9000, ahead: true }), "move");
  assert.equal(found({ elapsed: 200, challenger: 9000 }), null);
  assert.equal(found({ challenger: 1500 }), "move");
  assert.equal(found({ challenger: 500 }), "stay");
  assert.equal(found({ challenger: 1200 }), null);
  assert.equal(found({ elapsed: 800, challenger: 1200 }), "stay");
  assert.equal(found({ elapsed: 800, challenger: 1300 }), "move");
  assert.equal(found({ challenger: 100, before: 0 }), "move", "it stood still");
  assert.equal(found({ elapsed: 250, challenger: 500 }), null);
  assert.equal(found({ elapsed: 250, challenger: 500, buffer: 3 }), "stay", "little in hand");
  assert.equal(found({ elapsed: 250, challenger: 900, buffer: 3 }), null, "perhaps");
});

test("one challenge at a time; after one that showed the link a rest that doubles, unless it gets far worse", () => {
  const guard = new TrialGuard();
  assert.equal(guard.begin("a", 0, 1000), true);
  assert.equal(guard.begin("b", 0, 1000), false);
  guard.end("b", 0, { moved: true });
  assert.equal(guard.begin("b", 0, 1000), false, "that was not its challenge");
  guard.end("a", 1000, { moved: false, rate: 1000 });
  assert.equal(guard.begin("b", 15_999, 1000), false);
  assert.equal(guard.begin("b", 16_000, 1000), true);
  guard.end("b", 17_000, { moved: false, rate: 1000 });
  assert.equal(guard.begin("c", 46_999, 1000), false, "30 s now");
  assert.equal(guard.begin("c", 30_000, 400), true, "less than half of what it was");
  guard.end("c", 31_000, { moved: null });
  assert.equal(guard.begin("d", 31_000, 1000), false, "an aborted one changes nothing");
  assert.equal(guard.begin("d", 47_000, 1000), true);
  guard.end("d", 48_000, { moved: true, rate: 1000 });
  assert.equal(guard.begin("e", 48_000, 1000), true, "it was the node: no rest");
});

test("hedges are for short buffers only, after a quarter of a second or the node's own p95", () => {
  const base = { waited: 260, begun: false, usual: NaN, buffer: 4 };
  const enough = (facts) => silentEnough({ ...base, ...facts });
  assert.equal(enough({}), true);
  assert.equal(enough({ waited: 250 }), false);
  assert.equal(enough({ buffer: 8 }), false);
  assert.equal(enough({ usual: 400 }), false);
  assert.equal(enough({ usual: 400, waited: 401 }), true);
  assert.equal(enough({ begun: true }), false, "a gap between bytes is longer");
  assert.equal(enough({ begun: true, waited: 601 }), true);
});

test("hedges are at most a twentieth of the requests, three at once, none after two that lost", () => {
  const budget = new HedgeBudget();
  assert.deepEqual([1, 2, 3, 4].map(() => budget.take(0)), [true, true, true, false]);
  for (let i = 0; i < 19; i += 1) budget.earn();
  assert.equal(budget.take(0), false);
  budget.earn();
  budget.earn();
  assert.equal(budget.take(0), true);
  for (let i = 0; i < 100; i += 1) budget.earn();
  budget.end(0, false);
  assert.equal(budget.take(0), true);
  budget.end(1000, false);
  assert.equal(budget.take(1000), false);
  assert.equal(budget.take(60_000), true, "a minute later they may help again");
  budget.end(60_000, true);
  assert.deepEqual([budget.sent, budget.won], [6, 1]);
});

test("what is repeated is at most a fifth of what is asked for, and ten at once", () => {
  const budget = new RepeatBudget();
  assert.equal(Array.from({ length: 12 }, () => budget.take()).filter(Boolean).length, 10);
  for (let i = 0; i < 5; i += 1) budget.earn();
  assert.deepEqual([budget.take(), budget.take()], [true, false]);
});

test("a mean halves the weight of a sample every half-life", () => {
  const mean = new Ewma(2);
  mean.add(100);
  mean.add(0);
  mean.add(0);
  assert.ok(Math.abs(mean.value - 50) < 1e-9);
});

test("estimates: usual time to first byte, careful rate, samples for each reader", () => {
  const estimates = new Estimates();
  assert.ok(Number.isNaN(estimates.usualTtfb("n1")));
  for (const ttfb of [10, 20, 30, 200]) {
    estimates.good("n1", { ttfb, bytes: 100_000 });
    estimates.measured("n1", { bytes: 100_000, ms: 100 });
  }
  assert.equal(estimates.usualTtfb("n1"), 200);
  assert.equal(estimates.rate("n1"), 8_000_000);
  estimates.bad("n1");
  estimates.lied("n1");
  estimates.hedged("n1");
  estimates.good("n1", { ttfb: 9, bytes: 1000 });
  const counts = { ok: 5, failures: 2, corrupt: 1, hedges: 1, rtt_ms: 9 };
  const sample = { node: "n1", ...counts, ttfb_ms: estimates.take("other")[0].ttfb_ms, bps: 8_000_000 };
  assert.deepEqual(estimates.take("beacon"), [sample]);
  assert.deepEqual(estimates.take("beacon"), [], "each reader hears everything once");
});

test("tiny transfers say nothing about the rate", () => {
  const estimates = new Estimates();
  estimates.good("n1", { ttfb: 5, bytes: 800 });
  estimates.measured("n1", { bytes: 800, ms: 1 });
  assert.equal(estimates.take("x")[0].bps, null);
});

test("an answer of steering that says nothing of use changes nothing", () => {
  assert.deepEqual(rankingOf({ nodes: [1] }), [1]);
  assert.deepEqual([rankingOf({}), rankingOf(null), rankingOf({ nodes: "n1" })], [[], [], []]);
  assert.deepEqual([ttlOf({ ttl: 12 }), ttlOf({}), ttlOf({ ttl: "soon" }), ttlOf({ ttl: 0 })], [12, 30, 30, 1]);
});

test("a token's times are the server's", () => {
  const response = { headers: { get: () => "Sat, 21 Nov 2026 08:00:00 GMT" } };
  const answer = { token: { value: "t", expires_at: "2026-11-21T08:15:00Z" }, nodes: [] };
  const token = tokenOf(answer, response, 0);
  assert.equal(token.expiresAt - token.issuedAt, 900_000);
  assert.equal(tokenOf({ value: "u", expires_at: "2026-11-21T08:15:00Z" }, { headers: { get: () => null } }, 5).issuedAt, 5);
});

test("which refusals are final", () => {
  const final = (status) => new SessionError({ code: "x", message: "x", status }).final;
  assert.deepEqual([404, 409, 403, 429, 408, 500, 0].map(final), [true, true, true, false, false, false, false]);
});

test("content ranges", () => {
  assert.deepEqual(contentRange("bytes 5-9/10"), { first: 5, last: 9, size: 10 });
  for (const bad of [null, "", "bytes 5-9/*", "items 1-2/3"]) assert.equal(contentRange(bad), null);
});

test("an answer must look like what was asked for", () => {
  const bytes = (text) => new TextEncoder().encode(text);
  assert.equal(plausible("http://n/a/index.m3u8?x=1", bytes("#EXTM3U\n")), true);
  assert.equal(plausible("http://n/a/index.m3u8", bytes("<html>")), false);
  assert.equal(plausible("http://n/a/0.vtt", bytes("\ufeffWEBVTT")), true);
  assert.equal(plausible("http://n/a/0.m4s", segment(100)), true);
  assert.equal(plausible("http://n/a/0.m4s", bytes("<!doctype html>")), false);
  assert.equal(plausible("http://n/a/0.m4s", new Uint8Array()), false);
  assert.equal(plausible("http://n/a/key", bytes("?")), true);
  // Encrypted segments have no boxes to be seen; their beginning, which is not encrypted, has.
  assert.equal(plausible("http://n/a/0.m4s", bytes("\xce\xca\x1cs\x97>\xbb\xc1"), true), true);
  assert.equal(plausible("http://n/a/0.m4s", bytes("\n<!doctype html>"), true), false);
  assert.equal(plausible("http://n/a/0.m4s", new Uint8Array(), true), false);
  assert.equal(plausible("http://n/a/init.mp4", bytes("<!doctype html>"), true), false);
});

test("hls.js is not shown the steering tag", () => {
  const text = '#EXTM3U\r\n#EXT-X-CONTENT-STEERING:SERVER-URI="x",PATHWAY-ID="n1"\r\n#EXT-X-STREAM-INF:X\r\nu\r\n';
  assert.equal(withoutSteering(text), "#EXTM3U\r\n#EXT-X-STREAM-INF:X\r\nu\r\n");
});

test("a segment's request says what its player has in hand, and nothing else's does", () => {
  const of = (facts) =>
    decodeURIComponent(cmcd({ path: "p/v720/3.m4s", type: "main", buffer: 30, starved: false, ...facts }));
  assert.equal(of({}), '?CMCD=dl=30000,nor="4.m4s",ot=v');
  assert.equal(of({ type: "audio", buffer: 12.34 }), '?CMCD=dl=12300,nor="4.m4s",ot=a');
  assert.equal(of({ buffer: 0.1 }), '?CMCD=dl=100,nor="4.m4s",ot=v,su');
  assert.equal(of({ buffer: 0, starved: true }), '?CMCD=bs,dl=0,nor="4.m4s",ot=v,su');
  assert.equal(of({ buffer: Infinity, type: "subtitle" }), '?CMCD=nor="4.m4s"');
  for (const path of ["p/v720/init.mp4", "p/v720/index.m3u8", "p/t-en/0.vtt"]) assert.equal(of({ path }), "");
});
