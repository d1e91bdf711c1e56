// Whether somebody has this page in hand. What others changed may move what stands under a finger or under somebody's
// eyes only where there are none.

const SIGNS = ["pointerdown", "pointermove", "wheel", "touchmove", "keydown"];
/** Who has touched nothing for so long looks elsewhere: at the device, most likely, on which they changed something. */
export const AWAY_MS = 3000;

let last = -Infinity;

/** Browsers tell of a pointer that rests when a page moves below it. */
function rests(event) {
  return event.type === "pointermove" && !event.movementX && !event.movementY;
}

/** Begin to feel. `now` in ms, as performance.now has it. */
export function feelHands(target = document, now = () => performance.now()) {
  const touched = (event) => {
    if (!rests(event)) last = now();
  };
  for (const type of SIGNS) target.addEventListener(type, touched, { passive: true, capture: true });
}

/** The first sign of somebody: until then a page has the line and the processor to itself. @returns {Promise<void>} */
export function firstSign(target = document) {
  return new Promise((resolve) => {
    const heard = new AbortController();
    const { signal } = heard;
    const seen = (event) => {
      if (rests(event)) return;
      heard.abort();
      resolve();
    };
    for (const type of SIGNS) target.addEventListener(type, seen, { passive: true, capture: true, signal });
  });
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
