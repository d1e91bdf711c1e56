import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Line } from "../../static/js/lib/line.js";
import { Live } from "../../static/js/lib/live.js";
import { fakeTime, settle } from "./helpers.js";

/** The site's end of a browser's lines. */
class Site {
  lines = [];

  connect = (url) => {
    const line = new EventTarget();
    Object.assign(line, { url, open: true, close: () => (line.open = false) });
    this.lines.push(line);
    return line;
  };

  get line() {
    return this.lines.at(-1);
  }

  say(kind, said = {}, id = "") {
    const event = new Event(kind);
    this.line.dispatchEvent(Object.assign(event, { data: JSON.stringify(said), lastEventId: String(id) }));
  }

  hello(id = 1, more = {}) {
    this.say("hello", { profile: "ada", whole: true, held: true, ...more }, id);
  }
}

/** A browser's tabs: one lock, one channel. */
class Browser {
  tabs = [];
  #queue = [];
  #held = false;

  locks = {
    request: (_name, { signal }, hold) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        this.#queue.push(async () => {
          if (signal.aborted) return;
          this.#held = true;
          await hold();
          this.#held = false;
          resolve();
        });
        this.#next();
      }),
  };

  async #next() {
    while (!this.#held && this.#queue.length) await this.#queue.shift()();
  }

  open(site, made, { locks = this.locks } = {}) {
    const told = { news: [], missed: 0, profiles: [] };
    const channel = new EventTarget();
    channel.postMessage = (data) => {
      for (const tab of this.tabs) {
        if (tab.channel !== channel) tab.channel.dispatchEvent(Object.assign(new Event("message"), { data }));
      }
    };
    const live = new Live("/live/", made, {
      locks,
      channel,
      connect: site.connect,
      now: () => 0,
      onNews: (news) => told.news.push(news.n),
      onMissed: () => (told.missed += 1),
      onProfile: (profile) => told.profiles.push(profile),
    });
    const tab = { live, told, channel };
    this.tabs.push(tab);
    live.start();
    return tab;
  }
}

const listen = (site, known, told = []) => {
  const tools = {
    connect: site.connect,
    chance: () => 0.5,
    onNews: (news, id) => told.push([news.topic, id]),
    onHello: (hello, id) => told.push(["hello", id]),
    onGone: () => told.push(["gone"]),
  };
  const line = new Line("/live/", known, tools);
  line.open();
  return line;
};

let time;
beforeEach(() => (time = fakeTime()));
afterEach(() => time.end());

test("a line that breaks goes on after what was heard, later and later while the site is away", async () => {
  const site = new Site();
  const told = [];
  listen(site, { since: 1700 }, told);
  assert.equal(site.line.url, "/live/?since=1700");
  site.hello(4);
  site.say("news", { topic: "list" }, 7);
  const opened = [];
  for (let i = 0; i < 4; i += 1) {
    site.say("error");
    const from = time.now();
    const before = site.lines.length;
    while (site.lines.length === before) await time.pass(250, 250);
    opened.push(time.now() - from);
  }
  assert.deepEqual(opened, [1000, 2000, 5000, 10_000]);
  assert.ok(site.lines.slice(1).every(({ url }) => url === "/live/?after=7"));
  assert.deepEqual(told, [["hello", 4], ["list", 7]]);
  assert.deepEqual(site.lines.map(({ open }) => open), [false, false, false, false, true]);
});

test("a line that says nothing for too long is opened anew, one that beats is not", async () => {
  const site = new Site();
  listen(site, { since: 1 });
  site.hello();
  for (let i = 0; i < 5; i += 1) {
    await time.pass(20_000, 1000);
    site.say("beat");
  }
  assert.equal(site.lines.length, 1);
  await time.pass(51_000, 1000);
  assert.equal(site.lines.length, 2);
});

test("a server that holds no lines is asked every quarter of a minute, not after each end as after an error", async () => {
  const site = new Site();
  listen(site, { since: 1 });
  site.hello(3, { held: false });
  site.say("error");
  await time.pass(14_000, 1000);
  assert.equal(site.lines.length, 1);
  await time.pass(2000, 1000);
  assert.equal(site.line.url, "/live/?after=3");
});

test("who is asked to show anew who they are does so at once, and gives up when nobody is signed in", async () => {
  const site = new Site();
  const told = [];
  listen(site, { since: 1 }, told);
  site.hello();
  site.say("again");
  await time.pass(1000, 100);
  assert.equal(site.lines.length, 2);
  site.say("gone");
  await time.pass(120_000, 1000);
  assert.equal(site.lines.length, 2);
  assert.deepEqual(told.at(-1), ["gone"]);
});

test("a browser has one line, and all its tabs hear what comes on it, once", async () => {
  const [site, browser] = [new Site(), new Browser()];
  const one = browser.open(site, 100);
  const two = browser.open(site, 101);
  await settle();
  assert.equal(site.lines.length, 1);
  site.hello();
  site.say("news", { n: 1 }, 2);
  site.say("news", { n: 1 }, 2);
  assert.deepEqual([one.told.news, two.told.news], [[1], [1]]);
  assert.deepEqual([one.told.profiles, two.told.profiles], [["ada"], ["ada"]]);
});

test("when the tab with the line goes, the next has it, from what it heard last", async () => {
  const [site, browser] = [new Site(), new Browser()];
  const one = browser.open(site, 100);
  const two = browser.open(site, 101);
  await settle();
  site.hello(1);
  site.say("news", { n: 1 }, 5);
  one.live.stop();
  await settle();
  assert.equal(site.lines.length, 2);
  assert.deepEqual([site.lines[0].open, site.line.url], [false, "/live/?after=5"]);
  site.hello(6);
  site.say("news", { n: 2 }, 6);
  assert.deepEqual(two.told.news, [1, 2]);
});

test("a page that was made before something happened hears of it from the tab that has the line", async () => {
  const [site, browser] = [new Site(), new Browser()];
  browser.open(site, 100);
  await settle();
  site.hello(1);
  site.say("news", { n: 1 }, 2);
  const late = browser.open(site, 100.5);
  assert.deepEqual([late.told.news, late.told.profiles, late.told.missed], [[1], ["ada"], 0]);
  assert.equal(site.lines.length, 1);
});

test("a tab that knows less than anybody can repeat looks at everything anew", async () => {
  const [site, browser] = [new Site(), new Browser()];
  browser.open(site, 100);
  await settle();
  site.hello(50);
  const old = browser.open(site, 20);
  assert.deepEqual([old.told.missed, old.told.news], [1, []]);
  const [first] = browser.tabs;
  site.hello(900, { whole: false });
  assert.deepEqual([first.told.missed, old.told.missed], [1, 2]);
});

test("a tab that comes back is told what it missed, and no more", async () => {
  const [site, browser] = [new Site(), new Browser()];
  const one = browser.open(site, 100);
  const two = browser.open(site, 100);
  await settle();
  site.hello(1);
  site.say("news", { n: 1 }, 2);
  browser.tabs.pop();
  two.live.stop();
  site.say("news", { n: 2 }, 3);
  browser.tabs.push(two);
  two.live.start();
  await settle();
  assert.deepEqual([two.told.news, two.told.missed], [[1, 2], 0]);
  assert.deepEqual(one.told.news, [1, 2]);
});

test("a browser without locks has a line for each tab", async () => {
  const [site, browser] = [new Site(), new Browser()];
  browser.open(site, 100, { locks: null });
  browser.open(site, 100, { locks: null });
  assert.equal(site.lines.length, 2);
});

test("signing out and another profile reach every tab", async () => {
  const [site, browser] = [new Site(), new Browser()];
  browser.open(site, 100);
  const two = browser.open(site, 100);
  await settle();
  site.hello(1);
  site.hello(2, { profile: "ben" });
  site.say("gone");
  assert.deepEqual(two.told.profiles, ["ada", "ben", ""]);
});
