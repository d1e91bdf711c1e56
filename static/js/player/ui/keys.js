// What a key means. Pure. By event.code, so that it works on every keyboard layout; "?" by its character, because it
// stands elsewhere on each.

const BY_CODE = {
  Space: "toggle",
  KeyK: "toggle",
  KeyF: "fullscreen",
  KeyM: "mute",
  KeyC: "captions",
  KeyJ: "back",
  KeyL: "forward",
  ArrowLeft: "back",
  ArrowRight: "forward",
  ArrowUp: "louder",
  ArrowDown: "softer",
  Home: "start",
  End: "end",
  Escape: "escape",
  MediaPlayPause: "toggle",
  MediaTrackNext: "next",
};

/** The sheet behind "?": key, meaning. */
export const SHEET = [
  ["Space or K", "Play or pause"],
  ["← → or J L", "10 seconds back or forward"],
  ["↑ ↓", "Louder or softer"],
  ["0 … 9", "Jump to 0 % … 90 %"],
  ["Home End", "Start or end"],
  [", .", "One frame back or forward, when paused"],
  ["< >", "Slower or faster"],
  ["M", "Mute"],
  ["C", "Subtitles on or off"],
  ["F", "Full screen"],
  ["Shift N", "Next episode"],
  ["Ctrl Shift S", "Statistics"],
  ["Esc", "Close"],
];

/**
 * @param {{code: string, key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, shiftKey: boolean}} event
 * @returns {{name: string, value?: number} | null} null when the key is not the player's
 */
export function actionOf(event) {
  const { code, key, ctrlKey, altKey, metaKey, shiftKey } = event;
  if (ctrlKey && shiftKey && !altKey && !metaKey && code === "KeyS") return { name: "statistics" };
  if (ctrlKey || altKey || metaKey) return null;
  if (key === "?") return { name: "help" };
  if (shiftKey) {
    if (code === "KeyN") return { name: "next" };
    if (code === "Comma" || key === "<") return { name: "slower" };
    if (code === "Period" || key === ">") return { name: "faster" };
    return null;
  }
  if (key === "<") return { name: "slower" };
  if (key === ">") return { name: "faster" };
  if (code === "Comma") return { name: "frame", value: -1 };
  if (code === "Period") return { name: "frame", value: 1 };
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
  if (digit) return { name: "jump", value: Number(digit[1]) / 10 };
  return BY_CODE[code] ? { name: BY_CODE[code] } : null;
}

const TYPING = "input:not([type=range]), textarea, select, [contenteditable=''], [contenteditable=true]";
const SLIDING = new Set(["back", "forward", "louder", "softer", "start", "end"]);

/** Whether a key pressed here belongs to the element itself (typing, or a slider that has its own arrows). */
export function isForElement(target, action) {
  if (!target?.matches) return false;
  if (target.matches(TYPING)) return true;
  if (target.closest("[role=menu], dialog")) return action.name !== "fullscreen" && action.name !== "mute";
  // A focused button is pressed with Space; Enter is never ours.
  if (action.name === "toggle" && target.matches("button, a, [role=button]")) return true;
  if (target.matches("[role=slider], input[type=range]")) return SLIDING.has(action.name);
  return false;
}
