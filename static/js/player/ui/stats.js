// Statistics for the curious and for support: which server and why, what it gives, which picture and why, how full the
// buffer was, what happened. All of it can be copied as text.

import { h } from "./dom.js";
import { Graph } from "./graph.js";
import { copyText } from "./system.js";

const EVERY_MS = 500;
const LINES = 8;
const COPIED_MS = 2000;

function megabits(rate) {
  return Number.isFinite(rate) && rate > 0 ? `${(rate / 1e6).toFixed(1)} Mbit/s` : "–";
}

/** The rows of the panel from the player's state. Pure. What has not happened is left out where nobody would ask. */
export function rowsOf(state) {
  const { level, adaptation } = state;
  const server = state.nodes.find(({ id }) => id === state.node);
  const share = state.dropped ? ` (${((100 * state.dropped) / (state.decoded + state.dropped)).toFixed(1)} %)` : "";
  const mended = [
    [state.resumes, "resumed mid-segment"],
    [state.hedges, "asked twice"],
    [state.corrupt, "with wrong bytes"],
  ].filter(([count]) => count);
  const rows = [
    ["Server", [state.node ?? "–", server?.reason].filter(Boolean).join(": ")],
    ["Picture", level ? `${level.width}×${level.height}, ${megabits(level.bitrate)}` : "–"],
    adaptation && ["Why this picture", reasonsOf(adaptation, level)],
    ["Line", megabits(state.throughput)],
    ["Frames", `${state.decoded} shown, ${state.dropped} dropped${share}`],
    ["Stalls", `${state.stalls} (${(state.stall_ms / 1000).toFixed(1)} s)`],
    ["Segments", mended.map(([count, what]) => `${count} ${what}`).join(", ") || "none had to be mended"],
    ["Token renewals", String(state.renewals)],
    state.unsent > 1 && ["Reports waiting", `${state.unsent}: the site does not answer`],
    ["Session", state.session ?? "–"],
  ];
  return rows.filter(Boolean);
}

/** Why this quality and not a better one; what limits it is said once, though it is often the reason as well. */
function reasonsOf({ why, cap }, level) {
  const limit = cap && cap !== why ? `limit: ${cap}` : "";
  const words = [why, limit].filter(Boolean).map((text) => (text.endsWith("above") ? `${text} ${level?.height}p` : text));
  return words.join("; ") || "–";
}

/** The servers' table: name, state, rate, why it stands where it stands. Pure. */
export function serversOf(state) {
  return state.nodes.map(({ id, state: health, why, reason, failures }) => ({
    id,
    used: id === state.node,
    health: health === "healthy" ? (failures ? "well again" : "well") : health,
    rate: megabits(state.rates?.[id]),
    reason: (health === "healthy" ? reason : why || health) || "–",
  }));
}

/** What happened, newest first. Pure. */
export function eventsOf({ switches, errors }) {
  return [
    ...switches.map(({ at, from, to, why }) => ({ at, text: `${from ?? "–"} → ${to}: ${why}` })),
    ...errors.map(({ at, text }) => ({ at, text })),
  ].sort((a, b) => b.at - a.at);
}

/** Everything as text, for a message to support. Pure. No address and no token is in it. */
export function reportOf(state, { when, browser }) {
  return [
    `netflixlite, ${when}`,
    browser,
    "",
    ...rowsOf(state).map(([name, value]) => `${name}: ${value}`),
    `Position: ${state.position.toFixed(1)} s of ${state.duration.toFixed(1)} s${state.paused ? ", paused" : ""}`,
    `Buffer: ${state.buffer.toFixed(1)} s`,
    "",
    ...serversOf(state).map(({ id, used, health, rate, reason }) => `${used ? "*" : " "} ${id}: ${health}, ${rate}, ${reason}`),
    "",
    ...eventsOf(state).map(({ at, text }) => `${(at / 1000).toFixed(1)} s  ${text}`),
  ].join("\n");
}

export class Statistics {
  #read;
  #timer = 0;
  #rows = h("dl");
  #servers = h("tbody");
  #events = h("ol");
  #buffer = new Graph("Buffer");
  #session = null;
  #copy = h("button", { type: "button", onclick: () => this.#copyAll() }, "Copy");

  /** @param {() => object} read the player's state */
  constructor(read, onClose) {
    this.#read = read;
    const close = h("button", { type: "button", onclick: onClose }, "Close");
    const head = h("tr", {}, ...["Server", "State", "Rate", "Why"].map((name) => h("th", { scope: "col" }, name)));
    this.element = h(
      "section",
      { class: "player-statistics", "aria-label": "Statistics", hidden: true },
      h("header", {}, h("h2", {}, "Statistics"), this.#copy, close),
      this.#rows,
      this.#buffer.element,
      h("table", {}, h("thead", {}, head), this.#servers),
      this.#events,
    );
  }

  get open() {
    return !this.element.hidden;
  }

  toggle(open = !this.open) {
    this.element.hidden = !open;
    clearInterval(this.#timer);
    if (!open) return;
    this.#paint();
    this.#timer = setInterval(() => this.#paint(), EVERY_MS);
  }

  #paint() {
    const state = this.#read();
    const now = performance.now();
    if (state.session !== this.#session) this.#buffer.forget();
    this.#session = state.session;
    this.#buffer.add(now, state.buffer);
    const events = eventsOf(state);
    this.#buffer.paint(now, events.map(({ at }) => at));
    fill(this.#rows, rowsOf(state).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    fill(this.#servers, serversOf(state).map(serverRow));
    const shown = events.slice(0, LINES);
    fill(this.#events, shown.map(({ at, text }) => h("li", {}, h("span", {}, `${(at / 1000).toFixed(1)} s`), text)));
  }

  async #copyAll() {
    const when = new Date().toISOString();
    const copied = await copyText(reportOf(this.#read(), { when, browser: navigator.userAgent }));
    this.#copy.textContent = copied ? "Copied" : "Copying is not allowed here";
    setTimeout(() => (this.#copy.textContent = "Copy"), COPIED_MS);
  }
}

function serverRow({ id, used, health, rate, reason }) {
  const cells = [health, rate, reason].map((text) => h("td", {}, text));
  return h("tr", { class: used ? "used" : null }, h("th", { scope: "row" }, id), ...cells);
}

/** Replace what is there only when it says something else: text that is being selected stays. */
function fill(parent, children) {
  const text = children.map((child) => child.outerHTML).join("");
  if (parent.innerHTML !== text) parent.replaceChildren(...children);
}
