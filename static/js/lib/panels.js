// What opens under a card: made when somebody first rests on it, from one template a page. A page of some hundred cards
// is so a fifth of what it would be; without script a card is the link that it is.

import { gettext, interpolate } from "./words.js";

const NIL = "00000000-0000-0000-0000-000000000000";

/**
 * What a card's panel leads to. Pure.
 * @param {{title: string, video?: string, play?: string, listed?: string, removable?: string, page?: string}} card its data
 * @param {string} link where the card itself leads
 * @param {string} watch the address of the page of a video, with the nil id
 * @returns {{play: string | null, remove: string | null, more: string, listed: boolean}} `remove`: a video; the others are addresses
 */
export function choicesOf({ video, play, listed, removable, page }, link, watch) {
  return {
    play: video ? watch.replace(NIL, video) : play || null,
    remove: removable !== undefined && video ? video : null,
    more: page ?? link,
    listed: listed !== undefined,
  };
}

/** Give a card its panel, once. */
export function openPanel(card) {
  const body = card.querySelector(".card__body");
  const template = document.getElementById("card-panel");
  if (!body || !template || body.querySelector(".card__panel")) return;
  const panel = template.content.firstElementChild.cloneNode(true);
  const link = card.querySelector(".card__link");
  const name = card.querySelector(".card__name")?.textContent.trim() ?? "";
  const watch = panel.querySelector('[data-does="play"]').getAttribute("href");
  const { play, remove, more, listed } = choicesOf(card.dataset, link.getAttribute("href"), watch);
  fill(panel, "play", play, (each) => {
    each.href = play;
    each.setAttribute("aria-label", interpolate(gettext("Play %(name)s"), { name }));
  });
  fill(panel, "remove", remove, (each) => each.setAttribute("formaction", each.getAttribute("formaction").replace(NIL, remove)));
  fill(panel, "more", more, (each) => {
    each.href = more;
    each.setAttribute("aria-label", interpolate(gettext("More about %(name)s"), { name }));
  });
  keep(panel.querySelector("nl-list-button"), card.dataset.title, listed);
  const facts = card.querySelector(".card__facts");
  if (facts) {
    facts.hidden = false;
    panel.append(facts);
  }
  body.append(panel);
}

function fill(panel, does, wanted, how) {
  const each = panel.querySelector(`[data-does="${does}"]`);
  if (wanted) how(each);
  else each.remove();
}

function keep(list, title, listed) {
  const button = list.querySelector("button");
  list.dataset.url = list.dataset.url.replace(NIL, title);
  button.setAttribute("formaction", button.getAttribute("formaction").replace(NIL, title));
  button.setAttribute("aria-pressed", String(listed));
  button.value = listed ? "0" : "1";
}

/** Cards of this page, now and later. */
export function openPanels() {
  const open = ({ target }) => {
    const card = target.closest?.(".card[data-title]");
    if (card) openPanel(card);
  };
  document.addEventListener("pointerover", (event) => event.pointerType !== "touch" && open(event), { passive: true });
  document.addEventListener("focusin", open);
}
