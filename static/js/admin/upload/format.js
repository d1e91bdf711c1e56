// Figures for people, and the arithmetic of sending. Pure.

const UNITS = ["kB", "MB", "GB", "TB"];
export const MIB = 1024 * 1024;
/** A piece should take about this long, in seconds: what a broken connection may cost. */
const PIECE_SECONDS = 4;
const PIECE_MIN = MIB;
const PIECE_MAX = 32 * MIB;

/** Bytes for people: 37 B, 812 kB, 24.3 MB, 1.25 GB. */
export function size(bytes, locale = undefined) {
  if (bytes > 0 && bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : unit > 1 && value < 10 ? 2 : 1;
  return `${value.toLocaleString(locale, { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

/** Whole percent, and 100 only when it is all there. */
export function percent(part, whole) {
  return whole > 0 ? Math.min(part >= whole ? 100 : 99, Math.floor((100 * part) / whole)) : 0;
}

/** A time left, by the page's words for seconds, minutes and hours. */
export function left(seconds, words) {
  if (seconds < 90) return fill(words.seconds, { n: Math.max(1, Math.ceil(seconds / 5) * 5) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return fill(words.minutes, { n: minutes });
  return fill(words.hours, { n: Math.floor(minutes / 60), m: minutes % 60 });
}

/** Put values into `{names}`. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** How large the next piece should be, in bytes, after one of `bytes` that took `seconds`. */
export function nextPiece(bytes, seconds) {
  const wanted = (bytes / Math.max(seconds, 0.05)) * PIECE_SECONDS;
  const stepped = Math.min(Math.max(wanted, bytes / 2), bytes * 2);
  return Math.round(Math.min(Math.max(stepped, PIECE_MIN), PIECE_MAX));
}

/** How long to wait before try number `tries` (from 0), in seconds. */
export function backOff(tries) {
  return [1, 2, 3, 5, 8, 15][Math.min(tries, 5)];
}

/** Bytes a second over the last ten seconds or so: steady enough to read, quick enough to believe. */
export class Speed {
  constructor() {
    this.samples = [];
  }

  /** Note that `bytes` had been sent at `now` (milliseconds). */
  add(bytes, now) {
    const { samples } = this;
    if (samples.length && bytes < samples.at(-1).bytes) samples.length = 0;
    if (samples.length && now - samples.at(-1).now < 200) return;
    samples.push({ bytes, now });
    while (samples.length > 2 && now - samples[0].now > 10_000) samples.shift();
  }

  /** Bytes a second; 0 while nobody knows. */
  get value() {
    const { samples } = this;
    const first = samples[0];
    const last = samples.at(-1);
    return last && last.now - first.now >= 1000 ? (1000 * (last.bytes - first.bytes)) / (last.now - first.now) : 0;
  }

  /** Forget: the connection was lost, or somebody paused. */
  clear() {
    this.samples.length = 0;
  }
}
