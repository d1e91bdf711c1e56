// Moments of a film on its card, while pointer or focus rest on it: the small pictures that scrubbing has (one sheet,
// asked of the site), one after the other. Made when it is needed and taken away again; a card without such pictures
// simply stays as it is.

import { pageMayMove } from "../lib/moving.js";
import { coverOf, momentAt } from "../lib/moments.js";

const REST_MS = { pointer: 650, focus: 900 };
const KEPT = 24;

const known = new Map();

class NlPreview extends HTMLElement {
  #tiles = [];
  #sheet = null;
  #size = null;
  #layers = [];
  #frame = 0;
  #begun = 0;
  #shown = -1;

  /** @param {{sheet: ImageBitmap | HTMLImageElement, tiles: number[][], width: number, height: number}} found */
  show(found) {
    this.#sheet = found.sheet;
    this.#tiles = found.tiles;
    this.#size = { width: found.width, height: found.height };
  }

  connectedCallback() {
    if (!this.#tiles.length) return;
    const { width, height } = this.getBoundingClientRect();
    const dots = Math.min(2, globalThis.devicePixelRatio || 1);
    this.#layers = [0, 1].map(() => {
      const layer = document.createElement("canvas");
      layer.width = Math.round(width * dots);
      layer.height = Math.round(height * dots);
      return layer;
    });
    const bar = document.createElement("span");
    bar.className = "preview__bar";
    this.replaceChildren(...this.#layers, bar);
    this.#begun = performance.now();
    this.#step(this.#begun);
    requestAnimationFrame(() => this.classList.add("is-here"));
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.#frame);
    this.replaceChildren();
  }

  #step(now) {
    const { index, share } = momentAt(now - this.#begun, this.#tiles.length);
    if (index !== this.#shown) {
      this.#shown = index;
      const [back, front] = index % 2 ? this.#layers : this.#layers.toReversed();
      this.#draw(front, this.#tiles[index]);
      front.classList.add("is-front");
      back.classList.remove("is-front");
    }
    this.style.setProperty("--share", share.toFixed(3));
    this.#frame = requestAnimationFrame((then) => this.#step(then));
  }

  #draw(layer, [x, y]) {
    const part = coverOf(this.#size, layer);
    const context = layer.getContext("2d", { alpha: false });
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#sheet, x + part.x, y + part.y, part.width, part.height, 0, 0, layer.width, layer.height);
  }
}

customElements.define("nl-preview", NlPreview);

class Resting {
  #card = null;
  #timer = 0;
  #preview = null;

  listen() {
    const on = (type, handler) => document.addEventListener(type, handler, { passive: true });
    on("pointerover", ({ target, pointerType }) => pointerType !== "touch" && this.#rest(cardAt(target), REST_MS.pointer));
    on("focusin", ({ target }) => target.matches?.(":focus-visible") && this.#rest(cardAt(target), REST_MS.focus));
    on("focusout", ({ target, relatedTarget }) => cardAt(target) === this.#card && !cardAt(relatedTarget) && this.#leave());
    document.documentElement.addEventListener("pointerleave", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
    document.addEventListener("nl-cinema", () => this.#leave());
  }

  #rest(card, wait) {
    if (card === this.#card) return;
    this.#leave();
    this.#card = card;
    if (card && pageMayMove()) this.#timer = setTimeout(() => this.#show(card), wait);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#preview?.remove();
    this.#preview = this.#card = null;
  }

  async #show(card) {
    const found = await (known.get(card.dataset.title) ?? remember(card.dataset.title));
    const art = card.querySelector(".card__art");
    if (!found || this.#card !== card || !art?.isConnected) return;
    this.#preview = document.createElement("nl-preview");
    this.#preview.setAttribute("aria-hidden", "true");
    this.#preview.show(found);
    art.append(this.#preview);
  }
}

/** A card with a film to look into. */
function cardAt(target) {
  return target?.closest?.(".card[data-title]") ?? null;
}

function remember(id) {
  const asked = ask(id).catch(() => null);
  known.set(id, asked);
  if (known.size > KEPT) known.delete(known.keys().next().value);
  return asked;
}

async function ask(id) {
  const response = await fetch(`/api/v1/titles/${id}/preview`, { headers: { accept: "application/json" } });
  if (response.status !== 200) return null;
  const { picture, ...rest } = await response.json();
  const sheet = new Image();
  sheet.src = picture;
  await sheet.decode();
  return rest.tiles.length > 1 ? { ...rest, sheet } : null;
}

/** Cards of this page, now and later. */
export function restOnCards() {
  new Resting().listen();
}
