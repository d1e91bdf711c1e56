// The fleet's page, kept current: figures change where they stand; what has another shape is drawn anew by the server
// and put in place, section by section and node by node.

import { listen } from "../live.js";
import { Curve } from "./curves.js";
import { enableQuestions } from "./dialog.js";
import { beLive, fetchPart, paint, rate, setText, tellTimes } from "./parts.js";

const MINUTES_ROOM = 300;
const SPARK_ROOM = 60;
/** A small curve's scale reaches at least to this share of the node's capacity, so that idle nodes look idle. */
const SPARK_LEAST = 0.2;
const TIMES_MS = 5000;
/** Drawing so many nodes costs the server a second, so it is not done for each that changes. */
const MANY = 200;
const RARELY_MS = 4000;

const root = document.querySelector("[data-fleet]");
const part = (selector, where = root) => where.querySelector(selector);
const nodeOf = (id) => part(`[data-node="${CSS.escape(id)}"]`);
/** Node → its small curve's values, so that a line that is drawn anew keeps its past. */
const past = new Map();
const sparks = new Map();
const figures = new Map();
const curve = new Curve(part("[data-curve=egress]"), { room: MINUTES_ROOM, least: 1e6, say: rate });
let count = null;
let drawing = null;

function hear(news) {
  for (const [name, value] of Object.entries(news.figures)) setText(part(`[data-figure="${name}"]`), String(value));
  curve.set([news.points.egress], { append: Boolean(news.partial) });
  for (const [id, values] of Object.entries(news.sparks)) past.set(id, values.slice(-SPARK_ROOM));
  for (const node of news.nodes) hearNode(node);
  if (count !== null && news.partial) for (let step = count; step < news.count; step += 1) grow();
  count = news.count;
  for (const region of news.groups) hearGroup(region);
  for (const one of news.expected) {
    setText(part(`[data-expected="${CSS.escape(one.name)}"] [data-part="says"]`), one.says);
  }
  paintSparks();
  const stale = Object.entries(news.shapes).some(([name, shape]) => part(`[data-section="${name}"]`)?.dataset.shape !== shape);
  if (stale || news.nodes.some((node) => node.shape && nodeOf(node.id) && nodeOf(node.id).dataset.shape !== node.shape)) redraw();
  beLive();
}

function hearNode(news) {
  const node = { ...figures.get(news.id), ...news };
  figures.set(news.id, node);
  const element = nodeOf(news.id);
  if (!element) return;
  const parts = news.state_name ? { ...news.parts, state: news.state_name } : news.parts;
  paint(element, { parts, bars: news.bars, tones: news.tones });
}

function hearGroup(region) {
  for (const site of region.sites) {
    const element = part(`[data-site="${CSS.escape(`${region.key}/${site.key}`)}"] > header`);
    if (element) paint(element, { parts: { says: site.says }, bars: { load: site.load }, tones: { load: site.load_tone } });
  }
  const head = part(`[data-region="${CSS.escape(region.key)}"] > header`);
  if (head) paint(head, { parts: { says: region.says, count: region.count } });
}

/** Another look at the nodes: each small curve gets a point. */
function grow() {
  for (const [id, node] of figures) past.set(id, [...(past.get(id) ?? []), node.egress].slice(-SPARK_ROOM));
}

function paintSparks() {
  for (const place of root.querySelectorAll("[data-spark]")) {
    const { node: id } = place.closest("[data-node]").dataset;
    if (sparks.get(id)?.place !== place) {
      place.replaceChildren();
      sparks.set(id, new Curve(place, { room: SPARK_ROOM, least: 1e6 }));
    }
    sparks.get(id).atLeast(SPARK_LEAST * (figures.get(id)?.capacity ?? 0)).set([past.get(id) ?? []]);
  }
}

/** Fetch what changes on the page and put in those parts that have another shape. One at a time, large ones seldom. */
function redraw() {
  drawing ??= fetchBoard().finally(() => setTimeout(() => (drawing = null), figures.size > MANY ? RARELY_MS : 0));
  return drawing;
}

async function fetchBoard() {
  const board = await fetchPart(root.dataset.board, "[data-board-root]");
  if (!board) return;
  const focused = document.activeElement?.closest?.("[data-node]")?.dataset.node;
  for (const fresh of board.querySelectorAll("[data-section]")) {
    const before = part(`[data-section="${fresh.dataset.section}"]`);
    if (before.dataset.shape !== fresh.dataset.shape) before.replaceWith(fresh);
    else if (fresh.dataset.section === "nodes") putNodes(fresh);
  }
  if (focused && document.activeElement === document.body) part("a", nodeOf(focused) ?? root)?.focus({ preventScroll: true });
  find();
  paintSparks();
  tellTimes(root);
}

function putNodes(fresh) {
  for (const line of fresh.querySelectorAll("[data-node]")) {
    const before = nodeOf(line.dataset.node);
    if (before && before.dataset.shape !== line.dataset.shape) before.replaceWith(line);
  }
}

/** Show only the nodes that have all the words typed. */
function find() {
  const field = part("[data-find]");
  if (!field) return;
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const line of root.querySelectorAll("[data-node]")) {
    const text = line.dataset.words.toLowerCase();
    line.hidden = !words.every((word) => text.includes(word));
    shown += line.hidden ? 0 : 1;
  }
  for (const site of root.querySelectorAll("[data-site]")) site.hidden = !part("[data-node]:not([hidden])", site);
  setText(part("[data-found]"), words.length ? String(shown) : "");
}

enableQuestions();
root.addEventListener("input", ({ target }) => target.matches("[data-find]") && find());
document.addEventListener("fleet:done", redraw);
tellTimes(root);
setInterval(() => tellTimes(root), TIMES_MS);
const query = new URLSearchParams({ ticket: root.dataset.ticket });
listen(`${root.dataset.socket}?${query}`, root.dataset.poll, hear);
