// The whole site by arrow keys and Enter, as a remote control has them: to the nearest link, button or field in that
// direction. Rows of cards and menus have their own way (nl-row, nl-menu), so has the player. Where there is nothing to
// go to the page scrolls, as ever. The rules are in docs/look.md.

import { glide } from "./moving.js";
import { kindOf, leaves, nextPlace, STEPS } from "./spatial.js";

const PLACES = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
//: Not for arrows: what shows with a card (its page has it all), what only keys of another kind need, and the player's.
const NOT = "[disabled], [tabindex='-1'], .card__panel *, .skip-link, nl-player *, [inert] *";
//: What is focused first where nothing is: the person, the film, the field that a page is about.
const FIRST = [
  ".gate .person[aria-current]", ".gate .person", "[autofocus]", ".billboard .button--lamp", ".title-hero .button--lamp",
  "main form :is(input:not([type=hidden], .unseen), select, textarea)", "main .card__link",
];
const BACK_KEYS = new Set(["GoBack", "BrowserBack", "XF86Back"]);
//: Tizen, webOS: remote controls whose Back has no name.
const BACK_CODES = new Set([10009, 461]);
//: From this width on the page may be read from a sofa.
const FAR = "(min-width: 1800px), (any-pointer: none)";

let came = null;
let stepping = false;
let typed = false;

/** Begin to listen. */
export function walkWithArrows() {
  document.addEventListener("keydown", (event) => {
    if (event.isTrusted && event.key.length === 1 && /\D/.test(event.key)) typed = true;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key in STEPS) walk(event, STEPS[event.key]);
    else if (event.key === "Enter") press(event);
    else if (BACK_KEYS.has(event.key) || BACK_CODES.has(event.keyCode)) back(event);
  });
  // Rows, menus and search walk in ways of their own: whoever moves the focus while an arrow is pressed came by arrows.
  document.addEventListener("keydown", ({ key }) => (stepping = key in STEPS), { capture: true });
  for (const type of ["keyup", "pointerdown"]) document.addEventListener(type, () => (stepping = false), { capture: true });
  document.addEventListener("focusin", ({ target }) => (came = stepping ? target : null));
}

/** Whether the focus came to this element by arrows: then arrows lead on from it, whatever it is. */
export function cameByArrows(element) {
  return element === came;
}

function walk(event, step) {
  const from = document.activeElement;
  if (document.querySelector("nl-player") || from?.closest("nl-menu [open]")) return;
  if (!from || from === document.body || from.matches("main")) {
    if (begin(step)) event.preventDefault();
    return;
  }
  if (!from.matches(":focus-visible") || !allows(from, step)) return;
  const goal = next(from, step);
  if (!goal) return;
  event.preventDefault();
  arrive(goal, from);
}

function allows(from, step) {
  const kind = kindOf(from);
  if (kind !== "text" && kind !== "area") return leaves(kind, step, { came: from === came });
  const { value, selectionStart, selectionEnd } = from;
  return leaves(kind, step, { came: from === came, value, from: selectionStart, to: selectionEnd });
}

/** Enter is the only key for pressing: it ticks, opens lists, and brings letters to who has none. */
function press(event) {
  const at = document.activeElement;
  if (!at || at !== came) return;
  const kind = kindOf(at);
  if (at.matches("input:is([type=checkbox], [type=radio])")) {
    event.preventDefault();
    at.click();
  } else if (kind === "list" && at.showPicker) {
    event.preventDefault();
    at.showPicker();
  } else if (kind === "text" && !typed && !at.readOnly && at.dataset.keys !== "own") {
    event.preventDefault();
    import("./letters.js").then(({ openLetters }) => openLetters(at)).catch(() => {});
  }
}

function back(event) {
  event.preventDefault();
  const open = document.querySelector("dialog[open]");
  const menu = document.querySelector("nl-menu details[open]");
  if (open) open.close();
  else if (menu) menu.open = false;
  else history.back();
}

/** At the gate any arrow takes up who watched last; elsewhere, on a screen that may be far away, what the page is about. */
function begin(step) {
  const gate = document.querySelector(".gate .person");
  if (!gate && !matchMedia(FAR).matches && !document.documentElement.classList.contains("far")) return false;
  const scope = scopeNow();
  const first = FIRST.map((each) => scope.querySelector(each)).find((each) => each && stands(each) && inSight(each));
  const goal = first ?? places(scope).find(({ element }) => element.closest("main, dialog") && inSight(element))?.element;
  if (!goal || (step[1] < 0 && scrollY > 0 && !gate)) return false;
  arrive(goal, null);
  return true;
}

function arrive(goal, from) {
  goal.focus({ preventScroll: true });
  came = goal;
  if (goal.type === "radio" && from?.type === "radio" && from.name === goal.name && from.form === goal.form) goal.click();
  const high = goal.closest(".billboard, .title-hero, .header");
  const shown = shownOf(goal);
  if (high && !goal.closest(".header")) scrollTo({ top: 0, behavior: glide() });
  else shown.scrollIntoView({ behavior: glide(), block: "center", inline: "nearest" });
}

function next(from, step) {
  const scope = scopeNow(from);
  const here = shownOf(from).getBoundingClientRect();
  const inHeader = Boolean(from.closest(".header"));
  const all = places(scope).filter(({ element }) => element !== from && !element.contains(from) && !sameChoice(element, from, here));
  const header = all.filter(({ element }) => element.closest(".header"));
  const rest = all.filter(({ element }) => !element.closest(".header"));
  // The header stays at the top of the window: whatever stands there is above the whole page.
  if (!inHeader) {
    const found = nextPlace(here, step[1] ? rest.filter(({ box }) => onLine(box)) : rest, step)?.element;
    return entered(found, from) ?? (step[1] < 0 ? nearestTo(here, header) : null);
  }
  const beside = nextPlace(here, header, step)?.element;
  if (beside || step[1] <= 0) return beside ?? null;
  const seen = rest.filter(({ box }) => box.bottom > here.bottom && onLine(box));
  return entered(nextPlace(here, seen, step)?.element, from);
}

/** A group of choices is entered where it stands: at what is chosen. */
function entered(goal, from) {
  if (goal?.type !== "radio" || (from.type === "radio" && from.name === goal.name)) return goal ?? null;
  const group = [...document.getElementsByName(goal.name)].filter((each) => each.form === goal.form);
  return group.find((each) => each.checked && stands(each)) ?? goal;
}

/** Several controls in one place (a picture that is a label): none of them is another place. */
function sameChoice(element, from, here) {
  if (element.type !== "radio" || from.type !== "radio" || element.name !== from.name) return false;
  const box = shownOf(element).getBoundingClientRect();
  return box.left === here.left && box.top === here.top;
}

function nearestTo(here, places) {
  const middle = ({ left, right }) => (left + right) / 2;
  const by = (place) => Math.abs(middle(place.box) - middle(here));
  return places.reduce((best, each) => (!best || by(each) < by(best) ? each : best), null)?.element ?? null;
}

/** What is beside the window belongs to a row that scrolls sideways. */
function onLine({ left, right }) {
  return right > 8 && left < innerWidth - 8;
}

/** Only what lies on top may be walked over. */
function scopeNow(from = document.activeElement) {
  return [...document.querySelectorAll("dialog:modal")].at(-1) ?? from?.closest?.("[data-arrows]") ?? document.body;
}

function places(scope) {
  return [...scope.querySelectorAll(PLACES)]
    .filter((each) => !each.matches(NOT) && stands(each))
    .map((element) => ({ element, box: shownOf(element).getBoundingClientRect() }));
}

function stands(element) {
  const shown = shownOf(element);
  return shown.getClientRects().length > 0 && (shown.checkVisibility?.({ visibilityProperty: true }) ?? true);
}

/** Choices and switches that are drawn by their label stand where it does. */
function shownOf(element) {
  const box = element.getBoundingClientRect();
  const drawn = box.width > 8 && box.height > 8;
  return drawn ? element : (element.labels?.[0] ?? element.closest("label") ?? element);
}

function inSight(element) {
  const { top, bottom, width } = shownOf(element).getBoundingClientRect();
  return width > 0 && bottom > 0 && top < innerHeight;
}
