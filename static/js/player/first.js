// What a film's beginning consists of, before any playlist was read: which rendition comes first, and which objects of
// the package a player will ask for. Pure. The names are those of every package (docs/packages.md).

import { capOf } from "./abr/caps.js";

//: Seconds that a segment plays for; the first ones may be shorter, which only makes the start quicker.
const SEGMENT_S = 4;
//: How long the first segment may take, in seconds: while somebody waits for the picture, and while nobody does.
const WAITED_S = 0.4;
const UNWAITED_S = 2;

/**
 * The rendition to begin with: the best one that is allowed and whose first segment is there soon enough; the smallest
 * if none is.
 * @param {{name: string, width: number, height: number, bandwidth: number}[]} pictures `bandwidth` in bit/s
 * @param {object} facts
 * @param {number} facts.rate what is expected of the line, bit/s
 * @param {boolean} [facts.waited] whether somebody has pressed Play
 * @param {object} [facts.limits] as abr/caps.js takes them
 * @returns {object | null} null when there is no picture
 */
export function firstRendition(pictures, { rate, waited = true, limits = {} }) {
  const ordered = (pictures ?? []).map((one) => ({ ...one, average: one.bandwidth }));
  ordered.sort((one, other) => one.bandwidth - other.bandwidth);
  if (!ordered.length) return null;
  const allowed = ordered.slice(0, capOf(ordered, limits).index + 1);
  const most = (rate * (waited ? WAITED_S : UNWAITED_S)) / SEGMENT_S;
  return allowed.findLast(({ bandwidth }) => bandwidth <= most) ?? allowed[0];
}

/** The sound that plays when the viewer wants this language ("" for none in particular); null when there is none. */
export function firstSound(sounds, language = "") {
  const wanted = language && sounds?.find((one) => one.language === language && !one.described);
  return wanted || sounds?.find((one) => one.default) || sounds?.[0] || null;
}

/** The number of the segment in which this second is, by a media playlist; 0 when it cannot be told. */
export function segmentAt(playlist, second) {
  let end = 0;
  let number = 0;
  for (const [, duration] of playlist.matchAll(/^#EXTINF:([\d.]+)/gm)) {
    end += Number(duration);
    if (second < end) return number;
    number += 1;
  }
  return Math.max(0, number - 1);
}

/** The first objects of a rendition: its playlist, what decoders need, and the segment if its number is known already. */
export function objectsOf(packageId, rendition, segment = null) {
  const names = ["index.m3u8", "init.mp4", ...(segment === null ? [] : [`${segment}.m4s`])];
  return names.map((name) => `${packageId}/${rendition}/${name}`);
}
