import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { Delivery } from "../../static/js/player/delivery.js";
import { loaderFor } from "../../static/js/player/loader.js";
import { fakeFetch, fakeTime, listed, segment, segmentUrl, serve, settle } from "./helpers.js";

const LIFE = { issuedAt: 0, expiresAt: 900_000 };
const TABLE = "http://site.test/s/key/segments/{rendition}.json";
const RIGHT = segment(100_000);
const WRONG = RIGHT.map((byte, i) => (i < 60_000 ? byte : byte ^ 255));
let time;
let delivery;

const begin = (bytes) => createHash("sha256").update(bytes).digest().subarray(0, 16);
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
/** A table of four segments, all alike. */
const table = () => ({
  sizes: Array(4).fill(RIGHT.length),
  digests: base64(Buffer.concat(Array(4).fill(begin(RIGHT)))),
});

beforeEach(() => (time = fakeTime()));
afterEach(() => {
  delivery?.close();
  time.end();
});

function session(behave, { buffer = 30, heads, digest, tables = () => ({ body: JSON.stringify(table()) }) } = {}) {
  const fetch = fakeFetch((call) => (call.url.includes("/segments/") ? tables() : behave(call)));
  const start = { nodes: listed("n1", "n2", "shield"), token: { value: "old", ...LIFE }, segments: TABLE, heads };
  const renew = async () => assert.fail("no renewal was expected");
  delivery = new Delivery(start, { fetch, now: time.now, buffer: typeof buffer === "function" ? buffer : () => buffer, random: () => 0.5, renew, ...(digest && { digest }) });
  return fetch;
}

function load(url = segmentUrl("n1"), level = 0) {
  const loader = new (loaderFor(delivery))({});
  const result = { loader };
  const context = { url, type: "media-fragment", responseType: "arraybuffer", frag: { duration: 4, type: "main", level } };
  loader.load(context, { loadPolicy: {} }, {
    onSuccess: (response) => Object.assign(result, { outcome: "success", data: new Uint8Array(response.data) }),
    onError: (error) => Object.assign(result, { outcome: "error", error }),
  });
  return result;
}

/** Digests are made beside this thread: wait for them too. */
async function until(fact) {
  for (let i = 0; i < 3000 && !fact(); i += 1) await settle();
}

async function ended(result) {
  await until(() => result.outcome);
  assert.deepEqual([result.outcome, result.data?.length], ["success", RIGHT.length]);
  assert.deepEqual(result.data, RIGHT);
}

const media = (fetch) => fetch.calls.filter(({ url }) => !url.includes("/segments/")).map(({ node }) => node);

test("wrong bytes never reach the decoder, and cost their node the longest penalty", async () => {
  const fetch = session(({ node, range }) => serve(node === "n1" ? WRONG : RIGHT, range));
  const failures = [];
  delivery.addEventListener("failure", ({ detail }) => failures.push(detail.kind));
  await ended(load());
  assert.deepEqual(media(fetch), ["n1", "n2"]);
  assert.equal(failures[0], "corrupt");
  assert.equal(delivery.corrupt, 1);
  assert.equal(delivery.nodes.state("n1", time.now() + 250_000), "penalised");
  assert.equal(delivery.nodes.order(time.now()).at(-1), "n1");
  assert.equal(delivery.estimates.take("steering").find(({ node }) => node === "n1").corrupt, 1);
});

test("a segment that was wrong and would come too late again makes way for a smaller one", async () => {
  for (const [buffer, wanted] of [[3, 0], [1, 1]]) {
    const drip = (bytes) => ({ pieces: Array.from({ length: 10 }, (_, i) => [100, bytes.slice(i * 10_000, (i + 1) * 10_000)]).flat(), headers: { "Content-Length": bytes.length } });
    // Made at once, for time goes by here while digests are made.
    const digest = async (bytes) => createHash("sha256").update(bytes).digest();
    session(({ node }) => drip(node === "n1" ? WRONG : RIGHT), { buffer, digest });
    const lowered = [];
    delivery.addEventListener("lower", ({ detail }) => lowered.push(detail));
    await delivery.tables.load("v720");
    const result = load(segmentUrl("n1"), 2);
    for (let i = 0; i < 60 && !result.outcome; i += 1) await time.pass(50);
    await ended(result);
    assert.equal(lowered.length, wanted, `${buffer} s in hand`);
    if (wanted) assert.equal(lowered[0].remaining, RIGHT.length);
    delivery.close();
  }
});

test("a file of another size is not even begun", async () => {
  const fetch = session(({ node, range }) => serve(node === "n1" ? segment(90_000) : RIGHT, range));
  await delivery.tables.load("v720");
  await ended(load());
  assert.deepEqual(media(fetch), ["n1", "n2"]);
});

test("a picture that has not begun does not wait for its table, and what was not proved then is proved later", async () => {
  let buffer = 0;
  session(({ node, range }) => serve(node === "n1" ? WRONG : RIGHT, range), { buffer: () => buffer });
  const tainted = [];
  delivery.addEventListener("tainted", ({ detail }) => tainted.push(detail));
  const first = load();
  await until(() => first.outcome);
  assert.deepEqual(first.data, WRONG, "nothing was known");
  buffer = 3;
  load(segmentUrl("n1", "v720/2.m4s"));
  await until(() => tainted.length);
  assert.deepEqual(tainted.map(({ node, path }) => [node, path.split("/").at(-1)]), [["n1", "3.m4s"]]);
  assert.equal(delivery.active, "n2");
});

test("the first picture is proved by the digests that came with the session", async () => {
  const heads = { v720: { first: 2, digests: base64(Buffer.concat([begin(RIGHT), begin(RIGHT)])) } };
  const fetch = session(({ node, range }) => serve(node === "n1" ? WRONG : RIGHT, range), {
    buffer: 0,
    heads,
    tables: () => ({ hang: true }),
  });
  await ended(load());
  assert.deepEqual(media(fetch), ["n1", "n2"]);
});

test("a segment that two nodes shared is fetched anew, and then it is known who was wrong", async () => {
  const stalls = { pieces: [RIGHT.slice(0, 50_000), null], headers: { "Content-Length": RIGHT.length } };
  const broken = RIGHT.map((byte, i) => (i < 50_000 ? byte : byte ^ 255));
  let whole = false;
  const fetch = session(({ node, range }) => {
    if (node === "n1") return whole ? serve(RIGHT, range) : ((whole = true), stalls);
    return serve(node === "n2" ? broken : RIGHT, range);
  });
  await delivery.tables.load("v720");
  const result = load();
  for (let i = 0; i < 80 && !result.outcome; i += 1) await time.pass(100);
  await ended(result);
  assert.equal(delivery.nodes.list(time.now()).find(({ id }) => id === "n2").why, "wrong bytes");
  assert.notEqual(delivery.nodes.list(time.now()).find(({ id }) => id === "n1").why, "wrong bytes");
  assert.ok(media(fetch).length >= 3);
});

test("without the site's table playback goes on", async () => {
  const fetch = session(({ range }) => serve(RIGHT, range), { tables: () => ({ hang: true }) });
  const result = load();
  await time.pass(600);
  await ended(result);
  assert.deepEqual(media(fetch), ["n1"]);
});

test("a node that sent wrong bytes is forgiven when it proves right ones, not when it answers", async () => {
  let lies = true;
  session(({ node, range }) => serve(node === "n1" && lies ? WRONG : RIGHT, range));
  await ended(load());
  await time.pass(302_000, 1000);
  await until(() => delivery.nodes.list(time.now())[0].failures === 2);
  assert.equal(delivery.nodes.list(time.now())[0].failures, 2, "its probe was wrong too");
  lies = false;
  await time.pass(302_000, 1000);
  await until(() => delivery.nodes.state("n1", time.now()) === "healthy");
  assert.equal(delivery.nodes.state("n1", time.now()), "healthy");
});
