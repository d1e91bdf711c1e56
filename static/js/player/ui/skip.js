// The button that skips an opening, a recap or the credits. It comes with its stretch of the film and takes the focus, so
// that Enter presses it, but never from somebody who is using another control. A profile may have it done by itself, or not
// at all.

import { gettext } from "../../lib/words.js";
import { h, icon } from "./dom.js";
import { skippable } from "./moments.js";

//: Left alone so long it goes until the controls are shown again.
const FADES_MS = 10_000;

function words(kind) {
  return {
    intro: [gettext("Skip intro"), gettext("Skipped the intro"), gettext("Watch it")],
    recap: [gettext("Skip recap"), gettext("Skipped the recap"), gettext("Watch it")],
    credits: [gettext("Skip credits"), gettext("Skipped the credits"), gettext("Watch them")],
  }[kind];
}

export class Skip {
  #tools;
  #now = null;
  #done = new Set();
  #timer = 0;

  /**
   * @param {object} tools
   * @param {() => "ask" | "auto" | "never"} tools.mode what the profile wants
   * @param {(to: number) => void} tools.seek
   * @param {import("./overlays.js").Notice} tools.notice
   * @param {(text: string) => void} tools.say
   * @param {() => boolean} tools.free whether nobody uses another control
   * @param {() => void} tools.onFocus it takes the focus by itself
   * @param {() => void} tools.onGone it went with the focus
   */
  constructor(tools) {
    this.#tools = tools;
    this.label = h("span");
    this.element = h(
      "button",
      { type: "button", class: "player-skip", hidden: true, onclick: () => this.press() },
      this.label,
      icon("skip"),
    );
  }

  get open() {
    return !this.element.hidden;
  }

  /** The film is at `at`. `seeking`: somebody moves it right now. */
  look(markers, at, duration, { running, seeking }) {
    const mode = this.#tools.mode();
    const found = mode === "never" ? null : skippable(markers, at, duration);
    if (!found) {
      this.#hide();
      return;
    }
    const key = `${found.kind} ${found.start}`;
    if (mode === "auto" && !this.#done.has(key) && running && !seeking) {
      this.#done.add(key);
      this.#jump(found);
      return;
    }
    if (this.#now?.start === found.start) return;
    this.#show(found);
  }

  /** @returns {boolean} whether there was anything to skip */
  press() {
    if (!this.#now) return false;
    this.#done.add(`${this.#now.kind} ${this.#now.start}`);
    this.#jump(this.#now);
    return true;
  }

  /** Another film. */
  forget() {
    this.#hide();
    this.#done.clear();
  }

  #jump({ kind, start, end }) {
    const { seek, notice } = this.#tools;
    const [, done, undo] = words(kind);
    this.#hide();
    seek(end);
    notice.show(done, { action: undo, onAction: () => seek(start), seconds: 5 }); // a status: it is heard as well
  }

  #show(found) {
    const [label] = words(found.kind);
    this.#now = found;
    this.label.textContent = label;
    this.element.hidden = false;
    this.element.classList.remove("faded");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fade(), FADES_MS);
    if (this.#tools.free()) {
      this.element.focus({ preventScroll: true });
      this.#tools.onFocus();
    } else this.#tools.say(label);
  }

  #fade() {
    if (this.element.matches(":hover")) return;
    this.element.classList.add("faded");
    if (document.activeElement === this.element) this.#tools.onGone();
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#now = null;
    if (this.element.hidden) return;
    const focused = document.activeElement === this.element;
    this.element.hidden = true;
    if (focused) this.#tools.onGone();
  }
}
