import assert from "node:assert/strict";
import { test } from "node:test";
import { cuesOf, drawable, fetchCues, wordsUrl } from "../../static/js/player/cues.js";
import { isForeign, keysOf, knownLanguages, partsOf, pick, textFor, wishOf } from "../../static/js/player/tracks.js";
import { activeAt, nextChange } from "../../static/js/player/ui/captions.js";
import { hourly, languageName, qualityChoices, qualityName, rateName, trackNames } from "../../static/js/player/ui/names.js";

const track = (id, language, more = {}) => ({ id, language, label: "", ...more });
const TEXTS = [
  track(0, "en"),
  track(1, "en", { sdh: true }),
  track(2, "en", { forced: true }),
  track(3, "de"),
  track(4, "pt-BR"),
  track(5, "en", { label: "Director" }),
];

test("a wish is a key that other films' tracks have too", () => {
  assert.deepEqual(keysOf(TEXTS), ["en", "en:sdh", "en:forced", "de", "pt-BR", "en#2"]);
  assert.deepEqual(keysOf([track(0, "en", { described: true }), track(1, "")]), ["en:description", "und"]);
  assert.deepEqual(partsOf("en:sdh#3"), { language: "en", kind: "sdh", place: 3 });
  for (const bad of ["", "off", "en:loud", "<b>", undefined, "a".repeat(40)]) {
    assert.equal(partsOf(bad)?.kind ?? null, bad === "off" ? "" : null, String(bad)); // "off" could be a language
  }
});

test("the nearest track of a film is taken, and a few forced lines are never taken for subtitles", () => {
  const cases = [
    ["en", 0],
    ["en:sdh", 1],
    ["en:forced", 2],
    ["en#2", 5],
    ["en-GB", 0],
    ["pt", 4],
    ["pt-PT:sdh", 4],
    ["de:sdh", 3],
    ["fr", -1],
    ["off", -1],
    ["", -1],
  ];
  for (const [key, id] of cases) assert.equal(pick(TEXTS, key), id, key);
  assert.equal(pick([track(0, "en", { forced: true })], "en"), -1);
  assert.equal(pick([track(0, "en", { sdh: true })], "en"), 0, "better these than none");
});

test("subtitles when the sound is foreign, and forced ones without being asked", () => {
  const show = (wish, language, known = ["en"]) => textFor(wish, { tracks: TEXTS, audio: language && { language }, known });
  assert.equal(show("foreign", "ja"), 0, "in the viewer's language");
  assert.equal(show("foreign", "ja", ["hi", "de"]), 3, "in the next one that there is");
  assert.equal(show("foreign", "en"), 2, "the passages that are not in English");
  assert.equal(show("foreign", "en-GB"), 2);
  assert.equal(show("foreign", "und"), -1, "a language that nobody has named");
  assert.equal(show("forced", "en"), 2);
  assert.equal(show("", "en"), 2, "who never said anything");
  assert.equal(show("forced", "ja"), -1);
  assert.equal(show("off", "en"), -1);
  assert.equal(show("de", "en"), 3);
  assert.equal(show("fr", "en"), -1);
  assert.equal(isForeign("", ["en"]), false);
});

test("the site's word of a title comes before the browser's", () => {
  const kept = { audio: "fr", text: "de", second: "en" };
  const preferences = { get: (name) => kept[name] };
  assert.deepEqual(wishOf(null, preferences), kept);
  assert.deepEqual(wishOf({ choice: { audio: "ja", text: "", second: "" } }, preferences), { ...kept, audio: "ja" });
  assert.deepEqual(wishOf({ choice: { audio: "", text: "off", second: "" } }, preferences), { audio: "fr", text: "off", second: "" });
  assert.deepEqual(knownLanguages({ documentElement: { lang: "hi" } }, { languages: ["en-GB", "hi"] }), ["hi", "en-GB"]);
});

test("tracks are named in the viewer's language, with what sets them apart", () => {
  const named = trackNames([
    track(0, "en", { label: "English", channels: 2 }),
    track(1, "en", { label: "English (SDH)", sdh: true }),
    track(2, "de", { label: "Deutsch", channels: 6 }),
    track(3, "en", { label: "Audio description", described: true }),
    track(4, "en", { label: "With the director" }),
    track(5, "und", { label: "Original" }),
    track(6, "und", { label: "Commentary" }),
    track(7, "zh-TW", { label: "中文 (TW)" }),
    track(8, "no tag", {}),
  ]);
  assert.deepEqual(named.map(({ label, note }) => [label, note]), [
    ["English", ""],
    ["English", "Describes sounds"],
    ["German", "5.1"],
    ["English", "Audio description"],
    ["English", "With the director"],
    ["Original", ""],
    ["Commentary", ""],
    ["Chinese (Taiwan)", ""],
    ["no tag", ""],
  ]);
  assert.equal(languageName("en", "fr"), "Anglais", "a menu's words begin with a capital");
});

test("quality by its real height, and what an hour of it takes", () => {
  const levels = [240, 360, 804, 804].map((height, index) => ({ index, height, average: 1e6 * (index + 1) }));
  const fixed = qualityChoices(levels, 1, levels[1]);
  assert.deepEqual(fixed.map(({ label }) => label), ["Auto", "804p", "360p", "240p"]);
  assert.deepEqual(fixed.map(({ note }) => note), ["", "1.8 GB an hour", "900 MB an hour", "450 MB an hour"]);
  assert.deepEqual(fixed.filter(({ chosen }) => chosen).map(({ label }) => label), ["360p"]);
  assert.equal(qualityChoices(levels, -1, levels[0])[0].note, "240p");
  assert.equal(qualityName({ height: 2160 }), "4K");
  assert.equal(hourly(3.2e6), "1.4 GB an hour");
  assert.deepEqual([1, 1.25].map(rateName), ["Normal", "1.25×"]);
});

const VTT = `WEBVTT

00:00:01.000 --> 00:00:03.500
<i>One</i>
two lines

7
01:00:00.000 --> 01:00:02.000 line:0
At the top

00:05.000 --> 00:06.000
minutes alone

00:00:07.000 --> 00:00:08.000

NOTE nothing --> here
`;

test("the words of a track, as the site writes them", () => {
  const cues = cuesOf(VTT.replaceAll("\n", "\r\n"));
  assert.deepEqual(cues.map(({ start, end, text, top }) => [start, end, text, top]), [
    [1, 3.5, "<i>One</i>\ntwo lines", false],
    [3600, 3602, "At the top", true],
    [5, 6, "minutes alone", false],
  ]);
  class Cue {
    constructor(start, end, text) {
      Object.assign(this, { start, end, text });
    }
  }
  assert.deepEqual(drawable(cues, Cue).map(({ line }) => line), [undefined, 0, undefined]);
});

test("a second track comes from whichever node answers", async () => {
  const playlist = "https://n1/v1/token/0123456789abcdef0123456789abcdef/t-en/index.m3u8?x=1";
  assert.match(wordsUrl(playlist), /t-en\/0\.vtt\?x=1$/);
  const asked = [];
  const delivery = {
    order: () => ["n1", "n2"],
    url: (url, node) => url.replace("n1", node),
    fetch: async (url) => {
      asked.push(new URL(url).host);
      if (url.includes("//n1")) throw new TypeError("down");
      return new Response(VTT);
    },
  };
  assert.equal((await fetchCues(playlist, delivery)).length, 3);
  assert.deepEqual(asked, ["n1", "n2"]);
  delivery.fetch = async () => new Response("", { status: 404 });
  assert.equal(await fetchCues(playlist, delivery), null);
});

test("what is shown at a moment, and when that changes", () => {
  const cues = [[4, 6], [1, 3], [2, 5]].map(([startTime, endTime]) => ({ startTime, endTime }));
  assert.deepEqual(activeAt(cues, 2.5).map(({ startTime }) => startTime), [1, 2]);
  assert.deepEqual(activeAt(cues, 3), [cues[2]], "a cue ends before its end");
  assert.equal(nextChange(cues, 2.5), 3);
  assert.equal(nextChange(cues, 5.5), 6);
  assert.equal(nextChange(cues, 7), Infinity);
});
