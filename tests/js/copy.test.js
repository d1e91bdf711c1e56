// How far a copy of somebody's data is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { news } from "../../static/js/elements/nl-copy.js";

const copy = (more) => ({ id: "a", progress: 0, ready_at: null, problem: "", ...more });

test("waiting goes on while a copy is being made, and shows how far it is", () => {
  assert.deepEqual(news([copy({ progress: 0.416 })], "a"), { percent: 42, over: false });
});

test("waiting ends with the copy, with its failure, and when it is no longer there", () => {
  assert.deepEqual(news([copy({ progress: 1, ready_at: "2026-01-01T00:00:00Z" })], "a"), { percent: 100, over: true });
  assert.equal(news([copy({ problem: "no room" })], "a").over, true);
  assert.equal(news([copy()], "b").over, true);
});
