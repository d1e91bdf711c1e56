// <nl-downloads>: all that the profile keeps on this device, what it takes, and what can be done with it. The same on the
// site's page and on the one that works without the site.
//
// Attributes: data-profile (who watches; else whoever watched last here), data-watch (with the nil UUID in the video's place).

import { gettext, interpolate, ngettext, number } from "../lib/words.js";
import { Downloads, downloads } from "../offline/downloads.js";
import { daysLeft, fraction } from "../offline/terms.js";
import { actionOf, size, standing } from "../offline/words.js";
import { h } from "../player/ui/dom.js";

const NIL = "00000000-0000-0000-0000-000000000000";

class NlDownloads extends HTMLElement {
  #abort = null;
  #lines = new Map();
  #painting = null;
  #again = false;

  async connectedCallback() {
    this.#abort = new AbortController();
    this.list = h("ul", { class: "downloads__list" });
    this.room = h("div", { class: "downloads__room" });
    this.none = h(
      "div",
      { class: "empty", hidden: true },
      h("h2", { class: "empty__name" }, gettext("Nothing is downloaded here")),
      h("p", {}, gettext("Press the arrow on a film or an episode, and it plays on this device without the internet.")),
    );
    this.said = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
    if (!Downloads.possible) {
      this.replaceChildren(h("p", { class: "downloads__note" }, gettext("This browser cannot keep films on this page. Open the site by https in a current browser.")));
      return;
    }
    this.replaceChildren(this.room, this.none, this.list, this.said);
    const { signal } = this.#abort;
    downloads().addEventListener("change", () => this.paint(), { signal });
    downloads().addEventListener("progress", ({ detail }) => this.#progress(detail.record), { signal });
    downloads().addEventListener("removed", ({ detail }) => this.#gone(detail.records), { signal });
    await this.paint();
  }

  disconnectedCallback() {
    this.#abort?.abort();
    for (const line of this.#lines.values()) line.forget();
    this.#lines.clear();
  }

  /** Show what there is now. One painting at a time; what changes meanwhile is painted next. */
  async paint() {
    if (this.#painting) {
      this.#again = true;
      return this.#painting;
    }
    this.#painting = this.#paint().finally(() => (this.#painting = null));
    await this.#painting;
    if (this.#again) {
      this.#again = false;
      await this.paint();
    }
  }

  async #paint() {
    const profile = this.dataset.profile || (await downloads().cellar.note("profile")) || "";
    const records = profile ? await downloads().all(profile) : [];
    const clock = await downloads().licences.clock();
    for (const [id, line] of this.#lines) {
      if (records.some((record) => record.id === id)) continue;
      line.forget();
      this.#lines.delete(id);
    }
    for (const record of records) {
      const line = this.#lines.get(record.id) ?? this.#line(record);
      const why = await downloads().licences.obstacle(record);
      line.show(record, { why, part: fraction(record), days: daysLeft(record, clock, Date.now()) });
    }
    this.none.hidden = records.length > 0;
    this.list.hidden = !records.length;
    await this.#paintRoom(records);
    this.dispatchEvent(new CustomEvent("painted"));
  }

  #line(record) {
    const line = new Line(record, this.dataset.watch ?? "");
    this.#lines.set(record.id, line);
    this.list.append(line.element);
    return line;
  }

  #progress(record) {
    this.#lines.get(record.id)?.show(record, { why: "incomplete", part: fraction(record), days: 0 });
  }

  #gone(records) {
    this.said.textContent = records.map(({ film, message }) => [film.name, message].filter(Boolean).join(": ")).join(" ");
  }

  async #paintRoom(records) {
    const used = records.reduce((sum, { got }) => sum + got, 0);
    const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
    const films = ngettext("%(count)s download", "%(count)s downloads", records.length);
    const words = [interpolate(films, { count: number(records.length) }), size(used)];
    if (quota) words.push(interpolate(gettext("%(free)s free"), { free: size(Math.max(0, quota - usage)) }));
    const meter = h("meter", { class: "downloads__meter", min: 0, max: Math.max(quota, used, 1), value: used, "aria-label": gettext("Room on this device") });
    const all = h("button", { type: "button", class: "button button--quiet button--small", onclick: () => this.#removeAll(records) }, gettext("Remove all"));
    if (this.room.contains(document.activeElement)) return; // a button is not changed under a finger
    this.room.replaceChildren(h("p", { class: "downloads__words" }, words.join(" · ")), meter, records.length > 1 ? all : "");
    this.room.hidden = !records.length;
  }

  async #removeAll(records) {
    this.room.querySelector("button")?.blur();
    for (const { id } of records) await downloads().remove(id);
    this.said.textContent = gettext("All downloads are removed.");
    this.closest("main")?.focus();
  }
}

/** One download in the list. */
class Line {
  #url = "";

  constructor(record, watchUrl) {
    const { film } = record;
    this.id = record.id;
    this.video = record.video;
    this.picture = h("img", { class: "download__poster", alt: "", hidden: true });
    this.note = h("p", { class: "download__note" });
    this.bar = h("progress", { class: "progress", max: 100, "aria-label": gettext("Downloaded so far") });
    this.play = h("a", { class: "button button--lamp button--small", href: watchUrl.replace(NIL, record.video) }, gettext("Play"));
    this.next = h("button", { type: "button", class: "button button--small", onclick: () => this.#next() });
    this.remove = h("button", { type: "button", class: "button button--quiet button--small", onclick: () => downloads().remove(this.id) }, gettext("Remove"));
    for (const one of [this.play, this.remove]) one.setAttribute("aria-label", `${one.textContent}: ${film.name}`);
    const sub = film.title && film.title !== film.name ? h("p", { class: "download__title", dir: "auto" }, film.title) : null;
    const actions = h("div", { class: "download__actions" }, this.play, this.next, this.remove);
    const words = h("div", { class: "download__words" }, h("h2", { class: "download__name", dir: "auto" }, film.name), sub, this.note, this.bar);
    this.element = h("li", { class: "download" }, h("div", { class: "download__picture" }, this.picture), words, actions);
    this.#paintPoster(record);
  }

  show(record, facts) {
    this.state = record.state;
    const words = [standing(record, facts), size(record.bytes)].filter(Boolean).join(" · ");
    if (this.note.textContent !== words) this.note.textContent = words;
    const complete = record.state === "complete";
    this.element.dataset.state = record.state;
    this.bar.hidden = complete;
    this.bar.value = Math.round(100 * facts.part);
    this.play.hidden = Boolean(facts.why);
    this.next.hidden = complete;
    const action = actionOf(record.state);
    if (this.next.textContent !== action) {
      this.next.textContent = action;
      this.next.setAttribute("aria-label", `${action}: ${record.film.name}`);
    }
  }

  forget() {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.element.remove();
  }

  #next() {
    const goes = this.state === "fetching" || this.state === "queued";
    return goes ? downloads().pause(this.id) : downloads().resume(this.id);
  }

  async #paintPoster(record) {
    const bytes = await downloads().poster(record);
    if (!bytes) return;
    this.#url = URL.createObjectURL(new Blob([bytes]));
    this.picture.src = this.#url;
    this.picture.hidden = false;
  }
}

customElements.define("nl-downloads", NlDownloads);
