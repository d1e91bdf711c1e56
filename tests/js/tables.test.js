import assert from "node:assert/strict";
import { test } from "node:test";
import { Table, Tables } from "../../static/js/player/tables.js";

const digest = (seed) => new Uint8Array(16).fill(seed);
const base64 = (...parts) => Buffer.concat(parts).toString("base64");
const ANSWER = { sizes: [100, 200], digests: base64(digest(1), digest(2)), init: { size: 9, digest: base64(digest(7)) } };

test("a table knows the size and digest of each file of its rendition", () => {
  const table = new Table(ANSWER);
  assert.deepEqual(table.of("1.m4s"), { size: 200, digest: digest(2) });
  assert.deepEqual(table.of("init.mp4"), { size: 9, digest: digest(7) });
  for (const name of ["2.m4s", "-1.m4s", "index.m3u8", "x1.m4s"]) assert.equal(table.of(name), null);
  assert.equal(new Table({ sizes: [], digests: "" }).of("init.mp4"), null);
});

test("what can't be a table is refused", () => {
  for (const bad of [{}, { sizes: [0], digests: "" }, { sizes: [1, 2], digests: base64(digest(1)) }]) {
    assert.throws(() => new Table(bad));
  }
});

test("a table is fetched once, and after a failure no sooner than 5 s later", async () => {
  let now = 0;
  let up = false;
  const asked = [];
  const fetch = async (url) => {
    asked.push(url);
    return { ok: up, status: up ? 200 : 503, json: async () => ANSWER };
  };
  const tables = new Tables("http://site.test/s/key/segments/{rendition}.json", { fetch, now: () => now });
  assert.equal(await tables.load("v720"), null);
  up = true;
  assert.equal(await tables.load("v720"), null, "too soon");
  now = 5000;
  const [a, b] = await Promise.all([tables.load("v720"), tables.load("v720")]);
  assert.equal(a, b);
  assert.equal(tables.peek("v720"), a);
  assert.equal(tables.peek("v240"), null);
  assert.deepEqual(asked, Array(2).fill("http://site.test/s/key/segments/v720.json"));
});

test("a site without tables is not asked", async () => {
  const tables = new Tables(undefined, { fetch: () => assert.fail("asked"), now: () => 0 });
  assert.equal(await tables.load("v720"), null);
});
