// What lies over the picture for a moment: spinner, centre sign, notice.

import { conceal, h, icon } from "./dom.js";

const SPINNER_AFTER_MS = 300;
const LOOKED_AT_MS = 3000;

/** Turns after 300 ms of waiting, not before: a short wait should not be shown. */
export class Spinner {
  #timer = 0;
  #words = h("p");

  constructor() {
    const ring = h("span", { class: "ring", "aria-hidden": "true" });
    this.element = h("div", { class: "player-spinner", hidden: true }, ring, this.#words);
  }

  show(words = "") {
    if (words || this.element.hidden) this.#words.textContent = words;
    if (!this.element.hidden || this.#timer) return;
    this.#timer = setTimeout(() => (this.element.hidden = false), SPINNER_AFTER_MS);
  }

  hide() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.element.hidden = true;
    this.#words.textContent = "";
  }
}

/** A sign that flashes where one looks: what a key or a tap just did. */
export class Flash {
  constructor() {
    this.element = h("div", { class: "player-flash", "aria-hidden": "true" });
  }

  show(name, { words = "", side = "centre" } = {}) {
    const sign = h("div", { class: `sign ${side}` }, name ? icon(name) : null, words ? h("span", {}, words) : null);
    sign.addEventListener("animationend", () => sign.remove());
    this.element.replaceChildren(sign);
  }
}

/** "Resuming from 24:10 · Start over": goes by itself, but not while its button has the focus. */
export class Notice {
  #timer = 0;

  constructor() {
    this.element = h("div", { class: "player-notice", role: "status", hidden: true });
  }

  show(words, { action, onAction, seconds = 8 } = {}) {
    const button = action && h("button", { type: "button", onclick: () => (this.hide(), onAction()) }, action);
    this.element.replaceChildren(h("span", {}, words), ...(button ? [button] : []));
    this.element.hidden = false;
    this.#goIn(seconds * 1000);
  }

  hide() {
    clearTimeout(this.#timer);
    conceal(this.element);
  }

  #goIn(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.element.contains(document.activeElement)) this.#goIn(LOOKED_AT_MS);
      else this.hide();
    }, delay);
  }
}
