// The sheet behind "?". A real dialog: it keeps the focus and closes with Escape by itself.

import { gettext } from "../../lib/words.js";
import { h, icon } from "./dom.js";
import { sheet } from "./keys.js";

export class Help {
  constructor() {
    const label = gettext("Keyboard shortcuts");
    const shut = { type: "button", class: "player-close", "aria-label": gettext("Close"), onclick: () => this.element.close() };
    this.element = h("dialog", { class: "player-help", "aria-label": label });
    this.element.append(h("header", {}, h("h2", {}, label), h("button", shut, icon("close"))));
    this.element.addEventListener("click", ({ target }) => target === this.element && this.element.close());
  }

  get open() {
    return this.element.open;
  }

  toggle() {
    if (this.open) {
      this.element.close();
      return;
    }
    if (!this.element.querySelector("dl")) this.element.append(h("div", { class: "groups" }, ...sheet().map(group)));
    this.element.showModal();
  }
}

function group({ name, rows }) {
  const caps = (keys) => keys.flatMap((key, at) => (at ? [" ", h("kbd", {}, key)] : [h("kbd", {}, key)]));
  const lines = rows.map(([keys, meaning]) => h("div", {}, h("dt", {}, ...caps(keys)), h("dd", {}, meaning)));
  return h("section", {}, h("h3", {}, name), h("dl", {}, ...lines));
}
