// Statistics for the curious and for support: which server and why, what it gives, which picture and why, how full the
// buffer was, what happened. All of it can be copied as text.

import { gettext, interpolate, number } from "../../lib/words.js";
import { conceal, h } from "./dom.js";
import { Graph } from "./graph.js";
import { copyText } from "./system.js";

const EVERY_MS = 500;
const LINES = 8;
const COPIED_MS = 2000;

function megabits(rate) {
  if (!(Number.isFinite(rate) && rate > 0)) return "–";
  const one = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return interpolate(gettext("%(rate)s Mbit/s"), { rate: number(rate / 1e6, one) });
}

function inSeconds(ms) {
  const one = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return number(ms / 1000, { style: "unit", unit: "second", unitDisplay: "narrow", ...one });
}

/** The rows of the panel from the player's state. Pure. What has not happened is left out where nobody would ask. */
export function rowsOf(state) {
  const { level, adaptation } = state;
  const server = state.nodes.find(({ id }) => id === state.node);
  const rows = [
    [gettext("Server"), [state.node ?? "–", server?.reason].filter(Boolean).join(": ")],
    [gettext("Picture"), level ? `${level.width}×${level.height}, ${megabits(level.bitrate)}` : "–"],
    adaptation && [gettext("Why this picture"), reasonsOf(adaptation, level)],
    [gettext("Line"), megabits(state.throughput)],
    [gettext("Frames"), framesOf(state)],
    [gettext("Stalls"), `${number(state.stalls)} (${inSeconds(state.stall_ms)})`],
    [gettext("Segments"), mendedOf(state) || gettext("none had to be mended")],
    [gettext("Token renewals"), number(state.renewals)],
    state.unsent > 1 && [gettext("Reports waiting"), waitingOf(state)],
    [gettext("Session"), state.session ?? "–"],
  ];
  return rows.filter(Boolean);
}

function framesOf({ decoded, dropped }) {
  const share = dropped ? dropped / (decoded + dropped) : 0;
  const words = gettext("%(shown)s shown, %(dropped)s dropped (%(share)s)");
  const percent = number(share, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return interpolate(words, { shown: number(decoded), dropped: number(dropped), share: percent });
}

function mendedOf({ resumes, hedges, corrupt }) {
  const counted = (count, words) => (count ? [interpolate(words, { count: number(count) })] : []);
  return [
    ...counted(resumes, gettext("%(count)s resumed mid-segment")),
    ...counted(hedges, gettext("%(count)s asked twice")),
    ...counted(corrupt, gettext("%(count)s with wrong bytes")),
  ].join(", ");
}

function waitingOf({ unsent }) {
  return interpolate(gettext("%(count)s: the site does not answer"), { count: number(unsent) });
}

/** Why this quality and not a better one; what limits it is said once, though it is often the reason as well. */
function reasonsOf({ why, cap }, level) {
  const named = (text) => (text.endsWith("above") ? `${text} ${level?.height}p` : text);
  const limit = cap && cap !== why ? interpolate(gettext("limit: %(limit)s"), { limit: named(cap) }) : "";
  return [why && named(why), limit].filter(Boolean).join("; ") || "–";
}

/** The servers' table: name, state, rate, why it stands where it stands. Pure. */
export function serversOf(state) {
  return state.nodes.map(({ id, state: health, why, reason, failures }) => ({
    id,
    used: id === state.node,
    health: healthOf(health, failures),
    rate: megabits(state.rates?.[id]),
    reason: (health === "healthy" ? reason : why || health) || "–",
  }));
}

function healthOf(health, failures) {
  const words = {
    healthy: failures ? gettext("well again") : gettext("well"),
    penalised: gettext("penalised"),
  };
  return words[health] ?? health;
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
    `${gettext("Position")}: ${inSeconds(state.position * 1000)} / ${inSeconds(state.duration * 1000)}`,
    `${gettext("Buffer")}: ${inSeconds(state.buffer * 1000)}`,
    "",
    ...serversOf(state).map(({ id, used, health, rate, reason }) => `${used ? "*" : " "} ${id}: ${health}, ${rate}, ${reason}`),
    "",
    ...eventsOf(state).map(({ at, text }) => `${inSeconds(at)}  ${text}`),
  ].join("\n");
}

export class Statistics {
  #read;
  #timer = 0;
  #rows = h("dl");
  #servers = h("tbody");
  #events = h("ol");
  #buffer = new Graph(gettext("Buffer"));
  #session = null;
  #copy = h("button", { type: "button", onclick: () => this.#copyAll() }, gettext("Copy"));

  /** @param {() => object} read the player's state */
  constructor(read, onClose) {
    this.#read = read;
    const close = h("button", { type: "button", onclick: onClose }, gettext("Close"));
    const columns = [gettext("Server"), gettext("State"), gettext("Rate"), gettext("Why")];
    const head = h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)));
    this.element = h(
      "section",
      { class: "player-statistics", "aria-label": gettext("Statistics"), hidden: true },
      h("header", {}, h("h2", {}, gettext("Statistics")), this.#copy, close),
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
    clearInterval(this.#timer);
    if (!open) {
      conceal(this.element);
      return;
    }
    this.element.hidden = false;
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
    fill(this.#events, shown.map(({ at, text }) => h("li", {}, h("span", {}, inSeconds(at)), text)));
  }

  async #copyAll() {
    const when = new Date().toISOString();
    const copied = await copyText(reportOf(this.#read(), { when, browser: navigator.userAgent }));
    this.#copy.textContent = copied ? gettext("Copied") : gettext("Copying is not allowed here");
    setTimeout(() => (this.#copy.textContent = gettext("Copy")), COPIED_MS);
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
