// A clock that does not go back, for licences that end at a time. Pure: the caller passes what this device's own clock
// says (epoch ms), and what was noted before.
//
// A browser has no clock that its owner cannot set. What can be done: remember the latest time that was ever seen here
// (of the device's clock, or of the site's answers, which count for more), and refuse to go by a clock that shows less.

/** A clock may be this much behind what was noted: it was set by hand, or by the network, within reason. */
export const LEEWAY_MS = 10 * 60_000;

/**
 * What to note from now on.
 * @param {{at: number} | null} noted
 * @param {number} now what the device's clock says
 */
export function noted(before, now) {
  return { at: Math.max(before?.at ?? 0, now) };
}

/** What to note when the site has told the time: the device's clock may have run ahead until now, which is forgiven. */
export function told(served, now) {
  return { at: Number.isFinite(served) ? served : now };
}

/** Whether the device's clock shows a time that has been. */
export function setBack(before, now) {
  return Boolean(before) && now < before.at - LEEWAY_MS;
}

/** The time to go by. */
export function timeOf(before, now) {
  return Math.max(before?.at ?? 0, now);
}
