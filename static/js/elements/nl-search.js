// Search as you type. On the search page the results themselves change; elsewhere they open in a sheet under the
// header. Without script the form simply asks for the page.

import { Answers, step } from "../lib/answers.js";

const WAIT_MS = 120;
const LINKS = ":is(#results, .search__sheet) .results a[href]";

class NlSearch extends HTMLElement {
  #abort;
  #answers = new Answers();
  #asking;
  #shown;
  #timer;
  #sheet;

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.addEventListener("input", this, { signal });
    this.addEventListener("keydown", this, { signal });
    this.addEventListener("focusin", () => this.#prepare(), { signal, once: true });
    document.addEventListener("keydown", (event) => this.#anywhere(event), { signal });
    document.addEventListener("pointerdown", (event) => this.#outside(event), { signal });
  }

  disconnectedCallback() {
    this.#abort.abort();
    this.#asking?.abort();
    clearTimeout(this.#timer);
    this.#close();
  }

  get #field() {
    return this.querySelector("input");
  }

  /** Where results go: the search page's own place, or a sheet made when first needed. */
  get #place() {
    return document.getElementById("results") ?? this.#openSheet();
  }

  handleEvent(event) {
    if (event.type === "input") {
      clearTimeout(this.#timer);
      // What was answered a moment ago is shown at once: going back over letters does not blink.
      const known = this.#answers.get(this.#text());
      this.#timer = setTimeout(() => this.#ask(), known ? 0 : WAIT_MS);
    } else if (event.key === "Escape") {
      this.#leave();
    } else if (event.key === "ArrowDown") {
      const first = document.querySelector(LINKS);
      if (!first) return;
      event.preventDefault();
      first.focus();
    }
  }

  #text() {
    return this.#field.value.trim().replace(/\s+/g, " ");
  }

  #address(text) {
    const address = new URL(this.querySelector("form").action);
    if (text) address.searchParams.set("q", text);
    return address;
  }

  /** Somebody is about to type: the server makes itself ready. Its answer is the one for an empty field. */
  async #prepare() {
    try {
      this.#answers.set("", await this.#fetch("", this.#abort.signal));
    } catch {
      // Then the first letter does it.
    }
  }

  async #fetch(text, signal) {
    const partial = this.#address(text);
    partial.searchParams.set("partial", "1");
    const response = await fetch(partial, { signal, credentials: "same-origin" });
    // Signed out meanwhile, or an error: the form still works and says why.
    return response.ok && !response.redirected ? response.text() : "";
  }

  async #ask() {
    const text = this.#text();
    const onPage = document.getElementById("results");
    if (!text && !onPage) return this.#close();
    if (onPage) history.replaceState(history.state, "", this.#address(text));
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const known = this.#answers.get(text);
    if (known) return this.#show(text, known);
    this.#busy(true);
    try {
      const html = await this.#fetch(text, asking.signal);
      if (asking.signal.aborted) return undefined;
      this.#answers.set(text, html);
      this.#show(text, html);
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      this.#busy(false);
      if (!onPage) this.#close();
    }
    return undefined;
  }

  #busy(busy) {
    document.querySelector(":is(#results, .search__sheet) .results")?.setAttribute("aria-busy", String(busy));
  }

  #show(text, html) {
    const parsed = new DOMParser().parseFromString(html, "text/html").querySelector(".results");
    if (!parsed) return this.#busy(false);
    // The same question again (a space more): nothing moves under the reader's eyes.
    if (text === this.#shown && this.#place.querySelector(".results")) return this.#busy(false);
    this.#shown = text;
    this.#place.replaceChildren(document.importNode(parsed, true));
    this.#place.scrollTop = 0;
    const said = parsed.dataset.said.trim();
    const live = this.#live();
    if (live.textContent !== said) live.textContent = said;
    return undefined;
  }

  #live() {
    let live = this.querySelector("[aria-live]");
    if (!live) {
      live = document.createElement("span");
      live.className = "unseen";
      live.setAttribute("aria-live", "polite");
      this.append(live);
    }
    return live;
  }

  #openSheet() {
    if (this.#sheet) return this.#sheet;
    this.#sheet = document.createElement("div");
    this.#sheet.className = "search__sheet";
    this.#sheet.addEventListener("keydown", (event) => this.#key(event));
    // What lies under the sheet is out of reach of keys while it is open.
    const main = document.querySelector("main");
    main.before(this.#sheet);
    main.inert = true;
    return this.#sheet;
  }

  #close() {
    if (!this.#sheet) return;
    this.#sheet.remove();
    this.#sheet = undefined;
    this.#shown = undefined;
    document.querySelector("main").inert = false;
  }

  #leave() {
    this.#asking?.abort();
    clearTimeout(this.#timer);
    this.#close();
    this.#field.focus();
  }

  #outside(event) {
    if (this.#sheet && !this.#sheet.contains(event.target) && !this.contains(event.target)) this.#close();
  }

  /** `/` goes to the field from anywhere that is not itself a place to type. */
  #anywhere(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.#field.focus();
    } else if (!this.#sheet && document.getElementById("results")?.contains(event.target)) {
      this.#key(event);
    }
  }

  /** Arrows walk over the answers by what stands where on the screen. */
  #key(event) {
    if (event.key === "Escape") return this.#leave();
    const links = [...document.querySelectorAll(LINKS)].filter((link) => link.getClientRects().length);
    const from = links.find((link) => link === event.target) ?? links.find((link) => link.closest(".card")?.contains(event.target));
    if (!from || !event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const goal = step(links.map((link) => ({ link, box: link.getBoundingClientRect() })), from, event.key);
    // Beyond the answers of the page the whole page's arrows lead on; a sheet ends where it ends.
    if (!goal && event.key !== "ArrowUp" && !this.#sheet) return undefined;
    event.preventDefault();
    if (goal) goal.focus();
    else if (event.key === "ArrowUp") this.#field.focus();
    return undefined;
  }
}

customElements.define("nl-search", NlSearch);
