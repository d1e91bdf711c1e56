// What tracks and qualities are called in menus, in the viewer's language.

import { gettext, interpolate, locale, number } from "../../lib/words.js";

const SURROUND = { 6: "5.1", 8: "7.1" };

/** A language's name in the viewer's own; `tag` is BCP 47. */
export function languageName(tag, into = locale()) {
  if (!tag || tag === "und") return gettext("Original");
  try {
    const name = new Intl.DisplayNames([into], { type: "language", fallback: "code" }).of(tag);
    return name.charAt(0).toLocaleUpperCase(into) + name.slice(1);
  } catch {
    return tag; // not a language tag, or a browser without names
  }
}

// A label that says no more than the language does, however it is written, is not worth a second line.
function detailOf({ label = "", language = "", name = "" }) {
  const bare = label.replace(/\s*\((?:sdh|cc|forced)\)/i, "").replace(` (${name})`, "").trim();
  const same = (one) => one.toLocaleLowerCase() === bare.toLocaleLowerCase();
  const known = [language, base(language), language && languageName(language, "en"), language && languageName(language)];
  const native = nativeNames(language);
  return !bare || [...known, ...native].some((one) => one && same(one)) ? "" : bare;
}

function base(language) {
  return language.split("-")[0];
}

function nativeNames(language) {
  if (!language || language === "und") return ["Original"]; // no words
  const [first, ...rest] = language.split("-");
  const name = languageName(first, first);
  return [name, languageName(language, first), `${name} (${rest.join("-")})`];
}

/**
 * Tracks as menus show them.
 * @param {{id: number, label: string, language: string, name?: string, channels?: number, forced?: boolean,
 *   sdh?: boolean, described?: boolean}[]} tracks
 * @returns {{id: number, label: string, note: string}[]}
 */
export function trackNames(tracks) {
  return tracks.map((track) => {
    const notes = [
      track.described && gettext("Audio description"),
      track.forced && gettext("Foreign passages only"),
      track.sdh && gettext("Describes sounds"),
      SURROUND[track.channels],
      detailOf(track),
    ];
    const known = track.language && track.language !== "und";
    const detail = known ? "" : detailOf(track);
    const label = detail || languageName(track.language);
    return { id: track.id, label, note: [...new Set(notes)].filter((one) => one && one !== label).join(" · ") };
  });
}

/** "1080p" and friends for a rendition; its height, whatever its width. */
export function qualityName(level) {
  if (!level) return "";
  return level.height >= 2160 ? "4K" : `${level.height}p`;
}

/** What an hour at this rate takes of a data plan: "1.1 GB an hour". @param {number} rate bit/s */
export function hourly(rate) {
  const gigabytes = (rate * 3600) / 8 / 1e9;
  const [value, unit] = gigabytes >= 1 ? [gigabytes, "gigabyte"] : [gigabytes * 1000, "megabyte"];
  const digits = gigabytes >= 1 ? { maximumFractionDigits: 1 } : { maximumSignificantDigits: 2 };
  return interpolate(gettext("%(size)s an hour"), { size: number(value, { style: "unit", unit, ...digits }) });
}

/** The quality menu: Auto with what it shows now, then every height from the best, once. */
export function qualityChoices(levels, choice, current) {
  const seen = new Set();
  const fixed = [...levels].reverse().filter(({ height }) => !seen.has(height) && seen.add(height));
  const chosenHeight = levels[choice]?.height;
  const now = choice < 0 ? qualityName(current) : "";
  return [
    { label: gettext("Auto"), note: now, value: -1, chosen: choice < 0 },
    ...fixed.map((level) => ({
      label: qualityName(level),
      note: hourly(level.average || level.bitrate),
      value: level.index,
      chosen: choice >= 0 && level.height === chosenHeight,
    })),
  ];
}

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** "1.25×" in the viewer's own figures. */
export function rateName(rate) {
  return rate === 1 ? gettext("Normal") : `${number(rate)}×`;
}
