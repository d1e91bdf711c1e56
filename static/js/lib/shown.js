// What was really in view on the home page, told to the site in batches: how often something was shown decides what is
// tried, and what "seldom watched" means. Where the page has no ticket, nothing is told (docs/recommend-trials.md).

import { csrfToken } from "./http.js";

/** A card counts when more than half of it was in view for so long. */
const LOOKED_MS = 1000;
const SHARE = 0.5;
/** Batches go out so often, and when the page is left. */
const EVERY_MS = 6000;
/** What the site takes at once; it also keeps the words on the way out below the 64 kB that browsers let go. */
export const MOST_AT_ONCE = 100;

/** Which cards were seen, each once a row. Pure but for `send`. */
export class Shown {
  #send;
  #told = new Set();
  #waiting = [];

  /** @param {(seen: object[]) => void} send one batch */
  constructor(send) {
    this.#send = send;
  }

  /** @param {{row: string, row_place: number, title_id: string, position: number} | null} seen */
  note(seen) {
    if (!seen) return;
    const key = `${seen.row} ${seen.title_id}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#waiting.push(seen);
    if (this.#waiting.length >= MOST_AT_ONCE) this.flush();
  }

  flush() {
    while (this.#waiting.length) this.#send(this.#waiting.splice(0, MOST_AT_ONCE));
  }
}

/** Where a card stands, counted from 0; null for one that is in no row. */
export function placeOf(card, shelves) {
  const row = card.closest("[data-row]");
  if (!row || !card.dataset.title) return null;
  return {
    row: row.dataset.row,
    row_place: Math.max(0, [...shelves.querySelectorAll("[data-row]")].indexOf(row)),
    title_id: card.dataset.title,
    position: Math.max(0, [...row.querySelectorAll(".card[data-title]")].indexOf(card)),
  };
}

/** Watch the rows that are there, and those that come. */
export function tellShown() {
  const shelves = document.querySelector("[data-rows][data-ticket]");
  if (!shelves || !("IntersectionObserver" in globalThis)) return;
  const { ticket, shown: url } = shelves.dataset;
  const shown = new Shown((seen) => tell(url, { ticket, seen }));
  const since = new Map();
  const looked = (card) => {
    since.delete(card);
    if (document.hidden || !card.isConnected) return;
    watcher.unobserve(card);
    shown.note(placeOf(card, shelves));
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        clearTimeout(since.get(target));
        since.delete(target);
        if (isIntersecting) since.set(target, setTimeout(looked, LOOKED_MS, target));
      }
    },
    { threshold: SHARE },
  );
  const watch = (root) => root.querySelectorAll?.(".card[data-title]").forEach((card) => watcher.observe(card));
  watch(shelves);
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (node.matches?.(".card[data-title]")) watcher.observe(node);
      watch(node);
    }
  }).observe(shelves, { childList: true, subtree: true });
  setInterval(() => shown.flush(), EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden && shown.flush());
  addEventListener("pagehide", () => shown.flush());
}

/** A word on the way out: nobody waits for the answer, and without one nothing is amiss. */
function tell(url, body) {
  fetch(url, {
    method: "POST",
    keepalive: true,
    credentials: "same-origin",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrftoken": csrfToken() },
    body: JSON.stringify(body),
  }).catch(() => {});
}
