// What the fleet's pages share: painting figures where they stand, times in the reader's words, a word at the bottom.

const TOAST_MS = 6000;
const UNITS = [
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Put texts into `[data-part]` and widths into `[data-bar]` of an element. */
export function paint(element, { parts = {}, bars = {}, tones = {} }) {
  for (const [name, text] of Object.entries(parts)) setText(element.querySelector(`[data-part="${name}"]`), text);
  for (const [name, value] of Object.entries(bars)) {
    element.querySelector(`[data-bar="${name}"]`)?.lastElementChild.setAttribute("width", value);
  }
  for (const [name, tone] of Object.entries(tones)) {
    element.querySelector(`[data-bar="${name}"]`)?.setAttribute("class", `nl-bar nl-bar--${tone}`);
  }
}

const clock = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });

/** Say every `<time datetime>` below `root` as the time that has passed; the whole time stands in its title. */
export function tellTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const then = new Date(element.dateTime);
    const seconds = Math.max(0, (Date.now() - then) / 1000);
    const [length, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "second"];
    setText(element, clock.format(-Math.floor(seconds / length), unit));
    element.title ||= then.toLocaleString();
  }
}

/** '1.24 Gbit/s', as cdn/board/words.py says it. */
export function rate(bits) {
  let value = bits >= 1000 ? bits : 0;
  const prefixes = ["", "k", "M", "G", "T"];
  let at = 0;
  while (value >= 999.5 && at < prefixes.length - 1) {
    value /= 1000;
    at += 1;
  }
  const digits = at === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${prefixes[at]}bit/s`;
}

let timer = 0;

/** A word at the window's lower edge. */
export function toast(words, bad = false) {
  const place = document.querySelector("[data-toast]");
  clearTimeout(timer);
  place.textContent = words;
  place.classList.toggle("bad", bad);
  place.hidden = false;
  timer = setTimeout(() => (place.hidden = true), TOAST_MS);
}

/** Send a form without leaving the page; → what was said, or null when the page is being left. Throws Refused. */
export async function send(form, submitter) {
  const body = new FormData(form, submitter);
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 403) {
      location.reload(); // signed out: the page asks to sign in
      return null;
    }
    const said = await answer.json();
    if (!answer.ok) throw new Refused(said.error);
    return said;
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(document.querySelector("[data-toast]").dataset.lost);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/** The site said no, in words for people. */
export class Refused extends Error {}

/** A part of a page, drawn by the server; null when it cannot be had now. */
export async function fetchPart(url, selector) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(selector);
  } catch {
    return null; // the server is away; the next news tries again
  }
}

const STALE_MS = 8000;
let heardAt = 0;

/** News came: the page is live. When none comes for a while, it says so by itself. */
export function beLive() {
  heardAt = Date.now();
  showLive();
}

function showLive() {
  const place = document.querySelector("[data-live]");
  if (!place || !heardAt) return;
  const stale = Date.now() - heardAt > STALE_MS;
  place.hidden = false;
  place.classList.toggle("stale", stale);
  setText(place.lastElementChild, stale ? place.dataset.stale : place.dataset.fresh);
}

setInterval(showLive, 1000);
