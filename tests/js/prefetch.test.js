// Which film is had ready on a page: the one of the title that is open, or the one that somebody rests on.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { videoOf } from "../../static/js/lib/links.js";
import { Prefetch } from "../../static/js/lib/prefetch.js";
import { fakeTime } from "./helpers.js";

const WATCH = "/watch/00000000-0000-0000-0000-000000000000/";
const [HERO, CARD, OTHER] = ["1", "2", "3"].map((digit) => WATCH.slice(7, -1).replaceAll("0", digit));

function link(video) {
  const found = { origin: "http://site.test", pathname: `/watch/${video}/`, closest: (wish) => (wish === "a[href]" ? found : null) };
  return found;
}

describe("a link to the cinema", () => {
  beforeEach(() => (globalThis.location = { origin: "http://site.test" }));
  afterEach(() => delete globalThis.location);

  it("is told from all others", () => {
    assert.equal(videoOf(link(HERO), WATCH), HERO);
    assert.equal(videoOf({ origin: "http://elsewhere.test", pathname: `/watch/${HERO}/` }, WATCH), null);
    assert.equal(videoOf({ origin: "http://site.test", pathname: "/watch/something/" }, WATCH), null);
    assert.equal(videoOf({ origin: "http://site.test", pathname: "/title/x/" }, WATCH), null);
    assert.equal(videoOf(null, WATCH), null);
  });
});

describe("having a film ready", () => {
  let time, asked, listeners, page;
  beforeEach(() => {
    time = fakeTime();
    asked = [];
    listeners = {};
    page = { hero: link(HERO), connection: {} };
    globalThis.location = { origin: "http://site.test" };
    globalThis.document = {
      hidden: false,
      documentElement: { clientWidth: 1280, clientHeight: 720 },
      addEventListener: (type, handler) => (listeners[type] = handler),
      querySelector: () => page.hero,
    };
    Object.defineProperty(globalThis, "navigator", { value: page, configurable: true });
    globalThis.fetch = async (_, init) => {
      const wish = JSON.parse(init.body);
      asked.push(`${wish.prepare ? "prepare" : "open"} ${wish.video[0]}`);
      await new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(new Error("aborted"))));
    };
  });
  afterEach(() => {
    time.end();
    for (const name of ["location", "document", "fetch"]) delete globalThis[name];
  });

  function listen() {
    const prefetch = new Prefetch({ sessionUrl: "/sessions", watchUrl: WATCH, csrf: "x", load: () => {} });
    prefetch.listen();
    return prefetch;
  }
  const rest = (target) => listeners.pointerover({ target: target ?? { closest: () => null }, pointerType: "mouse" });

  it("is the title's that is open, wherever the pointer passes", async () => {
    listen();
    rest(null);
    await time.pass(3000);
    assert.deepEqual(asked, ["prepare 1"]);
  });

  it("is a card's on which somebody rests, not passes; then the title's again", async () => {
    listen();
    rest(link(CARD));
    await time.pass(100);
    rest(link(OTHER));
    await time.pass(300);
    assert.deepEqual(asked, ["prepare 1", "prepare 3"]);
    rest(null);
    await time.pass(1600);
    assert.deepEqual(asked.slice(2), ["prepare 1"]);
  });

  it("is at once what is pressed, and none on a touch that only scrolls over", async () => {
    page.hero = null;
    listen();
    listeners.pointerover({ target: link(CARD), pointerType: "touch" });
    await time.pass(500);
    assert.deepEqual(asked, []);
    listeners.pointerdown({ target: link(CARD) });
    await time.pass(50);
    assert.deepEqual(asked, ["prepare 2"]);
  });

  it("is none on a line that costs, but what is played is asked for at once", async () => {
    page.connection = { type: "cellular" };
    const prefetch = listen();
    await time.pass(500);
    assert.deepEqual(asked, []);
    assert.equal(prefetch.take(HERO).videoId, HERO);
    await time.pass(100);
    assert.deepEqual(asked, ["open 1"]);
    rest(link(CARD));
    await time.pass(500);
    assert.deepEqual(asked.length, 1);
  });

  it("is handed over when it is played, and given up when another film is", async () => {
    const prefetch = listen();
    await time.pass(100);
    assert.equal(prefetch.take(HERO).videoId, HERO);
    assert.deepEqual(asked, ["prepare 1"]);
  });

  it("is not begun once more when somebody comes back to the tab in which it plays", async () => {
    const prefetch = listen();
    await time.pass(100);
    prefetch.take(HERO);
    document.hidden = true;
    listeners.visibilitychange();
    document.hidden = false;
    listeners.visibilitychange();
    await time.pass(2000);
    assert.deepEqual(asked, ["prepare 1"]);
    prefetch.resume();
    prefetch.look();
    await time.pass(100);
    assert.deepEqual(asked, ["prepare 1", "prepare 1"]);
  });
});
