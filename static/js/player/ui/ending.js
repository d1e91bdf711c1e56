// After the last frame: what was watched, the viewer's verdict, and where to go from here.

import { gettext } from "../../lib/words.js";
import { conceal, h, icon } from "./dom.js";

function verdicts() {
  return [
    ["down", "down", gettext("Not for me")],
    ["up", "up", gettext("I like this")],
    ["double_up", "double", gettext("Love this")],
  ];
}

export class EndScreen {
  #rate;
  #thumb = null;

  /**
   * @param {object} tools
   * @param {string} tools.backUrl
   * @param {() => void} tools.onAgain
   * @param {() => void} tools.onNext
   * @param {(thumb: string | null) => Promise<string>} tools.onRate keep a verdict; answers with what to say of it
   */
  constructor({ backUrl, onAgain, onNext, onRate }) {
    this.#rate = onRate;
    this.title = h("h2");
    this.said = h("p", { class: "said", role: "status" });
    this.thumbs = h("div", { class: "player-thumbs", role: "group", "aria-label": gettext("Your verdict"), hidden: true });
    this.thumbs.append(...verdicts().map(([value, name, label]) => this.#button(value, name, label)));
    this.again = h("button", { type: "button", onclick: onAgain }, icon("retry"), gettext("Watch again"));
    this.next = h("button", { type: "button", class: "main", onclick: onNext }, icon("next"), gettext("Next episode"));
    this.element = h(
      "section",
      { class: "player-end", "aria-label": gettext("The end"), hidden: true },
      h("p", { class: "kicker" }, gettext("You have watched")),
      this.title,
      this.thumbs,
      this.said,
      h("div", { class: "player-actions" }, this.next, this.again, h("a", { href: backUrl }, gettext("Back to browsing"))),
    );
    this.show();
  }

  get open() {
    return !this.element.hidden;
  }

  /**
   * @param {string | null} [thumb] what the viewer said of it before; undefined when it cannot be said here
   * @param {boolean} [follows] whether an episode comes after it
   */
  show(thumb, follows = false) {
    this.#thumb = thumb ?? null;
    this.thumbs.hidden = thumb === undefined;
    this.next.hidden = !follows;
    this.again.classList.toggle("main", !follows);
    this.#paint();
  }

  toggle(open) {
    if (this.element.hidden !== open) return;
    this.said.textContent = "";
    reveal(this.element, open);
  }

  #button(value, name, label) {
    const press = () => this.#press(value);
    return h("button", { type: "button", "aria-label": label, title: label, "data-thumb": value, onclick: press }, icon(name));
  }

  async #press(value) {
    const before = this.#thumb;
    this.#thumb = value === before ? null : value;
    this.#paint();
    try {
      this.said.textContent = await this.#rate(this.#thumb);
    } catch ({ message }) {
      this.#thumb = before;
      this.#paint();
      this.said.textContent = message || gettext("That did not work. Try again.");
    }
  }

  #paint() {
    for (const button of this.thumbs.children) {
      button.setAttribute("aria-pressed", String(button.dataset.thumb === this.#thumb));
    }
  }
}

function reveal(element, open) {
  if (!open) {
    conceal(element);
    return;
  }
  element.hidden = false;
  element.querySelector(".player-actions .main:not([hidden])").focus({ preventScroll: true });
}

/** Nobody has touched anything for long: the next episode waits for a word. */
export class StillThere {
  constructor({ backUrl, onGo }) {
    this.title = h("h2");
    this.element = h(
      "section",
      { class: "player-end player-still", role: "alertdialog", "aria-label": gettext("Are you still watching?"), hidden: true },
      h("p", { class: "kicker" }, gettext("Are you still watching?")),
      this.title,
      h(
        "div",
        { class: "player-actions" },
        h("button", { type: "button", class: "main", onclick: onGo }, icon("play"), gettext("Go on watching")),
        h("a", { href: backUrl }, gettext("Back to browsing")),
      ),
    );
  }

  get open() {
    return !this.element.hidden;
  }

  toggle(open, name = "") {
    if (this.element.hidden !== open) return;
    if (open) this.title.textContent = name;
    reveal(this.element, open);
  }
}
