// What opens under a card: made when somebody first rests on it, from one template a page. A page of some hundred cards
// is so a fifth of what it would be; without script a card is the link that it is.

import { gettext, interpolate, number } from "./words.js";

const NIL = "00000000-0000-0000-0000-000000000000";

/**
 * What a card's panel leads to. Pure.
 * @param {{title: string, video?: string, play?: string, listed?: string, removable?: string, page?: string, match?: string}} card its data
 * @param {string} link where the card itself leads
 * @param {string} watch the address of the page of a video, with the nil id
 * @returns {{play: string | null, remove: string | null, more: string, why: string, listed: boolean, match: number | null}} `remove`: a video; the others are addresses
 */
export function choicesOf({ video, play, listed, removable, page, match }, link, watch) {
  const more = page ?? link;
  return {
    play: video ? watch.replace(NIL, video) : play || null,
    remove: removable !== undefined && video ? video : null,
    more,
    why: `${more}why/`,
    listed: listed !== undefined,
    match: Number(match) || null,
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
  const { play, remove, more, why, listed, match } = choicesOf(card.dataset, link.getAttribute("href"), watch);
  fill(panel, "play", play, (each) => {
    each.href = play;
    each.setAttribute("aria-label", interpolate(gettext("Play %(name)s"), { name }));
  });
  fill(panel, "remove", remove, (each) => each.setAttribute("formaction", each.getAttribute("formaction").replace(NIL, remove)));
  fill(panel, "more", more, (each) => {
    each.href = more;
    each.setAttribute("aria-label", interpolate(gettext("More about %(name)s"), { name }));
  });
  fill(panel, "why", why, (each) => {
    each.href = why;
    each.setAttribute("aria-label", interpolate(gettext("Why %(name)s?"), { name }));
  });
  keep(panel.querySelector("nl-list-button"), card.dataset.title, "listed", listed);
  if (remove) panel.querySelector("nl-hide").remove(); // what was begun is taken off that row, which is no verdict
  else keep(panel.querySelector("nl-hide"), card.dataset.title, "hidden", card.dataset.hidden !== undefined);
  say(panel.querySelector(".card__match"), match && interpolate(gettext("%(percent)s match"), { percent: number(match / 100, { style: "percent" }) }));
  say(panel.querySelector(".card__reason"), card.dataset.reason);
  const facts = card.querySelector(".card__facts");
  if (facts) {
    facts.hidden = false;
    panel.append(facts);
  }
  body.append(panel);
}

function fill(panel, does, wanted, how) {
  const each = panel.querySelector(`[data-does="${does}"]`);
  if (wanted && each) how(each);
  else each?.remove();
}

/** Words in their place, or none. */
function say(place, words) {
  if (words) place.textContent = words;
  else place.remove();
}

/** A button that keeps something of this title, on or off. */
function keep(element, title, name, on) {
  const button = element.querySelector("button");
  element.dataset.url = element.dataset.url.replace(NIL, title);
  button.setAttribute("formaction", button.getAttribute("formaction").replace(NIL, title));
  button.setAttribute("aria-pressed", String(on));
  button.name = name;
  button.value = on ? "0" : "1";
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
