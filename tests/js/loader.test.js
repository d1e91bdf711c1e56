import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Delivery } from "../../static/js/player/delivery.js";
import { loaderFor } from "../../static/js/player/loader.js";
import { fakeFetch, fakeTime, listed, segment, segmentUrl, serve, settle } from "./helpers.js";

const LIFE = { issuedAt: 0, expiresAt: 900_000 };
const WHOLE = segment(100_000);
let time;
let delivery;

beforeEach(() => (time = fakeTime()));
afterEach(() => {
  delivery?.close();
  time.end();
});

/** A session over fake nodes; `behave` as in fakeFetch. */
function session(behave, { nodes = ["n1", "n2", "shield"], buffer = 30, renew } = {}) {
  const fetch = fakeFetch(behave);
  const start = { nodes: listed(...nodes), token: { value: "old", ...LIFE } };
  const tools = { fetch, now: time.now, buffer: () => buffer, random: () => 0.5 };
  const noRenewal = async () => Object.assign(assert.fail("no renewal was expected"));
  delivery = new Delivery(start, { ...tools, renew: renew ?? noRenewal });
  return { fetch, delivery };
}

/** Load like hls.js; `result` is filled when a callback is called. */
function load(url, { type = "media-fragment", responseType = "arraybuffer", frag, ...context } = {}) {
  const Loader = loaderFor(delivery);
  const loader = new Loader({});
  const result = { loader };
  const about = type === "media-fragment" ? { frag: frag ?? { duration: 4, type: "main" } } : {};
  const policy = { maxTimeToFirstByteMs: 9000, maxLoadTimeMs: 20_000 };
  const record = (name) => (...args) => Object.assign(result, { outcome: name, args, calls: (result.calls ?? 0) + 1 });
  loader.load({ url, type, responseType, ...about, ...context }, { loadPolicy: policy }, {
    onSuccess: (response, stats, ctx) => record("success")(response, stats, ctx) && (result.response = response),
    onError: (error) => record("error")(error) && (result.error = error),
    onTimeout: record("timeout"),
    onAbort: record("abort"),
  });
  return result;
}

function assertWhole(result, expected = WHOLE) {
  assert.equal(result.outcome, "success");
  assert.deepEqual(new Uint8Array(result.response.data), expected);
}

const nodesAsked = ({ calls }) => calls.map(({ node }) => node);

test("a healthy node is asked once, and hls.js is told the logical URL", async () => {
  const { fetch } = session(({ range }) => serve(WHOLE, range));
  const result = load(segmentUrl("n1"));
  await settle();
  assertWhole(result);
  assert.equal(result.response.url, segmentUrl("n1"));
  assert.equal(result.response.code, 200);
  assert.deepEqual(nodesAsked(fetch), ["n1"]);
  assert.equal(fetch.calls[0].init.credentials, "omit");
});

test("any node's URL is fetched from the best node, with the token of now", async () => {
  const { fetch } = session(({ range }) => serve(WHOLE, range));
  load(segmentUrl("shield", "v720/3.m4s", "ancient"));
  await settle();
  const [address, query] = fetch.calls[0].url.split("?");
  assert.equal(address, segmentUrl("n1", "v720/3.m4s", "old"));
  assert.equal(decodeURIComponent(query), 'CMCD=dl=30000,nor="4.m4s",ot=v');
});

test("a refused connection costs no time and hls.js hears nothing of it", async () => {
  const { fetch } = session(({ node, range }) => (node === "n1" ? { refuse: true } : serve(WHOLE, range)));
  const result = load(segmentUrl("n1"));
  await settle();
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n2"]);
  assert.equal(delivery.nodes.active, "n2");
  assert.deepEqual(delivery.switches.map(({ from, to, why }) => [from, to, why]), [["n1", "n2", "network"]]);
});

for (const status of [503, 500, 404, 410, 421, 429]) {
  test(`${status} sends the request to the next node at once`, async () => {
    const { fetch } = session(({ node, range }) => (node === "n1" ? { status } : serve(WHOLE, range)));
    const result = load(segmentUrl("n1"));
    await settle();
    assertWhole(result);
    assert.deepEqual(nodesAsked(fetch), ["n1", "n2"]);
  });
}

test("a node that never answers is left after 1.5 s", async () => {
  const { fetch } = session(({ node, range }) => (node === "n1" ? { hang: true } : serve(WHOLE, range)));
  const result = load(segmentUrl("n1"));
  await time.pass(1400);
  assert.equal(fetch.calls.length, 1);
  await time.pass(300);
  assertWhole(result);
  assert.equal(fetch.calls[0].init.signal.aborted, true, "its connection is given up");
});

test("adaptation hears of what won only, with the times of that transfer", async () => {
  session(({ node, range }) => (node === "n1" ? { hang: true } : { ...serve(WHOLE, range), pieces: [200, WHOLE] }));
  const heard = [];
  delivery.addEventListener("transfer", ({ detail }) => heard.push(detail));
  assert.ok(Number.isNaN(delivery.rateOf("n2")));
  const result = load(segmentUrl("n1"));
  await time.pass(2500);
  assertWhole(result);
  assert.equal(heard.length, 1);
  const [{ node, kind, bytes, ttfb_ms: ttfb, ms }] = heard;
  assert.deepEqual([node, kind, bytes], ["n2", "video", WHOLE.length]);
  assert.ok(ttfb + ms <= 400, `${ttfb} + ${ms} ms`);
  assert.equal(delivery.active, "n2");
  assert.equal(delivery.cap, 0);
});

test("with little in hand a silent node is hedged after a quarter of a second, and the first byte wins", async () => {
  const { fetch } = session(({ node, range }) => (node === "n1" ? { hang: true } : serve(WHOLE, range)), { buffer: 4 });
  const result = load(segmentUrl("n1"));
  await time.pass(250);
  assert.equal(fetch.calls.length, 1);
  await time.pass(100);
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n2"]);
  assert.equal(fetch.calls[0].init.signal.aborted, true);
  assert.equal(delivery.active, "n2", "audio and text follow");
  assert.equal(delivery.hedges, 1);
});

test("a hedge that loses is aborted, and nobody is blamed", async () => {
  const late = (ms) => (range) => ({ ...serve(WHOLE, range), pieces: [ms, WHOLE] });
  const slowly = { n1: late(400), n2: late(400) };
  const { fetch } = session(({ node, range }) => slowly[node](range), { buffer: 4 });
  const result = load(segmentUrl("n1"));
  await time.pass(600);
  assertWhole(result);
  assert.equal(fetch.calls[1].init.signal.aborted, true);
  assert.deepEqual(delivery.switches, []);
  for (const name of ["v720/4.m4s", "v720/5.m4s"]) load(segmentUrl("n1", name)) && (await time.pass(600));
  assert.ok(fetch.calls.length <= 5, "after two that lost there are no more");
});

test("two silent nodes in a row cost half a second", async () => {
  const { fetch } = session(({ node, range }) => (["n1", "n2"].includes(node) ? { hang: true } : serve(WHOLE, range)), {
    nodes: ["n1", "n2", "n3", "shield"],
    buffer: 4,
  });
  const result = load(segmentUrl("n1"));
  await time.pass(700);
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n2", "n3"]);
});

test("a silence in the middle of a body is hedged too, from the byte that came last", async () => {
  const stalls = { pieces: [WHOLE.slice(0, 60_000), null], headers: { "Content-Length": WHOLE.length } };
  const { fetch } = session(({ node, range }) => (node === "n1" ? stalls : serve(WHOLE, range)), { buffer: 3 });
  const result = load(segmentUrl("n1"));
  await time.pass(750);
  assertWhole(result);
  assert.deepEqual(fetch.calls.map(({ node, range }) => [node, range]), [["n1", null], ["n2", 60_000]]);
  assert.equal(delivery.resumes, 1);
});

test("a hedge goes on alone when the first node fails meanwhile", async () => {
  const { fetch } = session(
    ({ node, range }) => (node === "n1" ? { hang: true } : { ...serve(WHOLE, range), pieces: [900, WHOLE] }),
    { buffer: 4 },
  );
  const result = load(segmentUrl("n1"));
  await time.pass(1300);
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch).slice(0, 2), ["n1", "n2"]);
});

test("a file that one node has not got is fetched from the next, and the node is not punished", async () => {
  const { fetch } = session(({ node, range }) => (node === "n1" ? { status: 404 } : serve(WHOLE, range)));
  const result = load(segmentUrl("n1"));
  await settle();
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n2"]);
  assert.deepEqual(delivery.nodes.list(time.now()).map(({ state }) => state), ["healthy", "healthy", "healthy"]);
  assert.equal(delivery.active, "n2");
});

test("with little buffer it is left sooner", async () => {
  session(({ node, range }) => (node === "n1" ? { hang: true } : serve(WHOLE, range)), { buffer: 2 });
  const result = load(segmentUrl("n1"));
  await time.pass(1000);
  assertWhole(result);
});

test("a stall in the middle keeps the bytes and asks the next node for the rest", async () => {
  const half = WHOLE.slice(0, 60_000);
  const stalls = { pieces: [half, null], headers: { "Content-Length": WHOLE.length } };
  const { fetch } = session(({ node, range }) => (node === "n1" ? stalls : serve(WHOLE, range)));
  const result = load(segmentUrl("n1"));
  await time.pass(1700);
  assertWhole(result);
  assert.deepEqual(fetch.calls.map(({ node, range }) => [node, range]), [["n1", null], ["n2", 60_000]]);
  assert.equal(delivery.resumes, 1);
});

test("the bandwidth sample is that of one transfer, without the time that a dead node cost", async () => {
  const stalls = { pieces: [WHOLE.slice(0, 20_000), null], headers: { "Content-Length": WHOLE.length } };
  const rest = { ...serve(WHOLE, 20_000), pieces: [200, WHOLE.slice(20_000)] };
  session(({ node }) => (node === "n1" ? stalls : rest));
  const result = load(segmentUrl("n1"));
  await time.pass(2500);
  assertWhole(result);
  const { loaded, total, loading } = result.loader.stats;
  assert.equal(loaded, 80_000);
  assert.equal(total, 80_000);
  assert.ok(loading.end - loading.start <= 400, `${loading.end - loading.start} ms`);
  assert.ok(loading.start <= loading.first && loading.first <= loading.end);
});

test("when the next node knows no ranges the whole is fetched again", async () => {
  const stalls = { pieces: [WHOLE.slice(0, 60_000), null], headers: { "Content-Length": WHOLE.length } };
  session(({ node }) => (node === "n1" ? stalls : serve(WHOLE, null)));
  const result = load(segmentUrl("n1"));
  await time.pass(1700);
  assertWhole(result);
});

test("a range of something else is not joined to what was kept", async () => {
  const stalls = { pieces: [WHOLE.slice(0, 60_000), null], headers: { "Content-Length": WHOLE.length } };
  const other = { ...serve(segment(70_000), 60_000) };
  session(({ node, range }) => {
    if (node === "n1") return stalls;
    return range === null ? serve(WHOLE, null) : other;
  });
  const result = load(segmentUrl("n1"));
  await time.pass(1700);
  assertWhole(result);
});

test("a range that can't be satisfied drops what was kept and asks for the whole", async () => {
  const stalls = { pieces: [WHOLE.slice(0, 60_000), null], headers: { "Content-Length": WHOLE.length } };
  const { fetch } = session(({ node, range }) => {
    if (node === "n1") return stalls;
    return range === null ? serve(WHOLE, null) : { status: 416 };
  });
  const result = load(segmentUrl("n1"));
  await time.pass(1700);
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n2", "shield", "n2"]);
});

test("three nodes may each give a piece", async () => {
  const first = { pieces: [WHOLE.slice(0, 30_000), null], headers: { "Content-Length": WHOLE.length } };
  const second = { ...serve(WHOLE, 30_000), pieces: [WHOLE.slice(30_000, 70_000), null] };
  session(({ node, range }) => ({ n1: first, n2: second })[node] ?? serve(WHOLE, range));
  const result = load(segmentUrl("n1"));
  await time.pass(3500);
  assertWhole(result);
});

test("a body shorter than promised is continued elsewhere, a longer one thrown away", async () => {
  const short = { body: WHOLE.slice(0, 90_000), headers: { "Content-Length": WHOLE.length } };
  session(({ node, range }) => (node === "n1" ? short : serve(WHOLE, range)));
  const resumed = load(segmentUrl("n1"));
  await settle();
  assertWhole(resumed);
  const long = { body: segment(100_007), headers: { "Content-Length": WHOLE.length } };
  delivery.close();
  const { fetch } = session(({ node, range }) => (node === "n1" ? long : serve(WHOLE, range)));
  const again = load(segmentUrl("n1"));
  await settle();
  assertWhole(again);
  assert.equal(fetch.calls[1].range, null);
});

test("a page instead of a segment is a dead node, not a broken film", async () => {
  const page = { body: "<!doctype html>Welcome to our hotel" };
  session(({ node, range }) => (node === "n1" ? page : serve(WHOLE, range)));
  const result = load(segmentUrl("n1"));
  await settle();
  assertWhole(result);
  assert.match(delivery.switches[0].why, /content/);
});

test("a token that nodes refuse is renewed once and they are asked again", async () => {
  let renewals = 0;
  const renew = async () => ((renewals += 1), { value: "fresh", ...LIFE });
  const { fetch } = session(
    ({ url, range }) => (url.includes("/fresh/") ? serve(WHOLE, range) : { status: 403 }),
    { renew },
  );
  const results = [load(segmentUrl("n1")), load(segmentUrl("n1", "a-en/3.m4s"))];
  await settle();
  for (const result of results) assertWhole(result);
  assert.equal(renewals, 1, "audio and video share one renewal");
  assert.ok(fetch.calls.length <= 8, `${fetch.calls.length} requests`);
  assert.deepEqual(delivery.switches, [], "the nodes were right to refuse");
});

test("a node that refuses a token which another takes is left at once, whether the site answers or not", async () => {
  const { fetch } = session(
    ({ node, range }) => (node === "n1" ? { status: 403 } : serve(WHOLE, range)),
    { renew: () => new Promise(() => {}) },
  );
  const result = load(segmentUrl("n1"));
  await settle();
  assertWhole(result);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n2"]);
  assert.match(delivery.switches[0].why, /403/);
});

test("nobody waits longer than 3 s for a fresh token", async () => {
  let up = false;
  session(({ range }) => (up ? serve(WHOLE, range) : { status: 403 }), { renew: () => new Promise(() => {}) });
  const result = load(segmentUrl("n1"));
  await time.pass(2900);
  up = true;
  await time.pass(600);
  assertWhole(result);
});

test("when the control plane is away too, a refused token sends the request to the next node", async () => {
  const renew = async () => Promise.reject(new Error("down"));
  session(({ node, range }) => (node === "n1" ? { status: 403 } : serve(WHOLE, range)), { renew });
  const result = load(segmentUrl("n1"));
  await settle();
  assertWhole(result);
});

test("a session that is over is said to be lost, once, by the renewal", async () => {
  const renew = async () => Promise.reject(Object.assign(new Error("over"), { final: true, status: 403 }));
  session(() => ({ status: 403 }), { renew });
  let lost = 0;
  delivery.addEventListener("lost", () => (lost += 1));
  load(segmentUrl("n1"));
  await settle();
  assert.equal(lost, 1);
});

test("the token is renewed by itself at half of its life", async () => {
  let renewals = 0;
  session(() => ({}), { renew: async () => ((renewals += 1), { value: `fresh-${renewals}`, ...LIFE }) });
  await time.pass(449_000, 1000);
  assert.equal(delivery.token, "old");
  await time.pass(2000, 1000);
  assert.equal(delivery.token, "fresh-1");
});

test("a token that comes after its film was left is the last one asked for", async () => {
  const late = [];
  session(() => ({}), { renew: () => new Promise((resolve) => late.push(resolve)) });
  await time.pass(451_000, 1000);
  delivery.close();
  late[0]({ value: "late", ...LIFE });
  await time.pass(1_000_000, 10_000);
  assert.equal(late.length, 1);
  assert.equal(delivery.token, "old");
});

test("all nodes down, then one up: it goes on by itself", async () => {
  let up = false;
  session(({ node, range }) => (up && node === "n2" ? serve(WHOLE, range) : { refuse: true }));
  let troubles = 0;
  let calms = 0;
  delivery.addEventListener("trouble", () => (troubles += 1));
  delivery.addEventListener("calm", () => (calms += 1));
  const result = load(segmentUrl("n1"));
  await time.pass(3000);
  assert.equal(result.outcome, undefined, "not given up yet");
  assert.ok(troubles > 0);
  up = true;
  await time.pass(2500);
  assertWhole(result);
  assert.equal(calms, 1);
});

test("when every node fails for 20 s hls.js is told, once", async () => {
  const { fetch } = session(() => ({ status: 503 }));
  const result = load(segmentUrl("n1"));
  await time.pass(24_000);
  assert.equal(result.outcome, "error");
  assert.equal(result.error.code, 503);
  assert.equal(result.calls, 1);
  assert.ok(fetch.calls.length < 60, `${fetch.calls.length} requests: it must not hammer`);
});

test("when no node knows the file nobody is asked twice", async () => {
  const { fetch } = session(() => ({ status: 404 }));
  const result = load(segmentUrl("n1"));
  await settle();
  assert.equal(result.outcome, "error");
  assert.equal(result.error.code, 404);
  assert.equal(fetch.calls.length, 3);
});

test("audio leaves a dead node half a second after video found it dead", async () => {
  const { fetch } = session(({ node, range }) => (node === "n1" ? { hang: true } : serve(WHOLE, range)));
  const video = load(segmentUrl("n1"));
  await time.pass(1000);
  const audio = load(segmentUrl("n1", "a-en/3.m4s"), { frag: { duration: 4, type: "audio" } });
  await time.pass(700);
  assertWhole(video);
  assertWhole(audio);
  assert.deepEqual(nodesAsked(fetch), ["n1", "n1", "n2", "n2"]);
});

/** A node that gives `rate` bytes per second. */
function drip(rate, from = 0) {
  const pieces = [];
  for (let at = from; at < WHOLE.length; at += rate / 10) pieces.push(100, WHOLE.slice(at, at + rate / 10));
  return { ...serve(WHOLE, from || null), body: undefined, pieces };
}

test("a node that is slower than another by far is left in the middle of a segment, within a second", async () => {
  const { fetch } = session(({ node, range }) => drip(node === "n1" ? 10_000 : 100_000, range ?? 0), { buffer: 12 });
  const began = time.now();
  const result = load(segmentUrl("n1"));
  while (delivery.active === "n1" && time.now() < 5000) await time.pass(50);
  assert.ok(time.now() - began <= 1300, `${time.now() - began} ms`);
  await time.pass(1000);
  assertWhole(result);
  assert.ok(fetch.calls[1].range >= 3000, "its bytes are kept");
  assert.match(delivery.switches[0].why, /slow/);
  assert.equal(fetch.calls.length, 2);
});

test("sound follows a picture that left a slow node, without a challenge of its own", async () => {
  const { fetch } = session(({ node, range }) => drip(node === "n1" ? 10_000 : 100_000, range ?? 0), { buffer: 12 });
  const results = [load(segmentUrl("n1")), load(segmentUrl("n1", "a-en/3.m4s"), { frag: { duration: 4, type: "audio" } })];
  await time.pass(2600);
  results.forEach((result) => assertWhole(result));
  assert.deepEqual(nodesAsked(fetch), ["n1", "n1", "n2", "n2"]);
  assert.equal(delivery.nodes.list(time.now())[0].failures, 1);
});

test("when no node will bring a segment in time the engine may take a smaller one", async () => {
  session(({ node, range }) => (node === "n1" ? drip(10_000, range ?? 0) : { refuse: true }), { buffer: 4 });
  delivery.failed("n2", { kind: "network" });
  delivery.failed("shield", { kind: "network" });
  const lowered = [];
  delivery.addEventListener("lower", ({ detail }) => lowered.push(detail));
  const smallest = load(segmentUrl("n1"), { frag: { duration: 4, type: "main", level: 0 } });
  await time.pass(2000);
  assert.deepEqual(lowered, [], "there is nothing smaller");
  smallest.loader.abort();
  const result = load(segmentUrl("n1"), { frag: { duration: 4, type: "main", level: 2 } });
  await time.pass(2000);
  assert.equal(lowered.length, 1);
  assert.ok(Math.abs(lowered[0].rate - 80_000) < 16_000, `${lowered[0].rate} bit/s`);
  result.loader.abort();
  await time.pass(500);
  assert.equal(result.outcome, "abort");
});

/** A link of `rate` bytes per second that all transfers share. */
function sharedLink(rate) {
  let running = 0;
  return (from = 0) => ({
    ...serve(WHOLE, from || null),
    body: undefined,
    flow: async (enqueue, signal) => {
      running += 1;
      for (let at = from; at < WHOLE.length && !signal?.aborted; ) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const share = Math.round(rate / running / 10);
        enqueue(WHOLE.slice(at, at + share));
        at += share;
      }
      running -= 1;
    },
  });
}

test("when the viewer's own link is slow one challenge shows it: nobody is blamed and nothing moves", async () => {
  const link = sharedLink(8000);
  const { fetch } = session(({ range }) => link(range ?? 0), { nodes: ["n1", "n2"], buffer: 12 });
  const result = load(segmentUrl("n1"));
  await time.pass(16_000, 100);
  assertWhole(result);
  assert.deepEqual(delivery.switches, []);
  assert.deepEqual(delivery.nodes.list(time.now()).map(({ failures }) => failures), [0, 0]);
  assert.ok(fetch.calls.length <= 3, `${fetch.calls.length} requests`);
});

test("a node that stands still in the middle is left sooner than its limit when another one brings the rest", async () => {
  const stalls = { pieces: [WHOLE.slice(0, 60_000), null], headers: { "Content-Length": WHOLE.length } };
  session(({ node, range }) => (node === "n1" ? stalls : serve(WHOLE, range)), { buffer: 30 });
  const result = load(segmentUrl("n1"));
  await time.pass(1200);
  assertWhole(result);
});

test("an aborted request is silent ever after", async () => {
  session(() => ({ hang: true }));
  const result = load(segmentUrl("n1"));
  await settle();
  result.loader.abort();
  assert.equal(result.outcome, "abort");
  assert.equal(result.loader.stats.aborted, true);
  await time.pass(5000);
  assert.equal(result.calls, 1);
});

test("a destroyed loader calls nobody", async () => {
  session(({ range }) => ({ ...serve(WHOLE, range), pieces: [500, WHOLE] }));
  const result = load(segmentUrl("n1"));
  await settle();
  result.loader.destroy();
  await time.pass(2000);
  assert.equal(result.outcome, undefined);
  assert.equal(result.loader.getCacheAge(), null);
});

test("playlists go through the same nodes", async () => {
  const body = "#EXTM3U\n#EXTINF:4,\n0.m4s\n";
  session(({ node }) => (node === "n1" ? { status: 503 } : { body }));
  const result = load(segmentUrl("n1", "v720/index.m3u8"), { type: "level", responseType: "text" });
  await settle();
  assert.equal(result.response.data, body);
  assert.equal(result.response.url, segmentUrl("n1", "v720/index.m3u8"));
});

test("the multivariant playlist has one place to go and loses its steering tag", async () => {
  const url = "http://site.test/api/v1/playback/s/key/multivariant.m3u8";
  const { fetch } = session(() => ({ body: '#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI="x"\n#EXT-X-VERSION:7\n' }));
  const result = load(url, { type: "manifest", responseType: "text" });
  await settle();
  assert.equal(result.response.data, "#EXTM3U\n#EXT-X-VERSION:7\n");
  assert.equal(fetch.calls[0].url, url);
});

test("a content key comes from its session once, and serves every rendition then", async () => {
  const key = new Uint8Array(16).map((_, i) => i + 1);
  const address = "http://site.test/api/v1/playback/s/key/content-key";
  let away = false;
  const { fetch } = session(() => (away ? { refuse: true } : { body: key }));
  delivery.contentKeyUrl = address;
  const first = load(segmentUrl("n1", "v720/key.bin"), { type: "key" });
  await settle();
  assertWhole(first, key);
  away = true;
  const second = load(segmentUrl("n2", "a-de/key.bin"), { type: "key" });
  assert.equal(second.outcome, undefined, "the engine hears of it after its call");
  const third = load(segmentUrl("n2", "a-de/key.bin"), { type: "key" });
  third.loader.abort();
  await settle();
  assertWhole(second, key);
  assert.deepEqual([second.calls, third.outcome, third.calls], [1, "abort", 1]);
  assert.deepEqual(fetch.calls.map(({ url }) => url), [address]);
});

test("a byte range that the playlist asks for is exactly what is returned", async () => {
  const { fetch } = session(({ init }) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(init.headers.Range);
    const part = WHOLE.slice(Number(from), Number(to) + 1);
    return {
      status: 206,
      body: part,
      headers: { "Content-Length": part.length, "Content-Range": `bytes ${from}-${to}/${WHOLE.length}` },
    };
  });
  const result = load(segmentUrl("n1", "v720/key.bin"), { rangeStart: 100, rangeEnd: 300 });
  await settle();
  assertWhole(result, WHOLE.slice(100, 300));
  assert.equal(fetch.calls[0].init.headers.Range, "bytes=100-299");
});

test("a page that slept judges nobody by the time it slept", async () => {
  const { fetch } = session(({ range }) => ({ ...serve(WHOLE, range), pieces: [1200, WHOLE] }));
  const result = load(segmentUrl("n1"));
  await settle();
  await time.pass(1100);
  time.sleep(30_000);
  await time.pass(200);
  assertWhole(result);
  assert.equal(fetch.calls.length, 1);
});

test("a node whose penalty has ended is probed past the browser's cache, and forgiven", async () => {
  let broken = true;
  const { fetch } = session(({ node, range }) => (node === "n1" && broken ? { status: 503 } : serve(WHOLE, range)));
  load(segmentUrl("n1"));
  await settle();
  assert.equal(delivery.nodes.state("n1", time.now()), "penalised");
  broken = false;
  await time.pass(12_000, 250);
  const probe = fetch.calls.find(({ init }) => init.cache === "no-store");
  assert.equal(probe.node, "n1");
  assert.equal(probe.init.headers.Range, "bytes=0-65535");
  assert.equal(delivery.nodes.state("n1", time.now()), "healthy");
  assert.equal(delivery.nodes.active, "n2", "nobody is moved for it");
});

test("a probe takes little of the line from a film with little in hand, and nothing when a stall is near", async () => {
  for (const [buffer, range] of [[4, "bytes=0-16383"], [1.5, undefined]]) {
    let broken = true;
    const { fetch } = session(({ node, range }) => (node === "n1" && broken ? { status: 503 } : serve(WHOLE, range)), { buffer });
    load(segmentUrl("n1"));
    await settle();
    broken = false;
    await time.pass(12_000, 250);
    assert.equal(fetch.calls.find(({ init }) => init.cache === "no-store")?.init.headers.Range, range);
    delivery.close();
  }
});

test("what this page itself is late by is no node's silence, up to half a second", async () => {
  for (const [step, moved] of [[50, true], [100, false]]) {
    const { fetch } = session(({ node, range }) => (node === "n1" ? { hang: true } : serve(WHOLE, range)), { buffer: 30 });
    load(segmentUrl("n1"));
    await time.pass(1700, step);
    assert.equal(fetch.calls.some(({ node }) => node === "n2"), moved, `ticks every ${step} ms`);
    await time.pass(500, step);
    assert.ok(fetch.calls.some(({ node }) => node === "n2"), `ticks every ${step} ms, later`);
  }
});

test("a probe that fails doubles the penalty", async () => {
  session(({ node, range }) => (node === "n1" ? { hang: true } : serve(WHOLE, range)));
  load(segmentUrl("n1"));
  await time.pass(14_000);
  assert.equal(delivery.nodes.state("n1", time.now()), "penalised");
  assert.equal(delivery.nodes.list(time.now())[0].failures, 2);
});

test("a node that says it is near its limit keeps this segment and loses the next, with the chance that it names", async () => {
  const moved = [];
  const asks = (share) => ({ node, range }) => {
    const answer = serve(WHOLE, range);
    return node === "n1" ? { ...answer, headers: { ...answer.headers, "CMSD-Dynamic": `"n1";du${share}` } } : answer;
  };
  for (const share of [";com.netflixlite-share=0.4", ";com.netflixlite-share=0.6", ""]) {
    const { fetch } = session(asks(share));
    delivery.addEventListener("switch", ({ detail }) => moved.push(detail.why));
    for (const name of ["v720/3.m4s", "v720/4.m4s"]) {
      const result = load(segmentUrl("n1", name));
      await settle();
      assertWhole(result);
    }
    // The die of these tests always shows 0.5.
    assert.deepEqual(nodesAsked(fetch), share.includes("0.4") ? ["n1", "n1"] : ["n1", "n2"]);
    delivery.close();
  }
  assert.deepEqual(moved, ["asked to", "asked to"]);
});

test("a node in duress may let us wait a quarter of what we have in hand before it counts as silent", async () => {
  const waits = [];
  for (const duress of [false, true]) {
    const { fetch } = session(
      ({ node, range, url }) => {
        if (node === "n1" && url.includes("/4.m4s")) return { hang: true };
        const answer = serve(WHOLE, range);
        const hint = { "CMSD-Dynamic": '"n1";du;com.netflixlite-share=0.1' };
        return node === "n1" && duress ? { ...answer, headers: { ...answer.headers, ...hint } } : answer;
      },
      { buffer: 24 },
    );
    load(segmentUrl("n1", "v720/3.m4s"));
    await settle();
    const began = time.now();
    const result = load(segmentUrl("n1", "v720/4.m4s"));
    for (let step = 0; step < 200 && nodesAsked(fetch).length < 3; step += 1) await time.pass(100);
    await settle();
    assertWhole(result);
    assert.equal(nodesAsked(fetch).at(-1), "n2");
    waits.push(time.now() - began);
    delivery.close();
  }
  assert.ok(waits[0] <= 1700, `${waits[0]} ms`);
  assert.ok(waits[1] >= 6000 && waits[1] <= 8000, `${waits[1]} ms: a quarter of 24 s more`);
});
