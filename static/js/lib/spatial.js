// Which place lies next in a direction, by where things stand on the screen. Pure: boxes in, a place out.

/** Steps of the four arrow keys: along which axis, and to which side. */
export const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

//: Two boxes may overlap by so much of the smaller one and still stand one after the other.
const LAP = 0.5;

/**
 * The next place. To the sides only what stands on the same line; up and down the nearest line, and on it what stands
 * nearest to straight ahead.
 * @template {{box: {left: number, right: number, top: number, bottom: number}}} Place
 * @param {{left: number, right: number, top: number, bottom: number}} from
 * @param {Place[]} places
 * @param {[number, number]} step
 * @returns {Place | null}
 */
export function nextPlace(from, places, [dx, dy]) {
  let best = null;
  let least = Infinity;
  for (const place of places) {
    const { box } = place;
    const ahead = dx ? along(from.left, from.right, box.left, box.right, dx) : along(from.top, from.bottom, box.top, box.bottom, dy);
    if (ahead === null) continue;
    const aside = dx ? apart(from.top, from.bottom, box.top, box.bottom) : apart(from.left, from.right, box.left, box.right);
    if (dx && aside > 0) continue;
    const leaning = dx
      ? Math.abs(middle(from.top, from.bottom) - middle(box.top, box.bottom))
      : Math.abs(middle(from.left, from.right) - middle(box.left, box.right));
    const cost = ahead + aside / 4 + leaning / 16;
    if (cost < least) [best, least] = [place, cost];
  }
  return best;
}

/** How far ahead the second stretch begins behind the first one's end; null when it is not ahead. */
function along(a0, a1, b0, b1, side) {
  const shift = side * (middle(b0, b1) - middle(a0, a1));
  if (shift <= 0) return null;
  const gap = side > 0 ? b0 - a1 : a0 - b1;
  return gap < -LAP * Math.min(a1 - a0, b1 - b0) ? null : Math.max(0, gap);
}

/** How far two stretches are apart; 0 when they overlap. */
function apart(a0, a1, b0, b1) {
  return Math.max(0, b0 - a1, a0 - b1);
}

function middle(from, to) {
  return (from + to) / 2;
}

const TEXTS = new Set(["text", "search", "email", "password", "tel", "url", "number", ""]);

/** What kind of control an element is, as far as arrows care: text, area, choice, list, slide or plain. */
export function kindOf({ tagName, type, isContentEditable }) {
  if (tagName === "TEXTAREA" || isContentEditable) return "area";
  if (tagName === "SELECT") return "list";
  if (tagName !== "INPUT") return "plain";
  if (type === "radio") return "choice";
  if (type === "checkbox" || type === "submit" || type === "button" || type === "image" || type === "file") return "plain";
  return TEXTS.has(type) ? "text" : "slide";
}

/**
 * Whether an arrow leads away from a control, or is the control's own. Who came to it by arrows goes on by arrows: a
 * remote control has nothing else. Who came otherwise finds what the browser does with arrows.
 * @param {string} kind as kindOf says
 * @param {[number, number]} step
 * @param {{came: boolean, value?: string, from?: number | null, to?: number | null}} facts `came` by arrows; the text, and
 *   where its selection begins and ends (null where the browser does not say)
 */
export function leaves(kind, [dx, dy], { came, value = "", from = null, to = null }) {
  if (kind === "plain") return true;
  if (kind === "choice" || kind === "list") return came;
  if (kind === "slide") return came && dy !== 0;
  if (kind === "text" && dy) return true;
  if (!value) return true;
  if (from === null || from !== to) return false;
  return dx < 0 || dy < 0 ? to === 0 : to === value.length;
}
