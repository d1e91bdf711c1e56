// The shape of a media URL, and what follows from it: any node's URL can be written for any other node and for any
// token, because both stand in the path. A renewed token therefore needs no new playlist.

// <base>/v1/<token>/<package>/<rendition>/<name>; the package id is 32 hex characters, the token is base64url.
const MEDIA_URL = /^(.*?)\/v1\/([A-Za-z0-9_-]+)\/([0-9a-f]{32}\/[^?#]+)/;

/**
 * Take a media URL apart.
 * @param {string} url
 * @returns {{base: string, token: string, path: string} | null} null when it is no media URL (a multivariant
 *   playlist, say): such a request has one place to go and is left as it is.
 */
export function split(url) {
  const found = MEDIA_URL.exec(url);
  return found ? { base: found[1], token: found[2], path: found[3] } : null;
}

/** Whether this is the key that encrypted playlists name: always `key.bin` beside them, where nothing is stored. */
export function isKey(url) {
  return /\/key\.bin(?:[?#]|$)/.test(url);
}

/** The opposite of `split`. */
export function join(base, token, path) {
  return `${base.replace(/\/+$/, "")}/v1/${token}/${path}`;
}

/**
 * When to renew, in milliseconds from now: at half of the token's life, so that a control plane that is away for a
 * few minutes is not noticed. Both times come from the server's clock, because the viewer's may be wrong by hours.
 * @param {{issuedAt: number, expiresAt: number}} times epoch milliseconds
 */
export function renewalDelay({ issuedAt, expiresAt }) {
  const life = expiresAt - issuedAt;
  return Number.isFinite(life) ? Math.min(2 ** 31 - 1, Math.max(5000, life / 2)) : 60_000;
}

/** How long to wait after `failures` failed renewals in a row: 5 s, 10 s, 20 s … at most a minute. */
export function renewalRetryDelay(failures) {
  return Math.min(60_000, 5000 * 2 ** Math.max(0, failures - 1));
}
