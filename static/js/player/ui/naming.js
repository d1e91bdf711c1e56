// What is on: the names over the picture, on the card of a paused film, in the window's title and in the system's own
// controls.

import { gettext, interpolate } from "../../lib/words.js";
import { h } from "./dom.js";
import { announceMedia } from "./media.js";
import { chaptersOf } from "./moments.js";

export class Naming {
  #dataset;
  #handlers;
  #now = null;

  /**
   * @param {DOMStringMap} dataset what the page says of the film at first
   * @param {() => object} handlers of the system's media keys, as media.js takes them
   */
  constructor(dataset, handlers) {
    this.#dataset = dataset;
    this.#handlers = handlers;
    this.heading = h("h1", { dir: "auto" }, dataset.title ?? "");
    this.subheading = h("p", { dir: "auto" }, dataset.subtitle ?? "");
    this.element = h("div", { class: "names" }, this.heading, this.subheading);
    this.card = h("div", { class: "player-card", "aria-hidden": "true" });
  }

  /** "Title", or "Title: Episode". */
  get whole() {
    const { title, sub } = this.#now ?? { title: this.heading.textContent, sub: this.subheading.textContent };
    return sub ? interpolate(gettext("%(title)s: %(episode)s"), { title, episode: sub }) : title;
  }

  /**
   * @param {{title?: string, name?: string, markers?: object[]}} film as a session names it, or what comes next
   * @param {object | null} [beside] what is known beside it (beside.js)
   */
  show({ title = "", name = "", markers = [] }, beside = null) {
    const known = beside?.title || title || this.#dataset.title || "";
    const own = name && name !== title ? name.replace(`${title} · `, "") : this.#dataset.subtitle;
    const sub = beside ? beside.subtitle : (own ?? "");
    this.#now = { title: known, sub };
    this.heading.textContent = known;
    this.subheading.textContent = sub;
    document.title = this.whole;
    const synopsis = beside?.synopsis ?? (name ? "" : this.#dataset.synopsis);
    this.card.replaceChildren(
      h("p", { class: "kicker" }, gettext("You are watching")),
      h("p", { class: "name", dir: "auto" }, known),
      sub ? h("p", { class: "sub", dir: "auto" }, sub) : "",
      synopsis ? h("p", { class: "synopsis", dir: "auto" }, synopsis) : "",
    );
    const artwork = beside?.picture ?? this.#dataset.poster;
    announceMedia({ title: known, subtitle: sub, artwork, chapters: chaptersOf(markers) }, this.#handlers());
  }
}
