// When something is had ready for a viewer, and what of it is used.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { Ahead, placeOf, worthwhile } from "../../static/js/player/ahead.js";
import { enter } from "../../static/js/player/entrance.js";
import { isTime } from "../../static/js/player/following.js";
import { PlaybackSession } from "../../static/js/player/session.js";
import { fakeFetch, fakeTime, listed, PACKAGE, segment, serve } from "./helpers.js";

const FILM = "11111111-1111-1111-1111-111111111111";
const SITE = "http://site.test/s/key";

describe("where a film begins by itself", () => {
  const at = (position, more) => placeOf({ duration: 100, complete: true, bookmark: { position, finished: false }, ...more });

  it("is the bookmark, unless that is at its start or its end", () => {
    assert.deepEqual([at(40), at(3), at(97)], [40, 0, 0]);
    assert.equal(at(40, { bookmark: { position: 40, finished: true } }), 0);
    assert.equal(placeOf({ duration: 100, bookmark: null }), 0);
  });

  it("counts what a film that is still prepared will have", () => {
    assert.equal(at(97, { complete: false, expected_duration: 6000 }), 97);
  });
});

describe("what nobody may ever watch", () => {
  it("is not fetched where it costs: by volume, on a slow line, against the viewer's wish", () => {
    assert.ok(worthwhile(undefined));
    assert.ok(worthwhile({ type: "wifi", effectiveType: "4g" }));
    for (const line of [{ saveData: true }, { type: "cellular" }, { effectiveType: "3g" }, { effectiveType: "slow-2g" }]) {
      assert.ok(!worthwhile(line), JSON.stringify(line));
    }
    assert.ok(!worthwhile({ effectiveType: "4g" }, { saver: true }));
  });
});

describe("the next episode", () => {
  const facts = { position: 1190, credits: 1200, duration: 1260, buffer: 30 };

  it("is prepared shortly before the credits, when there is enough in hand of this one", () => {
    assert.ok(isTime(facts));
    assert.ok(!isTime({ ...facts, position: 1189 }));
    assert.ok(!isTime({ ...facts, buffer: 5 }));
    assert.ok(isTime({ ...facts, position: 1255, buffer: 5 }));
    assert.ok(!isTime({ ...facts, position: 1260, buffer: 0 }));
  });
});

describe("the entrance of a film that has its picture", () => {
  let time, parts;
  beforeEach(() => {
    time = fakeTime();
    parts = [];
    const layer = { append: (one) => parts.push(one), remove: () => parts.splice(0) };
    globalThis.document = { createElement: () => layer, body: { append: (one) => assert.equal(one, layer) } };
  });
  afterEach(() => {
    time.end();
    delete globalThis.document;
  });
  const element = (more) => ({ plays: 0, play() { return (this.plays += 1), Promise.reject(new Error("blocked")); }, ...more });

  it("runs at once, as loud as the viewer likes it, and says when it is seen", async () => {
    let seen = null;
    const video = element({ requestVideoFrameCallback: (then) => (seen = then) });
    const { shown, leave } = enter(video, { volume: 3, muted: true });
    assert.deepEqual([video.plays, video.volume, video.muted, parts], [1, 1, true, [video]]);
    let over = false;
    shown.then(() => (over = true));
    await time.pass(100);
    assert.equal(over, false);
    seen();
    await time.pass(10);
    assert.equal(over, true);
    leave();
    assert.deepEqual(parts, []);
  });

  it("has its controls wait no longer than a moment", async () => {
    const { shown } = enter(element({ addEventListener: () => {} }), { volume: 0.5, muted: false });
    await time.pass(500);
    await shown;
  });
});

describe("a film that is prepared", () => {
  let time;
  beforeEach(() => (time = fakeTime()));
  afterEach(() => time.end());

  function answer(more = {}) {
    return {
      id: "33333333-3333-3333-3333-333333333333",
      package: PACKAGE,
      hls: `${SITE}/multivariant.m3u8`,
      playlist: "#EXTM3U\n",
      duration: 100,
      complete: true,
      bookmark: null,
      nodes: listed("n1", "n2"),
      token: { value: "short", expires_at: "2026-11-21T08:00:20Z", renew_url: `${SITE}/token` },
      tracks: { video: [{ name: "v240", width: 426, height: 240, bandwidth: 350_000 }], audio: [], text: [] },
      beacon: { url: `${SITE}/beacon`, interval: 10 },
      close: { url: `${SITE}/close` },
      begin: { url: `${SITE}/begin` },
      ...more,
    };
  }
  const long = { value: "long", expires_at: "2026-11-21T08:15:00Z", renew_url: `${SITE}/token` };

  function site(begin = { status: 201, body: JSON.stringify(answer({ begin: null, token: long })) }) {
    return fakeFetch(({ url, range }) => {
      if (url.endsWith("/sessions")) return { status: 201, body: JSON.stringify(answer()) };
      if (url.endsWith("/begin")) return begin;
      if (url.endsWith(".m3u8")) return { body: "#EXTM3U" };
      return serve(segment(), range);
    });
  }

  function prepare(fetch) {
    const start = { expectation: { expected: 1e6 }, limits: {} };
    return new Ahead(FILM, { sessionUrl: "http://site.test/sessions", csrf: "x", start, fetch, capabilities: null, now: time.now });
  }

  it("is asked for without being watched, and taken once", async () => {
    const fetch = site();
    const ahead = prepare(fetch);
    await time.pass(200);
    assert.equal(await ahead.ready, true);
    const wish = JSON.parse(fetch.calls[0].init.body);
    assert.deepEqual([wish.video, wish.prepare], [FILM, true]);
    assert.equal(ahead.take("another"), null);
    const { answer: taken, larder, scene } = ahead.take(FILM);
    assert.equal(taken.token.value, "short");
    assert.ok(larder.size > 0);
    assert.equal(scene, null);
    assert.equal(ahead.enter({ all: {} }), null, "no element has its picture");
    assert.equal(ahead.take(FILM), null);
    assert.equal(fetch.calls.filter(({ url }) => url.endsWith("/begin")).length, 0);
  });

  it("is not used when it is old: the viewer may have gone on elsewhere", async () => {
    const ahead = prepare(site());
    await time.pass(200);
    time.sleep(6 * 60_000);
    assert.equal(ahead.take(FILM), null);
  });

  it("is given up when it is left: what was under way ends", async () => {
    const fetch = fakeFetch(({ url }) =>
      url.endsWith("/sessions") ? { status: 201, body: JSON.stringify(answer()) } : { hang: true },
    );
    const ahead = prepare(fetch);
    await time.pass(100);
    ahead.drop();
    await time.pass(100);
    assert.equal(ahead.take(FILM), null);
    assert.ok(fetch.calls.slice(1).every(({ init }) => init.signal.aborted));
  });

  it("is nothing where the site says no", async () => {
    const ahead = prepare(fakeFetch(() => ({ status: 409, body: '{"error": {"code": "not_prepared", "message": "…"}}' })));
    await time.pass(100);
    assert.equal(await ahead.ready, false);
    assert.equal(ahead.take(FILM), null);
  });

  it("gets its real token when it begins; until then none is asked for", async () => {
    const fetch = site();
    const ahead = prepare(fetch);
    await time.pass(200);
    const { session } = ahead.take(FILM);
    session.belong({ facts: () => ({}) });
    let renewed = null;
    session.renew().then((token) => (renewed = token));
    await time.pass(30_000);
    assert.equal(renewed, null);
    const begun = await session.begin();
    await time.pass(100);
    assert.equal(begun.token.value, "long");
    assert.equal(renewed.value, "long");
    assert.equal(fetch.calls.filter(({ url }) => url.endsWith("/token")).length, 0);
    session.retire();
  });

  it("is opened anew when it is not there any more, and refused when the streams are in use", async () => {
    const fetch = site({ status: 404, body: "{}" });
    const session = new PlaybackSession({ url: "http://site.test/sessions", videoId: FILM, csrf: "x", fetch, facts: () => ({}) });
    await session.prepare();
    assert.equal((await session.begin()).token.value, "short");
    assert.equal(fetch.calls.filter(({ url }) => url.endsWith("/sessions")).length, 2);
    session.retire();
    const full = '{"error": {"code": "stream_limit", "message": "in use", "streams": []}}';
    const refused = new PlaybackSession({ url: "http://site.test/sessions", videoId: FILM, csrf: "x", fetch: site({ status: 409, body: full }) });
    await refused.prepare();
    await assert.rejects(refused.begin(), ({ code, final }) => code === "stream_limit" && final);
  });
});
