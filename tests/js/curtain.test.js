// The cinema's own page: the picture first, then the player.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { drawn } from "../../static/js/lib/curtain.js";
import { fakeTime } from "./helpers.js";

describe("the picture before the player", () => {
  let time, frames;
  beforeEach(() => {
    time = fakeTime();
    frames = [];
    globalThis.document = { hidden: false };
    globalThis.requestAnimationFrame = (then) => frames.push(then);
  });
  afterEach(() => {
    time.end();
    for (const name of ["document", "requestAnimationFrame"]) delete globalThis[name];
  });

  /** What `drawn` has come to, without waiting for it. */
  function asked(image) {
    const told = { done: false };
    drawn(image).then(() => (told.done = true));
    return told;
  }

  it("is waited for until it is painted", async () => {
    const image = Object.assign(new EventTarget(), { complete: false });
    const told = asked(image);
    await time.pass(100);
    image.dispatchEvent(new Event("load"));
    await time.pass(10);
    assert.equal(told.done, false);
    frames.pop()();
    await time.pass(10);
    assert.equal(told.done, true);
  });

  it("is not waited for where there is none, where nobody looks, or when it takes too long", async () => {
    const slow = asked(Object.assign(new EventTarget(), { complete: false }));
    const none = asked(null);
    document.hidden = true;
    const unseen = asked(Object.assign(new EventTarget(), { complete: false }));
    await time.pass(100);
    assert.deepEqual([slow.done, none.done, unseen.done], [false, true, true]);
    await time.pass(2000);
    assert.equal(slow.done, true);
  });
});
