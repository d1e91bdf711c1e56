// What lies over the picture for a while: spinner, centre sign, notice, error panel, next card, end screen, help.

import { h, icon } from "./dom.js";
import { SHEET } from "./keys.js";

const SPINNER_AFTER_MS = 300;

/** Turns after 300 ms of waiting, not before: a short wait should not be shown. */
export class Spinner {
  #timer = 0;
  #words = h("p");

  constructor() {
    this.element = h("div", { class: "player-spinner", hidden: true }, h("span", { class: "ring" }), this.#words);
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

/** "Resuming from 24:10 · Start over": goes by itself. */
export class Notice {
  #timer = 0;

  constructor() {
    this.element = h("div", { class: "player-notice", role: "status", hidden: true });
  }

  show(words, { action, onAction, seconds = 8 } = {}) {
    clearTimeout(this.#timer);
    const button =
      action &&
      h("button", { type: "button", onclick: () => (this.hide(), onAction()) }, action);
    this.element.replaceChildren(h("span", {}, words), ...(button ? [button] : []));
    this.element.hidden = false;
    this.#timer = setTimeout(() => this.hide(), seconds * 1000);
  }

  hide() {
    clearTimeout(this.#timer);
    this.element.hidden = true;
  }
}

/** What went wrong, what is being done about it, and what the viewer can do. */
export class ErrorPanel {
  #timer = 0;

  constructor() {
    const labels = { role: "alertdialog", "aria-label": "Playback problem" };
    this.element = h("section", { class: "player-error", ...labels, hidden: true });
  }

  get open() {
    return !this.element.hidden;
  }

  /**
   * @param {object} what
   * @param {string} what.message
   * @param {string} [what.detail]
   * @param {number | null} [what.retryIn] seconds until it is tried again by itself
   * @param {{name: string, about: string, onStop?: () => Promise<void>}[]} [what.streams] who is watching, when that
   *   is the reason, and how to stop one
   * @param {() => void} [what.onRetry]
   * @param {{url: string, words: string}} [what.link] where it is put right
   * @param {string} what.backUrl
   */
  show({ message, detail, retryIn, streams = [], onRetry, link, backUrl }) {
    clearInterval(this.#timer);
    const soon = h("p", { class: "soon" });
    const people = streams.map((stream) => this.#watching(stream));
    const about = { type: "button", class: "main", onclick: onRetry };
    const elsewhere = link ? [h("a", { class: "main", href: link.url }, link.words)] : [];
    const retry = onRetry && h("button", about, icon("retry"), "Try again");
    this.element.replaceChildren(
      h("h2", {}, message),
      detail ? h("p", {}, detail) : "",
      people.length ? h("ul", {}, ...people) : "",
      soon,
      h("div", { class: "player-actions" }, ...(retry ? [retry] : []), ...elsewhere, h("a", { href: backUrl }, "Go back")),
    );
    const wasOpen = this.open;
    this.element.hidden = false;
    this.#count(soon, retryIn);
    if (!wasOpen) (retry ?? this.element.querySelector("a")).focus({ preventScroll: true });
  }

  hide() {
    clearInterval(this.#timer);
    this.element.hidden = true;
  }

  #watching({ name, about, onStop }) {
    const words = h("span", { class: "who" }, h("strong", {}, name), h("span", {}, about));
    if (!onStop) return h("li", {}, words);
    const label = { type: "button", "aria-label": `Stop ${name}: ${about}` };
    const button = h("button", label, "Stop that one");
    const line = h("li", {}, words, button);
    button.addEventListener("click", async () => {
      button.disabled = true;
      button.textContent = "Stopping …";
      try {
        await onStop();
      } catch ({ message }) {
        button.disabled = false;
        button.textContent = "Stop that one";
        line.append(h("p", { class: "soon", role: "alert" }, message || "That did not work. Try again."));
      }
    });
    return line;
  }

  #count(soon, seconds) {
    if (!seconds) return;
    let left = seconds;
    const paint = () => {
      soon.textContent = left > 0 ? `Trying again in ${left} s …` : "Trying again …";
      left -= 1;
    };
    paint();
    this.#timer = setInterval(paint, 1000);
  }
}

/** The card for what comes next, with a countdown that can be stopped. */
export class NextCard {
  #timer = 0;
  #tools;
  #count = h("span", { class: "count" });
  dismissed = false;

  /** @param {{onGo: () => void, onCancel: () => void, running: () => boolean}} tools it counts while it runs */
  constructor(tools) {
    this.#tools = tools;
    this.element = h("section", { class: "player-next", "aria-label": "Next episode", hidden: true });
  }

  get open() {
    return !this.element.hidden;
  }

  /** @param {{title: string, name: string}} next @param {number} seconds until it plays by itself; 0 for never */
  show(next, seconds) {
    if (this.open) return;
    const go = h("button", { type: "button", class: "main", onclick: () => this.#go() }, icon("play"), "Play now");
    const cancel = h("button", { type: "button", onclick: () => this.#cancel() }, seconds ? "Cancel" : "Not now");
    const when = seconds ? ["Next episode in ", this.#count] : ["Next episode"];
    const kicker = h("p", { class: "kicker" }, ...when);
    this.element.replaceChildren(
      kicker,
      h("h2", {}, next.name || next.title),
      next.name && next.title ? h("p", { class: "series" }, next.title) : "",
      h("div", { class: "player-actions" }, go, cancel),
    );
    this.element.hidden = false;
    this.element.style.setProperty("--seconds", `${seconds || 1}s`);
    this.element.classList.toggle("counting", seconds > 0);
    if (seconds) this.#start(seconds);
  }

  hide() {
    clearInterval(this.#timer);
    this.element.hidden = true;
  }

  focus() {
    this.element.querySelector("button.main")?.focus({ preventScroll: true });
  }

  #start(seconds) {
    let left = Math.round(seconds);
    const paint = () => {
      const running = this.#tools.running();
      this.element.classList.toggle("halted", !running);
      if (!running) return;
      this.#count.textContent = `${left} s`;
      if (left <= 0) this.#go();
      left -= 1;
    };
    clearInterval(this.#timer);
    paint();
    this.#timer = setInterval(paint, 1000);
  }

  #go() {
    this.hide();
    this.#tools.onGo();
  }

  #cancel() {
    this.dismissed = true;
    this.hide();
    this.#tools.onCancel();
  }
}

/** After the last frame. */
export class EndScreen {
  constructor({ backUrl, onAgain }) {
    this.title = h("h2");
    this.element = h(
      "section",
      { class: "player-end", "aria-label": "The end", hidden: true },
      h("p", { class: "kicker" }, "You have watched"),
      this.title,
      h(
        "div",
        { class: "player-actions" },
        h("button", { type: "button", class: "main", onclick: onAgain }, icon("retry"), "Watch again"),
        h("a", { href: backUrl }, "Back to browsing"),
      ),
    );
  }

  toggle(open) {
    if (this.element.hidden !== open) return;
    this.element.hidden = !open;
    if (open) this.element.querySelector("button").focus({ preventScroll: true });
  }
}

/** The sheet behind "?". A real dialog: it traps focus and closes with Escape by itself. */
export class Help {
  constructor() {
    const rows = SHEET.flatMap(([keys, meaning]) => [h("dt", {}, keys), h("dd", {}, meaning)]);
    const shut = { type: "button", "aria-label": "Close", onclick: () => this.element.close() };
    const close = h("button", shut, icon("close"));
    this.element = h(
      "dialog",
      { class: "player-help", "aria-label": "Keyboard shortcuts" },
      h("header", {}, h("h2", {}, "Keyboard shortcuts"), close),
      h("dl", {}, ...rows),
    );
    this.element.addEventListener("click", ({ target }) => target === this.element && this.element.close());
  }

  get open() {
    return this.element.open;
  }

  toggle() {
    if (this.open) this.element.close();
    else this.element.showModal();
  }
}
