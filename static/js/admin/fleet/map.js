// The map of what is where: searched while typing, and drawn anew when a node reports a change.

import { enableQuestions } from "./dialog.js";
import { beLive, fetchPart } from "./parts.js";

const POLL_MS = 2000;
const TYPING_MS = 250;
const root = document.querySelector("[data-map]");
const form = root.querySelector("[data-choose]");
let typing = 0;
let turn = 0;

/** Draw the grid for what the address says. */
async function draw() {
  const mine = ++turn;
  const query = new URLSearchParams(location.search);
  query.set("part", "grid");
  const fresh = await fetchPart(`${location.pathname}?${query}`, "[data-grid]");
  if (!fresh || mine !== turn) return;
  const before = root.querySelector("[data-grid]");
  const frame = before.querySelector(".nl-grid-frame");
  const place = [frame?.scrollLeft ?? 0, frame?.scrollTop ?? 0];
  const focused = before.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  before.replaceWith(fresh);
  const after = fresh.querySelector(".nl-grid-frame");
  if (after) [after.scrollLeft, after.scrollTop] = place;
  if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function choose() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.set(name, value);
  history.replaceState(null, "", `?${query}`);
  draw();
}

async function look() {
  try {
    const answer = document.hidden ? null : await fetch(root.dataset.poll, { headers: { Accept: "application/json" } });
    if (answer?.ok && !answer.redirected) {
      const { version } = await answer.json();
      beLive();
      if (version !== root.querySelector("[data-grid]").dataset.version) await draw();
    }
  } catch {
    // The server is away; the next turn asks again
  }
  setTimeout(look, POLL_MS);
}

enableQuestions();
form.querySelector("[type=submit]").hidden = true; // what is chosen is shown at once
form.addEventListener("input", ({ target }) => {
  clearTimeout(typing);
  typing = setTimeout(choose, target.type === "search" ? TYPING_MS : 0);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  choose();
});
document.addEventListener("fleet:done", draw);
look();
