// What a download consists of, and how its film is described to the player when it comes from this device. Pure.

import { tilesOf } from "../player/sprites.js";

// A place that is no place: the player writes addresses with it, and our own fetch (local.js) takes them. Reserved for
// ever as a name that leads nowhere (RFC 2606).
export const HERE = "https://device.invalid";
export const HERE_TOKEN = "kept";
const MEDIA = /https?:\/\/[^\s"]*?\/v1\/[A-Za-z0-9_-]+\//g;
const FAR_MS = 365 * 86_400_000;

/** Whether a rendition's name is that of sheets of small pictures, by a session's trickplay address. */
export function sheetsOf(trickplay) {
  return /\/([^/]+)\/index\.vtt(?:[?#]|$)/.exec(trickplay ?? "")?.[1] ?? "";
}

/** The first file of a rendition, which names all others: a playlist, or the index of the sheets. */
export function indexOf(packageId, rendition, sheets) {
  return `${packageId}/${rendition}/${rendition === sheets ? "index.vtt" : "index.m3u8"}`;
}

/**
 * The files of a rendition, as its index names them: below the token, without the key of an encrypted package.
 * @param {string} path the index's own
 * @param {string} text
 */
export function filesOf(path, text) {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const names = path.endsWith(".vtt") ? tilesOf(text).map(({ sheet }) => sheet) : named(text);
  const plain = [...new Set(names)].filter((name) => /^[\w-]+\.(mp4|m4s|vtt|webp)$/.test(name));
  return plain.map((name) => folder + name);
}

function named(playlist) {
  const lines = playlist.split(/\r?\n/);
  const uris = lines.flatMap((line) => (line.startsWith("#") ? [...line.matchAll(/\bURI="([^"]+)"/g)].map(([, uri]) => uri) : line));
  return uris.filter(Boolean);
}

/** The multivariant playlist with all media on this device; keyframes alone are not kept. */
export function playlistHere(text) {
  const lines = text.split("\n").filter((line) => !line.startsWith("#EXT-X-I-FRAME-STREAM-INF"));
  return lines.join("\n").replace(MEDIA, `${HERE}/v1/${HERE_TOKEN}/`);
}

/**
 * What is kept of a session's answer: what the film is, and nothing by which anything could be fetched.
 * @param {object} session as POST /api/v1/playback/downloads answers it
 */
export function described(session) {
  const { video, title, title_id, package: id, name, duration, encrypted, max_height, tracks, markers, next } = session;
  const trickplay = session.trickplay?.replace(MEDIA, `${HERE}/v1/${HERE_TOKEN}/`) ?? null;
  const playlist = playlistHere(session.playlist ?? "");
  const choice = session.choice ? { ...session.choice, url: null } : null; // chosen anew here, it stays here
  return { video, title, title_id, package: id, name, duration, encrypted, max_height, tracks, markers, next, trickplay, playlist, choice };
}

/**
 * The answer to the player that opens a session of what is kept here.
 * @param {object} film as `described` made it
 * @param {object} how
 * @param {string} how.viewing a new id for this watching
 * @param {string} how.reportsUrl where the site takes what was watched
 * @param {object | null} how.bookmark {position, duration, finished}
 * @param {object | null} how.next what follows, if that is here too
 * @param {number} how.now epoch ms
 */
export function answerOf(film, { viewing, reportsUrl, bookmark, next, now }) {
  const at = `${HERE}/s/${film.video}`;
  const report = reportsUrl + viewing;
  return {
    ...film,
    id: viewing,
    complete: true,
    expected_duration: null,
    content_key_url: film.encrypted ? `${at}/content-key` : null,
    hls: `${at}/multivariant.m3u8`,
    dash: null,
    nodes: [{ id: "device", base_url: HERE, rank: 1, reason: "kept on this device" }],
    steering: null,
    segments: null,
    token: { value: HERE_TOKEN, expires_at: new Date(now + FAR_MS).toISOString(), renew_url: `${at}/token` },
    bookmark,
    next,
    beacon: { url: report, interval: 10 },
    close: { url: report },
    heads: {},
    begin: null,
    news: { url: null },
  };
}

/** How many bytes a choice takes. @param {object} offer @param {{height: number, sounds: string[]}} wish */
export function sizeOf(offer, { height, sounds }) {
  const picture = offer.pictures.findLast((one) => one.height <= height) ?? offer.pictures[0];
  const heard = offer.sounds.filter(({ name }) => sounds.includes(name));
  return [picture, ...heard].reduce((sum, one) => sum + (one?.bytes ?? 0), offer.more_bytes);
}

/**
 * The picture to begin with: the best that the free room holds twice over, at most what this screen shows.
 * @param {object} offer @param {number} free bytes; Infinity when it is not known @param {number} [screen] pixels
 */
export function usualHeight(offer, free, screen = Infinity) {
  const sounds = offer.sounds.filter(({ usual }) => usual).map(({ name }) => name);
  const fits = ({ height }) => height <= Math.max(screen, 480) && 2 * sizeOf(offer, { height, sounds }) <= free;
  return (offer.pictures.findLast(fits) ?? offer.pictures[0])?.height ?? 0;
}
