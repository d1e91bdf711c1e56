import assert from "node:assert/strict";
import { test } from "node:test";

import { Hearing, wordsOf } from "../../static/js/player/hearing.js";

/** A site that gives these answers in order, and then never another; and what was waited for in between. */
function site(...answers) {
  const told = { asked: 0, waits: [], words: [] };
  let now = 0;
  const tools = {
    now: () => now,
    wait: async (ms) => void told.waits.push(ms),
    fetch: async (_url, { signal }) => {
      told.asked += 1;
      const next = answers.shift();
      if (!next) return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      now += next.held ?? 0;
      if (next.error) throw new TypeError("the site is away");
      return { ok: (next.status ?? 200) < 400, status: next.status ?? 200, json: async () => next.word };
    },
    onWord: (word) => told.words.push(word),
  };
  return { told, tools };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
const ACTIVE = { state: "active" };
const OVER = { state: "closed", reason: "owner", message: "Stopped by the account's owner." };

test("a held question is asked again at once, and the word is passed on", async () => {
  const { told, tools } = site({ word: ACTIVE, held: 25_000 }, { word: OVER, held: 3000 });
  new Hearing("/news", tools).start();
  await settled();
  assert.deepEqual(told.words, [{ reason: "owner", message: OVER.message }]);
  assert.deepEqual(told.waits, []);
  assert.equal(told.asked, 2);
});

test("a server that does not hold the question is asked every few seconds", async () => {
  const { told, tools } = site({ word: ACTIVE }, { word: ACTIVE }, { word: OVER });
  new Hearing("/news", tools).start();
  await settled();
  assert.deepEqual(told.waits, [4000, 4000]);
  assert.equal(told.words.length, 1);
});

test("while the site is away it is asked less and less often", async () => {
  const away = [{ error: true }, { status: 503 }, { error: true }];
  const { told, tools } = site(...away, { word: ACTIVE, held: 25_000 }, { error: true });
  const hearing = new Hearing("/news", tools);
  hearing.start();
  await settled();
  assert.deepEqual(told.waits, [2000, 4000, 8000, 2000]);
  hearing.stop();
});

test("a session that the site does not know is not asked about again", async () => {
  const { told, tools } = site({ status: 404 }, { word: OVER });
  new Hearing("/news", tools).start();
  await settled();
  assert.deepEqual([told.asked, told.words], [1, []]);
});

test("nothing is heard after stopping", async () => {
  const { told, tools } = site();
  const hearing = new Hearing("/news", tools);
  hearing.start();
  hearing.stop();
  hearing.start();
  await settled();
  assert.deepEqual([told.asked, told.words], [1, []]);
});

test("the time of the end is the viewer's", () => {
  const word = { ...OVER, message_at: "Stopped by the account's owner at {time}.", at: "2026-03-01T20:04:00Z" };
  assert.match(wordsOf(word, "en-GB"), /^Stopped by the account's owner at \d\d:\d\d\.$/);
  assert.equal(wordsOf(OVER), OVER.message);
  assert.equal(wordsOf({ ...word, at: "never" }), OVER.message);
});
