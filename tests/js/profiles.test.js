// The PIN pad's keys, and how a profile likes films to play.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countdown, dots, keyFrom, next, typed } from "../../static/js/lib/pin.js";
import { tasteOf } from "../../static/js/player/taste.js";
import { Preferences } from "../../static/js/player/ui/prefs.js";

test("digits are typed up to the longest PIN, and taken back", () => {
  assert.equal(typed("", "2", 8), "2");
  assert.equal(typed("12345678", "9", 8), "12345678");
  assert.equal(typed("25", "Backspace", 8), "2");
  assert.equal(typed("", "Backspace", 8), "");
  assert.equal(typed("2x5", "8", 8), "258");
});

test("only digits and taking back are the pad's keys", () => {
  assert.deepEqual(["7", "Backspace", "Delete", "a", "Enter", "F5"].map((key) => keyFrom({ key })), ["7", "Backspace", "Backspace", "", "", ""]);
});

test("there are as many dots as the shortest PIN, and more as they are typed", () => {
  assert.deepEqual(dots(2, 4), [true, true, false, false]);
  assert.equal(dots(6, 4).length, 6);
});

test("arrows walk over a pad of twelve keys and off it", () => {
  assert.equal(next(-1, "ArrowDown", 12, 3), 4);
  assert.equal(next(-1, "ArrowUp", 12, 3), null);
  assert.equal(next(4, "ArrowUp", 12, 3), 1);
  assert.equal(next(1, "ArrowUp", 12, 3), null);
  assert.equal(next(0, "ArrowLeft", 12, 3), null);
  assert.equal(next(2, "ArrowRight", 12, 3), null);
  assert.equal(next(7, "ArrowDown", 12, 3), 10);
  assert.equal(next(10, "ArrowDown", 12, 3), null);
  assert.equal(next(4, "Home", 12, 3), null);
});

test("waiting is told in seconds, and in minutes when it is long", () => {
  const words = { seconds: "in {n} s", minutes: "in {n} min" };
  assert.equal(countdown(30, words), "in 30 s");
  assert.equal(countdown(3600, words), "in 60 min");
});

test("a profile's taste is read from the page, whatever stands there", () => {
  const said = tasteOf('{"next":false,"saver":"on","skips":"auto","look":{"size":"large","edge":7,"x":"y"}}');
  assert.deepEqual(said, { next: false, saver: "on", skips: "auto", look: { size: "large" } });
  for (const text of [undefined, "", "null", "[]", "{", '{"saver":"maybe"}']) {
    assert.deepEqual(tasteOf(text), { next: true, saver: "", skips: "ask", look: {} });
  }
});

test("the browser's own wish to save data comes before the profile's", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const preferences = new Preferences(storage, { saver: "on" });
  assert.equal(preferences.get("saver"), "on");
  assert.equal(preferences.all.saver, "");
  preferences.set("saver", "off");
  assert.equal(new Preferences(storage, { saver: "on" }).get("saver"), "off");
});
