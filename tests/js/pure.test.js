import assert from "node:assert/strict";
import { test } from "node:test";
import { cmcd } from "../../static/js/player/cmcd.js";
import { Estimates, Ewma } from "../../static/js/player/estimate.js";
import { firstByteLimit, roundDelay, stallLimit } from "../../static/js/player/limits.js";
import { SessionError, tokenOf } from "../../static/js/player/session.js";
import { isSlow, SlowGuard } from "../../static/js/player/slow.js";
import { rankingOf, ttlOf } from "../../static/js/player/steering.js";
import { join, renewalDelay, renewalRetryDelay, split, withToken } from "../../static/js/player/token.js";
import { contentRange } from "../../static/js/player/transfer.js";
import { plausible, withoutSteering } from "../../static/js/player/loader.js";
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
    assert.equal(withToken(url, "new"), url);
  }
});

test("a renewed token changes nothing but the token", () => {
  assert.equal(withToken(segmentUrl("n1"), "new_-9"), segmentUrl("n1", "v720/3.m4s", "new_-9"));
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
    [{ buffer: 30, usual: 50 }, 400],
    [{ buffer: 30, usual: 200 }, 800],
    [{ buffer: 30, usual: 900 }, 1500],
    [{ buffer: 5 }, 800],
    [{ buffer: 5, usual: 600 }, 1200, "a far viewer is not switched for ever"],
    [{ buffer: 30, suspect: true }, 500],
    [{ buffer: 30, round: 1 }, 3000],
    [{ buffer: 30, round: 9 }, 8000],
  ];
  for (const [facts, expected, why] of cases) assert.equal(firstByteLimit(facts), expected, why ?? JSON.stringify(facts));
});

test("limits between bytes tighten as the buffer shrinks and grow with every round", () => {
  assert.deepEqual([30, 5, 2].map((buffer) => stallLimit({ buffer })), [1500, 1000, 700]);
  assert.equal(stallLimit({ buffer: 30, suspect: true }), 500);
  assert.equal(stallLimit({ buffer: 2, round: 2 }), 2800);
  assert.deepEqual([1, 2, 3, 4, 9].map(roundDelay), [250, 500, 1000, 2000, 2000]);
});

test("a segment is slow when it will come too late, not before", () => {
  const base = { elapsed: 2, loaded: 100_000, total: 1_000_000, remaining: 900_000, duration: 4, buffer: 20 };
  assert.equal(isSlow(base), true, "18 s to come, 20 s of buffer: more than half of it");
  assert.equal(isSlow({ ...base, elapsed: 1.4 }), false, "too young to judge");
  assert.equal(isSlow({ ...base, buffer: 60 }), false, "the buffer carries it");
  assert.equal(isSlow({ ...base, buffer: 60, elapsed: 3.1 }), true, "three quarters of its duration are gone");
  assert.equal(isSlow({ ...base, remaining: 100_000 }), false, "nearly there");
  assert.equal(isSlow({ ...base, loaded: 0 }), false, "no byte at all is a stall, not slowness");
  assert.equal(isSlow({ ...base, total: 0 }), false, "an unknown size cannot be projected");
});

test("as many slow verdicts as nodes within 45 s: it is the viewer's own link", () => {
  const guard = new SlowGuard();
  assert.equal(guard.open(0, 2), true);
  assert.equal(guard.note(0), 1);
  assert.equal(guard.open(10_000, 2), true);
  assert.equal(guard.note(10_000), 2);
  assert.equal(guard.open(20_000, 2), false);
  assert.equal(guard.open(45_001, 2), true, "the first verdict is forgotten");
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
  for (const ttfb of [10, 20, 30, 200]) estimates.good("n1", { ttfb, bytes: 100_000, ms: 100 });
  assert.equal(estimates.usualTtfb("n1"), 200);
  assert.equal(estimates.rate("n1"), 8_000_000);
  estimates.bad("n1");
  const sample = { node: "n1", ok: 4, failures: 1, ttfb_ms: estimates.take("other")[0].ttfb_ms, bps: 8_000_000 };
  assert.deepEqual(estimates.take("beacon"), [sample]);
  assert.deepEqual(estimates.take("beacon"), [], "each reader hears everything once");
});

test("tiny transfers say nothing about the rate", () => {
  const estimates = new Estimates();
  estimates.good("n1", { ttfb: 5, bytes: 800, ms: 1 });
  assert.equal(estimates.take("x")[0].bps, null);
});

test("a ranking comes as our JSON or as an HLS steering manifest", () => {
  const known = [{ id: "n1", base: "http://a" }, { id: "n2", base: "http://b" }];
  assert.deepEqual(rankingOf({ nodes: [1] }, known), [1]);
  assert.deepEqual(rankingOf({ "PATHWAY-PRIORITY": ["n2", "n1"] }, known).map(({ id }) => id), ["n2", "n1"]);
  assert.deepEqual(rankingOf({}, known), []);
  assert.deepEqual([ttlOf({ ttl: 12 }), ttlOf({ TTL: 7 }), ttlOf({}), ttlOf({ ttl: 0 })], [12, 7, 30, 1]);
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
