// What was in view is told once, in batches.
import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_AT_ONCE, placeOf, Shown } from "../../static/js/lib/shown.js";

const card = (title_id, row = "new") => ({ row, row_place: 1, title_id, position: 0 });

test("a card of a row is told once, in another row again", () => {
  const sent = [];
  const shown = new Shown((seen) => sent.push(seen));
  shown.flush();
  shown.note(card("a"));
  shown.note(card("a"));
  shown.note(card("a", "picks"));
  shown.flush();
  shown.note(card("a"));
  shown.flush();
  assert.deepEqual(sent.map((seen) => seen.length), [2]);
});

test("a full batch goes at once", () => {
  const sent = [];
  const shown = new Shown((seen) => sent.push(seen));
  for (let n = 0; n < MOST_AT_ONCE + 3; n += 1) shown.note(card(String(n)));
  assert.deepEqual(sent.map((seen) => seen.length), [MOST_AT_ONCE]);
  shown.flush();
  assert.deepEqual(sent.map((seen) => seen.length), [MOST_AT_ONCE, 3]);
});

test("a card knows its place in its row, and its row's on the page", () => {
  const cards = [{ dataset: { title: "a" } }, { dataset: { title: "b" } }];
  const row = { dataset: { row: "new" }, querySelectorAll: () => cards };
  const shelves = { querySelectorAll: () => [{}, row] };
  for (const each of cards) each.closest = () => row;
  assert.deepEqual(placeOf(cards[1], shelves), { row: "new", row_place: 1, title_id: "b", position: 1 });
  assert.equal(placeOf({ dataset: { title: "x" }, closest: () => null }, shelves), null);
  assert.equal(placeOf({ dataset: {}, closest: () => row }, shelves), null);
});
