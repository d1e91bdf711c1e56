// When the picture does not come: what is said while one waits, the panel when waiting does not help, and what the viewer
// can do. What is buffered plays on; the panel comes when that has run out.

import { gettext, interpolate, ngettext, number } from "../../lib/words.js";
import { bufferAhead } from "../engine.js";
import { conceal, h, icon } from "./dom.js";

//: A wait of this long is told to those who do not see the spinner; and after this one it is said why.
const TOLD_MS = 1500;
const WHY_MS = 6000;
// Refusals that asking again would not change.
const FINAL = new Set(["not_found", "signed_out", "needs_plan"]);

/** What is being done about a wait, by why it is waited. "" for a wait that needs no words yet. */
export function waitingWords(why) {
  const words = {
    switch: gettext("Switching to another server …"),
    trouble: gettext("No server answers. Trying again …"),
    growing: gettext("The rest of this film is still being prepared. It goes on by itself …"),
    offline: gettext("You are offline. It goes on by itself when the connection is back …"),
    slow: gettext("Your connection is slow. Loading a smaller picture …"),
    again: gettext("Trying again …"),
    open: gettext("Asking the site …"),
  };
  return words[why] ?? "";
}

/** Why a wait takes long, as far as the player knows. Pure. */
export function whyLong({ online, opened, levels, level, throughput }) {
  if (!online) return "offline";
  if (!opened) return "open";
  return level && throughput > 0 && throughput < level.bitrate && levels.length > 1 ? "slow" : "";
}

/** What went wrong, what is being done about it, and what the viewer can do. */
export class ErrorPanel {
  #timer = 0;

  constructor() {
    const labels = { role: "alertdialog", "aria-label": gettext("Playback problem") };
    this.element = h("section", { class: "player-error", ...labels, hidden: true });
  }

  get open() {
    return !this.element.hidden;
  }

  /**
   * @param {object} what
   * @param {string} what.message
   * @param {string} [what.detail]
   * @param {number | null} [what.retryIn] seconds until it is tried again by itself
   * @param {{name: string, about: string, onStop?: () => Promise<void>}[]} [what.streams] who is watching, when that
   *   is the reason, and how to stop one
   * @param {() => void} [what.onRetry]
   * @param {{url: string, words: string}} [what.link] where it is put right
   * @param {string} what.backUrl
   */
  show({ message, detail, retryIn, streams = [], onRetry, link, backUrl }) {
    clearInterval(this.#timer);
    const soon = h("p", { class: "soon" });
    const people = streams.map((stream) => this.#watching(stream));
    const about = { type: "button", class: "main", onclick: onRetry };
    const elsewhere = link ? [h("a", { class: "main", href: link.url }, link.words)] : [];
    const retry = onRetry && h("button", about, icon("retry"), gettext("Try again"));
    const actions = [...(retry ? [retry] : []), ...elsewhere, h("a", { href: backUrl }, gettext("Go back"))];
    this.element.replaceChildren(
      h("h2", {}, message),
      detail ? h("p", {}, detail) : "",
      people.length ? h("ul", {}, ...people) : "",
      soon,
      h("div", { class: "player-actions" }, ...actions),
    );
    const wasOpen = this.open;
    this.element.hidden = false;
    this.#count(soon, retryIn);
    if (!wasOpen) actions[0].focus({ preventScroll: true });
  }

  hide() {
    clearInterval(this.#timer);
    conceal(this.element);
  }

  #watching({ name, about, onStop }) {
    const words = h("span", { class: "who" }, h("strong", {}, name), h("span", {}, about));
    if (!onStop) return h("li", {}, words);
    const stop = gettext("Stop");
    const label = interpolate(gettext("Stop %(name)s: %(what)s"), { name, what: about });
    const button = h("button", { type: "button", "aria-label": label }, stop);
    const line = h("li", {}, words, button);
    button.addEventListener("click", async () => {
      button.disabled = true;
      button.textContent = gettext("Stopping …");
      try {
        await onStop();
      } catch ({ message }) {
        button.disabled = false;
        button.textContent = stop;
        line.append(h("p", { class: "soon", role: "alert" }, message || gettext("That did not work. Try again.")));
      }
    });
    return line;
  }

  #count(soon, seconds) {
    if (!seconds) return;
    let left = seconds;
    const paint = () => {
      const text = ngettext("Trying again in %(count)s second …", "Trying again in %(count)s seconds …", left);
      soon.textContent = left > 0 ? interpolate(text, { count: number(left) }) : waitingWords("again");
      left -= 1;
    };
    paint();
    this.#timer = setInterval(paint, 1000);
  }
}

export class Trouble {
  #tools;
  #failure = null;
  #told = 0;
  #why = 0;
  #said = false;

  /**
   * @param {object} tools
   * @param {import("../player.js").Player} tools.player
   * @param {() => HTMLVideoElement} tools.video
   * @param {import("./overlays.js").Spinner} tools.spinner
   * @param {ErrorPanel} tools.error
   * @param {(text: string) => void} tools.say
   * @param {() => void} tools.wake show the controls
   * @param {string} tools.backUrl
   * @param {string} tools.csrf
   */
  constructor(tools) {
    this.#tools = tools;
  }

  /** The picture does not come, or not yet. */
  waiting(why) {
    const { video, spinner } = this.#tools;
    if (video().paused && why !== "start" && why !== "growing") return;
    const words = waitingWords(why);
    spinner.show(words);
    if (words) this.#tell(words);
    this.#watch();
    if (this.#failure && bufferAhead(video()) < 0.5) this.#show();
  }

  /** It has come. */
  flowing() {
    this.#rest();
    this.#tools.spinner.hide();
    this.#tools.error.hide(); // a failure is not forgotten by it: it shows again when the buffer has run out
    if (this.#said) this.#tools.say(gettext("Playing"));
    this.#said = false;
  }

  /** A session is open, or a failure is over. */
  mended() {
    this.#failure = null;
    this.#tools.error.hide();
  }

  failed(failure) {
    this.#failure = failure;
    const { video } = this.#tools;
    // Buffered film plays on; the panel comes when it has run out, or at once when there is none.
    if (bufferAhead(video()) < 0.5 || video().paused) this.#show();
  }

  /** The site said no. */
  refused(error) {
    const { spinner, error: panel, say, wake, backUrl } = this.#tools;
    this.#rest();
    spinner.hide();
    const canStop = error.details?.can_stop;
    const streams = (error.details?.streams ?? []).map(({ profile, title, device, stop }) => ({
      name: profile || gettext("Someone"),
      about: [title, device].filter(Boolean).join(" · "),
      onStop: canStop && stop ? () => this.#stopOther(stop) : undefined,
    }));
    panel.show({
      message: error.message,
      detail: streams.length ? gettext("Watching now:") : "",
      streams,
      backUrl,
      onRetry: FINAL.has(error.code) ? undefined : () => this.retry(),
      link: error.code === "needs_plan" ? { url: error.details.url, words: gettext("See plans") } : undefined,
    });
    say(error.message);
    wake();
  }

  retry() {
    const { player, spinner, error } = this.#tools;
    error.hide();
    spinner.show(waitingWords("again"));
    if (player.answer) player.retry();
    else player.restart();
  }

  drop() {
    this.#rest();
    this.#tools.error.hide();
  }

  #tell(words) {
    this.#said = true;
    this.#tools.say(words);
  }

  #watch() {
    clearTimeout(this.#told);
    const { element } = this.#tools.spinner;
    this.#told = setTimeout(() => !this.#said && !element.hidden && this.#tell(gettext("Loading …")), TOLD_MS);
    this.#why ||= setTimeout(() => this.#explain(), WHY_MS);
  }

  #explain() {
    const { player, spinner } = this.#tools;
    this.#why = 0;
    if (spinner.element.hidden || spinner.element.textContent) return;
    const { levels, level, throughput } = player.state;
    const known = player.engine?.levels ?? levels;
    const why = whyLong({ online: navigator.onLine, opened: Boolean(player.answer), levels: known, level, throughput });
    const words = waitingWords(why);
    if (!words) return;
    spinner.show(words);
    this.#tell(words);
  }

  #rest() {
    clearTimeout(this.#told);
    clearTimeout(this.#why);
    this.#why = 0;
  }

  #show() {
    const { spinner, error, wake, backUrl } = this.#tools;
    this.#rest();
    spinner.hide();
    error.show({ ...this.#failure, backUrl, onRetry: () => this.retry() });
    wake();
  }

  // Its slot is free as soon as the site has answered.
  async #stopOther(url) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.#tools.csrf };
    const response = await fetch(url, { method: "POST", credentials: "same-origin", headers });
    if (!response.ok && response.status !== 404) {
      const { error } = await response.json().catch(() => ({}));
      throw new Error(error?.message ?? "");
    }
    this.retry();
  }
}
