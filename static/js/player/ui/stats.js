// Statistics for the curious and for support: which node, which rendition, how full the buffer, what happened.

import { h } from "./dom.js";

const EVERY_MS = 500;

function megabits(rate) {
  return Number.isFinite(rate) ? `${(rate / 1e6).toFixed(1)} Mbit/s` : "–";
}

/** The rows of the panel from the player's state. Pure. */
export function rowsOf(state) {
  const named = ({ id, state: health, why }) => (health === "healthy" ? id : `${id} (${why || health})`);
  const nodes = state.nodes.map(named);
  return [
    ["Server", state.node ?? "–"],
    ["Servers known", nodes.join(", ") || "–"],
    ["Picture", state.level ? `${state.level.width}×${state.level.height}, ${megabits(state.level.bitrate)}` : "–"],
    ["Buffer", `${state.buffer.toFixed(1)} s`],
    ["Throughput", megabits(state.throughput)],
    ["Frames", `${state.decoded} shown, ${state.dropped} dropped`],
    ["Stalls", `${state.stalls} (${(state.stall_ms / 1000).toFixed(1)} s)`],
    ["Resumed mid-segment", String(state.resumes)],
    ["Token renewals", String(state.renewals)],
    ["Session", state.session ?? "–"],
  ];
}

export class Statistics {
  #read;
  #timer = 0;
  #table = h("dl");
  #log = h("ol");

  /** @param {() => object} read the player's state */
  constructor(read, onClose) {
    this.#read = read;
    this.element = h(
      "section",
      { class: "player-statistics", "aria-label": "Statistics", hidden: true },
      h("header", {}, h("h2", {}, "Statistics"), h("button", { type: "button", onclick: onClose }, "Close")),
      this.#table,
      this.#log,
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
    this.#table.replaceChildren(...rowsOf(state).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    const lines = [
      ...state.switches.map(({ at, from, to, why }) => ({ at, text: `${from ?? "–"} → ${to}: ${why}` })),
      ...state.errors.map(({ at, text }) => ({ at, text })),
    ];
    lines.sort((a, b) => b.at - a.at);
    const shown = lines.slice(0, 8);
    this.#log.replaceChildren(...shown.map(({ at, text }) => h("li", {}, `${(at / 1000).toFixed(1)} s  ${text}`)));
  }
}
