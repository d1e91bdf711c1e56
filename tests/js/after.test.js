import assert from "node:assert/strict";
import { test } from "node:test";
import { After } from "../../static/js/player/ui/after.js";
import { Presence } from "../../static/js/player/ui/presence.js";
import { Skip } from "../../static/js/player/ui/skip.js";
import { fakeTime } from "./helpers.js";

/** After with everything around it made of paper. */
function evening({ markers = [], duration = 1000 } = {}) {
  const did = [];
  const video = { currentTime: 0 };
  const card = {
    open: false,
    asking: false,
    dismissed: false,
    show(next, seconds, { asking }) {
      Object.assign(card, { open: true, asking });
      did.push(`card ${seconds}${asking ? " asking" : ""}`);
    },
    hide: () => (card.open = false),
    focus: () => did.push("focus"),
    spoken: () => "spoken",
  };
  const sheet = (name) => ({ toggle: (open) => open && did.push(name), show() {} });
  const player = { answer: { next: { video: "b", name: "Two" }, markers }, duration, unload: () => did.push("unload") };
  const after = new After({
    player,
    following: { look() {} },
    video: () => video,
    card,
    end: sheet("end"),
    still: sheet("still"),
    beside: () => null,
    play: (next) => {
      after.forget();
      did.push(`play ${next.video}${next.alone ? "" : ", asked for"}`);
    },
    free: () => false,
    onFocus() {},
    say() {},
  });
  return { after, card, did, player, video };
}

test("the card comes with the credits, and the next episode by itself", () => {
  const { after, did, video } = evening({ markers: [{ kind: "credits", start: 900, end: 1000 }] });
  video.currentTime = 899;
  after.tick();
  video.currentTime = 901;
  after.tick();
  after.tick();
  after.ended();
  assert.deepEqual(did, ["card 10", "play b"]);
});

test("a scene behind the credits is not cut off by a countdown", () => {
  const { after, did, video } = evening({ markers: [{ kind: "credits", start: 900, end: 960 }] });
  video.currentTime = 910;
  after.tick();
  assert.deepEqual(did, ["card 0"]);
});

test("a card that was cancelled leads to the end", () => {
  const { after, card, did } = evening();
  card.dismissed = true;
  after.ended();
  assert.deepEqual(did, ["end"]);
});

test("after three episodes without a touch it asks, and frees the stream when nobody answers", async () => {
  const time = fakeTime();
  const { after, card, did, video } = evening();
  after.ended();
  after.ended();
  video.currentTime = 990;
  after.tick();
  assert.deepEqual(did.splice(0), ["play b", "play b", "card 0 asking"]);
  after.touch();
  assert.equal(card.open, false, "somebody is there");
  after.tick();
  assert.deepEqual(did.splice(0), ["card 10"]);
  for (let episode = 0; episode < 3; episode += 1) after.ended();
  assert.deepEqual(did.splice(0), ["play b", "play b", "still"]);
  await time.pass(6 * 60_000, 10_000);
  assert.deepEqual(did.splice(0), ["unload"]);
  after.go();
  assert.deepEqual(did, ["play b, asked for"], "the next episode is known, though its session is gone");
  time.end();
});

/** A button as far as Skip needs one. */
function paperDocument() {
  const make = () => {
    const classes = new Set();
    const element = {
      hidden: false,
      append() {},
      addEventListener() {},
      setAttribute() {},
      matches: () => false,
      focus: () => (globalThis.document.activeElement = element),
      classList: { add: (name) => classes.add(name), remove: (name) => classes.delete(name), has: (name) => classes.has(name) },
    };
    return element;
  };
  globalThis.document = { createElement: make, createElementNS: make, activeElement: null };
}

const INTRO = [{ kind: "intro", start: 10, end: 40 }];

function skipper(mode, free = true) {
  const did = [];
  const skip = new Skip({
    mode: () => mode,
    seek: (to) => did.push(to),
    notice: { show: (words, { onAction }) => did.push(words, onAction) },
    say: (text) => did.push(`said ${text}`),
    free: () => free,
    onFocus: () => did.push("focus"),
    onGone: () => did.push("gone"),
  });
  return { skip, did };
}

test("the button comes with the opening, takes the focus when it is free, and goes with it", () => {
  const time = fakeTime();
  paperDocument();
  const { skip, did } = skipper("ask");
  skip.element.hidden = true;
  const now = { running: true, seeking: false };
  skip.look(INTRO, 5, 100, now);
  assert.equal(skip.open, false);
  skip.look(INTRO, 11, 100, now);
  skip.look(INTRO, 12, 100, now);
  assert.deepEqual([skip.open, skip.label.textContent], [true, "Skip intro"]);
  assert.deepEqual(did.splice(0), ["focus"]);
  assert.equal(skip.press(), true);
  const [, to, words, undo] = did;
  assert.deepEqual([to, words, skip.open], [40, "Skipped the intro", false]);
  undo();
  assert.equal(did.at(-1), 10, "back to where it begins");
  assert.equal(skip.press(), false);
  time.end();
  delete globalThis.document;
});

test("it takes the focus from nobody, skips once by itself, or never comes", () => {
  const time = fakeTime();
  paperDocument();
  const now = { running: true, seeking: false };
  const busy = skipper("ask", false);
  busy.skip.look(INTRO, 11, 100, now);
  assert.deepEqual(busy.did, ["said Skip intro"]);
  const alone = skipper("auto");
  alone.skip.look(INTRO, 11, 100, { running: true, seeking: true });
  assert.equal(alone.did.includes(40), false, "somebody is looking for a place");
  alone.skip.look(INTRO, 11, 100, now);
  assert.equal(alone.did.includes(40), true);
  alone.did.length = 0;
  alone.skip.look(INTRO, 12, 100, now);
  assert.equal(alone.did.includes(40), false, "who went back wants to see it");
  const never = skipper("never");
  never.skip.look(INTRO, 11, 100, now);
  assert.deepEqual(never.did, []);
  time.end();
  delete globalThis.document;
});

test("controls go when left alone, but not from who walks through them with Tab", async () => {
  const time = fakeTime();
  const classes = new Set();
  const host = { classList: { add: (one) => classes.add(one), remove: (...all) => all.forEach((one) => classes.delete(one)), contains: (one) => classes.has(one) } };
  let [focused, how, held] = [null, "", false];
  const left = [];
  const presence = new Presence(host, { held: () => held, focused: () => focused, how: () => how, leave: () => left.push(how) });
  presence.wake();
  await time.pass(3100);
  assert.equal(presence.idle, true);
  [focused, how] = [{}, "tab"];
  presence.wake();
  await time.pass(60_000, 1000);
  assert.equal(presence.idle, false);
  how = "arrows";
  presence.wake();
  await time.pass(4000);
  assert.equal(presence.idle, false, "a remote has more time");
  await time.pass(3000);
  assert.deepEqual([presence.idle, left], [true, ["arrows"]]);
  held = true;
  presence.wake();
  await time.pass(10_000, 500);
  assert.equal(presence.idle, false, "a paused film keeps them");
  presence.drop();
  time.end();
});
