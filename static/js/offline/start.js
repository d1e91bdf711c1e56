// What every page does for downloads: next to nothing where nothing is kept. Else it goes on fetching, asks now and then
// how the licences stand, remembers who watches here, and lets go of everything when somebody signs out.

import { FLAG } from "./cellar.js";
import { downloads, Downloads } from "./downloads.js";

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
  if (profile) await downloads().cellar.setNote("profile", profile);
  // A page that nobody is signed in on: perhaps somebody was signed out elsewhere.
  await downloads().sync({ force: !profile });
  if (!profile && !(await downloads().all()).length) await downloads().wipe(); // this device's key goes, too
  yieldToFilms();
  downloads().start();
}

/** Fetch nothing while a film is watched on this page; players come and go without the page. */
function yieldToFilms() {
  const look = () => downloads().hold(Boolean(document.querySelector("nl-player")));
  look();
  setInterval(look, LOOK_MS);
}
