// To which nodes a browser connects before anything is asked of them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { originsOf, preconnect } from "../../static/js/player/preconnect.js";

const SITE = "https://films.test";
const nodes = (...bases) => bases.map((base_url, place) => ({ id: `n${place}`, base_url, rank: place + 1 }));

/** As much of a page as links need. */
function page() {
  const links = [];
  const head = { querySelectorAll: () => links, append: (link) => links.push(link) };
  const createElement = () => {
    const link = { dataset: {}, remove: () => links.splice(links.indexOf(link), 1) };
    return link;
  };
  return { links, head, createElement, location: { origin: SITE } };
}

test("the two best nodes are connected to, by rank and each once, and never the site itself", () => {
  const [one, two, three] = nodes("https://a.test:8101", "https://b.test/base", "https://c.test");
  assert.deepEqual(originsOf([three, two, one], SITE), ["https://a.test:8101", "https://b.test"]);
  assert.deepEqual(originsOf(nodes("https://a.test", "https://a.test/other", "https://b.test"), SITE), ["https://a.test"]);
  assert.deepEqual(originsOf(nodes("https://a.test", SITE), SITE), ["https://a.test"]);
  assert.deepEqual(originsOf(undefined, SITE), []);
});

test("connections are made as segments are fetched, once for each node, and old ones are let go", () => {
  const shown = page();
  preconnect(nodes("https://a.test", "https://b.test"), shown);
  preconnect(nodes("https://b.test", "https://a.test"), shown);
  assert.deepEqual(shown.links.map(({ rel, href, crossOrigin }) => [rel, href, crossOrigin]), [
    ["preconnect", "https://a.test", "anonymous"],
    ["preconnect", "https://b.test", "anonymous"],
  ]);
  preconnect(nodes("https://c.test", "https://d.test"), shown);
  preconnect(nodes("https://e.test", "https://f.test"), shown);
  assert.deepEqual(shown.links.map(({ href }) => href), ["https://c.test", "https://d.test", "https://e.test", "https://f.test"]);
});
