// Where an arrow leads, by where things stand; and when it is a control's own.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { rowsOf, sheetsOf } from "../../static/js/lib/letters.js";
import { kindOf, leaves, nextPlace, STEPS } from "../../static/js/lib/spatial.js";

const at = (name, left, top, width = 100, height = 60) => ({ name, box: { left, top, right: left + width, bottom: top + height } });
const next = (from, places, key) => nextPlace(from.box, places, STEPS[key])?.name;

describe("an arrow", () => {
  const grid = [at("a1", 0, 0), at("a2", 120, 0), at("b1", 0, 80), at("b2", 120, 80), at("c2", 130, 160)];

  it("leads to the neighbour on the line, and to the nearest line", () => {
    assert.equal(next(grid[0], grid, "ArrowRight"), "a2");
    assert.equal(next(grid[1], grid, "ArrowLeft"), "a1");
    assert.equal(next(grid[0], grid, "ArrowDown"), "b1");
    assert.equal(next(grid[3], grid, "ArrowDown"), "c2");
    assert.equal(next(grid[4], grid, "ArrowUp"), "b2");
  });

  it("leads nowhere at the edge", () => {
    assert.equal(next(grid[0], grid, "ArrowLeft"), undefined);
    assert.equal(next(grid[0], grid, "ArrowUp"), undefined);
    assert.equal(next(grid[4], grid, "ArrowRight"), undefined, "nothing on that line");
  });

  it("takes a short line in between rather than one that lies straight ahead behind it", () => {
    const places = [at("short", 0, 100), at("long", 900, 400)];
    assert.equal(next(at("from", 900, 0), places, "ArrowDown"), "short");
  });

  it("reaches a wide thing from a narrow one and back", () => {
    const wide = at("wide", 0, 100, 1000, 200);
    assert.equal(next(at("x", 700, 0), [wide], "ArrowDown"), "wide");
    assert.equal(next(wide, [at("x", 700, 0), at("y", 450, 0)], "ArrowUp"), "y");
  });

  it("does not take what contains or overlaps it for something ahead", () => {
    assert.equal(next(at("x", 10, 10, 80, 40), [at("outer", 0, 0, 120, 90)], "ArrowDown"), undefined);
  });
});

describe("a control", () => {
  const right = STEPS.ArrowRight;
  const down = STEPS.ArrowDown;

  it("is known by what it is", () => {
    assert.equal(kindOf({ tagName: "A" }), "plain");
    assert.equal(kindOf({ tagName: "INPUT", type: "search" }), "text");
    assert.equal(kindOf({ tagName: "INPUT", type: "range" }), "slide");
    assert.equal(kindOf({ tagName: "INPUT", type: "radio" }), "choice");
    assert.equal(kindOf({ tagName: "SELECT" }), "list");
    assert.equal(kindOf({ tagName: "TEXTAREA" }), "area");
  });

  it("keeps its arrows for who came otherwise, and lets go who came by arrows", () => {
    for (const kind of ["choice", "list"]) {
      assert.equal(leaves(kind, down, { came: false }), false);
      assert.equal(leaves(kind, down, { came: true }), true);
    }
    assert.equal(leaves("slide", right, { came: true }), false);
    assert.equal(leaves("slide", down, { came: true }), true);
  });

  it("lets the caret go to the end of its text before it lets go", () => {
    const text = { came: false, value: "night" };
    assert.equal(leaves("text", right, { ...text, from: 2, to: 2 }), false);
    assert.equal(leaves("text", right, { ...text, from: 5, to: 5 }), true);
    assert.equal(leaves("text", STEPS.ArrowLeft, { ...text, from: 0, to: 0 }), true);
    assert.equal(leaves("text", right, { ...text, from: 0, to: 5 }), false, "a selection");
    assert.equal(leaves("text", down, { ...text, from: 2, to: 2 }), true);
    assert.equal(leaves("area", down, { ...text, from: 2, to: 2 }), false);
    assert.equal(leaves("text", right, { came: false, value: "" }), true);
    assert.equal(leaves("text", right, { came: false, value: "a@b", from: null, to: null }), false);
  });
});

describe("letters on the screen", () => {
  it("are those of the language, with a to z and signs beside them", () => {
    assert.deepEqual(sheetsOf("en"), ["latin", "signs"]);
    assert.deepEqual(sheetsOf("ar"), ["own", "latin", "signs"]);
    assert.ok(rowsOf("latin", "de-AT").at(-1).includes("ß"));
    assert.ok(rowsOf("own", "hi").join("").includes("क"));
    assert.ok(rowsOf("signs", "ar").join("").includes("@"));
    assert.deepEqual(rowsOf("own", "en"), rowsOf("latin", "en"));
  });
});
