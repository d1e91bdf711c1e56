import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digest, sha256 } from "../../static/js/player/sha256.js";

const reference = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());

test("our SHA-256 is SHA-256, at every length around its blocks", async () => {
  for (let length = 0; length < 200; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    assert.deepEqual(sha256(bytes), reference(bytes), `${length} bytes`);
  }
  const large = Uint8Array.from({ length: 300_001 }, (_, i) => (i * i) & 255);
  assert.deepEqual(sha256(large.subarray(1)), reference(large.subarray(1)), "a view into something larger");
  assert.deepEqual(await digest(large, undefined), reference(large));
  assert.deepEqual(await digest(large), reference(large), "the browser's own");
});
