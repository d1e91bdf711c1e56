// What is known before a film begins: what to expect of the line, what limits the picture, the viewer's languages.

import { savesData } from "./abr/caps.js";
import { expectation, failingHeight } from "./abr/memory.js";
import { languageOf, partsOf, wishOf } from "./tracks.js";

/**
 * What an engine is told at its start, and what decides which rendition is fetched first.
 * @param {import("./ui/prefs.js").Preferences} preferences
 * @param {number} [rate] what this very line gave a moment ago, bit/s
 */
export function startOf(preferences, rate = NaN) {
  const { connection } = navigator;
  const now = Date.now();
  return {
    expectation: Number.isFinite(rate)
      ? { expected: rate, doubt: 0.3 }
      : expectation(preferences.get("rates"), connection, now),
    limits: {
      saver: savesData(preferences.get("saver"), connection),
      failing: failingHeight(preferences.get("frames"), now),
    },
    ...soundOf(null, preferences),
  };
}

/** The sound to begin with, as an engine and the larder are told it: once the session's answer is there, by its wish. */
export function soundOf(answer, preferences) {
  const { audio } = wishOf(answer, preferences);
  return { audioLanguage: languageOf(audio), described: partsOf(audio)?.kind === "description" };
}

/** The device pixels that an element covers, or with no element the whole window. */
export function screenOf(element = document.documentElement) {
  const dots = globalThis.devicePixelRatio || 1;
  const { clientWidth, clientHeight } = element;
  return clientWidth && clientHeight ? { width: clientWidth * dots, height: clientHeight * dots } : null;
}
