// The rows of the home page that did not come with it: fetched when somebody comes near them, and put in its place.
//
//   <nl-more-rows data-url="/live/rows/?from=6"><a href="?rows=all">Show more rows</a></nl-more-rows>
//
// Without script, or where they are not to be had, the link leads to a page with all of them.

import { fragment } from "../lib/fragment.js";

/** How far ahead of the window's edge: about two screens, so that they are there before they are seen. */
const AHEAD = "0px 0px 1600px 0px";

class MoreRows extends HTMLElement {
  #watcher = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.#bring(), {
    rootMargin: AHEAD,
  });

  connectedCallback() {
    this.#watcher.observe(this);
  }

  disconnectedCallback() {
    this.#watcher.disconnect();
  }

  async #bring() {
    this.#watcher.disconnect();
    const fresh = await fragment(this.dataset.url);
    if (!fresh || !this.isConnected) return;
    const there = new Set([...this.parentElement.querySelectorAll("[data-row]")].map(({ dataset }) => dataset.row));
    const held = this.contains(document.activeElement);
    const rows = [...fresh.querySelectorAll("[data-row]")].filter(({ dataset }) => !there.has(dataset.row));
    const made = rows.map((row) => document.importNode(row, true));
    this.replaceWith(...made);
    if (held) made[0]?.querySelector("a")?.focus();
  }
}

customElements.define("nl-more-rows", MoreRows);
