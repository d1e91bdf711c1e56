// Whether this page has anything to do with downloads: asked on every page, so it is small. The rest comes when it has.

const FLAG = "netflixlite.kept";
const WIPE_MS = 3000;

function kept() {
  try {
    return Boolean(localStorage.getItem(FLAG));
  } catch {
    return false;
  }
}

/** Go on with what is kept here, if anything is. */
export async function whenKept() {
  if (kept() || matchMedia("(display-mode: standalone)").matches) await (await import("./start.js")).start();
}

/** Who signs out leaves nothing here: keys and films go before the form does, and before the page is idle. */
export function wipeAtSignOut() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!kept() || !/\/accounts\/logout\/$/.test(new URL(form.action, location.href).pathname)) return;
    event.preventDefault();
    const late = new Promise((resolve) => setTimeout(resolve, WIPE_MS));
    const wiped = import("./downloads.js").then(({ downloads }) => downloads().wipe()).catch(() => {});
    Promise.race([wiped, late]).then(() => form.submit()); // which asks nobody again
  }, { capture: true });
}
