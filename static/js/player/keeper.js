// This page's shelf, and the sending of what earlier pages left on it. Pages without a profile send nothing.

import { Kept } from "./kept.js";
import { Shelf } from "./shelf.js";

// The site is asked before a film begins, so that it begins where it was left; but no longer than this.
const PATIENCE_MS = 1000;

export const shelf = new Shelf();
export const profile = globalThis.document?.body?.dataset.profile ?? "";
const kept = new Kept(shelf, profile);
let settled = null;

/** Send what is kept, now and whenever the network comes back. */
export function keep() {
  if (settled || !profile) return;
  settled = kept.send();
  addEventListener("online", () => kept.send());
  addEventListener("pageshow", ({ persisted }) => persisted && kept.send());
}

/** Something new may be on the shelf. */
export function keepOn() {
  if (profile) kept.send();
}

/** Resolves when nothing is left to be said of before, or when waiting for it would keep a viewer waiting. */
export function caughtUp() {
  return Promise.race([settled ?? Promise.resolve(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}
