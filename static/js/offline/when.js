// Whether this page has anything to do with downloads: asked on every page, so it is small. The rest comes when it has.

const FLAG = "netflixlite.kept";

function wanted() {
  try {
    return Boolean(localStorage.getItem(FLAG)) || matchMedia("(display-mode: standalone)").matches;
  } catch {
    return false;
  }
}

/** Go on with what is kept here, if anything is. */
export async function whenKept() {
  if (wanted()) await (await import("./start.js")).start();
}
