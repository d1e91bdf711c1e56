// One node's page, kept current: curves grow, figures change where they stand, what has another shape is drawn anew.

import { listen } from "../live.js";
import { Curve } from "./curves.js";
import { enableQuestions } from "./dialog.js";
import { beLive, fetchPart, paint, rate, setText, tellTimes } from "./parts.js";

const ROOM = 300;
const TIMES_MS = 5000;
const SAY = {
  rate,
  count: (value) => String(Math.round(value)),
  size: (value) => rate(value).replace("bit/s", "B"),
  ms: (value) => `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`,
  share: (value) => `${Math.round(value * 100)} %`,
};
const LEAST = { rate: 1e6, count: 4, size: 1e6, ms: 1, share: 0.2 };

const root = document.querySelector("[data-node-page]");
const part = (selector) => root.querySelector(selector);
const curves = new Map();
let drawing = null;

function hear(news) {
  const { node } = news;
  for (const [key, lines] of Object.entries(news.points)) curveOf(key, lines.length).set(lines, { append: Boolean(news.partial) });
  for (const [key, says] of Object.entries(news.now_says)) setText(part(`[data-now="${key}"]`), says);
  for (const fact of news.facts) setText(part(`[data-fact="${fact.key}"]`), fact.says);
  paint(root, { parts: { ...node.parts, state: node.state_name }, bars: node.bars, tones: { disk: node.tones.disk } });
  if (news.joining) hearJoining(news.joining);
  if (part("[data-board-root]").dataset.shape !== news.shape) redraw();
  beLive();
}

function hearJoining(joining) {
  const place = part("[data-joining]");
  if (!place) return;
  for (const step of joining.steps) {
    const element = place.querySelector(`[data-step="${step.key}"]`);
    element.className = step.mark;
    setText(element.querySelector("[data-part=name]"), step.name);
  }
  setText(place.querySelector("[data-part=says]"), joining.says);
}

function curveOf(key, lines) {
  if (!curves.has(key)) {
    const place = part(`[data-curve="${key}"]`);
    const { unit } = place.dataset;
    curves.set(key, new Curve(place, { room: ROOM, lines, least: LEAST[unit], say: SAY[unit] }));
  }
  return curves.get(key);
}

function redraw() {
  drawing ??= fetchBoard().finally(() => (drawing = null));
  return drawing;
}

async function fetchBoard() {
  const query = new URLSearchParams(location.search);
  query.set("part", "board");
  const page = await fetchPart(`${root.dataset.board}?${query}`, "[data-parts]");
  if (!page) return;
  const focused = document.activeElement?.closest?.("[data-board-root]") ? document.activeElement.textContent : null;
  part("[data-board-root]").replaceWith(page.querySelector("[data-board-root]"));
  part("[data-part-of=history]").replaceWith(page.querySelector("[data-part-of=history]"));
  if (focused && document.activeElement === document.body) part("[data-board-root] nav a")?.focus({ preventScroll: true });
  tellTimes(root);
}

enableQuestions();
document.addEventListener("fleet:done", redraw);
tellTimes(root);
setInterval(() => tellTimes(root), TIMES_MS);
listen(`${root.dataset.socket}?${new URLSearchParams({ ticket: root.dataset.ticket })}`, root.dataset.poll, hear);
