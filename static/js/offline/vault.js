// What is kept is sealed: AES-GCM 256 (NIST SP 800-38D), a key for each download.
//
// That key is random and made here. It is written down wrapped twice: inside by the licence's secret, which the site
// gives while the licence holds and which is thrown away when it does not; outside by the device's key, which no script
// can read out (not extractable) and which is bound to the licence's terms by its additional data. What was copied
// without the device's key opens nothing; what has expired opens nothing until the site gives its secret again.
//
// A nonce is random, 96 bits: a download has some thousands of pieces, far below the 2^32 that a key may seal with random
// nonces. A piece's own name is in its additional data: pieces cannot be exchanged.

const NONCE = 12;
const text = new TextEncoder();

/** Sealing needs a secure page (https, or localhost). */
export function canSeal(place = globalThis) {
  return Boolean(place.crypto?.subtle && place.indexedDB);
}

const AES = { name: "AES-GCM", length: 256 };

function random(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

async function sealed(key, bytes, about) {
  const nonce = random(NONCE);
  const how = { name: "AES-GCM", iv: nonce, additionalData: text.encode(about) };
  const body = new Uint8Array(await crypto.subtle.encrypt(how, key, bytes));
  const all = new Uint8Array(NONCE + body.length);
  all.set(nonce);
  all.set(body, NONCE);
  return all;
}

async function opened(key, all, about) {
  const how = { name: "AES-GCM", iv: all.subarray(0, NONCE), additionalData: text.encode(about) };
  return new Uint8Array(await crypto.subtle.decrypt(how, key, all.subarray(NONCE)));
}

/** A key for this device: it can be used here, and not be read. */
export function makeDeviceKey() {
  return crypto.subtle.generateKey(AES, false, ["encrypt", "decrypt"]);
}

function ofSecret(secret) {
  return crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** The words that bind a wrapped secret to its licence's terms: another date, and it does not open. */
function termsOf({ id, profile, video, expiresAt }) {
  return `netflixlite licence\n${id}\n${profile}\n${video}\n${expiresAt}`;
}

function contentOf({ id, video }) {
  return `netflixlite download\n${id}\n${video}`;
}

/**
 * A new key for a download, wrapped.
 * @param {CryptoKey} device
 * @param {{id: string, profile: string, video: string, expiresAt: number}} licence
 * @param {Uint8Array} secret the licence's, 32 bytes
 * @returns {Promise<{key: CryptoKey, wrapped: Uint8Array, lease: Uint8Array}>} `lease` is the secret, wrapped
 */
export async function makeKey(device, licence, secret) {
  const raw = random(32);
  const inner = await sealed(await ofSecret(secret), raw, contentOf(licence));
  const wrapped = await sealed(device, inner, contentOf(licence));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return { key, wrapped, lease: await leaseOf(device, licence, secret) };
}

/** The licence's secret as it is written down: by the device's key, for exactly these terms. */
export function leaseOf(device, licence, secret) {
  return sealed(device, secret, termsOf(licence));
}

/**
 * The key of a download. @param {{wrapped: Uint8Array, lease: Uint8Array}} kept
 * @throws {Error} when the device, the licence or its terms are others than those that it was made for
 */
export async function openKey(device, licence, { wrapped, lease }) {
  const secret = await ofSecret(await opened(device, lease, termsOf(licence)));
  const raw = await opened(secret, await opened(device, wrapped, contentOf(licence)), contentOf(licence));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return key;
}

/** Seal one piece. @param {CryptoKey} key a download's @param {string} name its path below the token */
export function seal(key, name, bytes) {
  return sealed(key, bytes, name);
}

/** Open it. @throws {Error} when it is not what was sealed under this name */
export function open(key, name, all) {
  return opened(key, all, name);
}

/** A small text, such as the clock's note, sealed by the device's key. */
export function sealText(device, name, value) {
  return sealed(device, text.encode(value), name);
}

export async function openText(device, name, all) {
  return new TextDecoder().decode(await opened(device, all, name));
}

/** Bytes of base64. */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
