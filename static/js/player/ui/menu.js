// A button with a list of choices, and pages behind some of them. One Tab stop; arrows walk, Home and End jump, letters
// find, Enter chooses, the arrow to the side goes into a page and out of it, Escape out of it and then closes.
//
// An item is {label, note?, value, chosen} to choose; {label, note?, page} to go into; {label, note?, act, on?} to do at
// once, with the menu staying open (`on`: a switch and how it stands, or `one` of several); or {gap: true}. A page is {title, items(),
// open?(), close?()}.

import { gettext } from "../../lib/words.js";
import { h, icon } from "./dom.js";

const FORWARD = { ltr: "ArrowRight", rtl: "ArrowLeft" };
const BACK = { ltr: "ArrowLeft", rtl: "ArrowRight" };

export class Menu {
  #root;
  #onChoose;
  #list;
  #heading;
  #pages = [];

  /**
   * @param {object} options
   * @param {string} options.icon
   * @param {string} options.label of the button
   * @param {string} options.title over the list
   * @param {() => object[]} options.choices asked at each opening
   * @param {(value: any) => void} [options.onChoose]
   * @param {(open: boolean) => void} [options.onToggle]
   */
  constructor({ icon: name, label, title, choices, onChoose, onToggle }) {
    this.#root = { title, items: choices };
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
        onkeydown: (event) => this.#buttonKey(event),
      },
      icon(name),
      this.badge,
    );
    this.#heading = h("p", { class: "heading", "aria-hidden": "true" }, title);
    this.#list = h("div", { class: "list", role: "menu", "aria-label": title });
    const panel = { class: "player-menu", hidden: true, onkeydown: (event) => this.#key(event) };
    this.panel = h("div", panel, this.#heading, this.#list);
    this.element = h("div", { class: "player-menu-place", onfocusout: (event) => this.#left(event) }, this.button, this.panel);
  }

  get open() {
    return !this.panel.hidden;
  }

  toggle(open = !this.open) {
    if (open === this.open) return;
    this.button.setAttribute("aria-expanded", String(open));
    while (this.#pages.length) this.#pages.pop().close?.();
    const within = this.panel.contains(document.activeElement);
    this.panel.hidden = !open;
    if (open) {
      this.paint();
      this.#focusChosen();
    } else if (within) {
      this.button.focus({ preventScroll: true });
    }
    this.onToggle?.(open);
  }

  /** Draw the choices as they are now. */
  paint() {
    if (!this.open) return;
    const focused = this.#items().indexOf(document.activeElement);
    const page = this.#page;
    const inside = this.#pages.length > 0;
    this.panel.classList.toggle("inside", inside);
    this.#list.setAttribute("aria-label", page.title);
    const items = page.items().map((item) => (item.gap ? h("hr", { class: "gap", role: "separator" }) : this.#item(item)));
    this.#list.replaceChildren(...(inside ? [this.#backItem(page)] : []), ...items);
    if (focused >= 0) this.#items()[Math.min(focused, this.#items().length - 1)]?.focus({ preventScroll: true });
  }

  get #page() {
    return this.#pages.at(-1) ?? this.#root;
  }

  #item(item) {
    const { label, note, page, act, on } = item;
    const chosen = Boolean(item.chosen ?? on);
    const plain = page || (act && on === undefined);
    const role = plain ? "menuitem" : act && !item.one ? "menuitemcheckbox" : "menuitemradio";
    return h(
      "button",
      {
        type: "button",
        role,
        class: page ? "leads" : null,
        "aria-checked": plain ? null : String(chosen),
        "aria-haspopup": page ? "menu" : null,
        tabIndex: chosen ? 0 : -1,
        onclick: () => this.#press(item),
      },
      icon("check"),
      h("span", { class: "name" }, label),
      note ? h("span", { class: "player-note" }, note) : null,
    );
  }

  #backItem({ title }) {
    const label = `${gettext("Back")}: ${title}`;
    const properties = { type: "button", role: "menuitem", class: "out", "aria-label": label, onclick: () => this.#out() };
    return h("button", properties, icon("back"), h("span", { class: "name" }, title));
  }

  #press(item) {
    if (item.page) {
      this.#pages.push(item.page);
      item.page.open?.();
      this.paint();
      this.#focusChosen();
    } else if (item.act) {
      item.act();
      this.paint();
    } else {
      this.#onChoose?.(item.value);
      this.toggle(false);
    }
  }

  #out() {
    const left = this.#pages.pop();
    left?.close?.();
    this.paint();
    const names = this.#items().map((button) => button.querySelector(".name")?.textContent);
    (this.#items()[names.indexOf(left?.title)] ?? this.#items()[0])?.focus({ preventScroll: true });
  }

  #focusChosen() {
    const items = this.#items();
    const first = items.find((item) => !item.matches(".out")) ?? items[0];
    (items.find((item) => item.getAttribute("aria-checked") === "true") ?? first)?.focus({ preventScroll: true });
  }

  // What stands under the list (a switch, a link) is walked through too, but not from within a page.
  #items() {
    return [...this.panel.querySelectorAll("button")].filter((button) => button.getClientRects().length);
  }

  #left({ relatedTarget }) {
    // What was focused may have been drawn anew: then nothing is focused for a moment.
    if (relatedTarget && !this.element.contains(relatedTarget)) this.toggle(false);
  }

  #buttonKey(event) {
    if (event.code !== "ArrowUp" || this.open) return;
    event.preventDefault();
    event.stopPropagation();
    this.toggle(true);
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const items = this.#items();
    const at = items.indexOf(document.activeElement);
    const to = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    }[event.code];
    if (to !== undefined) items[to].focus();
    else if (!this.#turn(event, items[at]) && !this.#find(event, items, at)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Into a page, out of it, or away. @returns {boolean} whether the key was for that */
  #turn({ code, key }, item) {
    const direction = getComputedStyle(this.panel).direction;
    const away = code === "Escape" || ["GoBack", "BrowserBack", "XF86Back"].includes(key);
    if (code === FORWARD[direction] && item?.matches(".leads")) item.click();
    else if (this.#pages.length && (away || code === BACK[direction])) this.#out();
    else if (this.#pages.length && code === FORWARD[direction]) return true;
    else if (away || code === "ArrowLeft" || code === "ArrowRight") this.toggle(false);
    else return false;
    return true;
  }

  /** The next item that begins with the letter that was typed. */
  #find({ key }, items, at) {
    if (key.length !== 1 || key === " ") return false;
    const letter = key.toLocaleLowerCase();
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    const found = after.find((item) => item.querySelector(".name")?.textContent.toLocaleLowerCase().startsWith(letter));
    found?.focus();
    return Boolean(found);
  }
}
