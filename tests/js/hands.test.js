import assert from "node:assert/strict";
import { test } from "node:test";

import { AWAY_MS, feelHands, lastTouched, mayMove } from "../../static/js/lib/hands.js";

function sign(type, more = {}) {
  return Object.assign(new Event(type), more);
}

test("rows in sight change for news only where nobody had the page in hand when they came, nor has since", () => {
  assert.equal(mayMove(10_000, -Infinity), true);
  assert.equal(mayMove(10_000, 10_000 - AWAY_MS - 1), true);
  assert.equal(mayMove(10_000, 10_000 - AWAY_MS + 1), false, "somebody has just pressed something here");
  assert.equal(mayMove(10_000, 10_500), false, "somebody took it up since");
  assert.equal(mayMove(-Infinity, -Infinity), false, "there were no news");
});

test("a hand is felt by what it does, not by what moves below a pointer that rests", () => {
  const page = new EventTarget();
  let now = 5;
  feelHands(page, () => now);
  assert.equal(lastTouched(), -Infinity);
  page.dispatchEvent(sign("pointermove", { movementX: 0, movementY: 0 }));
  assert.equal(lastTouched(), -Infinity);
  page.dispatchEvent(sign("pointermove", { movementX: 1, movementY: 0 }));
  assert.equal(lastTouched(), 5);
  for (const type of ["wheel", "keydown", "touchmove", "pointerdown"]) {
    now += 10;
    page.dispatchEvent(sign(type));
    assert.equal(lastTouched(), now, type);
  }
});
