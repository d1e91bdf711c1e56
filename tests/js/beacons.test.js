// Reports while the site is away: kept, merged when there are many, sent later by whoever may.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Beacons } from "../../static/js/player/beacons.js";
import { Kept } from "../../static/js/player/kept.js";
import { aged, merged, Outbox, QUEUE } from "../../static/js/player/outbox.js";
import { Shelf } from "../../static/js/player/shelf.js";
import { fakeTime, settle } from "./helpers.js";

const WHERE = { session: "s1", profile: "ada", beacon: "http://site.test/beacon", close: "http://site.test/close" };
const DAY = 86_400_000;

/** localStorage as far as the shelf uses it. */
function storage() {
  const items = {};
  const hidden = (name, value) => Object.defineProperty(items, name, { value, enumerable: false });
  hidden("getItem", (name) => items[name] ?? null);
  hidden("setItem", (name, value) => (items[name] = String(value)));
  hidden("removeItem", (name) => delete items[name]);
  return items;
}

/** A shelf with no IndexedDB: what is put is kept by its last words, which is enough for these stories. */
class Board extends Shelf {
  records = new Map();
  put(record) {
    this.records.set(record.session, structuredClone(record));
    return Promise.resolve();
  }
  putNow(record) {
    this.records.set(record.session, structuredClone(record));
  }
  remove(session) {
    this.records.delete(session);
    return Promise.resolve();
  }
  all() {
    return Promise.resolve([...this.records.values()]);
  }
}

function site() {
  const seen = [];
  const state = { down: false, status: 200, answer: { ok: true, state: "active" }, seen };
  state.fetch = async (url, { body }) => {
    if (state.down) throw new TypeError("Failed to fetch");
    seen.push({ url, ...JSON.parse(body) });
    return { status: state.status, ok: state.status < 300, json: async () => state.answer };
  };
  return state;
}

let time;
let position;
let heard;
beforeEach(() => {
  time = fakeTime();
  position = 0;
  heard = [];
});
afterEach(() => time.end());

function beacons(world, shelf, more = {}) {
  const facts = () => ({ position: (position += 10), watched: 10, samples: [] });
  const send = (url, body) => world.fetch(url, { body }).catch(() => {}) && true;
  const tools = { facts, shelf, fetch: world.fetch, onAnswer: (answer) => heard.push(answer), now: time.now, send };
  return new Beacons(WHERE, { ...tools, ...more });
}

/** A player whose site has gone, with one report that waits. */
async function cutOff() {
  const world = site();
  const shelf = new Board();
  const one = beacons(world, shelf);
  world.down = true;
  one.beat("interval");
  await settle();
  return { world, shelf, one };
}

test("two reports as one: the later word, the sum of what was watched", () => {
  const older = { at: 1, position: 5, watched: 5.5, stalls: 1, samples: [{ node: "n1", ok: 2, failures: 1, bps: 9 }] };
  const newer = {
    at: 2, position: 9, watched: 4, stalls: 2,
    samples: [{ node: "n1", ok: 1, failures: 0, bps: 7 }, { node: "n2", ok: 1, failures: 0, bps: 5 }],
  };
  assert.deepEqual(merged(older, newer), {
    at: 2, position: 9, watched: 9.5, stalls: 2,
    samples: [{ node: "n1", ok: 3, failures: 1, bps: 7 }, { node: "n2", ok: 1, failures: 0, bps: 5 }],
  });
});

test("the outbox is bounded, and nothing that was watched is lost by that", () => {
  const box = new Outbox();
  for (let i = 1; i <= 500; i += 1) box.add({ at: i, position: i, watched: 1 });
  assert.equal(box.size, QUEUE);
  assert.equal(box.items.at(-1).position, 500);
  assert.equal(box.items.reduce((sum, { watched }) => sum + watched, 0), 500);
});

test("a report says how old it is, by the clock that made it; a clock that was set back makes it new", () => {
  assert.deepEqual(aged({ at: 1000, position: 1 }, 61_500), { position: 1, age: 60.5 });
  assert.deepEqual(aged({ at: 1000, position: 1 }, 1400), { position: 1 });
  assert.deepEqual(aged({ at: 9000, position: 1 }, 1000), { position: 1 });
});

test("what could not be sent is kept, and goes with the next report, oldest first and in few requests", async () => {
  const world = site();
  const shelf = new Board();
  const one = beacons(world, shelf);
  one.start(10);
  await time.pass(10_000);
  assert.deepEqual(world.seen.map((it) => it.position), [10]);
  world.down = true;
  await time.pass(200_000);
  assert.equal(one.waiting, 20);
  assert.equal(shelf.records.get("s1").reports.length, 20, "also for the next page");
  world.down = false;
  await time.pass(10_000);
  assert.equal(one.waiting, 0);
  assert.equal(shelf.records.size, 0);
  const later = world.seen.slice(1);
  assert.ok(later.length <= 3, `${later.length} requests`);
  const reports = later.flatMap((it) => it.reports ?? [it]);
  assert.deepEqual(reports.map((it) => it.position), Array.from({ length: 21 }, (_, i) => 20 + 10 * i));
  assert.equal(reports[0].age, 200);
  assert.equal(reports.at(-1).age, undefined, "the newest is of now");
  assert.equal(heard.length, 2, "what the site says to old reports is not about now");
  one.stop();
});

test("an overloaded site is asked again, a refusal is not", async () => {
  const world = site();
  const shelf = new Board();
  const one = beacons(world, shelf);
  world.status = 503;
  one.beat("interval");
  await settle();
  assert.equal(one.waiting, 1);
  world.status = 404;
  one.beat("interval");
  await settle();
  assert.equal(one.waiting, 0);
});

test("a page that is closed while the site is away leaves its last position and its goodbye", async () => {
  const { world, shelf, one } = await cutOff();
  one.close("pagehide", { leaving: true });
  await settle();
  const kept = shelf.records.get("s1");
  assert.deepEqual(kept.reports.map((it) => [it.position, it.event]), [[10, "interval"], [20, "pagehide"]]);
  assert.equal(kept.closing, true);
  one.beat("interval");
  await settle();
  assert.equal(shelf.records.get("s1").reports.length, 2, "after its end it says nothing");

  await time.pass(60_000);
  world.down = false;
  await new Kept(shelf, "ben", { fetch: world.fetch, now: time.now }).send();
  assert.equal(world.seen.length, 0, "another profile sends nothing of it");
  await new Kept(shelf, "ada", { fetch: world.fetch, now: time.now }).send();
  assert.equal(world.seen[0].url, WHERE.close);
  assert.deepEqual(world.seen[0].reports.map((it) => [it.position, it.kept, it.age]), [[10, true, 60], [20, true, 60]]);
  assert.equal(shelf.records.size, 0);
});

test("the browser was killed: its reports are sent, silence ends the session", async () => {
  const { world, shelf, one } = await cutOff();
  one.stop(); // and nothing more
  world.down = false;
  await time.pass(60_000);
  await new Kept(shelf, "ada", { fetch: world.fetch, now: time.now }).send();
  assert.deepEqual(world.seen.map((it) => [it.url, it.position]), [[WHERE.beacon, 10]]);
});

test("while the site stays away it is asked again, not too often, and the record stays", async () => {
  const world = site();
  const shelf = new Board();
  await shelf.put({ ...WHERE, reports: [{ at: 0, position: 7 }], closing: true, at: 0 });
  await time.pass(60_000);
  world.down = true;
  const kept = new Kept(shelf, "ada", { fetch: world.fetch, now: time.now });
  await kept.send();
  assert.equal(shelf.records.size, 1);
  world.down = false;
  await time.pass(31_000);
  assert.deepEqual(world.seen.map((it) => it.position), [7]);
  assert.equal(shelf.records.size, 0);
});

/** The browser's locks, as far as they are used. */
function fakeLocks() {
  const held = new Set();
  return {
    held,
    async request(name, options, work = options) {
      if (held.has(name)) {
        if (options.ifAvailable) return work(null);
        throw new DOMException("held", "NotSupportedError");
      }
      held.add(name);
      return Promise.resolve(work({ name })).finally(() => held.delete(name));
    },
  };
}

test("a session that another tab plays is left to that tab, until it is closed or crashes", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  const locks = fakeLocks();
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  try {
    const world = site();
    const shelf = new Board();
    const playing = beacons(world, shelf);
    world.down = true;
    playing.beat("interval");
    await settle();
    world.down = false;
    const other = new Kept(shelf, "ada", { fetch: world.fetch, now: time.now });
    await other.send();
    assert.equal(world.seen.length, 0);
    assert.equal(shelf.records.size, 1, "it is kept for the tab that plays");
    locks.held.clear(); // that tab crashed
    await time.pass(31_000);
    assert.deepEqual(world.seen.map((it) => [it.position, it.kept]), [[10, true]]);
    assert.equal(shelf.records.size, 0);
    assert.equal(locks.held.size, 0);
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete globalThis.navigator;
  }
});

test("closing within the page: it is kept only if it did not arrive", async () => {
  const world = site();
  const shelf = new Board();
  let left = 0;
  const one = beacons(world, shelf, { onLeft: () => (left += 1) });
  one.close("left");
  await settle();
  assert.deepEqual(world.seen.map((it) => [it.url, it.event]), [[WHERE.close, "left"]]);
  assert.equal(shelf.records.size, 0);
  world.down = true;
  const two = beacons(world, shelf, { onLeft: () => (left += 1) });
  two.close("left");
  await settle();
  assert.equal(shelf.records.get("s1").closing, true);
  assert.equal(left, 2);
});

test("a session that the site has closed is heard of once, and told nothing more", async () => {
  const world = site();
  const shelf = new Board();
  world.answer = { state: "closed", reason: "silent" };
  const one = beacons(world, shelf);
  one.start(10);
  await time.pass(10_000);
  one.retire();
  await time.pass(60_000);
  assert.equal(world.seen.length, 1);
  assert.deepEqual(heard, [world.answer]);
});

test("the shelf keeps last words by session, forgets what is old, and believes nothing it did not write", async () => {
  const box = storage();
  const shelf = new Shelf({ factory: null, storage: box });
  const record = (session, at) => ({ ...WHERE, session, reports: [{ at, position: 1 }], closing: true, at });
  shelf.putNow(record("old", 0));
  shelf.putNow(record("new", 8 * DAY));
  box["netflixlite.last.bad"] = "{";
  box["netflixlite.last.odd"] = '{"session": "odd", "reports": 3}';
  box["something else"] = "stays";
  assert.deepEqual((await shelf.all(8 * DAY)).map(({ session }) => session), ["new"]);
  assert.deepEqual(Object.keys(box).sort(), ["netflixlite.last.new", "something else"]);
  await shelf.remove("new");
  assert.deepEqual(await shelf.all(8 * DAY), []);
  for (let i = 0; i < 50; i += 1) shelf.putNow(record(`s${i}`, 8 * DAY + i));
  assert.equal((await shelf.all(8 * DAY + 60)).length, 20);
  assert.equal(Object.keys(box).length, 21);
});

test("a browser that forbids storage keeps nothing, and nothing breaks by it", async () => {
  const refuse = () => {
    throw new DOMException("denied", "SecurityError");
  };
  const shelf = new Shelf({ factory: { open: refuse }, storage: { setItem: refuse, getItem: refuse, removeItem: refuse } });
  shelf.putNow({ ...WHERE, reports: [], at: 1 });
  await shelf.put({ ...WHERE, reports: [], at: 1 });
  assert.deepEqual(await shelf.all(1), []);
  await shelf.remove("s1");
});
