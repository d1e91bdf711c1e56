// Pages of somebody who has chosen a profile hear what changes elsewhere.

import { feelHands } from "./hands.js";
import { Live, NAME } from "./live.js";
import { Parts } from "./parts.js";

/** A tab that nobody has looked at for so long listens no more; it catches up when it is seen again. */
const HIDDEN_MS = 30_000;

export function listen({ body = document.body } = {}) {
  const { live: url, made, profile: page } = body.dataset;
  if (!url) return;
  feelHands();
  const parts = new Parts();
  const live = new Live(url, Number(made), {
    locks: navigator.locks,
    channel: navigator.locks && typeof BroadcastChannel === "function" ? new BroadcastChannel(NAME) : undefined,
    onNews: (news) => parts.news(news),
    onMissed: () => parts.missed(),
    onProfile: (profile) => parts.stale(profile !== page),
  });
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => live.stop(), HIDDEN_MS);
    else live.start();
    parts.look();
  };
  document.addEventListener("visibilitychange", look);
  document.addEventListener("submit", () => parts.leave(), true);
  document.addEventListener("click", ({ target }) => target.closest?.("a[href]") && parts.leave(), true);
  // A line and a lock would keep a page out of the browser's memory of pages to go back to.
  addEventListener("pagehide", () => live.stop());
  addEventListener("pageshow", look);
  look();
}
