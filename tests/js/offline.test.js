// Films that are kept on a device: the clock, licences, what a download consists of, and its sealing.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import { LEEWAY_MS, noted, setBack, timeOf, told } from "../../static/js/offline/clock.js";
import { answerOf, described, filesOf, HERE, indexOf, playlistHere, sheetsOf, sizeOf, usualHeight } from "../../static/js/offline/package.js";
import { daysLeft, fraction, isDue, nextUp, obstacle, over, wantsRenewal } from "../../static/js/offline/terms.js";
import * as vault from "../../static/js/offline/vault.js";

globalThis.crypto ??= webcrypto;
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 2, 1);
const ID = "ab".repeat(16);

function record(more = {}) {
  return { id: "l1", video: "v1", state: "complete", bytes: 100, got: 100, at: 1, licence: { key: "k1", expiresAt: NOW + DAY, days: 30 }, ...more };
}

test("the clock only goes on", () => {
  const note = noted(noted(null, NOW), NOW - DAY);
  assert.equal(note.at, NOW);
  assert.equal(timeOf(note, NOW - DAY), NOW);
  assert.equal(setBack(note, NOW - LEEWAY_MS + 1), false);
  assert.equal(setBack(note, NOW - LEEWAY_MS - 1), true);
  assert.equal(setBack(null, 0), false);
});

test("the site's time forgives a clock that had run ahead", () => {
  const ahead = noted(null, NOW + 100 * DAY);
  assert.equal(setBack(ahead, NOW), true);
  assert.equal(setBack(told(NOW, NOW + 5), NOW), false);
  assert.equal(told(NaN, NOW).at, NOW);
});

test("what plays, and why not", () => {
  const note = noted(null, NOW);
  assert.equal(obstacle(record(), note, NOW), "");
  assert.equal(obstacle(record({ state: "paused" }), note, NOW), "incomplete");
  assert.equal(obstacle(record(), note, NOW + DAY), "expired");
  assert.equal(obstacle(record(), noted(note, NOW + 2 * DAY), NOW), "clock"); // set back after its end
  assert.equal(obstacle(record(), { at: NOW + DAY }, NOW + DAY - 1000), "expired"); // within the leeway: by what was noted
});

test("licences are renewed once some of their time is gone", () => {
  assert.equal(wantsRenewal(record({ licence: { expiresAt: NOW + 30 * DAY, days: 30 } }), NOW), false);
  assert.equal(wantsRenewal(record(), NOW), true);
  assert.equal(daysLeft(record({ licence: { expiresAt: NOW + 2.5 * DAY } }), null, NOW), 2);
  assert.equal(daysLeft(record(), null, NOW + 9 * DAY), 0);
  assert.ok(isDue(NaN, NOW) && isDue(NOW + DAY, NOW) && !isDue(NOW - 1000, NOW));
});

test("two are fetched at once, in the order in which they were asked for", () => {
  const all = [record({ id: "a", state: "queued", at: 3 }), record({ id: "b", state: "fetching" }), record({ id: "c", state: "queued", at: 2 })];
  assert.deepEqual(nextUp(all, 2).map(({ id }) => id), ["c"]);
  assert.deepEqual(nextUp(all, 3).map(({ id }) => id), ["c", "a"]);
  assert.equal(fraction(record({ state: "fetching", got: 100 })), 0.999);
  assert.equal(fraction(record({ state: "fetching", bytes: 0 })), 0);
});

test("what the site ended, or knows nothing of, is over", () => {
  const all = ["k1", "k2", "k3"].map((key) => record({ id: key, licence: { key, expiresAt: NOW, days: 1 } }));
  const gone = over(all, { k1: { ended: null }, k2: { ended: "plan" } });
  assert.deepEqual(gone.map(({ id }) => id), ["k2", "k3"]);
});

test("a playlist names the files of its rendition, and nothing else is fetched", () => {
  const path = indexOf(ID, "v360", "tiles");
  const text = `#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin"\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:4,\n0.m4s\n#EXTINF:4,\n1.m4s\n../../x.m4s\nhttps://else.where/2.m4s\n`;
  assert.deepEqual(filesOf(path, text), ["init.mp4", "0.m4s", "1.m4s"].map((name) => `${ID}/v360/${name}`));
  const tiles = "WEBVTT\n\n00:00.000 --> 00:05.000\n0.webp#xywh=0,0,160,90\n\n00:05.000 --> 00:10.000\n0.webp#xywh=160,0,160,90\n";
  assert.equal(sheetsOf(`https://n1/v1/t/${ID}/tiles/index.vtt`), "tiles");
  assert.deepEqual(filesOf(indexOf(ID, "tiles", "tiles"), tiles), [`${ID}/tiles/0.webp`]);
});

test("what is kept of a session leads nowhere", () => {
  const playlist = [
    "#EXTM3U",
    `#EXT-X-MEDIA:TYPE=AUDIO,URI="https://n1.example/v1/secret-token/${ID}/a/index.m3u8"`,
    `#EXT-X-I-FRAME-STREAM-INF:URI="https://n1.example/v1/secret-token/${ID}/v/iframes.m3u8"`,
    `http://127.0.0.1:9/v1/secret-token/${ID}/v/index.m3u8`,
  ].join("\n");
  const session = { video: "v1", package: ID, token: { value: "secret-token" }, hls: "https://site/s/key", playlist, trickplay: `https://n1.example/v1/secret-token/${ID}/t/index.vtt`, duration: 10 };
  const film = described(session);
  assert.ok(!JSON.stringify(film).includes("secret-token"));
  assert.ok(!playlistHere(playlist).includes("iframes"));
  assert.equal(film.trickplay, `${HERE}/v1/kept/${ID}/t/index.vtt`);
  const answer = answerOf(film, { viewing: "w1", reportsUrl: "https://site/d/k/v/", bookmark: null, next: null, now: NOW });
  assert.equal(answer.beacon.url, "https://site/d/k/v/w1");
  assert.equal(answer.steering, null);
  assert.deepEqual(answer.nodes.map(({ base_url }) => base_url), [HERE]);
});

test("a quality is offered by what fits", () => {
  const offer = { pictures: [{ height: 360, bytes: 100 }, { height: 1080, bytes: 900 }], sounds: [{ name: "en", bytes: 10, usual: true }, { name: "de", bytes: 20, usual: false }], more_bytes: 5 };
  assert.equal(sizeOf(offer, { height: 720, sounds: ["en", "de"] }), 135);
  assert.equal(usualHeight(offer, Infinity), 1080);
  assert.equal(usualHeight(offer, Infinity, 390), 360);
  assert.equal(usualHeight(offer, 500), 360);
  assert.equal(usualHeight(offer, 10), 360);
});

test("what was sealed opens with device, licence and terms together, and with nothing less", async () => {
  const device = await vault.makeDeviceKey();
  const licence = { id: "l1", profile: "p1", video: "v1", expiresAt: NOW };
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const { key, ...kept } = await vault.makeKey(device, licence, secret);
  const name = `${ID}/v360/0.m4s`;
  const piece = await vault.seal(key, name, new Uint8Array([1, 2, 3]));
  assert.deepEqual([...(await vault.open(await vault.openKey(device, licence, kept), name, piece))], [1, 2, 3]);
  await assert.rejects(vault.open(key, `${ID}/v360/1.m4s`, piece)); // a piece in another one's place
  await assert.rejects(vault.openKey(await vault.makeDeviceKey(), licence, kept)); // another device
  await assert.rejects(vault.openKey(device, { ...licence, expiresAt: NOW + DAY }, kept)); // a date that was written over
  await assert.rejects(vault.openKey(device, { ...licence, profile: "p2" }, kept)); // another profile
  const other = await vault.leaseOf(device, licence, new Uint8Array(32));
  await assert.rejects(vault.openKey(device, licence, { ...kept, lease: other })); // another licence's secret
  const renewed = { ...licence, expiresAt: NOW + DAY };
  const lease = await vault.leaseOf(device, renewed, secret);
  assert.ok(await vault.openKey(device, renewed, { ...kept, lease }));
  await assert.rejects(crypto.subtle.exportKey("raw", device));
  await assert.rejects(crypto.subtle.exportKey("raw", key));
});
