// The queue page, kept current: figures are changed where they stand; what has another shape (another state, another
// button) is drawn anew by the server and put in place, film by film, so that an open form stays open.

import { gettext } from "../lib/words.js";
import { listen } from "./live.js";

const LISTS = ["under_way", "waiting", "idle_work", "trouble", "lately"];
const TOAST_MS = 5000;
const NAMES = { d: "done", r: "running", w: "waiting", x: "failed" };

const root = document.querySelector("[data-queue]");
let shape = root.querySelector("[data-shape]").dataset.shape;
let drawing = null;

function paint(snapshot) {
  for (const [name, value] of Object.entries(snapshot.figures)) {
    const place = root.querySelector(`[data-figure="${name}"]`);
    if (place) setText(place, value === "" ? (place.dataset.empty ?? "") : String(value));
  }
  for (const film of LISTS.flatMap((list) => snapshot[list])) paintFilm(film);
  document.title = titleOf(snapshot);
  if (snapshot.shape !== shape) redraw();
}

function paintFilm(film) {
  const element = root.querySelector(`[data-entry="${CSS.escape(film.video)}"]`);
  if (!element) return;
  const part = (name) => element.querySelector(`[data-part="${name}"]`);
  const percent = film.second ?? film.percent;
  const bar = part("progress");
  if (bar) bar.value = percent;
  const texts = {
    percent: String(Math.round(percent)),
    speed: film.speed,
    left: film.left,
    note: film.note,
    waits: film.waits,
    place: film.place ? `#${film.place}` : "",
  };
  for (const [name, text] of Object.entries(texts)) setText(part(name), text);
  const strip = part("pieces");
  if (strip && film.pieces) paintPieces(strip, film.pieces);
}

function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** The film as a strip of its pieces, from the beginning to the end. */
function paintPieces(strip, pieces) {
  if (strip.children.length !== pieces.length) {
    strip.replaceChildren(...Array.from(pieces, () => document.createElement("span")));
  }
  [...pieces].forEach((letter, at) => {
    const cell = strip.children[at];
    if (cell.className !== NAMES[letter]) cell.className = NAMES[letter];
  });
  strip.dataset.pieces = pieces;
}

function titleOf({ under_way: films }) {
  const plain = (document.title.split(" · ").pop() || "").replace(/^\d+ % /, "");
  return films.length ? `${Math.round(films[0].percent)} % ${films[0].title_name} · ${plain}` : plain;
}

/** Fetch the page's parts and put in those films that changed. One at a time. */
function redraw() {
  drawing ??= fetchBoard().finally(() => (drawing = null));
  return drawing;
}

async function fetchBoard() {
  let html;
  try {
    const answer = await fetch(root.dataset.board, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    html = await answer.text();
  } catch {
    return; // the server is away; the next news tries again
  }
  const board = new DOMParser().parseFromString(html, "text/html").querySelector("[data-shape]");
  if (!board) return;
  for (const fresh of board.querySelectorAll("[data-entry]")) {
    const before = root.querySelector(`[data-entry="${CSS.escape(fresh.dataset.entry)}"]`);
    const same = before && before.dataset.shape === fresh.dataset.shape && before.className === fresh.className;
    if (same || before?.querySelector("details[open]")) fresh.replaceWith(before);
  }
  const focused = document.activeElement?.closest?.("[data-entry]")?.dataset.entry;
  root.replaceChildren(board);
  shape = board.dataset.shape;
  for (const strip of root.querySelectorAll("[data-pieces]")) paintPieces(strip, strip.dataset.pieces);
  if (focused && document.activeElement === document.body) {
    root.querySelector(`[data-entry="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  }
}

// What is pressed is sent without leaving the page; without this file the same forms lead back to it. -----------------

async function send(form, submitter) {
  const body = new FormData(form, submitter);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  let words;
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 403) {
      location.reload(); // signed out: the page asks to sign in
      return;
    }
    const said = await answer.json();
    words = said.error ?? said.said;
    if (answer.ok) form.closest("details")?.removeAttribute("open");
    toast(words, !answer.ok);
  } catch {
    toast(form.dataset.failed ?? gettext("The server can't be reached. Nothing was changed."), true);
  }
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  await redraw();
}

let toastTimer = 0;

function toast(words, bad) {
  const place = document.querySelector("[data-toast]");
  clearTimeout(toastTimer);
  place.textContent = words;
  place.classList.toggle("bad", bad);
  place.hidden = false;
  toastTimer = setTimeout(() => (place.hidden = true), TOAST_MS);
}

root.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  send(form, event.submitter);
});

// A form that unfolds beyond the window's edge is brought into it. ("toggle" does not bubble: it is caught on its way in.)
root.addEventListener(
  "toggle",
  ({ target }) => target.open && target.querySelector("form")?.scrollIntoView({ block: "nearest" }),
  { capture: true },
);

for (const strip of root.querySelectorAll("[data-pieces]")) paintPieces(strip, strip.dataset.pieces);
listen(`/ws/studio/queue/?${new URLSearchParams({ ticket: root.dataset.ticket })}`, root.dataset.poll, paint);
