// What rows and cards count: screens of a row, moments of a preview, and which part of a picture fills a card. Pure.

//: How long one moment stays.
const EACH_MS = 900;

/** After `ms`: the moment that is shown, of `count` that come round and round, and how far the round is, 0 … 1. */
export function momentAt(ms, count) {
  const steps = Math.max(0, ms) / EACH_MS;
  return { index: Math.floor(steps) % count, share: (steps % count) / count };
}

/** The part of a picture, centred, that fills a box of another shape without a border, in the picture's pixels. */
export function coverOf(picture, box) {
  const scale = Math.max(box.width / picture.width, box.height / picture.height) || 1;
  const width = Math.min(picture.width, box.width / scale);
  const height = Math.min(picture.height, box.height / scale);
  return { x: (picture.width - width) / 2, y: (picture.height - height) / 2, width, height };
}

/** How many screens a row that scrolls has, and which one is seen, from 0; none when all of it is in view. Pixels. */
export function screensOf(gone, seen, whole) {
  if (!(seen > 0) || whole - seen < 4) return { screens: 0, at: 0 };
  const screens = Math.max(2, Math.round(whole / seen));
  return { screens, at: Math.min(screens - 1, Math.round((gone / (whole - seen)) * (screens - 1))) };
}
