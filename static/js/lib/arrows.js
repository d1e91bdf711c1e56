// Arrows walk over a page as a remote control does: to the nearest link or button in that direction. Rows of cards
// have their own way (nl-row), fields keep their arrows, and where there is nothing to go to the page scrolls.

const PLACES = [
  ".header a",
  ".header summary",
  "main .actions > :is(a, button)",
  "main .actions > * button",
  "main .card__link",
  "main a.episode__link",
  "main :is(.tab, .chip, .row__name a, .person, .pin__key, .way, .manage summary, .manage .menu__item)",
  "main .facts a",
].join(", ");
const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** Begin to listen. The cinema has arrows of its own. */
export function walkWithArrows() {
  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const from = document.activeElement;
    if (!step || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (from === document.body && begin()) {
      event.preventDefault();
      return;
    }
    if (!from?.matches(":focus-visible") || !from.closest(".header, main") || from.closest("nl-player, nl-menu [open]")) return;
    if (from.matches("input, select, textarea, [contenteditable]")) return;
    const goal = nearest(from, step);
    if (!goal) return;
    event.preventDefault();
    goal.focus({ preventScroll: true });
    goal.scrollIntoView({ behavior: "smooth", block: "center", inline: "nearest" });
  });
}

/** At the gate a remote control has nothing in hand yet: its first arrow takes up who watched last, or who comes first. */
function begin() {
  const person = document.querySelector(".gate .person[aria-current]") ?? document.querySelector(".gate .person");
  person?.focus();
  return Boolean(person);
}

function nearest(from, [dx, dy]) {
  const here = from.getBoundingClientRect();
  const inHeader = Boolean(from.closest(".header"));
  let best = null;
  let least = Infinity;
  for (const each of document.querySelectorAll(PLACES)) {
    if (each === from || each.contains(from) || each.closest(".card__panel")) continue;
    const box = each.getBoundingClientRect();
    if (!box.width || !each.checkVisibility?.({ visibilityProperty: true })) continue;
    // The header stays at the top of the window: whatever stands there is above the whole page.
    const header = Boolean(each.closest(".header"));
    if (header !== inHeader && dy === 0) continue;
    const ahead = dx ? dx * (middleX(box) - middleX(here)) : header === inHeader ? dy * (middleY(box) - middleY(here)) : 0;
    const crossing = header !== inHeader ? dy === (header ? -1 : 1) : ahead > Math.min(box.height, here.height) / 2;
    if (!crossing) continue;
    const aside = dx ? gap(here.top, here.bottom, box.top, box.bottom) : gap(here.left, here.right, box.left, box.right);
    if (dx && aside > 0) continue;
    const leaning = dx ? 0 : Math.abs(middleX(box) - middleX(here));
    const cost = (header !== inHeader ? Math.abs(box.top - here.top) + 4000 * Number(header) : ahead) + 2 * aside + leaning / 4;
    if (cost < least) [best, least] = [each, cost];
  }
  return best;
}

const middleX = ({ left, width }) => left + width / 2;
const middleY = ({ top, height }) => top + height / 2;

/** How far two stretches are apart; 0 when they overlap. */
function gap(a0, a1, b0, b1) {
  return Math.max(0, b0 - a1, a0 - b1);
}
