// Play where one is: a link to the cinema opens the player over the page, without loading another one. Its address is in
// the history, so that Back closes it, Forward opens it again, and a reload or a link in a letter lead to the page of the
// cinema itself. Clicks with a key held, browsers without modules, a player that cannot be loaded: the link is followed.

import { firstSign } from "./hands.js";
import { whenIdle } from "./idle.js";
import { momentAsked, videoOf } from "./links.js";

//: The last word of the player that was closed is heard by the site in the meantime.
const REFRESH_MS = 500;
//: Who has looked at a page for so long stays, whether or not they touched anything.
const LOOKED_MS = 3000;

function plainClick({ defaultPrevented, button, metaKey, ctrlKey, shiftKey, altKey }) {
  return !defaultPrevented && button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey;
}

class Cinema {
  #options;
  #prefetch = null;
  #player = null;
  #opening = null;
  #entrance = null;
  #from = null;
  #code = null;

  constructor(options) {
    this.#options = options;
  }

  listen() {
    document.addEventListener("click", (event) => this.#click(event));
    addEventListener("popstate", () => this.#travel());
    // A billboard asks for the session that is prepared for its film (nl-billboard.js).
    document.addEventListener("nl-glimpse", ({ detail }) => (detail.answer = this.#prefetch?.glimpse(detail.video)));
    const sign = firstSign();
    whenIdle(() => this.#lookAhead(sign));
  }

  async #lookAhead(sign) {
    const looked = new Promise((resolve) => setTimeout(resolve, LOOKED_MS));
    const { Prefetch } = await import("./prefetch.js");
    this.#prefetch = new Prefetch({ ...this.#options, load: () => this.#load().catch(() => {}) });
    this.#prefetch.listen({ here: Promise.race([sign, looked]) });
  }

  /** The player's code; with it the question what this browser decodes, which takes its time. */
  #load() {
    this.#code ??= Promise.all([
      import("../elements/nl-player.js"),
      import("../player/capabilities.js").then(({ capabilities }) => capabilities()),
    ]);
    return this.#code;
  }

  #click(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || link.target || !plainClick(event)) return;
    if (this.#player) {
      // What leads back to where the viewer came from is Back.
      if (!this.#player.contains(link) || link.href !== this.#from.url) return;
      event.preventDefault();
      history.back();
      return;
    }
    const video = videoOf(link, this.#options.watchUrl);
    if (!video || (this.#opening && this.#opening !== video)) return;
    event.preventDefault();
    if (this.#opening) return; // a second click while the player comes
    this.#from = { url: location.href, title: document.title, link, top: scrollY };
    const prepared = this.#take(video, link.search);
    history.pushState({ cinema: video }, "", link.href);
    this.#open(video, link, prepared);
  }

  #travel() {
    const video = videoOf(location, this.#options.watchUrl);
    if (!video) this.#entrance?.leave();
    if (this.#player && !video) this.#close();
    else if (!this.#player && video && !this.#opening) {
      this.#from ??= { url: this.#options.home, title: document.title, link: null, top: scrollY };
      this.#open(video, null, this.#take(video, location.search));
    }
  }

  /**
   * What is there of the film. If that is its picture, it is shown before anything else happens; unless the address asks
   * for another moment than the one that was prepared.
   */
  #take(video, search) {
    const prepared = this.#prefetch?.take(video) ?? null;
    this.#entrance = (momentAsked(search) === undefined && prepared?.enter()) || null;
    return prepared;
  }

  async #open(video, link, prepared) {
    this.#opening = video;
    const entrance = this.#entrance;
    let player;
    try {
      // Controls come after the picture; and after the question for the session, when there is no picture yet.
      await (entrance?.shown ?? new Promise((resolve) => setTimeout(resolve, 0)));
      await this.#load();
      player = document.createElement("nl-player");
    } catch {
      prepared?.drop();
      entrance?.leave();
      location.assign(location.href); // the page of the cinema says what is wrong
      return;
    } finally {
      this.#opening = this.#entrance = null;
    }
    if (this.#player || videoOf(location, this.#options.watchUrl) !== video) {
      prepared?.drop(); // left in the meantime
      entrance?.leave();
      if (!this.#player) this.#prefetch?.resume();
      return;
    }
    const { sessionUrl, watchUrl, csrf } = this.#options;
    Object.assign(player.dataset, { videoId: video, sessionUrl, watchUrl, csrf, backUrl: this.#from.url });
    player.dataset.title = nameAt(link);
    player.prepared = prepared;
    this.#player = player;
    for (const each of document.body.children) {
      if (each.id !== "toasts" && !each.inert) {
        each.inert = true;
        each.dataset.cinema = "";
      }
    }
    document.body.classList.add("cinema");
    document.dispatchEvent(new Event("nl-cinema"));
    document.body.append(player);
    entrance?.leave(); // its element is the player's now
    // Later: it has the browser lay out the page at once, which the first picture need not wait for.
    requestAnimationFrame(() => requestAnimationFrame(() => player.isConnected && player.focusSurface()));
  }

  #close() {
    this.#player.remove();
    this.#player = null;
    document.body.classList.remove("cinema");
    for (const each of document.body.querySelectorAll(":scope > [data-cinema]")) {
      each.inert = false;
      delete each.dataset.cinema;
    }
    const { title, link, top } = this.#from;
    document.title = title;
    scrollTo(scrollX, top);
    link?.focus({ preventScroll: true });
    this.#prefetch?.resume();
    setTimeout(() => this.#refresh(), REFRESH_MS);
  }

  /** Bring the page up to what has been watched: where Play goes on, how far each episode is. */
  async #refresh() {
    const { href } = location;
    try {
      const response = await fetch(href, { headers: { accept: "text/html" } });
      if (!response.ok || response.url !== href) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const main = document.querySelector("main");
      const fresh = page.querySelector("main");
      if (this.#player || location.href !== href || !fresh) return;
      const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      main.replaceChildren(...fresh.childNodes);
      if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      this.#prefetch?.look();
    } catch {
      // the site is away: the page stays as it is
    }
  }
}

/** What a link's film is called, as far as the page says; the session's answer tells more. */
function nameAt(link) {
  const host = link?.closest(".title-page, .card, .billboard") ?? document;
  return host.querySelector(".title-hero__name, .card__name, .billboard__name")?.textContent.trim() ?? "";
}

/** Links to the cinema open it over this page, on pages of somebody who has chosen a profile. */
export function openCinema() {
  const state = document.querySelector("#state[data-watch]");
  if (!state || document.querySelector("nl-player")) return;
  const { watch: watchUrl, sessions: sessionUrl } = state.dataset;
  const csrf = state.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  new Cinema({ watchUrl, sessionUrl, csrf, home: state.action }).listen();
}
