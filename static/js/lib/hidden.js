// Titles that a profile does not want to be shown, on the pages that are open. Nothing moves: a card says so in its place,
// and is gone from its row when that is brought up to date out of sight.

/**
 * Show it everywhere on the page.
 * @param {{title: string, hidden: boolean}} news
 * @param {Element} [pressed] where it was said: there it can be undone on the spot
 */
export function showHidden({ title, hidden }, pressed) {
  const id = CSS.escape(title);
  for (const button of document.querySelectorAll(`nl-hide[data-url$="/${id}"] > button`)) press(button, hidden);
  for (const card of document.querySelectorAll(`.card[data-title="${id}"]`)) {
    card.toggleAttribute("data-hidden", hidden);
    const note = card.querySelector(".card__gone");
    if (!hidden && note) undone(card, note);
    else if (hidden && !note && pressed && card.contains(pressed)) offerUndo(card, pressed);
  }
}

/** Whether the button says that the title is hidden. */
function press(button, hidden) {
  button.setAttribute("aria-pressed", String(hidden));
  button.value = hidden ? "0" : "1";
}

/** Over the picture: that it is hidden, and a button that takes it back. */
function offerUndo(card, pressed) {
  const template = document.getElementById("card-gone");
  const body = card.querySelector(".card__body");
  if (!template || !body) return;
  const note = template.content.firstElementChild.cloneNode(true);
  const held = card.contains(document.activeElement);
  const undo = note.querySelector("button");
  // The panel's own button does it: it knows the address, and what to say.
  undo.addEventListener("click", () => pressed.querySelector("button").click());
  body.append(note);
  if (held) undo.focus({ preventScroll: true });
}

function undone(card, note) {
  const held = note.contains(document.activeElement);
  note.remove();
  if (held) card.querySelector(".card__link")?.focus({ preventScroll: true });
}
