// The parts of an open page that news change: made anew by the server, and put in where nobody is busy with them.
//
//   <div data-part="play" data-live="continue" data-live-title="…id…">   a part; the page itself is asked for it
//   <div class="shelves" data-rows="/live/rows/">                        the rows of the home page, each by its key
//
// A part waits while somebody has focus in it or a card of it under the pointer. Cards that stay are not touched, so
// nothing flickers, and neither scrolling nor an open preview is lost. Rows of suggestions that are in sight change only
// on a page that nobody had in hand when the news came (hands.js), and what is in sight keeps its place on the screen.

import { fragment } from "./fragment.js";
import { lastTouched, mayMove } from "./hands.js";
import { showHidden } from "./hidden.js";

/** News come in swarms: one change of the page for all of them. */
const SWARM_MS = 120;
const ROWS_MS = 60;
/** After so long a page that was to be left is still there, and stays. */
const LEAVING_MS = 10_000;
/** How often to look whether a part is free. */
const BUSY_MS = 400;
/** Which rows of the home page a topic is about. */
const ROWS_OF = { continue: ["continue"], list: ["my-list"] };
/** What the viewer made changes under their eyes; the site's suggestions only where nobody is at hand. */
const OWN_ROWS = new Set(["continue", "my-list"]);
const ROWS_AT_ONCE = 4;

export class Parts {
  #tools;
  #wanted = new Map();
  #rows = new Set();
  #everyRow = false;
  #stale = false;
  #left = -Infinity;
  #heard = -Infinity;
  #timer = 0;
  #due = Infinity;
  #asking = false;

  /** @param {{ask?: (url: string) => Promise<Document | null>, reload?: () => void, touched?: () => number}} [tools] */
  constructor(tools = {}) {
    this.#tools = { ask: fragment, reload: () => location.reload(), touched: lastTouched, ...tools };
  }

  /** Something changed. */
  news(news) {
    if (news.topic === "list") showListed(news);
    if (news.topic === "thumb") showThumb(news);
    if (news.topic === "hidden") showHidden(news);
    for (const part of document.querySelectorAll("[data-live][data-part]")) {
      const { live, liveTitle, part: name } = part.dataset;
      const concerned = !liveTitle || !news.title || liveTitle === news.title;
      if (concerned && live.split(" ").includes(news.topic)) this.#wanted.set(name, true);
    }
    if (ROWS_OF[news.topic]) this.#wantRows(ROWS_OF[news.topic]);
    if (news.topic === "rows") {
      this.#heard = performance.now();
      setTimeout(() => (this.#wantRows(null), this.#later(0)), ROWS_MS);
    }
    document.dispatchEvent(new CustomEvent("nl-news", { detail: news }));
    this.#later(SWARM_MS);
  }

  /** Nobody knows what changed. */
  missed() {
    for (const { dataset } of document.querySelectorAll("[data-live][data-part]")) this.#wanted.set(dataset.part, true);
    this.#wantRows(null);
    this.#later(SWARM_MS);
  }

  /** The page is another profile's than the one that is watching now, or nobody is signed in: it cannot stay. */
  stale(is) {
    this.#stale = is;
    this.look();
  }

  /** A form was sent, or a link followed: the page that comes is right, and loading this one anew would stop it. */
  leave() {
    this.#left = Date.now();
  }

  /** The tab is seen again, or was left: what waited may go on. */
  look() {
    if (this.#stale || this.#wanted.size || this.#rows.size || this.#everyRow) this.#later(0);
  }

  /** Whether nobody has had the page in hand since before the last news of rows. */
  get #calm() {
    return mayMove(this.#heard, this.#tools.touched());
  }

  #wantRows(keys) {
    if (keys === null) this.#everyRow = true;
    else for (const key of keys) this.#rows.add(key);
  }

  #later(ms) {
    const due = Date.now() + ms;
    if (this.#asking || due >= this.#due) return; // when it is through it looks again
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#bring(), ms);
  }

  async #bring() {
    this.#due = Infinity;
    if (document.hidden) return; // looked at again when it is seen
    if (inUse()) return this.#later(BUSY_MS);
    if (this.#stale) return Date.now() - this.#left < LEAVING_MS ? this.#later(BUSY_MS) : this.#tools.reload();
    this.#asking = true;
    try {
      await Promise.all([this.#bringParts(), this.#bringRows()]);
    } finally {
      this.#asking = false;
    }
    if (this.#wanted.size || this.#rows.size || this.#everyRow) this.#later(BUSY_MS);
    return undefined;
  }

  async #bringParts() {
    const names = [...this.#wanted.keys()].filter((name) => {
      const there = partOf(name);
      if (!there) this.#wanted.delete(name);
      return there && !isBusy(there);
    });
    if (!names.length) return;
    for (const name of names) this.#wanted.delete(name);
    const fresh = await this.#tools.ask(location.href);
    for (const name of fresh ? names : []) {
      const there = partOf(name);
      const next = partOf(name, fresh);
      if (!there || !next) continue;
      if (isBusy(there)) this.#wanted.set(name, true);
      else renew(there, next);
    }
  }

  async #bringRows() {
    const shelves = document.querySelector("[data-rows]");
    if (!shelves) {
      this.#rows.clear();
      this.#everyRow = false;
      return;
    }
    const free = [...this.#rows].filter((key) => !waits(rowOf(shelves, key), this.#calm));
    const keys = this.#everyRow ? null : free.slice(0, ROWS_AT_ONCE);
    if (keys?.length === 0) return;
    const address = new URL(shelves.dataset.rows, location.href);
    for (const key of keys ?? []) address.searchParams.append("row", key);
    if (keys === null) this.#everyRow = false;
    for (const key of keys ?? [...this.#rows]) this.#rows.delete(key);
    const fresh = (await this.#tools.ask(address.href))?.querySelector("[data-order]");
    if (!fresh) return;
    const busy = steadily(shelves, () => renewRows(shelves, fresh, keys, this.#calm));
    for (const key of busy) this.#rows.add(key);
  }
}

/** Do it while what is in sight keeps its place on the screen; gives back what it gives. */
function steadily(shelves, work) {
  const rows = [...shelves.querySelectorAll("[data-row]")];
  const held = rows.find((row) => row.contains(document.activeElement)) ?? rows.find(isInSight);
  const stood = held?.getBoundingClientRect().top;
  const done = work();
  const moved = held?.isConnected ? held.getBoundingClientRect().top - stood : 0;
  if (Math.abs(moved) > 1) scrollBy({ top: moved, behavior: "instant" });
  return done;
}

/**
 * Bring rows up to date; returns the keys of those that have to wait. `keys`: which, or null for all. `calm`: rows of
 * suggestions may change also where they are in sight.
 */
export function renewRows(shelves, fresh, keys, calm = false) {
  const order = fresh.dataset.order.split(" ").filter(Boolean);
  const there = [...shelves.querySelectorAll("[data-row]")].map(({ dataset }) => dataset.row);
  const busy = [];
  if (keys === null) shelves.querySelector(":scope > nl-more-rows")?.remove(); // what it would fetch is here
  for (const key of keys ?? [...new Set([...order, ...there])]) {
    const old = rowOf(shelves, key);
    const next = rowOf(fresh, key);
    if (old && waits(old, calm) && !(next && signOf(old) === signOf(next))) busy.push(key);
    else if (old && next) renew(old, next);
    else if (old) old.remove();
    else if (next) {
      const later = order.slice(order.indexOf(key) + 1).map((each) => rowOf(shelves, each));
      const before = later.find(Boolean) ?? null;
      if (before && !OWN_ROWS.has(key) && waits(before, calm)) busy.push(key);
      else shelves.insertBefore(document.importNode(next, true), before);
    }
  }
  return busy;
}

/** Put a part in the place of an old one: card by card where both are lists in the same frame. */
export function renew(old, fresh) {
  if (signOf(old) === signOf(fresh)) return;
  if (old.matches(LISTS)) {
    renewList(old, fresh);
    return;
  }
  const lists = [...old.querySelectorAll(LISTS)];
  const next = [...fresh.querySelectorAll(LISTS)];
  const framed = lists.length > 0 && lists.length === next.length && signOf(old, LISTS) === signOf(fresh, LISTS);
  if (framed) lists.forEach((list, at) => renewList(list, next[at]));
  else old.replaceWith(document.importNode(fresh, true));
}

const LISTS = ".row__cards, .grid, .episodes";

/** Make a list the same as another one; what is the same in both stays where it is. */
export function renewList(list, fresh) {
  const anchor = list.scrollLeft ? [...list.children].find((each) => isSeen(each, list)) : null;
  const stood = anchor?.offsetLeft;
  const held = new Map([...list.children].map((each) => [keyOf(each), each]));
  let at = list.firstElementChild;
  for (const item of [...fresh.children]) {
    const key = keyOf(item);
    let mine = held.get(key);
    held.delete(key);
    if (mine && signOf(mine) !== signOf(item)) {
      const better = document.importNode(item, true);
      mine.replaceWith(better);
      if (at === mine) at = better;
      mine = better;
    }
    mine ??= document.importNode(item, true);
    if (mine === at) at = at.nextElementSibling;
    else list.insertBefore(mine, at);
  }
  for (const gone of held.values()) gone.remove();
  if (anchor?.isConnected) list.scrollLeft += anchor.offsetLeft - stood;
}

function isSeen(card, list) {
  return card.getBoundingClientRect().left >= list.getBoundingClientRect().left - 1;
}

function keyOf(item) {
  return item.dataset.title ?? item.querySelector("a[href]")?.getAttribute("href");
}

const SIGNS = ["href", "formaction", "value", "aria-pressed", "data-listed", "data-video", "datetime"];
/** What scripts put in, and forms' tokens, which are others each time. */
const OURS = ".card__panel, .card__gone, nl-preview, input[type=hidden]";

/** What a viewer can tell two pieces of a page apart by; without what stands in `but`. */
export function signOf(element, but = "") {
  const said = [];
  const walk = (node) => {
    if (node.nodeType === 3) {
      const text = node.data.trim().replace(/\s+/g, " ");
      if (text) said.push(text);
      return;
    }
    if (node.nodeType !== 1 || (but && node.matches(but)) || node.matches(OURS)) return;
    for (const name of SIGNS) {
      const value = node.getAttribute(name);
      if (value !== null) said.push(`${name}=${value}`);
    }
    for (const child of node.childNodes) walk(child);
  };
  walk(element);
  return said.join("|");
}

/** Somebody has the keyboard's focus in it, a card of it under the pointer, or a menu of it open. */
export function isBusy(element) {
  if (!element) return false;
  const focused = document.activeElement;
  if (focused && focused !== document.body && element.contains(focused)) return true;
  return Boolean(element.querySelector(".card:hover, .episode:hover, details[open]"));
}

/** Whether a row is to stay as it is for now. */
function waits(row, calm = false) {
  return isBusy(row) || Boolean(row && !calm && !OWN_ROWS.has(row.dataset.row) && isInSight(row));
}

function isInSight(row) {
  const { top, bottom } = row.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** A film is on over the page, a question is open, or somebody types: the page behind it waits. */
function inUse() {
  if (document.querySelector("nl-player, dialog[open]")) return true;
  return Boolean(document.activeElement?.matches?.("input:not([type=checkbox], [type=radio]), textarea, select"));
}

function partOf(name, root = document) {
  return root.querySelector(`[data-part="${CSS.escape(name)}"]`);
}

function rowOf(shelves, key) {
  return shelves.querySelector(`[data-row="${CSS.escape(key)}"]`);
}

function showListed({ title, listed }) {
  for (const button of document.querySelectorAll(`nl-list-button[data-url$="/${CSS.escape(title)}"] > button`)) {
    button.setAttribute("aria-pressed", String(listed));
    button.value = listed ? "0" : "1";
  }
  for (const card of document.querySelectorAll(`.card[data-title="${CSS.escape(title)}"]`)) {
    card.toggleAttribute("data-listed", listed);
  }
}

function showThumb({ title, thumb }) {
  for (const button of document.querySelectorAll(`nl-thumbs[data-url$="/${CSS.escape(title)}"] [data-thumb]`)) {
    const chosen = button.dataset.thumb === thumb;
    button.setAttribute("aria-pressed", String(chosen));
    button.value = chosen ? "none" : button.dataset.thumb;
  }
}
