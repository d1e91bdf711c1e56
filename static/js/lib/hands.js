// Whether somebody has this page in hand. What others changed may move what stands under a finger or under somebody's
// eyes only where there are none.

const SIGNS = ["pointerdown", "pointermove", "wheel", "touchmove", "keydown"];
/** Who has touched nothing for so long looks elsewhere: at the device, most likely, on which they changed something. */
export const AWAY_MS = 3000;

let last = -Infinity;

/** Begin to feel. `now` in ms, as performance.now has it. */
export function feelHands(target = document, now = () => performance.now()) {
  const touched = (event) => {
    // Browsers tell of a pointer that rests when a page moves below it.
    if (event.type === "pointermove" && !event.movementX && !event.movementY) return;
    last = now();
  };
  for (const type of SIGNS) target.addEventListener(type, touched, { passive: true, capture: true });
}

/** When the page was touched last, in ms. */
export function lastTouched() {
  return last;
}

/**
 * Whether rows in sight may change for news. Pure.
 * @param {number} heard when the news came, in ms
 * @param {number} touched when the page was touched last
 */
export function mayMove(heard, touched) {
  return touched < heard - AWAY_MS;
}
