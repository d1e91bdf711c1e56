// What is said to those who listen to the page instead of seeing it: one polite live region, which never says the same
// thing twice in a row without need, and is empty again when nobody needs it any more.

import { h } from "./dom.js";

const KEPT_MS = 6000;

export class Talk {
  #timer = 0;

  constructor() {
    this.element = h("p", { class: "player-said", role: "status", "aria-live": "polite", "aria-atomic": "true" });
  }

  /** A new node for each saying: the same words twice are two events, and both are heard. */
  say(text) {
    clearTimeout(this.#timer);
    this.element.replaceChildren(h("span", {}, text));
    this.#timer = setTimeout(() => this.element.replaceChildren(), KEPT_MS);
  }

  drop() {
    clearTimeout(this.#timer);
  }
}
