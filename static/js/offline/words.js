// How downloads are told to people. Pure.

import { gettext, interpolate, ngettext, number } from "../lib/words.js";

/** 734003200 → "700 MB", as the language writes it. */
export function size(bytes) {
  const [unit, of] = bytes >= 1e9 ? ["gigabyte", 1e9] : bytes >= 1e5 ? ["megabyte", 1e6] : ["kilobyte", 1e3];
  const count = bytes / of;
  return number(count, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: count < 10 ? 1 : 0 });
}

/** A picture's name: what people know it by. */
export function quality(height) {
  const figures = `${height}p`;
  if (height <= 480) return interpolate(gettext("Standard (%(height)s)"), { height: figures });
  if (height <= 720) return interpolate(gettext("High (%(height)s)"), { height: figures });
  return interpolate(gettext("Best (%(height)s)"), { height: figures });
}

/**
 * How a download stands.
 * @param {object} record
 * @param {{why: string, days: number, part: number}} facts of terms.js
 */
export function standing(record, { why, days, part }) {
  const done = number(part, { style: "percent", maximumFractionDigits: 0 });
  if (record.state === "failed" && record.trouble === "room") return gettext("This device is full. Make room and try again.");
  if (record.state === "failed") return gettext("This download could not be finished. Remove it and try again.");
  if (record.state === "paused") return interpolate(gettext("Paused at %(done)s"), { done });
  if (record.state === "queued" && record.trouble) return interpolate(gettext("Waiting for the network: %(done)s"), { done });
  if (record.state === "queued") return gettext("Waiting its turn");
  if (record.state === "fetching") return interpolate(gettext("Downloading: %(done)s"), { done });
  if (why === "expired") return gettext("Expired. Connect to the internet to renew it.");
  if (why === "clock") return gettext("The clock was set back. Connect to the internet once.");
  if (days > 60) return "";
  if (!days) return gettext("Plays until tomorrow without the internet");
  const words = ngettext("Plays for %(days)s more day without the internet", "Plays for %(days)s more days without the internet", days);
  return interpolate(words, { days: number(days) });
}

/** The words of a button that does what is next for a download. */
export function actionOf(state) {
  if (state === "fetching" || state === "queued") return gettext("Pause");
  if (state === "paused" || state === "failed") return gettext("Resume");
  return gettext("Play");
}
