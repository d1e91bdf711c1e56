// What moves on pages by itself: whether it may, which stretch of a film, which moment of a card.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { coverOf, momentAt, screensOf } from "../../static/js/lib/moments.js";
import { mayMove } from "../../static/js/lib/moving.js";
import { choicesOf } from "../../static/js/lib/panels.js";
import { codecOf, durationsOf, pictureOf, stretchOf } from "../../static/js/lib/preview.js";

describe("a page", () => {
  const may = (facts) => mayMove({ taste: '{"previews":true}', calm: false, connection: {}, ...facts });

  it("moves for who has nothing against it", () => {
    assert.equal(may({}), true);
    assert.equal(may({ taste: undefined, connection: undefined }), true);
    assert.equal(may({ taste: "spoilt" }), true);
  });

  it("keeps still for every reason that there is", () => {
    assert.equal(may({ calm: true }), false);
    assert.equal(may({ taste: '{"previews":false}' }), false);
    assert.equal(may({ taste: '{"saver":"on"}' }), false);
    assert.equal(may({ connection: { saveData: true } }), false);
    assert.equal(may({ connection: { type: "cellular" } }), false);
    assert.equal(may({ connection: { effectiveType: "3g" } }), false);
    assert.equal(may({ taste: '{"saver":"off"}', connection: { saveData: true } }), true, "the profile has said no to saving");
  });
});

describe("the stretch of a film", () => {
  const film = (count, size = () => 1000) => [Array(count).fill(4), Array.from({ length: count }, (_, i) => size(i))];

  it("is in the quiet part, where even its least segment shows something", () => {
    const [durations, sizes] = film(100, (i) => (i < 30 ? 1000 : i === 33 ? 10 : 2000));
    const found = stretchOf(durations, sizes);
    assert.equal(found.count, 6);
    assert.ok(found.first >= 34 && found.first + found.count <= 55, JSON.stringify(found));
  });

  it("keeps out of openings, recaps and credits, and not out of chapters", () => {
    const [durations, sizes] = film(100);
    const markers = [
      { kind: "intro", start: 40, end: 120 },
      { kind: "chapter", start: 120, end: 400 },
    ];
    assert.ok(stretchOf(durations, sizes, markers).first >= 30);
  });

  it("is shorter in a short film, and there is none in a very short one", () => {
    const [durations, sizes] = film(15);
    const found = stretchOf(durations, sizes);
    assert.ok(found.count >= 2 && found.first >= 2 && (found.first + found.count) * 4 <= 33, JSON.stringify(found));
    assert.equal(stretchOf(...film(3)), null);
    assert.equal(stretchOf([], []), null);
  });

  it("is read from a playlist, in a picture that the line bears", () => {
    assert.deepEqual(durationsOf("#EXTM3U\n#EXTINF:4.000,\n0.m4s\n#EXTINF:2.5,\n1.m4s\n"), [4, 2.5]);
    const pictures = [
      { name: "v1080", height: 1080, bandwidth: 2_000_000 },
      { name: "v360", height: 360, bandwidth: 400_000 },
      { name: "v720", height: 720, bandwidth: 1_500_000 },
    ];
    assert.equal(pictureOf(pictures, 20e6).name, "v720");
    assert.equal(pictureOf(pictures, 1e6).name, "v360");
    assert.equal(pictureOf(pictures, 1e3).name, "v360");
    assert.equal(pictureOf([], 1e6), null);
  });

  it("tells the decoder what H.264 it is, and nothing of others", () => {
    const init = new Uint8Array([0, 0, 0, 60, ...Buffer.from("avcC"), 1, 0x64, 0x00, 0x1f, 0xff, 0xe1]);
    assert.equal(codecOf(init), "avc1.64001f");
    assert.equal(codecOf(new Uint8Array([0, 0, 0, 20, ...Buffer.from("av1C"), 1, 2, 3, 4])), "");
  });
});

describe("the moments of a card", () => {
  it("come one after the other, and round again", () => {
    assert.deepEqual(momentAt(0, 4), { index: 0, share: 0 });
    assert.equal(momentAt(950, 4).index, 1);
    assert.deepEqual(momentAt(3600, 4), { index: 0, share: 0 });
    assert.ok(Math.abs(momentAt(1800, 4).share - 0.5) < 1e-9);
  });

  it("fill the card whatever their shape", () => {
    assert.deepEqual(coverOf({ width: 240, height: 100 }, { width: 320, height: 180 }), {
      x: (240 - 100 * (320 / 180)) / 2, y: 0, width: 100 * (320 / 180), height: 100,
    });
    assert.deepEqual(coverOf({ width: 240, height: 135 }, { width: 320, height: 180 }), { x: 0, y: 0, width: 240, height: 135 });
  });
});

describe("a row", () => {
  it("says how many screens it has and which is seen", () => {
    assert.deepEqual(screensOf(0, 1000, 1002), { screens: 0, at: 0 });
    assert.deepEqual(screensOf(0, 1000, 3100), { screens: 3, at: 0 });
    assert.deepEqual(screensOf(2100, 1000, 3100), { screens: 3, at: 2 });
    assert.deepEqual(screensOf(60, 1000, 1100), { screens: 2, at: 1 });
    assert.deepEqual(screensOf(0, 0, 0), { screens: 0, at: 0 });
  });
});

describe("what opens under a card", () => {
  it("leads where the card says", () => {
    const watch = "/watch/00000000-0000-0000-0000-000000000000/";
    const choices = (card, link) => choicesOf({ title: "t", ...card }, link, watch);
    assert.deepEqual(choices({}, "/title/night/"), {
      play: null, remove: null, more: "/title/night/", why: "/title/night/why/", listed: false, match: null,
    });
    assert.deepEqual(choices({ video: "v", listed: "", match: "93" }, "/title/night/"), {
      play: "/watch/v/", remove: null, more: "/title/night/", why: "/title/night/why/", listed: true, match: 93,
    });
    assert.deepEqual(choices({ video: "v", removable: "", page: "/title/night/" }, "/watch/v/"), {
      play: "/watch/v/", remove: "v", more: "/title/night/", why: "/title/night/why/", listed: false, match: null,
    });
    assert.equal(choices({ play: "/title/series/play/" }, "/title/series/").play, "/title/series/play/");
  });
});
