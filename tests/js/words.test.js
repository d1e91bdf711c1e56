import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import {
  forget, gettext, interpolate, language, learn, locale, ngettext, number, pgettext,
} from "../../static/js/lib/words.js";

afterEach(forget);

test("English needs no words", () => {
  assert.equal(language(), "en");
  assert.equal(gettext("Play"), "Play");
  assert.equal(pgettext("verb", "Play"), "Play");
  assert.deepEqual([0, 1, 2].map((n) => ngettext("film", "films", n)), ["films", "film", "films"]);
});

test("a language that was learnt is spoken, and English where a word is missing", () => {
  learn("de", { Play: "Abspielen", "verb\u0004Play": "Spielen", film: ["Film", "Filme"], Empty: "" });
  assert.equal(gettext("Play"), "Abspielen");
  assert.equal(pgettext("verb", "Play"), "Spielen");
  assert.equal(gettext("Pause"), "Pause");
  assert.equal(gettext("Empty"), "Empty");
  assert.equal(gettext("film"), "Film");
  assert.deepEqual([0, 1, 2].map((n) => ngettext("film", "films", n)), ["Filme", "Film", "Filme"]);
});

test("plurals follow the language's own rule", () => {
  const form = (n) => (n === 0 ? 0 : n === 1 ? 1 : n === 2 ? 2 : n % 100 >= 3 && n % 100 <= 10 ? 3 : n % 100 >= 11 ? 4 : 5);
  learn("ar", { film: ["none", "one", "two", "few", "many", "other"] }, form);
  assert.deepEqual([0, 1, 2, 7, 11, 100].map((n) => ngettext("film", "films", n)), ["none", "one", "two", "few", "many", "other"]);
});

test("values go to their names, wherever the language puts them", () => {
  assert.equal(interpolate("Season %(season)s, episode %(episode)s", { season: 2, episode: 5 }), "Season 2, episode 5");
  assert.equal(interpolate("%(b)s before %(a)s, 100% sure, %(gone)s", { a: 0, b: "x" }), "x before 0, 100% sure, %(gone)s");
});

test("numbers are written as the language does, with the digits of the pages", () => {
  assert.equal(number(1234.5).replaceAll(/\D/g, ""), "12345");
  learn("de", {});
  assert.match(number(1234.5), /^1.234,5$/);
  learn("ar", {});
  assert.match(number(1234.5), /^[0-9.,]+$/);
  assert.match(locale(), /^ar(-[A-Z]{2})?-u-nu-latn$/);
});
