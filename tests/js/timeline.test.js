import assert from "node:assert/strict";
import { test } from "node:test";
import { Sprites } from "../../static/js/player/sprites.js";
import { stretchAround } from "../../static/js/player/ui/scrubber.js";

const ranges = (...pairs) => ({ length: pairs.length, start: (i) => pairs[i][0], end: (i) => pairs[i][1] });

test("the buffered stretch is the one in which one is", () => {
  assert.deepEqual(stretchAround(ranges([0, 10], [40, 70]), 50), { from: 40, to: 70 });
  assert.deepEqual(stretchAround(ranges([0, 10], [40, 70]), 39.8), { from: 39.8, to: 70 }, "a gap that nobody sees");
  assert.deepEqual(stretchAround(ranges([0, 10]), 20), { from: 20, to: 20 });
  assert.deepEqual(stretchAround(ranges(), 0), { from: 0, to: 0 });
});

const INDEX = ["0.webp", "0.webp", "1.webp", "2.webp"]
  .map((sheet, at) => `00:0${at}:00.000 --> 00:0${at + 1}:00.000\n${sheet}#xywh=0,0,160,90`)
  .join("\n\n");
const URL_OF = "https://n1/v1/token/0123456789abcdef0123456789abcdef/i/index.vtt";

function delivery(asked, broken = { now: false }) {
  return {
    order: () => ["n1"],
    url: (url) => url,
    fetch: async (url) => {
      asked.push(url.split("/").at(-1));
      if (broken.now) throw new TypeError("down");
      return new Response(url.endsWith(".vtt") ? `WEBVTT\n\n${INDEX}\n` : "picture");
    },
  };
}

test("the sheets beside the one that is shown are fetched too, each once", async () => {
  const asked = [];
  const sprites = new Sprites(URL_OF, delivery(asked));
  assert.equal((await sprites.at(130)).tile.sheet, "1.webp");
  await sprites.at(131);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(asked.sort(), ["0.webp", "1.webp", "2.webp", "index.vtt"]);
  sprites.close();
});

test("pictures that no node gave are asked for again", async () => {
  const broken = { now: true };
  const sprites = new Sprites(URL_OF, delivery([], broken));
  assert.equal(await sprites.at(10), null);
  broken.now = false;
  assert.equal((await sprites.at(10)).tile.sheet, "0.webp");
  sprites.close();
});
