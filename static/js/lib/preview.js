// A stretch of a film that runs by itself, without sound and without anybody watching: the prepared session's token, a
// handful of segments from the first node that answers, verified like all others, played by a bare media source. No
// engine, no beacons, no bookmark; what cannot be shown at once is not shown.

import { digest } from "../player/sha256.js";
import { same } from "../player/verify.js";
import { DIGEST_BYTES, Table } from "../player/tables.js";
import { join } from "../player/token.js";

//: Seconds of film, at least and at most; bytes at most; pixels of height at most; bit/s at most.
const LONG_S = 24;
const SHORT_S = 6;
const MOST_BYTES = 6 * 1024 * 1024;
const MOST_HEIGHT = 720;
const MOST_BPS = 3_000_000;
//: The share of what the line gives that a preview may take, and what a line gives that nothing is known of.
const SHARE = 0.6;
const UNKNOWN_BPS = 4_000_000;
const PATIENCE_MS = 4000;
//: A film's quiet part, as shares of its length: past its opening titles, far from its end.
const FROM = 0.12;
const UNTIL = 0.55;

/** The durations of a media playlist's segments, in seconds. Pure. */
export function durationsOf(playlist) {
  return [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].map(([, duration]) => Number(duration));
}

/**
 * The segments to show: as many as make LONG_S, in the quiet part, outside of openings and credits; of all such places
 * the one whose quietest segment has most in it, so that nobody is shown black or a still. Pure.
 * @param {number[]} durations of all segments, seconds
 * @param {number[]} sizes of all segments, bytes
 * @param {{kind: string, start: number, end: number}[]} [markers] seconds
 * @returns {{first: number, count: number} | null} null when the film has no such stretch
 */
export function stretchOf(durations, sizes, markers = []) {
  const starts = [];
  durations.reduce((at, each, i) => ((starts[i] = at), at + each), 0);
  const whole = (starts.at(-1) ?? 0) + (durations.at(-1) ?? 0);
  const avoided = markers.filter(({ kind }) => kind !== "chapter");
  const quiet = (i) =>
    starts[i] >= whole * FROM && starts[i] + durations[i] <= whole * UNTIL &&
    !avoided.some(({ start, end }) => starts[i] < end && starts[i] + durations[i] > start);
  let best = null;
  for (let first = 0; first < durations.length; first += 1) {
    let count = 0;
    let length = 0;
    let least = Infinity;
    while (length < LONG_S && first + count < durations.length && quiet(first + count)) {
      length += durations[first + count];
      least = Math.min(least, (sizes[first + count] ?? 0) / durations[first + count]);
      count += 1;
    }
    const enough = Math.min(length, LONG_S);
    if (length < SHORT_S || (best && (enough < best.enough - 0.5 || (enough < best.enough + 0.5 && least <= best.least)))) continue;
    best = { first, count, enough, least };
  }
  return best && { first: best.first, count: best.count };
}

/** The rendition for a preview: the largest within its bounds, else the smallest. Pure. `rate`: bit/s of the line, 0 where it is not known. */
export function pictureOf(pictures, rate) {
  const ordered = [...(pictures ?? [])].sort((one, other) => one.bandwidth - other.bandwidth);
  const most = Math.min(MOST_BPS, (rate || UNKNOWN_BPS) * SHARE);
  return ordered.findLast(({ height, bandwidth }) => height <= MOST_HEIGHT && bandwidth <= most) ?? ordered[0] ?? null;
}

/** What a source buffer is told of an H.264 track, from its init segment (ISO/IEC 14496-15, avcC); "" for others. Pure. */
export function codecOf(init) {
  for (let at = 4; at + 8 <= init.length; at += 1) {
    if (init[at] !== 0x61 || init[at + 1] !== 0x76 || init[at + 2] !== 0x63 || init[at + 3] !== 0x43) continue;
    return `avc1.${[...init.subarray(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
  return "";
}

/**
 * Fetch a stretch and have `video` play it. Resolves when the stretch is over on this element's side: all is appended.
 * @param {HTMLVideoElement} video
 * @param {object} answer a prepared session's
 * @param {{signal: AbortSignal, rate: number, whole?: boolean}} how `whole`: from the beginning, a trailer
 * @returns {Promise<boolean>} false where there is nothing to show; rejects when it is aborted or fails
 */
export async function playStretch(video, answer, { signal, rate, whole = false }) {
  const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
  const picture = pictureOf(answer.tracks?.video, rate);
  if (!Source || !picture || !answer.package || answer.encrypted || !answer.segments) return false;
  const folder = `${answer.package}/${picture.name}`;
  const [playlist, init, table] = await Promise.all([
    get(answer, `${folder}/index.m3u8`, signal),
    get(answer, `${folder}/init.mp4`, signal),
    tableOf(answer.segments.replace("{rendition}", encodeURIComponent(picture.name)), signal),
  ]);
  const type = `video/mp4; codecs="${codecOf(init)}"`;
  const durations = durationsOf(new TextDecoder().decode(playlist));
  const stretch = whole ? { first: 0, count: durations.length } : stretchOf(durations, table.sizes, answer.markers);
  if (!stretch || !Source.isTypeSupported(type)) return false;
  await proved(init, table.of("init.mp4"));
  const source = new Source();
  video.disableRemotePlayback = true;
  video.src = URL.createObjectURL(source);
  try {
    await once(source, "sourceopen", signal);
    await fill(source, { type, init, table, stretch, durations, answer, folder, signal });
  } finally {
    URL.revokeObjectURL(video.src);
  }
  return true;
}

async function fill(source, { type, init, table, stretch, durations, answer, folder, signal }) {
  const buffer = source.addSourceBuffer(type);
  buffer.timestampOffset = -durations.slice(0, stretch.first).reduce((sum, each) => sum + each, 0);
  await append(buffer, init, signal);
  let bytes = 0;
  for (let number = stretch.first; number < stretch.first + stretch.count && bytes < MOST_BYTES; number += 1) {
    const name = `${number}.m4s`;
    try {
      const segment = await get(answer, `${folder}/${name}`, signal);
      await proved(segment, table.of(name));
      bytes += segment.length;
      await append(buffer, segment, signal);
    } catch (error) {
      // What is there may be shown to its end: a token that is over, a line that broke.
      if (signal.aborted || number === stretch.first) throw error;
      break;
    }
  }
  if (source.readyState === "open") source.endOfStream();
}

/** From the first node that has it. */
async function get(answer, path, signal) {
  const nodes = [...(answer.nodes ?? [])].sort((one, other) => one.rank - other.rank);
  let failure = new Error("no node");
  for (const { base_url: base } of nodes.slice(0, 3)) {
    try {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
      const response = await fetch(join(base, answer.token.value, path), { credentials: "omit", signal: patience });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      if (signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function tableOf(url, signal) {
  const response = await fetch(url, { credentials: "omit", signal });
  if (!response.ok) throw new Error(`segments: ${response.status}`);
  return new Table(await response.json());
}

/** Nodes may be anybody's: bytes that are not the site's own never reach the decoder. */
async function proved(bytes, known) {
  const found = known && (!known.size || known.size === bytes.length) ? await digest(bytes) : null;
  if (!found || !same(found.subarray(0, DIGEST_BYTES), known.digest)) throw new Error("these are not the film's bytes");
}

async function append(buffer, bytes, signal) {
  buffer.appendBuffer(bytes);
  await once(buffer, "updateend", signal);
}

function once(target, type, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    target.addEventListener(type, () => resolve(), { once: true, signal });
    target.addEventListener("error", () => reject(new Error(`no ${type}`)), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
