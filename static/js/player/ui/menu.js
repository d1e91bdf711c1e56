// A button with a list of choices. One Tab stop; arrows walk, Home and End jump, Enter chooses, Escape closes.

import { h, icon } from "./dom.js";

export class Menu {
  #title;
  #choices;
  #onChoose;
  #list;

  /**
   * @param {object} options
   * @param {string} options.icon
   * @param {string} options.label of the button
   * @param {string} options.title over the list
   * @param {() => {label: string, note?: string, value: any, chosen: boolean}[]} options.choices asked at each opening
   * @param {(value: any) => void} options.onChoose
   * @param {(open: boolean) => void} [options.onToggle]
   */
  constructor({ icon: name, label, title, choices, onChoose, onToggle }) {
    this.#title = title;
    this.#choices = choices;
    this.#onChoose = onChoose;
    this.onToggle = onToggle;
    this.badge = h("span", { class: "player-badge", "aria-hidden": "true" });
    this.button = h(
      "button",
      {
        type: "button",
        class: "player-button",
        "aria-label": label,
        title: label,
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        onclick: () => this.toggle(),
        onkeydown: (event) => {
          if (event.code !== "ArrowUp" || this.open) return;
          event.preventDefault();
          event.stopPropagation();
          this.toggle(true);
        },
      },
      icon(name),
      this.badge,
    );
    this.#list = h("div", { class: "list", role: "menu", "aria-label": title, onkeydown: (event) => this.#key(event) });
    this.panel = h("div", { class: "player-menu", hidden: true }, h("p", { class: "heading" }, title), this.#list);
    this.element = h(
      "div",
      {
        class: "player-menu-place",
        onfocusout: ({ relatedTarget }) => {
          if (relatedTarget && !this.element.contains(relatedTarget)) this.toggle(false);
        },
      },
      this.button,
      this.panel,
    );
  }

  get open() {
    return !this.panel.hidden;
  }

  toggle(open = !this.open) {
    if (open === this.open) return;
    this.button.setAttribute("aria-expanded", String(open));
    this.panel.hidden = !open;
    if (open) {
      this.paint();
      const items = this.#items();
      (items.find((item) => item.getAttribute("aria-checked") === "true") ?? items[0])?.focus({ preventScroll: true });
    } else if (this.panel.contains(document.activeElement)) {
      this.button.focus({ preventScroll: true });
    }
    this.onToggle?.(open);
  }

  /** Draw the choices as they are now. */
  paint() {
    if (!this.open) return;
    const focused = this.#items().indexOf(document.activeElement);
    this.#list.replaceChildren(
      ...this.#choices().map(({ label, note, value, chosen }) =>
        h(
          "button",
          {
            type: "button",
            role: "menuitemradio",
            "aria-checked": String(chosen),
            tabIndex: chosen ? 0 : -1,
            onclick: () => {
              this.#onChoose(value);
              this.toggle(false);
            },
          },
          icon("check"),
          h("span", { class: "name" }, label),
          note ? h("span", { class: "player-note" }, note) : null,
        ),
      ),
    );
    if (focused >= 0) this.#items()[Math.min(focused, this.#items().length - 1)]?.focus({ preventScroll: true });
  }

  #items() {
    return [...this.#list.children];
  }

  #key(event) {
    const items = this.#items();
    const at = items.indexOf(document.activeElement);
    const to = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    }[event.code];
    if (to !== undefined) items[to].focus();
    else if (event.code === "Escape" || event.code === "ArrowLeft" || event.code === "ArrowRight") this.toggle(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
