// <nl-pin>: the PIN pad of a locked profile. Digits come from keys, from the pad, and from a remote control's arrows;
// the field itself stays where password managers and screen readers look for it. Without script it is a plain form.
//
// Attributes: data-wait (seconds until a PIN is looked at again), data-shortest, data-longest, and words.

import { countdown, dots, keyFrom, next, typed } from "../lib/pin.js";

const COLUMNS = 3;

class NlPin extends HTMLElement {
  #abort = null;
  #timer = 0;

  connectedCallback() {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.form = this.querySelector("form");
    this.field = this.querySelector("input[name=pin]");
    this.said = this.querySelector("#pin-said");
    this.dotted = this.querySelector(".pin__dots");
    this.pad = this.querySelector(".pin__pad");
    this.keys = [...this.pad.querySelectorAll("button")];
    this.pad.hidden = false;
    this.classList.add("ready");
    this.field.inputMode = "none"; // the pad is there: a telephone need not cover it with a keyboard
    this.field.value = "";
    this.#listen();
    this.#paint();
    this.#count(Number(this.dataset.wait) || 0);
  }

  disconnectedCallback() {
    this.#abort?.abort();
    this.#abort = null;
    clearInterval(this.#timer);
  }

  get #limits() {
    return { shortest: Number(this.dataset.shortest), longest: Number(this.dataset.longest) };
  }

  #listen() {
    const { signal } = this.#abort;
    this.pad.addEventListener("click", ({ target }) => this.#press(target.closest("button")), { signal });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.field.addEventListener("input", () => this.#paint(), { signal });
    this.form.addEventListener("submit", (event) => this.#submit(event), { signal });
  }

  #press(button) {
    if (!button || this.waiting) return;
    if (button.dataset.digit !== undefined) this.#type(button.dataset.digit);
    else if ("back" in button.dataset) this.#type("Backspace");
  }

  #key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = document.activeElement;
    if (event.key.startsWith("Arrow") && (from === this.field || this.keys.includes(from) || from === document.body)) {
      const to = next(this.keys.indexOf(from), event.key, this.keys.length, COLUMNS);
      if (to === null) return; // off the pad: the page's own arrows go on
      event.preventDefault();
      this.keys[to].focus();
      return;
    }
    if (from === this.field || from?.closest("a, summary")) return;
    const key = keyFrom(event);
    if (!key || this.waiting) return;
    event.preventDefault();
    this.#type(key);
  }

  #type(key) {
    this.field.value = typed(this.field.value, key, this.#limits.longest);
    this.said.textContent = "";
    this.field.removeAttribute("aria-invalid");
    this.#paint();
  }

  #submit(event) {
    if (this.waiting || this.field.value.length < this.#limits.shortest) {
      event.preventDefault();
      this.classList.remove("shake");
      requestAnimationFrame(() => this.classList.add("shake"));
    }
  }

  #paint() {
    const marks = dots(this.field.value.length, this.#limits.shortest);
    this.dotted.replaceChildren(...marks.map((full) => Object.assign(document.createElement("i"), { className: full ? "full" : "" })));
  }

  #count(seconds) {
    this.waiting = seconds > 0;
    this.classList.toggle("waiting", this.waiting);
    for (const key of [...this.keys, this.field]) key.disabled = this.waiting;
    if (!this.waiting) {
      if (!matchMedia("(hover: none)").matches) this.field.focus({ preventScroll: true });
      return;
    }
    const until = Date.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      this.said.textContent = left > 0 ? countdown(left, this.dataset) : "";
      if (left > 0) return;
      clearInterval(this.#timer);
      this.#count(0);
    };
    tick();
    this.#timer = setInterval(tick, 1000);
  }
}

customElements.define("nl-pin", NlPin);
