import assert from "node:assert/strict";
import { test } from "node:test";
import { Alone } from "../../static/js/player/alone.js";

test("an episode that came by itself is watched by nobody until something is touched", () => {
  let now = 0;
  const alone = new Alone(() => now);
  alone.begin(false);
  assert.equal(alone.now, false);
  alone.begin(true);
  assert.equal(alone.now, true);
  now = 9 * 60_000;
  alone.touch();
  assert.equal(alone.now, false);
});

test("who comes after ten minutes has not seen them, and what is chosen then is", () => {
  let now = 0;
  const alone = new Alone(() => now);
  alone.begin(true);
  now = 11 * 60_000;
  alone.touch();
  assert.equal(alone.now, true);
  alone.begin(false);
  assert.equal(alone.now, false);
});
