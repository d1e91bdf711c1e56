// What every page does for downloads: next to nothing where nothing is kept. Else it goes on fetching, asks now and then
// how the licences stand, remembers who watches here, and lets go of everything when somebody signs out.

import { FLAG } from "./cellar.js";
import { downloads, Downloads } from "./downloads.js";

const WIPE_MS = 2000;
const LOOK_MS = 2000;

/** The service worker gives the page of downloads when the site cannot. Only who keeps films, or installed, has one. */
export function register() {
  const { serviceWorker } = navigator;
  return serviceWorker?.register("/sw.js").catch(() => {}) ?? Promise.resolve();
}

export function anythingKept() {
  try {
    return Boolean(localStorage.getItem(FLAG));
  } catch {
    return false;
  }
}

function installed() {
  return globalThis.matchMedia?.("(display-mode: standalone)").matches ?? false;
}

let begun = false;

/** Begin, once: go on fetching, unless a film is on, which comes first. */
export async function start() {
  if (installed() || anythingKept()) register();
  if (begun || !anythingKept() || !Downloads.possible) return;
  begun = true;
  const { profile = "" } = document.body.dataset;
  document.addEventListener("submit", wipeAtSignOut, { capture: true });
  if (profile) await downloads().cellar.setNote("profile", profile);
  // A page that nobody is signed in on: perhaps somebody was signed out elsewhere.
  await downloads().sync({ force: !profile });
  yieldToFilms();
  downloads().start();
}

/** Fetch nothing while a film is watched on this page; players come and go without the page. */
function yieldToFilms() {
  const look = () => downloads().hold(Boolean(document.querySelector("nl-player")));
  look();
  setInterval(look, LOOK_MS);
}

/** The keys go before the browser does, so that nothing is left if it is closed in that moment. */
function wipeAtSignOut(event) {
  const form = event.target;
  if (!/\/accounts\/logout\/$/.test(new URL(form.action, location.href).pathname) || form.dataset.wiped) return;
  event.preventDefault();
  form.dataset.wiped = "1";
  const late = new Promise((resolve) => setTimeout(resolve, WIPE_MS));
  Promise.race([downloads().wipe().catch(() => {}), late]).then(() => form.submit());
}
