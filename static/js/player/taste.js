// How the profile that is watching likes films to play, as the page says it (netflixlite/context.py). It goes with the
// person from screen to screen; what this browser remembers of its own (prefs.js) comes before it.

const LOOKS = ["size", "color", "background", "edge", "font", "position"];

/**
 * Read it from the page's attribute. Pure; never throws.
 * @param {string} [text] JSON
 * @returns {{next: boolean, saver: "" | "on" | "off", skips: "ask" | "auto" | "never", look: Record<string, string>}}
 */
export function tasteOf(text) {
  const said = parsed(text);
  const look = Object.fromEntries(LOOKS.filter((name) => typeof said.look?.[name] === "string").map((name) => [name, said.look[name]]));
  return {
    next: said.next !== false,
    saver: ["on", "off"].includes(said.saver) ? said.saver : "",
    skips: ["auto", "never"].includes(said.skips) ? said.skips : "ask",
    look,
  };
}

function parsed(text) {
  try {
    return JSON.parse(text ?? "") ?? {};
  } catch {
    return {};
  }
}

export const taste = tasteOf(globalThis.document?.body?.dataset.taste);
