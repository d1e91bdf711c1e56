// A row of cards: arrows for the pointer, keys for hands on a keyboard or a remote, and cards at the edges that grow
// inwards. Scrolling itself is the browser's, so touch and trackpads work without this.

import { screensOf } from "../lib/moments.js";
import { glide } from "../lib/moving.js";

const ROW = "nl-row";
const CARD_LINK = ".card__link";

class NlRow extends HTMLElement {
  #abort;
  #watch;
  #back;
  #on;
  #ticks = document.createElement("span");

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#back = this.#arrow("back", "chevron-left", this.dataset.back, -1);
    this.#on = this.#arrow("on", "chevron-right", this.dataset.on, 1);
    this.#ticks.className = "row__ticks";
    this.#ticks.setAttribute("aria-hidden", "true");
    this.prepend(this.#back);
    this.append(this.#on, this.#ticks);
    this.addEventListener("keydown", this, { signal });
    this.#cards.addEventListener("scrollend", this, { signal });
    this.#cards.addEventListener("scroll", this, { signal, passive: true });
    this.#watch = new ResizeObserver(() => this.#settle());
    this.#watch.observe(this.#cards);
  }

  disconnectedCallback() {
    this.#abort.abort();
    this.#watch.disconnect();
    this.#back.remove();
    this.#on.remove();
    this.#ticks.remove();
  }

  handleEvent(event) {
    if (event.type === "keydown") this.#key(event);
    else this.#settle();
  }

  get #cards() {
    return this.querySelector(".row__cards");
  }

  get #leftToRight() {
    return getComputedStyle(this).direction === "ltr";
  }

  #arrow(side, drawing, name, step) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `row__arrow row__arrow--${side}`;
    // Keys have the cards themselves: the arrows are for pointers only.
    button.tabIndex = -1;
    button.setAttribute("aria-label", name);
    button.append(chevron(drawing));
    button.addEventListener("click", () => this.#page(step));
    return button;
  }

  /** Scroll by what is in view, less the card that was cut at the edge. */
  #page(step) {
    const list = this.#cards;
    const card = list.firstElementChild?.getBoundingClientRect().width ?? 0;
    const distance = Math.max(card, list.clientWidth * 0.94 - card);
    list.scrollBy({ left: step * distance * (this.#leftToRight ? 1 : -1), behavior: glide() });
  }

  /** Which arrows make sense, and which cards stand at the edges of what is seen. */
  #settle() {
    const list = this.#cards;
    const gone = Math.abs(list.scrollLeft);
    this.#back.disabled = gone < 4;
    this.#on.disabled = gone + list.clientWidth > list.scrollWidth - 4;
    this.#count(list, gone);
    const { left, right, width } = list.getBoundingClientRect();
    for (const card of list.children) {
      const box = card.getBoundingClientRect();
      const nearLeft = box.left - left < width * 0.06;
      const nearRight = right - box.right < width * 0.06;
      if (!nearLeft && !nearRight) card.removeAttribute("data-edge");
      else card.dataset.edge = nearLeft === this.#leftToRight ? "start" : "end";
    }
  }

  /** How many screens the row has, and which of them is seen. */
  #count(list, gone) {
    const { screens, at } = screensOf(gone, list.clientWidth, list.scrollWidth);
    while (this.#ticks.childElementCount > screens) this.#ticks.lastChild.remove();
    while (this.#ticks.childElementCount < screens) this.#ticks.append(document.createElement("i"));
    for (const [place, tick] of [...this.#ticks.children].entries()) tick.toggleAttribute("data-here", place === at);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const links = [...this.querySelectorAll(CARD_LINK)];
    const at = links.findIndex((link) => link.closest(".card").contains(event.target));
    if (at < 0) return;
    const forward = this.#leftToRight ? "ArrowRight" : "ArrowLeft";
    const backward = this.#leftToRight ? "ArrowLeft" : "ArrowRight";
    const goal = {
      [forward]: links[at + 1],
      // Before the first card is the row's name, where that leads to more.
      [backward]: links[at - 1] ?? this.closest(".row")?.querySelector(".row__name a"),
      Home: links[0],
      End: links.at(-1),
      ArrowDown: this.#neighbour(1, links[at]),
      ArrowUp: this.#neighbour(-1, links[at]),
    };
    if (!(event.key in goal) || !goal[event.key]) return;
    event.preventDefault();
    focusCard(goal[event.key]);
  }

  /** The card of the next row that stands nearest to this one. */
  #neighbour(step, link) {
    const rows = [...document.querySelectorAll(ROW)];
    const row = rows[rows.indexOf(this) + step];
    if (!row) return step < 0 ? document.querySelector(".billboard .button") : undefined;
    const middle = centre(link);
    return [...row.querySelectorAll(CARD_LINK)].reduce((best, each) =>
      Math.abs(centre(each) - middle) < Math.abs(centre(best) - middle) ? each : best,
    );
  }
}

function centre(element) {
  const { left, width } = element.getBoundingClientRect();
  return left + width / 2;
}

function focusCard(link) {
  link.focus({ preventScroll: true });
  link.scrollIntoView({ behavior: glide(), block: "center", inline: "center" });
}

function chevron(drawing) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", drawing === "chevron-left" ? "m15 5-7 7 7 7" : "m9 5 7 7-7 7");
  svg.append(path);
  return svg;
}

customElements.define(ROW, NlRow);
