// The card for what comes next, with a countdown that can be stopped; and the same card as a question, when nobody has
// touched anything for three episodes.

import { gettext, interpolate, ngettext, number } from "../../lib/words.js";
import { conceal, h, icon } from "./dom.js";

export class NextCard {
  #timer = 0;
  #tools;
  #count = h("span", { class: "count" });
  dismissed = false;
  /** Whether it asks if somebody is still there. */
  asking = false;

  /** @param {{onGo: (alone: boolean) => void, onCancel: () => void, running: () => boolean}} tools it counts while it runs */
  constructor(tools) {
    this.#tools = tools;
    this.element = h("section", { class: "player-next", "aria-label": gettext("Next episode"), hidden: true });
  }

  get open() {
    return !this.element.hidden;
  }

  /**
   * @param {{title: string, name: string, picture?: string | null}} next
   * @param {number} seconds until it plays by itself; 0 for never
   * @param {{asking?: boolean}} [how] `asking`: whether somebody is still there
   */
  show(next, seconds, { asking = false } = {}) {
    if (this.open) return;
    this.asking = asking;
    const go = h("button", { type: "button", class: "main", onclick: () => this.#go(false) }, icon("play"), gettext("Play now"));
    const no = seconds ? gettext("Cancel") : gettext("Not now");
    const cancel = h("button", { type: "button", class: "cancel", onclick: () => this.#cancel() }, no);
    const words = asking ? gettext("Are you still watching?") : gettext("Next episode");
    const still = next.picture && h("img", { class: "still", src: next.picture, alt: "" });
    this.element.replaceChildren(
      ...(still ? [still] : []),
      h("div", { class: "words" }, h("p", { class: "kicker" }, words), h("h2", {}, next.name || next.title), this.#count),
      h("div", { class: "player-actions" }, go, cancel),
    );
    this.#count.hidden = !seconds;
    this.element.classList.toggle("asking", asking);
    this.element.hidden = false;
    this.element.style.setProperty("--seconds", `${seconds || 1}s`);
    this.element.classList.toggle("counting", seconds > 0);
    if (seconds) this.#start(seconds);
  }

  /** What is said of it when it comes. */
  spoken(next, seconds) {
    const name = next.name || next.title;
    if (this.asking) return gettext("Are you still watching?");
    if (!seconds) return interpolate(gettext("Next episode: %(name)s"), { name });
    const text = ngettext(
      "Next episode in %(count)s second: %(name)s",
      "Next episode in %(count)s seconds: %(name)s",
      seconds,
    );
    return interpolate(text, { name, count: number(seconds) });
  }

  hide() {
    clearInterval(this.#timer);
    conceal(this.element);
  }

  focus() {
    this.element.querySelector("button.main")?.focus({ preventScroll: true });
  }

  cancel() {
    if (this.open) this.#cancel();
  }

  #start(seconds) {
    let left = Math.round(seconds);
    const paint = () => {
      const running = this.#tools.running();
      this.element.classList.toggle("halted", !running);
      if (!running) return;
      const text = ngettext("Plays in %(count)s second", "Plays in %(count)s seconds", left);
      this.#count.textContent = interpolate(text, { count: number(left) });
      if (left <= 0) this.#go(true);
      left -= 1;
    };
    clearInterval(this.#timer);
    paint();
    this.#timer = setInterval(paint, 1000);
  }

  #go(alone) {
    this.hide();
    this.#tools.onGo(alone);
  }

  #cancel() {
    this.dismissed = true;
    this.hide();
    this.#tools.onCancel();
  }
}
