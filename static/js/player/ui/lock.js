// Touch lock: for small hands and pockets. While it is on, a touch does nothing but show the way out, which takes two taps.

import { gettext } from "../../lib/words.js";
import { h, icon, iconButton } from "./dom.js";

const SHOWN_MS = 3000;

export class Lock {
  #tools;
  #timer = 0;
  #sure = false;
  on = false;

  /** @param {{onChange: (on: boolean) => void, say: (text: string) => void}} tools */
  constructor(tools) {
    this.#tools = tools;
    this.button = iconButton("lock", gettext("Lock the screen"), () => this.set(true), { class: "player-button lock" });
    this.label = h("span");
    this.pill = h("button", { type: "button", class: "player-unlock", onclick: () => this.#press() }, icon("lock"), this.label);
    this.element = h("div", { class: "player-locked", hidden: true, onpointerdown: () => this.#show() }, this.pill);
  }

  set(on) {
    if (this.on === on) return;
    this.on = on;
    this.element.hidden = !on;
    if (on) this.#show();
    this.#tools.onChange(on);
    this.#tools.say(on ? gettext("The screen is locked") : gettext("The screen is unlocked"));
  }

  #press() {
    if (this.#sure) this.set(false);
    else {
      this.#sure = true;
      this.label.textContent = gettext("Tap again to unlock");
      this.#show();
    }
  }

  #show() {
    if (!this.#sure) this.label.textContent = gettext("Screen locked");
    this.element.classList.add("shown");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sure = false;
      this.element.classList.remove("shown");
    }, SHOWN_MS);
  }
}
