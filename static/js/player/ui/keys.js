// What a key means. Pure. Letters and digits by event.code, so that they work on every keyboard layout and in every
// script; what remotes and keyboards send as a name, and "?" which stands elsewhere on each, by event.key.

import { gettext, interpolate } from "../../lib/words.js";

const BY_CODE = {
  Space: "toggle",
  KeyK: "toggle",
  KeyF: "fullscreen",
  KeyM: "mute",
  KeyC: "captions",
  KeyJ: "back",
  KeyL: "forward",
  KeyS: "skip",
  KeyE: "episodes",
  KeyP: "pip",
  ArrowLeft: "back",
  ArrowRight: "forward",
  ArrowUp: "louder",
  ArrowDown: "softer",
  Home: "start",
  End: "end",
  Escape: "escape",
};

const VALUED = {
  Comma: { name: "frame", value: -1 },
  Period: { name: "frame", value: 1 },
  PageUp: { name: "chapter", value: 1 },
  PageDown: { name: "chapter", value: -1 },
  KeyG: { name: "offset", value: -1 },
  KeyH: { name: "offset", value: 1 },
};

// Media keys, and the keys of television remotes.
const BY_KEY = {
  MediaPlayPause: "toggle",
  MediaPlay: "play",
  MediaPause: "pause",
  MediaStop: "pause",
  MediaRewind: "back",
  MediaFastForward: "forward",
  MediaTrackNext: "next",
  MediaTrackPrevious: "previous",
  ClosedCaptionToggle: "captions",
  Subtitle: "captions",
  Info: "statistics",
  GoBack: "escape",
  BrowserBack: "escape",
  XF86Back: "escape",
};

const SHIFTED = { KeyN: "next", KeyP: "previous", Comma: "slower", Period: "faster" };

/**
 * The sheet behind "?": groups of keys and their meanings. `keys` is what is drawn as caps: alternatives in a list.
 * @returns {{name: string, rows: [string[], string][]}[]}
 */
export function sheet() {
  const left = "←";
  const right = "→";
  return [
    {
      name: gettext("Playing"),
      rows: [
        [[gettext("Space"), "K"], gettext("Play or pause")],
        [[left, right, "J", "L"], gettext("10 seconds back or forward")],
        [[",", "."], gettext("One frame back or forward, when paused")],
        [["<", ">"], gettext("Slower or faster")],
        [["0 … 9"], interpolate(gettext("Jump to %(first)s … %(last)s"), { first: "0 %", last: "90 %" })],
        [[gettext("Home"), gettext("End")], gettext("Start or end")],
        [[gettext("Page up"), gettext("Page down")], gettext("Next or previous chapter")],
        [["S"], gettext("Skip intro, recap or credits")],
      ],
    },
    {
      name: gettext("Picture and sound"),
      rows: [
        [["↑", "↓"], gettext("Louder or softer")],
        [["M"], gettext("Mute")],
        [["C"], gettext("Subtitles on or off")],
        [["G", "H"], gettext("Subtitles earlier or later")],
        [["F"], gettext("Full screen")],
        [["P"], gettext("Picture in picture")],
      ],
    },
    {
      name: gettext("More"),
      rows: [
        [["E"], gettext("Episodes")],
        [["Shift N", "Shift P"], gettext("Next or previous episode")],
        [["Enter", "Tab"], gettext("Go to the controls")],
        [["Ctrl Shift S"], gettext("Statistics")],
        [["?"], gettext("This list")],
        [["Esc"], gettext("Close")],
      ],
    },
  ];
}

/**
 * @param {{code: string, key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, shiftKey: boolean}} event
 * @returns {{name: string, value?: number} | null} null when the key is not the player's
 */
export function actionOf(event) {
  const { code, key, ctrlKey, altKey, metaKey, shiftKey } = event;
  if (ctrlKey && !altKey && !metaKey) {
    if (shiftKey && code === "KeyS") return { name: "statistics" };
    if (!shiftKey && code === "Enter") return { name: "fullscreen" };
  }
  if (ctrlKey || altKey || metaKey) return null;
  if (key === "?") return { name: "help" };
  if (key === "<") return { name: "slower" };
  if (key === ">") return { name: "faster" };
  if (BY_KEY[key]) return { name: BY_KEY[key] };
  if (shiftKey) return SHIFTED[code] ? { name: SHIFTED[code] } : null;
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
  if (digit) return { name: "jump", value: Number(digit[1]) / 10 };
  if (VALUED[code]) return VALUED[code];
  return BY_CODE[code] ? { name: BY_CODE[code] } : null;
}

const TYPING = "input:not([type=range]), textarea, select, [contenteditable=''], [contenteditable=true]";
const SLIDING = new Set(["back", "forward", "louder", "softer", "start", "end", "chapter"]);
//: What works everywhere, also in an open menu: nothing there means anything else by it.
const EVERYWHERE = new Set(["fullscreen", "mute"]);

/** Whether a key pressed here belongs to the element itself (typing, or a slider that has its own arrows). */
export function isForElement(target, action) {
  if (!target?.matches) return false;
  if (target.matches(TYPING)) return true;
  if (target.closest("[role=menu], dialog")) return !EVERYWHERE.has(action.name);
  // A focused button is pressed with Space; Enter is never ours.
  if (action.name === "toggle" && target.matches("button, a, [role=button]")) return true;
  if (target.matches("[role=slider], input[type=range]")) return SLIDING.has(action.name);
  return false;
}
