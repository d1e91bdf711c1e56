import assert from "node:assert/strict";
import { test } from "node:test";

import { Answers, step } from "../../static/js/lib/answers.js";

test("an answer is remembered for a minute, and the oldest makes room", () => {
  let now = 0;
  const answers = new Answers(() => now);
  answers.set("night", "<p>");
  assert.equal(answers.get("night"), "<p>");
  assert.equal(answers.get("nigh"), "");
  now = 61_000;
  assert.equal(answers.get("night"), "");
  for (let number = 0; number < 41; number += 1) answers.set(String(number), "x");
  assert.equal(answers.get("0"), "");
  assert.equal(answers.get("40"), "x");
});

test("an empty answer is none", () => {
  const answers = new Answers(() => 0);
  answers.set("a", "<p>");
  answers.set("a", "");
  assert.equal(answers.get("a"), "");
});

// Two people, three cards under them, one line of speech at the foot.
const place = (link, left, top, width = 100, height = 60) => ({ link, box: { left, top, width, height } });
const page = [place("ann", 0, 0), place("bob", 120, 0), place("one", 0, 200, 200, 112), place("two", 220, 200, 200, 112), place("three", 440, 200, 200, 112), place("said", 0, 400, 400, 60)];

test("arrows lead to what stands there", () => {
  const from = (link, key) => step(page, link, `Arrow${key}`);
  assert.equal(from("ann", "Right"), "bob");
  assert.equal(from("bob", "Right"), undefined);
  assert.equal(from("bob", "Down"), "one");
  assert.equal(from("one", "Right"), "two");
  assert.equal(from("three", "Right"), undefined);
  assert.equal(from("three", "Down"), "said");
  assert.equal(from("said", "Up"), "one");
  assert.equal(from("ann", "Up"), undefined);
  assert.equal(from("ann", "Left"), undefined);
  assert.equal(step(page, "nobody", "ArrowUp"), undefined);
});
