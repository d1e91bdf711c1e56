// Whether a page may move by itself for whoever looks at it. Every reason against it is enough.

/**
 * Pure.
 * @param {object} facts
 * @param {string} [facts.taste] the profile's, as JSON (netflixlite/context.py)
 * @param {boolean} facts.calm the system asks for less motion
 * @param {{saveData?: boolean, type?: string, effectiveType?: string}} [facts.connection] navigator.connection
 */
export function mayMove({ taste, calm, connection }) {
  const said = parsed(taste);
  if (calm || said.previews === false || said.saver === "on") return false;
  if ((connection?.saveData && said.saver !== "off") || connection?.type === "cellular") return false;
  return !["slow-2g", "2g", "3g"].includes(connection?.effectiveType ?? "");
}

/** How to scroll for whoever looks at this page: at once, where less motion is asked for. */
export function glide() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
}

/** mayMove for the page that is open. */
export function pageMayMove() {
  return mayMove({
    taste: document.body.dataset.taste,
    calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
    connection: navigator.connection,
  });
}

function parsed(text) {
  try {
    return JSON.parse(text ?? "") ?? {};
  } catch {
    return {};
  }
}
