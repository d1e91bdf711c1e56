// What search remembers while somebody types, and where an arrow key leads among its answers. Pure.

//: Answers grow old: another device may have added a film.
const KEPT_MS = 60_000;
const MOST = 40;

/** The latest answers by question; the oldest goes when there are too many. */
export class Answers {
  #known = new Map();
  #now;

  constructor(now = () => Date.now()) {
    this.#now = now;
  }

  /** The answer to a question, '' when it is not known or too old. */
  get(text) {
    const known = this.#known.get(text);
    return known && this.#now() - known.at < KEPT_MS ? known.html : "";
  }

  /** Remember an answer; an empty one is none. */
  set(text, html) {
    this.#known.delete(text);
    if (!html) return;
    this.#known.set(text, { html, at: this.#now() });
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value);
  }
}

/**
 * The link that lies next in the key's direction, by where things stand; undefined at the edge. To the sides only what
 * stands on the same line.
 * @param {{link: object, box: {left: number, top: number, width: number, height: number}}[]} places
 */
export function step(places, from, key) {
  const here = places.find(({ link }) => link === from)?.box;
  if (!here) return undefined;
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  const middle = (box, way) => (way === "x" ? box.left + box.width / 2 : box.top + box.height / 2);
  let best;
  let bestCost = Infinity;
  for (const { link, box } of places) {
    if (link === from) continue;
    const ahead = (middle(box, sideways ? "x" : "y") - middle(here, sideways ? "x" : "y")) * sign;
    if (ahead < 8) continue;
    const aside = Math.abs(middle(box, sideways ? "y" : "x") - middle(here, sideways ? "y" : "x"));
    if (sideways && aside > Math.max(here.height, box.height) / 2) continue;
    // Up and down the nearest line counts most, and on it what is nearest to straight ahead.
    const cost = sideways ? ahead : ahead * 4 + aside;
    if (cost < bestCost) [best, bestCost] = [link, cost];
  }
  return best;
}
