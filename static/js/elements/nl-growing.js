// While the demo catalogue is being made: ask now and then how far it is, and bring in what is new. A page that
// somebody is using (a card under the pointer, focus or scrolling in the rows) keeps still; only the bar moves.

const EVERY_MS = 4000;

class NlGrowing extends HTMLElement {
  #timer;

  connectedCallback() {
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #look() {
    const fresh = document.hidden ? null : await this.#fetch();
    if (!this.isConnected) return;
    const main = document.getElementById("main");
    const there = fresh?.getElementById("main");
    if (there && signature(there) !== signature(main) && !inUse(main)) {
      replace(main, there); // this element goes with it; the new one, if any, looks on
      return;
    }
    const next = there?.querySelector("nl-growing");
    if (next) {
      this.querySelector("progress").value = next.querySelector("progress").value;
      this.querySelector("p").textContent = next.querySelector("p").textContent;
    } else if (there && !inUse(main)) {
      this.remove();
      return;
    }
    this.#timer = setTimeout(() => this.#look(), EVERY_MS);
  }

  async #fetch() {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return null;
      return new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return null; // the server is not there for a moment: ask again later
    }
  }
}

/** Which titles a page offers. */
function signature(main) {
  return [...main.querySelectorAll("section[aria-labelledby], .card__link")]
    .map((each) => each.getAttribute("href") ?? each.getAttribute("aria-labelledby"))
    .join(" ");
}

function inUse(main) {
  const scrolled = [...main.querySelectorAll(".row__cards")].some((list) => Math.abs(list.scrollLeft) > 4);
  return scrolled || Boolean(main.querySelector(".card:hover, :focus-visible"));
}

/** Take the new page's parts; a billboard that somebody is reading stays. */
function replace(main, there) {
  const billboard = main.querySelector(".billboard");
  if (billboard) there.querySelector(".billboard")?.replaceWith(billboard);
  main.replaceChildren(...there.childNodes);
}

customElements.define("nl-growing", NlGrowing);
