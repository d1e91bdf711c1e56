// The highest rendition that makes sense or is allowed here. Pure.

//: Data saver: a picture of standard definition; with its sound about half a gigabyte an hour.
export const SAVER_HEIGHT = 540;
export const SAVER_BPS = 1_000_000;

/**
 * Whether to save data: as the viewer said, else as the browser does (Chrome's Lite mode, Android's data saver).
 * @param {"" | "on" | "off"} wish of the viewer; "" leaves it to the browser
 * @param {{saveData?: boolean}} [connection] navigator.connection, where there is one
 */
export function savesData(wish, connection) {
  return wish === "on" || (wish !== "off" && connection?.saveData === true);
}

/**
 * @param {{average: number, width: number, height: number}[]} levels lowest first
 * @param {object} limits
 * @param {{width: number, height: number} | null} [limits.screen] device pixels that the picture covers; null: unknown
 * @param {boolean} [limits.saver] data saver
 * @param {number} [limits.failing] the height from which this device drops frames; 0 for none
 * @param {number} [limits.maxHeight] pixels that the plan allows; 0 for no limit
 * @param {number} [limits.rate] bit/s that a node or steering asks to stay below; 0 for none
 * @returns {{index: number, why: string}} `why` is "" when nothing limits
 */
export function capOf(levels, { screen = null, saver = false, failing = 0, maxHeight = 0, rate = 0 } = {}) {
  const top = levels.length - 1;
  const caps = [
    { index: top, why: "" },
    { index: screen ? large(levels, screen) : top, why: "no larger on this screen" },
    { index: failing ? last(levels, ({ height }) => height < failing) : top, why: "this device drops frames above" },
    { index: maxHeight ? last(levels, ({ height }) => height <= maxHeight) : top, why: "the plan" },
    { index: rate ? last(levels, ({ average }) => average <= rate) : top, why: "the server asks for less" },
  ];
  if (saver) {
    const saving = ({ height, average }) => height <= SAVER_HEIGHT && average <= SAVER_BPS;
    caps.push({ index: last(levels, saving), why: "data saver" });
  }
  return caps.reduce((lowest, each) => (each.index < lowest.index ? each : lowest));
}

/** The highest that fits; the lowest of all when none does: a small picture is better than none. */
function last(levels, fits) {
  return Math.max(0, levels.findLastIndex(fits));
}

/** The smallest that has a pixel for each of the screen's; a letterboxed film needs only its own shape's share. */
function large(levels, { width, height }) {
  const enough = levels.find((level) => level.width >= width || level.height >= height);
  if (!enough) return levels.length - 1;
  // Of several with the same size the best: they differ in bits.
  return levels.findLastIndex((level) => level.width === enough.width && level.height === enough.height);
}
