// Search as you type. On the search page the results themselves change; elsewhere they open in a sheet under the
// header. Without script the form simply asks for the page.

const WAIT_MS = 180;

class NlSearch extends HTMLElement {
  #abort;
  #asking;
  #timer;
  #sheet;

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.addEventListener("input", this, { signal });
    this.addEventListener("keydown", this, { signal });
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
      this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
    } else if (event.key === "Escape") {
      this.#leave();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      document.querySelector("#results .card__link, .search__sheet .card__link")?.focus();
    }
  }

  async #ask() {
    const text = this.#field.value.trim();
    const onPage = document.getElementById("results");
    if (!text && !onPage) return this.#close();
    const address = new URL(this.querySelector("form").action);
    if (text) address.searchParams.set("q", text);
    if (onPage) history.replaceState(null, "", address);
    this.#asking?.abort();
    this.#asking = new AbortController();
    const partial = new URL(address);
    partial.searchParams.set("partial", "1");
    try {
      const response = await fetch(partial, { signal: this.#asking.signal, credentials: "same-origin" });
      // Signed out meanwhile, or an error: the form still works and says why.
      if (response.ok && !response.redirected) this.#show(await response.text());
    } catch (error) {
      if (error.name !== "AbortError") this.#close();
    }
    return undefined;
  }

  #show(html) {
    const parsed = new DOMParser().parseFromString(html, "text/html").querySelector(".results");
    if (!parsed) return;
    this.#place.replaceChildren(document.importNode(parsed, true));
    const said = parsed.dataset.said;
    const live = this.#live();
    if (said && live.textContent !== said) live.textContent = said;
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
    document.querySelector("main").before(this.#sheet);
    return this.#sheet;
  }

  #close() {
    this.#sheet?.remove();
    this.#sheet = undefined;
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

  /** Arrows walk over the sheet of results by what stands where on the screen. */
  #key(event) {
    if (event.key === "Escape") return this.#leave();
    const links = [...document.querySelectorAll("#results .card__link, .search__sheet .card__link")];
    const at = links.findIndex((link) => link.closest(".card").contains(event.target));
    if (at < 0 || !event.key.startsWith("Arrow")) return undefined;
    event.preventDefault();
    const goal = nearest(links, links[at], event.key);
    if (goal) goal.focus();
    else if (event.key === "ArrowUp") this.#field.focus();
    return undefined;
  }
}

/** The link that lies next in the key's direction; undefined at the edge. */
function nearest(links, from, key) {
  const here = from.getBoundingClientRect();
  const along = key === "ArrowLeft" || key === "ArrowRight" ? "left" : "top";
  const across = along === "left" ? "top" : "left";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  let best;
  let bestCost = Infinity;
  for (const link of links) {
    const there = link.getBoundingClientRect();
    const ahead = (there[along] - here[along]) * sign;
    if (ahead < 8) continue;
    const aside = Math.abs(there[across] - here[across]);
    if (along === "left" && aside > here.height / 2) continue;
    const cost = ahead + aside * 3;
    if (cost < bestCost) [best, bestCost] = [link, cost];
  }
  return best;
}

customElements.define("nl-search", NlSearch);
