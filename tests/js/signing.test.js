// Passkeys as JSON, and what a television does next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RENEWALS, nextStep } from "../../static/js/lib/tv.js";
import { bytesOf, creationOptions, credentialAsJson, requestOptions, textOf } from "../../static/js/lib/webauthn.js";

test("bytes travel as base64url without padding", () => {
  const bytes = Uint8Array.from([251, 255, 0, 1, 2]);
  assert.equal(textOf(bytes), "-_8AAQI");
  assert.deepEqual(bytesOf("-_8AAQI"), bytes);
  assert.equal(textOf(bytes.buffer), "-_8AAQI");
});

test("the server's options become what browsers want", () => {
  const made = creationOptions({
    publicKey: {
      rp: { id: "localhost" },
      challenge: "AQI",
      user: { id: "AwQ", name: "ada" },
      excludeCredentials: [{ type: "public-key", id: "BQ" }],
    },
  });
  assert.deepEqual(made.publicKey.challenge, Uint8Array.from([1, 2]));
  assert.deepEqual(made.publicKey.user, { id: Uint8Array.from([3, 4]), name: "ada" });
  assert.deepEqual(made.publicKey.excludeCredentials, [{ type: "public-key", id: Uint8Array.from([5]) }]);
  assert.equal(made.publicKey.rp.id, "localhost");
  assert.deepEqual(requestOptions({ publicKey: { challenge: "AQI" } }).publicKey.allowCredentials, []);
});

test("a credential is sent with all that it has", () => {
  const bytes = (...values) => Uint8Array.from(values).buffer;
  const sent = credentialAsJson({
    id: "AQ",
    rawId: bytes(1),
    type: "public-key",
    authenticatorAttachment: "platform",
    response: {
      clientDataJSON: bytes(2),
      authenticatorData: bytes(3),
      signature: bytes(4),
      userHandle: null,
    },
    getClientExtensionResults: () => ({ credProps: { rk: true } }),
  });
  assert.deepEqual(sent.response, { clientDataJSON: "Ag", authenticatorData: "Aw", signature: "BA" });
  assert.deepEqual(sent.clientExtensionResults, { credProps: { rk: true } });
  assert.equal(sent.rawId, "AQ");
});

const now = { interval: 3, left: 100, renewed: 0 };

test("a television waits, more slowly when it is told to, and never quicker", () => {
  assert.deepEqual(nextStep({ state: "authorization_pending", interval: 3 }, now), { does: "wait", interval: 3, say: "" });
  assert.equal(nextStep({ state: "slow_down", interval: 8 }, now).interval, 8);
  assert.equal(nextStep({ state: "authorization_pending", interval: 3 }, { ...now, interval: 8 }).interval, 8);
});

test("it goes in, stays out, or takes a new code", () => {
  assert.equal(nextStep({ state: "approved" }, now).does, "enter");
  assert.deepEqual(nextStep({ state: "access_denied" }, now), { does: "stop", interval: 3, say: "denied" });
  assert.equal(nextStep({ state: "expired_token" }, now).does, "renew");
  assert.equal(nextStep({ state: "expired_token" }, { ...now, renewed: RENEWALS }).does, "stop");
});

test("a site that is away is asked again until the code is over", () => {
  assert.deepEqual(nextStep(null, now), { does: "wait", interval: 3, say: "offline" });
  assert.equal(nextStep(null, { ...now, left: 0 }).does, "renew");
});
