import assert from "node:assert/strict";
import { test } from "node:test";
import { decodesWell, questionAbout } from "../../static/js/player/capabilities.js";
import { Delivery } from "../../static/js/player/delivery.js";
import { tileAt, tilesOf } from "../../static/js/player/sprites.js";
import { isKey } from "../../static/js/player/token.js";

const PACKAGE = "0123456789abcdef0123456789abcdef";
const NODES = [{ id: "n1", base_url: "http://a.test" }, { id: "n2", base_url: "http://b.test" }];
const TOKEN = { value: "tok", issuedAt: 0, expiresAt: 900_000 };

test("AV1 is for screens that it runs smoothly on: any at 1080p, above only where a circuit does it", () => {
  const small = questionAbout(1080);
  const large = questionAbout(2160);
  assert.equal(small.video.height, 1080);
  assert.equal(large.video.height, 2160);
  assert.equal(decodesWell({ supported: true, smooth: true, powerEfficient: false }, small), true);
  assert.equal(decodesWell({ supported: true, smooth: true, powerEfficient: false }, large), false);
  assert.equal(decodesWell({ supported: true, smooth: true, powerEfficient: true }, large), true);
  assert.equal(decodesWell({ supported: true, smooth: false, powerEfficient: true }, small), false);
  assert.equal(decodesWell({ supported: false, smooth: true, powerEfficient: true }, small), false);
});

test("the key of an encrypted film comes from the session, never from a node", () => {
  const delivery = new Delivery({ nodes: NODES, token: TOKEN, content_key_url: "http://site.test/s/k/content-key" }, {});
  const key = `http://a.test/v1/tok/${PACKAGE}/v360/key.bin`;
  assert.equal(isKey(key), true);
  assert.equal(isKey(`http://a.test/v1/tok/${PACKAGE}/v360/0.m4s`), false);
  assert.equal(delivery.order(key), null);
  assert.equal(delivery.place(key), "http://site.test/s/k/content-key");
  assert.deepEqual(delivery.order(`http://a.test/v1/tok/${PACKAGE}/v360/0.m4s`), ["n1", "n2"]);
  delivery.close();
});

test("a delivery that follows another knows what that one learnt", () => {
  const first = new Delivery({ nodes: NODES, token: TOKEN }, { now: () => 1000 });
  first.failed("n1", { kind: "stall", status: 0 });
  const second = new Delivery({ nodes: NODES, token: { ...TOKEN, value: "new" } }, { now: () => 1000, learnt: first });
  assert.deepEqual(second.order(`http://a.test/v1/tok/${PACKAGE}/v360/0.m4s`), ["n2", "n1"]);
  assert.equal(second.token, "new");
  assert.equal(first.token, "tok");
  first.close();
  second.close();
});

test("small pictures by their place in the film", () => {
  const text =
    "WEBVTT\r\n\r\n00:00.000 --> 00:04.000\r\n0.webp#xywh=0,0,240,134\r\n\r\n" +
    "00:00:04.000 --> 00:01:00.000\n0.webp#xywh=240,0,240,134\n\nnonsense\n\n" +
    "01:00:00.000 --> 01:00:04.000\n3.webp#xywh=0,134,240,134\n";
  const tiles = tilesOf(text);
  assert.equal(tiles.length, 3);
  assert.deepEqual(tiles[1], { start: 4, end: 60, sheet: "0.webp", x: 240, y: 0, width: 240, height: 134 });
  assert.equal(tileAt(tiles, 0).x, 0);
  assert.equal(tileAt(tiles, 3.9).x, 0);
  assert.equal(tileAt(tiles, 30).x, 240);
  assert.equal(tileAt(tiles, 9999).sheet, "3.webp");
  assert.equal(tileAt([], 5), null);
});
