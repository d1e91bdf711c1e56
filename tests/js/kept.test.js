// Keeping a film and playing it: what is fetched from nodes that fail, what is written down, and the player's fetch.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { test } from "node:test";

import { Downloads } from "../../static/js/offline/downloads.js";
import { Fetcher, Over } from "../../static/js/offline/fetcher.js";
import { Licences } from "../../static/js/offline/licences.js";
import { localFetch } from "../../static/js/offline/local.js";
import { described, HERE } from "../../static/js/offline/package.js";
import { BASES, listed, PACKAGE, segment } from "./helpers.js";

globalThis.crypto ??= webcrypto;
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 2, 1);
const SECRET = Buffer.alloc(32, 7).toString("base64");
const SITE = "http://site.test";
const FILES = {
  "v360/index.m3u8": "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4,\n0.m4s\n#EXTINF:4,\n1.m4s\n",
  "v360/init.mp4": segment(300),
  "v360/0.m4s": segment(5000),
  "v360/1.m4s": segment(4000),
};

/** The cellar's promises over a map. */
class Memory extends EventTarget {
  records = new Map();
  pieces = new Map();
  notes = new Map();
  all = async () => [...this.records.values()].sort((a, b) => a.at - b.at);
  get = async (id) => this.records.get(id) ?? null;
  put = async (record) => void this.records.set(record.id, record);
  patch = async (id, changes) => {
    const before = this.records.get(id);
    if (!before) return null;
    this.records.set(id, { ...before, ...changes });
    return this.records.get(id);
  };
  remove = async (id) => {
    this.records.delete(id);
    for (const key of this.pieces.keys()) if (key.startsWith(`${id} `)) this.pieces.delete(key);
  };
  clear = async () => [this.records, this.pieces, this.notes].forEach((map) => map.clear());
  putPiece = async (id, path, bytes, size) => {
    if (this.full) throw Object.assign(new Error("full"), { name: "QuotaExceededError" });
    if (!this.records.has(id)) return null;
    this.pieces.set(`${id} ${path}`, bytes);
    return this.patch(id, { got: this.records.get(id).got + size });
  };
  piece = async (id, path) => this.pieces.get(`${id} ${path}`) ?? null;
  paths = async (id) => new Set([...this.pieces.keys()].filter((key) => key.startsWith(`${id} `)).map((key) => key.slice(id.length + 1)));
  note = async (name) => this.notes.get(name);
  setNote = async (name, value) => void this.notes.set(name, value);
  deviceKey = async (make) => {
    if (!this.notes.has("key")) this.notes.set("key", await make());
    return this.notes.get("key");
  };
}

function table() {
  const parts = ["0.m4s", "1.m4s"].map((name) => FILES[`v360/${name}`]);
  const head = (bytes) => createHash("sha256").update(bytes).digest().subarray(0, 16);
  const init = FILES["v360/init.mp4"];
  return { sizes: parts.map(({ length }) => length), digests: Buffer.concat(parts.map(head)).toString("base64"), init: { size: init.length, digest: head(init).toString("base64") } };
}

/** The site and its nodes. `spoil(node, name)` may give other bytes, null (the node is dead), or undefined. */
function network({ spoil = () => undefined, site = () => undefined } = {}) {
  const asked = [];
  const fetch = async (url, init = {}) => {
    asked.push({ url, init });
    const path = new URL(url).pathname;
    const said = site(path, init);
    if (said) return said;
    if (path.endsWith("/token")) return Response.json({ value: "fresh", expires_at: new Date(Date.now() + 3_600_000), nodes: listed("n1", "n2") });
    if (path.includes("/segments/")) return Response.json(table());
    if (path.endsWith("/done")) return Response.json({ ok: true });
    const [, node] = Object.entries(BASES).map(([id, base]) => [base, id]).find(([base]) => url.startsWith(`${base}/v1/`)) ?? [];
    const name = path.split(`${PACKAGE}/`)[1];
    const spoilt = spoil(node, name);
    if (spoilt === null || !FILES[name]) throw new TypeError("Failed to fetch");
    const body = spoilt ?? FILES[name];
    return new Response(body, { headers: { "Content-Length": String(body.length) } });
  };
  return Object.assign(fetch, { asked });
}

async function kept(cellar, more = {}) {
  const about = { id: "l1", video: "v1", profile: { id: "p1", name: "Ada" } };
  const licences = new Licences(cellar, { now: () => NOW });
  const session = { ...about, package: PACKAGE, name: "Night Mail", title: "Night Mail", duration: 8, trickplay: null, playlist: "", next: null };
  const given = { secret: SECRET, expires_at: new Date(NOW + 30 * DAY).toISOString(), days: 30 };
  const record = {
    ...about,
    at: NOW,
    state: "fetching",
    bytes: 9400,
    got: 0,
    film: described(session),
    tracks: ["v360"],
    bookmark: null,
    urls: { token: `${SITE}/d/k/token`, segments: `${SITE}/d/k/segments/{rendition}.json`, contentKey: null, done: `${SITE}/d/k/done`, reports: `${SITE}/d/k/v/`, standing: `${SITE}/d/standing` },
    ...(await licences.begin(about, given, "k")),
    ...more,
  };
  await cellar.put(record);
  return { record, licences, key: await licences.keyOf(record) };
}

test("all pieces come, whichever node gives them, and what is written down is sealed", async () => {
  const cellar = new Memory();
  const { record, key } = await kept(cellar);
  const fetch = network({ spoil: (node) => (node === "n1" ? null : undefined) });
  assert.equal(await new Fetcher(record, { cellar, key, fetch }).run(), true);
  assert.deepEqual([...(await cellar.paths("l1"))].sort(), Object.keys(FILES).map((name) => `${PACKAGE}/${name}`).sort());
  const written = Buffer.from(await cellar.piece("l1", `${PACKAGE}/v360/0.m4s`));
  assert.equal(written.includes("moof"), false);
  assert.equal((await cellar.get("l1")).got, Object.values(FILES).reduce((sum, { length }) => sum + length, 0));
});

test("a node that sends other bytes is found out, and what is here is not fetched again", async () => {
  const cellar = new Memory();
  const { record, key } = await kept(cellar);
  const liar = network({ spoil: (node, name) => (node === "n1" && name.endsWith("0.m4s") ? segment(5000).reverse() : undefined) });
  assert.equal(await new Fetcher(record, { cellar, key, fetch: liar }).run(), true);
  const again = network();
  assert.equal(await new Fetcher(record, { cellar, key, fetch: again }).run(), true);
  assert.equal(again.asked.some(({ url }) => url.endsWith(".m4s")), false);
});

test("a licence that is over, and a device that is full, are told apart from a network that is away", async () => {
  const cellar = new Memory();
  const { record, key } = await kept(cellar);
  const gone = network({ site: (path) => path.endsWith("/token") && new Response(null, { status: 404 }) });
  await assert.rejects(new Fetcher(record, { cellar, key, fetch: gone }).run(), Over);
  cellar.full = true;
  await assert.rejects(new Fetcher(record, { cellar, key, fetch: network() }).run(), { name: "Error", message: "no room" });
});

test("the player's fetch gives what is here, without the network", async () => {
  const cellar = new Memory();
  const { record, licences, key } = await kept(cellar);
  await new Fetcher(record, { cellar, key, fetch: network() }).run();
  await cellar.patch("l1", { state: "complete" });
  const reports = [];
  const away = async (url, init) => {
    reports.push({ url, init });
    throw new TypeError("Failed to fetch");
  };
  const downloads = new Downloads({ cellar, licences });
  const fetch = localFetch({ downloads, profile: "p1", network: away, now: () => NOW });
  const open = (video, more = {}) => fetch("/api/v1/playback/sessions", { body: JSON.stringify({ video, ...more }) });
  const answer = await (await open("v1")).json();
  assert.equal(answer.package, PACKAGE);
  assert.equal(answer.next, null);
  const piece = await fetch(`${HERE}/v1/kept/${PACKAGE}/v360/0.m4s`, {});
  assert.deepEqual(new Uint8Array(await piece.arrayBuffer()), FILES["v360/0.m4s"]);
  const part = await fetch(`${HERE}/v1/kept/${PACKAGE}/v360/0.m4s`, { headers: { Range: "bytes=10-" } });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("Content-Range"), "bytes 10-4999/5000");
  assert.equal((await fetch(`${HERE}/v1/kept/${PACKAGE}/v720/0.m4s`)).status, 404);
  assert.equal((await open("v2")).status, 403); // not here
  assert.equal((await open("v1", { prepare: true })).status, 409);
  assert.deepEqual(reports, []);
  await assert.rejects(fetch(answer.beacon.url, { method: "POST", body: "{}" })); // reports go out, and wait when they cannot
  assert.match(reports[0].url, /^http:\/\/site\.test\/d\/k\/v\/[0-9a-f-]{36}$/);
  const other = localFetch({ downloads, profile: "p2", network: away, now: () => NOW });
  const refused = await other("/api/v1/playback/sessions", { body: JSON.stringify({ video: "v1" }) });
  assert.equal((await refused.json()).error.code, "missing"); // another profile's download is not there
});

test("after its end a download does not open, whatever the clock says then; the site's word opens it again", async () => {
  const cellar = new Memory();
  await kept(cellar, { state: "complete" });
  let now = NOW;
  const said = { k: { ended: null, secret: SECRET, expires_at: new Date(NOW + 61 * DAY).toISOString(), days: 30, message: "" } };
  const fetch = network({ site: (path) => path.endsWith("/standing") && Response.json({ licences: said }, { headers: { Date: new Date(now).toUTCString() } }) });
  const licences = new Licences(cellar, { now: () => now, fetch });
  await licences.tick();
  assert.equal(await licences.obstacle(await cellar.get("l1")), "");
  now = NOW + 31 * DAY;
  await licences.tick();
  assert.equal(await licences.obstacle(await cellar.get("l1")), "expired");
  assert.equal((await cellar.get("l1")).lease, null);
  now = NOW; // somebody sets the clock back
  assert.equal(await licences.obstacle(await cellar.get("l1")), "clock");
  await assert.rejects(licences.keyOf(await cellar.get("l1")));
  now = NOW + 31 * DAY;
  await licences.ask({ force: true });
  assert.equal(await licences.obstacle(await cellar.get("l1")), "");
  assert.ok(await licences.keyOf(await cellar.get("l1")));
});

test("what the site ends goes from the device, with the site's words", async () => {
  const cellar = new Memory();
  await kept(cellar, { state: "complete" });
  const said = { k: { ended: "withdrawn", secret: "", message: "This title is no longer available." } };
  const fetch = network({ site: (path) => path.endsWith("/standing") && Response.json({ licences: said }) });
  const gone = await new Licences(cellar, { now: () => NOW, fetch }).ask();
  assert.deepEqual(gone.map(({ message }) => message), ["This title is no longer available."]);
  assert.equal((await cellar.all()).length, 0);
  assert.equal(cellar.pieces.size, 0);
});

test("a clock's note that somebody wrote over counts as one that was set back", async () => {
  const cellar = new Memory();
  const { licences, record } = await kept(cellar, { state: "complete" });
  await licences.tick();
  await cellar.setNote("clock", new Uint8Array(40));
  assert.equal(await licences.obstacle(record), "clock");
});
