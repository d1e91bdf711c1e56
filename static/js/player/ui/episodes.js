// The list of episodes inside the player: seasons, how far each is, which one plays. A real dialog over the running film,
// walked with arrow keys; Enter plays, Escape goes back to the film.

import { gettext, interpolate, number } from "../../lib/words.js";
import { length } from "./clock.js";
import { h, icon } from "./dom.js";

export class Episodes {
  #tools;
  #beside = null;
  #season = 0;
  #playing = "";
  #list = h("ol", { class: "list" });
  #tabs = h("div", { class: "seasons", role: "group", "aria-label": gettext("Seasons") });
  #name = h("h2");

  /**
   * @param {object} tools
   * @param {(episode: {video: string, name: string}) => void} tools.onPlay
   * @param {(video: string) => string} tools.address of an episode's page
   * @param {() => void} tools.onClose
   */
  constructor(tools) {
    this.#tools = tools;
    const shut = { type: "button", class: "player-close", "aria-label": gettext("Close"), onclick: () => this.close() };
    this.element = h(
      "dialog",
      { class: "player-episodes", "aria-label": gettext("Episodes") },
      h("header", {}, this.#name, h("button", shut, icon("close"))),
      this.#tabs,
      this.#list,
    );
    this.element.addEventListener("click", ({ target }) => target === this.element && this.close());
    this.element.addEventListener("close", () => tools.onClose());
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  get open() {
    return this.element.open;
  }

  /** @param {object} beside as beside.js has it @param {string} video which one plays */
  show(beside, video) {
    this.#beside = beside;
    this.#playing = video;
    const at = beside.seasons.findIndex(({ episodes }) => episodes.some((one) => one.video === video));
    this.#season = Math.max(0, at);
    this.#name.textContent = beside.title;
    this.#paint();
    if (!this.open) this.element.showModal();
    const here = this.#list.querySelector("[aria-current]") ?? this.#list.querySelector("a");
    here?.focus({ preventScroll: true });
    here?.scrollIntoView({ block: "center" });
  }

  close() {
    this.element.close();
  }

  #paint() {
    const { seasons } = this.#beside;
    this.#tabs.hidden = seasons.length < 2;
    this.#tabs.replaceChildren(
      ...seasons.map(({ name }, at) =>
        h("button", { type: "button", "aria-pressed": String(at === this.#season), onclick: () => this.#choose(at) }, name),
      ),
    );
    this.#list.replaceChildren(...(seasons[this.#season]?.episodes ?? []).map((episode) => this.#line(episode)));
  }

  #choose(at) {
    this.#season = at;
    this.#paint();
    this.#tabs.children[at].focus({ preventScroll: true });
  }

  #line(episode) {
    const { video, number: place, name, synopsis, duration, still, progress, finished } = episode;
    const playing = video === this.#playing;
    const state = playing ? gettext("Playing now") : finished ? gettext("Watched") : progress > 0 ? partOf(progress) : "";
    const picture = h("span", { class: "still" }, still ? h("img", { src: still, alt: "", loading: "lazy" }) : icon("play"));
    if (progress > 0) picture.append(bar(progress));
    const facts = [duration ? length(duration) : "", video ? state : gettext("Coming soon")].filter(Boolean).join(" · ");
    const words = h(
      "span",
      { class: "words" },
      h("span", { class: "name" }, interpolate(gettext("%(number)s. %(name)s"), { number: number(place), name })),
      facts ? h("span", { class: "about" }, facts) : null,
      synopsis ? h("span", { class: "synopsis" }, synopsis) : null,
    );
    const properties = video
      ? { href: this.#tools.address(video), "aria-current": playing ? "true" : null, onclick: (event) => this.#play(event, episode) }
      : { "aria-disabled": "true" };
    return h("li", {}, h("a", properties, picture, words));
  }

  #play(event, episode) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button > 0) return; // another tab
    event.preventDefault();
    this.close();
    if (episode.video !== this.#playing) this.#tools.onPlay({ video: episode.video, name: episode.name });
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === "KeyE") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
      return;
    }
    const lines = [...this.#list.querySelectorAll("a[href]")];
    const tabs = this.#tabs.hidden ? [] : [...this.#tabs.children];
    const at = document.activeElement;
    const to = stepOf(event.code, { lines, tabs, at, shut: this.element.querySelector(".player-close") });
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest" });
  }
}

/** Where an arrow leads: along the lines, up to the seasons, up to Close. Pure but for the elements that it is given. */
export function stepOf(code, { lines, tabs, at, shut }) {
  const line = lines.indexOf(at);
  const tab = tabs.indexOf(at);
  if (code === "Home" && line >= 0) return lines[0];
  if (code === "End" && line >= 0) return lines.at(-1);
  if (code === "ArrowDown") {
    if (line >= 0) return lines[line + 1] ?? at;
    return tab >= 0 || !tabs.length ? lines[0] : (tabs.find((one) => one.getAttribute("aria-pressed") === "true") ?? tabs[0]);
  }
  if (code === "ArrowUp") {
    if (line > 0) return lines[line - 1];
    if (line === 0 && tabs.length) return tabs.find((one) => one.getAttribute("aria-pressed") === "true") ?? tabs[0];
    return shut;
  }
  if (tab >= 0 && code === "ArrowRight") return tabs[tab + 1] ?? at;
  if (tab >= 0 && code === "ArrowLeft") return tabs[tab - 1] ?? at;
  return null;
}

function partOf(progress) {
  return interpolate(gettext("%(percent)s watched"), { percent: number(progress, { style: "percent" }) });
}

function bar(progress) {
  const element = h("span", { class: "progress", "aria-hidden": "true" }, h("span"));
  element.style.setProperty("--progress", String(progress));
  return element;
}
