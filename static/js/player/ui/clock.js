// Time in words and figures. Pure.

import { locale, number } from "../../lib/words.js";

/** 83 → "1:23", 3725 → "1:02:05"; hours are shown when `whole` (seconds) has them, so that the width stays. */
export function figures(seconds, whole = seconds) {
  const total = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const parts = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const two = (part) => String(part).padStart(2, "0");
  if (whole >= 3600 || parts[0]) return `${parts[0]}:${two(parts[1])}:${two(parts[2])}`;
  return `${parts[1]}:${two(parts[2])}`;
}

/** 3725 → "1 hour 2 minutes 5 seconds", for screen readers, in the language of the page. */
export function words(seconds) {
  const total = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const counts = [
    [Math.floor(total / 3600), "hour"],
    [Math.floor((total % 3600) / 60), "minute"],
    [total % 60, "second"],
  ];
  const spoken = (count, unit) => number(count, { style: "unit", unit, unitDisplay: "long" });
  const said = counts.filter(([count]) => count).map(([count, unit]) => spoken(count, unit));
  if (!said.length) return spoken(0, "second");
  return new Intl.ListFormat(locale(), { style: "narrow", type: "unit" }).format(said);
}

/** 2640 → "44 min", 5400 → "1 hr, 30 min": how long an episode is. */
export function length(seconds) {
  const minutes = Math.max(1, Math.round(seconds / 60));
  const part = (count, unit) => number(count, { style: "unit", unit, unitDisplay: "short" });
  const hours = Math.floor(minutes / 60);
  const said = [hours && part(hours, "hour"), minutes % 60 && part(minutes % 60, "minute")].filter(Boolean);
  return new Intl.ListFormat(locale(), { style: "short", type: "unit" }).format(said);
}

/** The clock time at which what remains (seconds) will be over, in the viewer's own notation. */
export function endsAt(remaining, now = new Date()) {
  const end = new Date(now.getTime() + remaining * 1000);
  return end.toLocaleTimeString(locale(), { hour: "numeric", minute: "2-digit" });
}

/** Seconds from what an API may send: a number, or "[D ]HH:MM:SS[.ffffff]"; NaN for anything else. */
export function seconds(value) {
  if (typeof value === "number") return value;
  const found = /^(?:(\d+) )?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(value ?? "");
  if (!found) return Number.parseFloat(value);
  const [, days = 0, hours, minutes, rest] = found;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(rest);
}
