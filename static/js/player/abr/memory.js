// What this browser remembers of lines and of itself, and what that makes one expect at the start. Pure but for the
// storage that it is given ({get, set}, the player's preferences).

const UNKNOWN_BPS = 1_200_000;
const LEAST_BPS = 200_000;
const MOST_BPS = 50_000_000;
const KEPT = 4;
const DAY_MS = 86_400_000;
const FRAMES_DAYS = 14;
const FRESH = { part: 0.85, doubt: 0.45 };
const STALE = { part: 0.7, doubt: 0.65 };
const NOTHING_DOUBT = 0.8;

/** A name for the line: what the browser says of it, or one for all. */
export function lineOf(connection) {
  return typeof connection?.type === "string" ? connection.type : "any";
}

/**
 * What to expect of the line before a byte has come.
 * @param {object} rates what `remember` made, or anything that a storage may hold
 * @param {{type?: string, downlink?: number}} [connection] navigator.connection
 * @param {number} now ms since 1970
 * @returns {{expected: number, doubt: number}} bit/s, and the standard deviation of its logarithm
 */
export function expectation(rates, connection, now) {
  const known = valid(rates)[lineOf(connection)];
  if (known) {
    const { part, doubt } = now - known.at < DAY_MS ? FRESH : STALE;
    return { expected: known.bps * part, doubt };
  }
  // downlink is rounded, capped at 10 Mbit/s and often a guess (Network Information API): a hint, no more.
  const told = connection?.downlink > 0 ? connection.downlink * 1e6 : 0;
  return told
    ? { expected: Math.min(4e6, Math.max(LEAST_BPS, told * 0.5)), doubt: NOTHING_DOUBT }
    : { expected: UNKNOWN_BPS, doubt: NOTHING_DOUBT };
}

/** The rates with this one for this line; those of a few lines are kept. */
export function remembered(rates, connection, bps, now) {
  const bounded = Math.round(Math.min(MOST_BPS, Math.max(LEAST_BPS, bps)));
  const others = Object.entries(valid(rates)).filter(([line]) => line !== lineOf(connection));
  others.sort(([, a], [, b]) => b.at - a.at);
  return Object.fromEntries([[lineOf(connection), { bps: bounded, at: now }], ...others.slice(0, KEPT - 1)]);
}

/** The height that this browser failed at, while that is not too long ago; 0 for none. */
export function failingHeight(frames, now) {
  const { height, at } = frames ?? {};
  return height > 0 && now - at < FRAMES_DAYS * DAY_MS ? height : 0;
}

function valid(rates) {
  if (!rates || typeof rates !== "object") return {};
  const fits = ([, one]) => one && Number.isFinite(one.bps) && one.bps > 0 && Number.isFinite(one.at);
  return Object.fromEntries(Object.entries(rates).filter(fits));
}
