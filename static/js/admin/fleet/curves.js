// Curves of the last minutes, as SVG: a small one for a line, a large one with a reading for a figure.

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 100;
const FEWEST = 30;

function draw(name, attributes, parent) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

/** The path of values between 0 and `top`; the newest stands at the right edge of `room` places. */
function path(values, top, room) {
  const step = WIDTH / Math.max(1, room - 1);
  const from = WIDTH - step * (values.length - 1);
  return values
    .map((value, at) => `${at ? "L" : "M"}${(from + at * step).toFixed(1)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`)
    .join("");
}

/** One or more lines over the same time. */
export class Curve {
  /**
   * @param {Element} place
   * @param {{room: number, lines?: number, least?: number, say?: (value: number) => string, stepSeconds?: number}} how
   *   room: points from left to right; least: the top of the scale is never below this; say: a reading for a value
   */
  constructor(place, { room, lines = 1, least = 1, say = null, stepSeconds = 2 }) {
    Object.assign(this, { place, most: room, least, say, stepSeconds });
    this.values = Array.from({ length: lines }, () => []);
    this.svg = draw("svg", { viewBox: `0 -4 ${WIDTH} ${HEIGHT + 6}`, preserveAspectRatio: "none", "aria-hidden": "true" }, place);
    this.area = draw("path", { class: "area" }, this.svg);
    this.paths = this.values.map((_, at) => draw("path", { class: `line line-${at}` }, this.svg));
    if (say) this.listen();
  }

  /** Let the scale reach at least this high. */
  atLeast(least) {
    this.least = least;
    return this;
  }

  /** Begin anew with these lines, or go on from what is there. */
  set(lines, { append = false } = {}) {
    this.values = lines.map((fresh, at) => [...(append ? (this.values[at] ?? []) : []), ...fresh].slice(-this.most));
    this.paint();
  }

  push(...fresh) {
    this.set(
      fresh.map((value) => [value]),
      { append: true },
    );
  }

  /** A site that has just started has a short past: it gets the whole width soon, and is squeezed as it grows. */
  get room() {
    return Math.min(this.most, Math.max(FEWEST, this.values[0].length));
  }

  get top() {
    return Math.max(this.least, ...this.values.flat()) * 1.08;
  }

  paint() {
    const [first] = this.values;
    const top = this.top;
    this.values.forEach((values, at) => this.paths[at].setAttribute("d", values.length > 1 ? path(values, top, this.room) : ""));
    if (first.length > 1) {
      const left = WIDTH - (WIDTH / (this.room - 1)) * (first.length - 1);
      this.area.setAttribute("d", `${path(first, top, this.room)}L${WIDTH} ${HEIGHT}L${left.toFixed(1)} ${HEIGHT}Z`);
    } else {
      this.area.setAttribute("d", "");
    }
    if (this.reading && !this.reading.hidden) this.read(this.at);
  }

  listen() {
    this.reading = document.createElement("p");
    this.reading.className = "nl-reading";
    this.reading.hidden = true;
    this.place.append(this.reading);
    this.place.addEventListener("pointermove", (event) => {
      const box = this.svg.getBoundingClientRect();
      this.read((event.clientX - box.left) / box.width);
    });
    this.place.addEventListener("pointerleave", () => (this.reading.hidden = true));
  }

  /** Say what the curves were at this share of their width. */
  read(share) {
    this.at = Math.min(1, Math.max(0, share));
    const back = Math.round((1 - this.at) * (this.room - 1));
    const values = this.values.map((line) => line[line.length - 1 - back]);
    this.reading.hidden = values[0] === undefined;
    if (this.reading.hidden) return;
    const time = new Date(Date.now() - back * this.stepSeconds * 1000).toLocaleTimeString();
    this.reading.textContent = `${values.map(this.say).join(" · ")}  ${time}`;
    this.reading.style.setProperty("--at", `${this.at * 100}%`);
  }
}
