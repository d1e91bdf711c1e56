// What a film's beginning consists of, before any playlist was read: which rendition comes first, and which objects of
// the package a player will ask for. Pure. The names are those of every package (docs/packages.md).

//: Seconds that a segment plays for; the first ones may be shorter, which only makes the start quicker.
const SEGMENT_S = 4;
//: What is expected of a line of which nothing is known, in bit/s.
const UNKNOWN_LINE = 1_200_000;
//: How long the first segment may take, in seconds: while somebody waits for the picture, and while nobody does.
const WAITED_S = 0.4;
const UNWAITED_S = 2;

/**
 * The rendition to begin with: the best one whose first segment is there soon enough; the smallest if none is.
 * @param {{name: string, width: number, height: number, bandwidth: number}[]} pictures `bandwidth` in bit/s
 * @param {{rate?: number, waited?: boolean, height?: number}} facts `rate`: what the line gave lately, bit/s; `waited`:
 *   whether somebody has pressed Play; `height`: pixels that the screen can show of it
 * @returns {object | null} null when there is no picture
 */
export function firstRendition(pictures, { rate = 0, waited = true, height = Infinity } = {}) {
  const ordered = [...(pictures ?? [])].sort((a, b) => a.bandwidth - b.bandwidth);
  const line = rate > 0 ? rate : UNKNOWN_LINE;
  const most = (line * (waited ? WAITED_S : UNWAITED_S)) / SEGMENT_S;
  // One step above the screen is too much, the step that fills it is not.
  const filling = ordered.find((one) => one.height >= height)?.height ?? Infinity;
  const fits = ordered.filter((one) => one.bandwidth <= most && one.height <= filling);
  return fits.at(-1) ?? ordered[0] ?? null;
}

/** The sound that plays when the viewer wants this language ("" for none in particular); null when there is none. */
export function firstSound(sounds, language = "") {
  const wanted = language && sounds?.find((one) => one.language === language);
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
