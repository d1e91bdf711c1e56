// What a television does next, by what it heard. Pure.

/** An hour of codes, one after the other; then somebody has to press a key: nobody is there. */
export const RENEWALS = 6;

/**
 * @param heard what the site answered ({state, interval}), null when it could not be reached
 * @param now { interval, left } in seconds, and how many codes were taken by themselves so far
 * @returns { does: "wait" | "enter" | "renew" | "stop", interval, say: key of the words to show, or "" }
 */
export function nextStep(heard, { interval, left, renewed }) {
  if (!heard) return left > 0 ? { does: "wait", interval, say: "offline" } : over(interval, renewed);
  switch (heard.state) {
    case "approved":
      return { does: "enter", interval, say: "approved" };
    case "access_denied":
      return { does: "stop", interval, say: "denied" };
    case "expired_token":
      return over(interval, renewed);
    default: // authorization_pending, slow_down
      return { does: "wait", interval: Math.max(interval, Number(heard.interval) || interval), say: "" };
  }
}

function over(interval, renewed) {
  return { does: renewed < RENEWALS ? "renew" : "stop", interval, say: "expired" };
}
