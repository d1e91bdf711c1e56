// What the PIN pad does with keys. Pure.

/** The pad's key that a keyboard's event stands for: a digit, "Backspace", or "" for none. */
export function keyFrom({ key }) {
  if (/^[0-9]$/.test(key)) return key;
  return key === "Backspace" || key === "Delete" ? "Backspace" : "";
}

/** What the field holds after a key; what is more than `longest` digits is not taken. */
export function typed(value, key, longest) {
  const digits = value.replace(/[^0-9]/g, "");
  if (key === "Backspace") return digits.slice(0, -1);
  return digits.length < longest ? digits + key : digits;
}

/** One mark a digit, true for what was typed; as many as the shortest PIN has at least. */
export function dots(count, shortest) {
  return Array.from({ length: Math.max(count, shortest) }, (_each, place) => place < count);
}

/**
 * Where an arrow leads on a pad of `columns`: a place, or null off the pad. From nowhere (-1) it leads to the middle key.
 */
export function next(place, arrow, count, columns) {
  if (place < 0) return arrow === "ArrowUp" ? null : Math.min(count - 1, columns + 1);
  const column = place % columns;
  const to = {
    ArrowUp: place - columns,
    ArrowDown: place + columns,
    ArrowLeft: column > 0 ? place - 1 : -1,
    ArrowRight: column < columns - 1 ? place + 1 : -1,
  }[arrow];
  return to === undefined || to < 0 || to >= count ? null : to;
}

/** "Try again in 40 s", or in minutes from two on. */
export function countdown(left, { seconds, minutes }) {
  return left < 120 ? seconds.replace("{n}", left) : minutes.replace("{n}", Math.ceil(left / 60));
}
