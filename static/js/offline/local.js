// The fetch of a player whose film is on this device: sessions, playlists, segments and keys come from the cellar, opened
// here. Only reports go to the site, when it is there; the player keeps those that do not arrive, as always.

import { gettext } from "../lib/words.js";
import { isKey, split } from "../player/token.js";
import { answerOf, HERE } from "./package.js";
import { open } from "./vault.js";

const PLACE = "netflixlite.place.";
const FINISHED = 0.95;

/** Why a film does not play here, in words. */
export function wordsFor(why) {
  const words = {
    missing: gettext("This is not downloaded on this device. Connect to the internet to watch it."),
    incomplete: gettext("This download is not complete yet."),
    expired: gettext("This download has expired. Connect to the internet to renew it."),
    clock: gettext("The clock of this device was set back. Connect to the internet once to watch downloads."),
    broken: gettext("This download cannot be opened. Remove it and download it again."),
  };
  return words[why] ?? words.missing;
}

/** Keep where somebody is in a film: before this function returns, for the page may be about to go. */
export function notePlace(id, { position, duration }) {
  if (!(duration > 0)) return;
  try {
    localStorage.setItem(PLACE + id, JSON.stringify({ position, duration, finished: position >= FINISHED * duration }));
  } catch {
    // full or forbidden
  }
}

/** Forget where somebody was: in one download, or with "" in all. */
export function forgetPlace(id) {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PLACE + id)) localStorage.removeItem(name);
  } catch {
    // forbidden: then nothing was kept either
  }
}

function placeOf(record) {
  try {
    return JSON.parse(localStorage.getItem(PLACE + record.id)) ?? record.bookmark;
  } catch {
    return record.bookmark;
  }
}

/**
 * @param {object} tools
 * @param {object} tools.downloads this page's Downloads
 * @param {string} tools.profile who watches: others' downloads are not there for them
 * @param {typeof fetch} [tools.network]
 * @param {() => number} [tools.now]
 * @returns {typeof fetch}
 */
export function localFetch({ downloads, profile, network = (...args) => fetch(...args), now = Date.now }) {
  let record = null;
  let key = null;

  async function playable(video) {
    const found = (await downloads.all(profile)).find((one) => one.video === video) ?? null;
    return { found, why: found ? await downloads.licences.obstacle(found) : "missing" };
  }

  async function session(init) {
    const { video, prepare } = JSON.parse(init.body);
    if (prepare) return refusal(409, "not_prepared", "");
    const { found, why } = await playable(video);
    if (why) return refusal(403, why, wordsFor(why));
    try {
      key = await downloads.licences.keyOf(found);
    } catch {
      return refusal(403, "broken", wordsFor("broken"));
    }
    record = found;
    const following = found.film.next && (await playable(found.film.next.video));
    const facts = { viewing: crypto.randomUUID(), reportsUrl: found.urls.reports, bookmark: placeOf(found), now: now() };
    const next = following && !following.why ? found.film.next : null;
    return Response.json(answerOf(found.film, { ...facts, next }), { status: 201 });
  }

  async function piece(path, type, range) {
    const sealed = record && (await downloads.cellar.piece(record.id, path));
    if (!sealed) return new Response(null, { status: 404 });
    const bytes = await open(key, path, sealed);
    return part(bytes, type, range);
  }

  return async (url, init = {}) => {
    const address = String(url);
    if (/\/playback\/sessions$/.test(address)) return session(init);
    const media = split(address);
    if (isKey(address) || (address.startsWith(HERE) && address.endsWith("/content-key"))) return piece("content-key", "application/octet-stream");
    if (media) return piece(media.path, typeOf(media.path), init.headers?.Range);
    if (address.startsWith(HERE)) return new Response(null, { status: 404 });
    return network(url, init);
  };
}

function refusal(status, code, message) {
  return Response.json({ error: { code, message } }, { status });
}

function typeOf(path) {
  const ending = path.slice(path.lastIndexOf("."));
  return { ".m3u8": "application/vnd.apple.mpegurl", ".vtt": "text/vtt", ".webp": "image/webp" }[ending] ?? "video/mp4";
}

/** The bytes, or the single range of them that was asked for (RFC 9110 §14). */
function part(bytes, type, range) {
  const found = /^bytes=(\d+)-(\d*)$/.exec(range ?? "");
  const headers = { "Content-Type": type, "Content-Length": String(bytes.byteLength) };
  if (!found) return new Response(bytes, { headers });
  const first = Number(found[1]);
  const last = Math.min(found[2] ? Number(found[2]) : Infinity, bytes.byteLength - 1);
  if (first > last) return new Response(null, { status: 416 });
  const some = bytes.subarray(first, last + 1);
  const more = { "Content-Length": String(some.byteLength), "Content-Range": `bytes ${first}-${last}/${bytes.byteLength}` };
  return new Response(some, { status: 206, headers: { ...headers, ...more } });
}
