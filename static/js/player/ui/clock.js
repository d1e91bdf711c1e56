// Time in words and figures. Pure.

/** 83 → "1:23", 3725 → "1:02:05"; hours are shown when `whole` (seconds) has them, so that the width stays. */
export function figures(seconds, whole = seconds) {
  const total = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const parts = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const two = (part) => String(part).padStart(2, "0");
  if (whole >= 3600 || parts[0]) return `${parts[0]}:${two(parts[1])}:${two(parts[2])}`;
  return `${parts[1]}:${two(parts[2])}`;
}

/** 3725 → "1 hour 2 minutes 5 seconds", for screen readers. */
export function words(seconds) {
  const total = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const counts = [
    [Math.floor(total / 3600), "hour"],
    [Math.floor((total % 3600) / 60), "minute"],
    [total % 60, "second"],
  ];
  const said = counts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

/** The clock time at which what remains (seconds) will be over, in the viewer's own notation. */
export function endsAt(remaining, now = new Date()) {
  const end = new Date(now.getTime() + remaining * 1000);
  return end.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

/** Seconds from what an API may send: a number, or "[D ]HH:MM:SS[.ffffff]"; NaN for anything else. */
export function seconds(value) {
  if (typeof value === "number") return value;
  const found = /^(?:(\d+) )?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(value ?? "");
  if (!found) return Number.parseFloat(value);
  const [, days = 0, hours, minutes, rest] = found;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(rest);
}
