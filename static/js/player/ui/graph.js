// A line over the last minute, as SVG: the buffer's seconds, with a mark where something happened.

import { gettext, interpolate, number } from "../../lib/words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 48;
const SPAN_MS = 60_000;

/** The highest value of the scale: a round number above what there is. */
export function ceiling(values) {
  const most = Math.max(5, ...values);
  return [5, 10, 20, 30, 60, 120, 180, 300].find((step) => step >= most) ?? Math.ceil(most / 100) * 100;
}

/**
 * The points of the line, newest at the right. Pure.
 * @param {{at: number, value: number}[]} samples
 * @returns {string} for a polyline's `points`; "" without samples
 */
export function pointsOf(samples, now, top) {
  return samples
    .filter(({ at }) => now - at <= SPAN_MS)
    .map(({ at, value }) => `${across(at, now)},${down(value, top)}`)
    .join(" ");
}

function across(at, now) {
  return Math.round((WIDTH * (SPAN_MS - (now - at))) / SPAN_MS * 10) / 10;
}

function down(value, top) {
  return Math.round(HEIGHT * (1 - Math.min(1, Math.max(0, value / top))) * 10) / 10;
}

function shape(tag, properties) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  return element;
}

export class Graph {
  #samples = [];
  #area = shape("polygon", { class: "area" });
  #line = shape("polyline", { class: "line" });
  #marks = shape("g", { class: "marks" });
  #scale = document.createElement("span");

  constructor(label) {
    const drawing = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    drawing.append(this.#area, this.#marks, this.#line);
    this.element = document.createElement("div");
    this.element.className = "graph";
    this.element.append(drawing, this.#scale);
    this.label = label;
  }

  /** Note how it is now; kept for a minute. */
  add(at, value) {
    this.#samples.push({ at, value });
    while (at - this.#samples[0].at > SPAN_MS) this.#samples.shift();
  }

  forget() {
    this.#samples = [];
  }

  /** @param {number[]} marks when something happened */
  paint(now, marks) {
    const top = ceiling(this.#samples.map(({ value }) => value));
    const points = pointsOf(this.#samples, now, top);
    const first = this.#samples[0];
    this.#line.setAttribute("points", points);
    this.#area.setAttribute("points", first ? `${across(first.at, now)},${HEIGHT} ${points} ${WIDTH},${HEIGHT}` : "");
    this.#marks.replaceChildren(
      ...marks
        .filter((at) => now - at <= SPAN_MS)
        .map((at) => shape("line", { x1: across(at, now), x2: across(at, now), y1: 0, y2: HEIGHT })),
    );
    const words = gettext("%(what)s, 0 to %(top)s s, last minute");
    this.#scale.textContent = interpolate(words, { what: this.label, top: number(top) });
  }
}
