// What is fetched of a film before its player asks, and how it is handed over.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { firstRendition, firstSound, objectsOf, segmentAt } from "../../static/js/player/first.js";
import { Larder } from "../../static/js/player/larder.js";
import { fakeFetch, fakeTime, listed, PACKAGE, segment, segmentUrl, serve } from "./helpers.js";

const PICTURES = [
  { name: "v720", width: 1280, height: 720, bandwidth: 2_500_000 },
  { name: "v240", width: 426, height: 240, bandwidth: 350_000 },
  { name: "v360", width: 640, height: 360, bandwidth: 900_000 },
];
const SOUNDS = [
  { name: "a-de", language: "de", default: false },
  { name: "a-en", language: "en", default: true },
];
const PLAYLIST = ["#EXTM3U", ...[4, 4, 3.5].flatMap((s, n) => [`#EXTINF:${s},`, `${n}.m4s`]), "#EXT-X-ENDLIST"].join("\n");

function answer(more = {}) {
  return {
    hls: "http://site.test/s/key/multivariant.m3u8",
    playlist: "#EXTM3U\n",
    package: PACKAGE,
    nodes: listed("n1", "n2"),
    token: { value: "old" },
    tracks: { video: PICTURES, audio: SOUNDS, text: [] },
    ...more,
  };
}

describe("the first rendition", () => {
  const named = (facts) => firstRendition(PICTURES, facts).name;

  it("is small while somebody waits for it, and larger when nobody does", () => {
    assert.equal(named({ rate: 1.2e6 }), "v240");
    assert.equal(named({ rate: 1.2e6, waited: false }), "v240");
    assert.equal(named({ rate: 4e6, waited: false }), "v360");
    assert.equal(named({ rate: 10e6 }), "v360");
    assert.equal(named({ rate: 10e6, waited: false }), "v720");
  });

  it("is within the limits of all pictures", () => {
    const rate = 1e9;
    assert.equal(named({ rate, limits: { screen: { width: 480, height: 300 } } }), "v360");
    assert.equal(named({ rate, limits: { screen: { width: 3840, height: 2160 } } }), "v720");
    assert.equal(named({ rate, limits: { saver: true } }), "v360");
    assert.equal(named({ rate, limits: { maxHeight: 240 } }), "v240");
    assert.equal(named({ rate, limits: { failing: 720 } }), "v360");
  });

  it("is none where there is none", () => assert.equal(firstRendition([], { rate: 1e6 }), null));
});

describe("the first objects", () => {
  it("are named without reading a playlist", () => {
    assert.deepEqual(objectsOf("p", "v", 0), ["p/v/index.m3u8", "p/v/init.mp4", "p/v/0.m4s"]);
    assert.deepEqual(objectsOf("p", "v"), ["p/v/index.m3u8", "p/v/init.mp4"]);
  });

  it("have the sound that the viewer wants, else the default one", () => {
    assert.equal(firstSound(SOUNDS, "de").name, "a-de");
    assert.equal(firstSound(SOUNDS, "fr").name, "a-en");
    assert.equal(firstSound([], "fr"), null);
  });

  it("are found in the middle of a film by its playlist", () => {
    assert.deepEqual([0, 3.9, 4, 8.1, 99].map((second) => segmentAt(PLAYLIST, second)), [0, 0, 1, 2, 2]);
    assert.equal(segmentAt("<html>", 30), 0);
  });
});

describe("the larder", () => {
  let time;
  beforeEach(() => (time = fakeTime()));
  afterEach(() => time.end());

  function stocked(behave, { more, ...start } = {}) {
    const fetch = fakeFetch(behave);
    const larder = new Larder(answer(more), { fetch, now: time.now });
    return { fetch, larder, done: larder.stock({ expectation: { expected: 1.2e6 }, ...start }) };
  }
  const good = ({ url, range }) => (url.endsWith(".m3u8") ? { body: PLAYLIST } : serve(segment(), range));

  it("asks for all of the beginning at once, in the rendition that comes first", async () => {
    const { fetch, done } = stocked(good);
    assert.equal(fetch.calls.length, 6);
    await time.pass(100);
    assert.equal(await done, true);
    assert.deepEqual(
      fetch.calls.map(({ url }) => url.split(PACKAGE)[1]).sort(),
      ["a-en", "v240"].flatMap((name) => ["/0.m4s", "/index.m3u8", "/init.mp4"].map((file) => `/${name}${file}`)),
    );
  });

  it("gives each once, whichever node and token it is asked for at", async () => {
    const { larder } = stocked(good);
    await time.pass(100);
    const url = segmentUrl("n2", "v240/0.m4s", "new");
    const found = await larder.take({ url });
    assert.deepEqual(found.bytes, segment());
    assert.equal(found.node, "n1");
    assert.equal(larder.take({ url }), null);
    assert.equal(larder.take({ url: segmentUrl("n1", "v720/0.m4s") }), null);
    assert.equal(larder.take({ url: segmentUrl("n1", "v240/init.mp4"), rangeEnd: 10 }), null);
  });

  it("has the multivariant playlist without any request", async () => {
    const { larder } = stocked(good);
    const found = await larder.take({ url: "http://site.test/s/key/multivariant.m3u8?keys=loader" });
    assert.equal(new TextDecoder().decode(found.bytes), "#EXTM3U\n");
  });

  it("fetches from the middle of a film what is played there", async () => {
    const { fetch, larder } = stocked(good, { position: 5 });
    await time.pass(200);
    assert.ok(await larder.take({ url: segmentUrl("n1", "v240/1.m4s") }));
    assert.equal(fetch.calls.filter(({ url }) => url.endsWith("/0.m4s")).length, 0);
  });

  it("asks the next node when the first fails, and tells whose fault it was", async () => {
    const { larder } = stocked((call) => (call.node === "n1" ? { status: 503 } : good(call)));
    await time.pass(200);
    const found = await larder.take({ url: segmentUrl("n1", "v240/0.m4s") });
    assert.equal(found.node, "n2");
    assert.deepEqual(larder.faults()[0], { node: "n1", kind: "http", status: 503 });
    assert.deepEqual(larder.faults(), []);
  });

  it("asks another node too when the first is silent while somebody waits", async () => {
    const { fetch, larder } = stocked((call) => (call.node === "n1" ? { hang: true } : good(call)));
    await time.pass(250);
    const taken = larder.take({ url: segmentUrl("n1", "v240/0.m4s") });
    await time.pass(100);
    assert.equal((await taken).node, "n2");
    const asked = fetch.calls.filter(({ url }) => url.endsWith("v240/0.m4s"));
    assert.deepEqual(asked.map(({ node, init }) => [node, init.signal.aborted]), [["n1", true], ["n2", false]]);
    assert.deepEqual(larder.faults()[0], { node: "n1", kind: "late", status: 0 });
  });

  it("waits for a far node as long as before: nobody is nearer", async () => {
    const far = (call) => ({ ...good(call), body: undefined, pieces: [450, good(call).body] });
    const { larder } = stocked((call) => (call.url.endsWith(".m4s") ? far(call) : good(call)), { more: { nodes: listed("n1") } });
    const taken = larder.take({ url: segmentUrl("n1", "v240/0.m4s") });
    await time.pass(600);
    assert.equal((await taken).node, "n1");
  });

  it("keeps nobody waiting for nodes that hang", async () => {
    const { larder } = stocked(() => ({ hang: true }));
    await time.pass(100);
    const taken = larder.take({ url: segmentUrl("n1", "v240/0.m4s") });
    await time.pass(1000);
    assert.equal(await taken, null);
    assert.equal(larder.faults()[0].kind, "first-byte");
  });

  it("does not blame a node for a token that is over", async () => {
    const { larder } = stocked(() => ({ status: 403 }));
    await time.pass(200);
    assert.equal(await larder.take({ url: segmentUrl("n1", "v240/0.m4s") }), null);
    assert.deepEqual(larder.faults(), []);
  });

  it("fetches nothing more once it is closed", async () => {
    const { fetch, larder } = stocked(() => ({ hang: true }));
    larder.close();
    await time.pass(5000);
    assert.equal(fetch.calls.length, 6);
    assert.ok(fetch.calls.every(({ init }) => init.signal.aborted));
    assert.equal(larder.take({ url: segmentUrl("n1", "v240/0.m4s") }), null);
  });

  it("leaves encrypted films alone: their playlists are the loader's matter", async () => {
    const { fetch, done } = stocked(good, { more: { encrypted: true } });
    assert.equal(await done, false);
    assert.equal(fetch.calls.length, 0);
  });
});
