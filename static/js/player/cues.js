// A subtitle track read as a whole, beside the one that the engine loads: a second language under the first, and the
// subtitles of players that are not ours. The packages' text is one WebVTT file that the site wrote itself.

const PATIENCE_MS = 8000;
const TIMING = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> (?:(\d+):)?(\d\d):(\d\d\.\d{3})(.*)$/;

function secondsOf(hours, minutes, seconds) {
  return (Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(seconds);
}

/**
 * The cues of a WebVTT text, in its order: {start, end, text, top}. What is not understood is left out. Pure.
 * @param {string} text
 */
export function cuesOf(text) {
  const blocks = text.replaceAll("\r", "").split(/\n{2,}/);
  return blocks.flatMap((block) => {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => line.includes("-->"));
    const found = at >= 0 && TIMING.exec(lines[at]);
    const words = lines.slice(at + 1).join("\n").trim();
    if (!found || !words) return [];
    const [, h1, m1, s1, h2, m2, s2, settings] = found;
    return [{ start: secondsOf(h1, m1, s1), end: secondsOf(h2, m2, s2), text: words, top: /\bline:0(?!\d)/.test(settings) }];
  });
}

/** The same as cues that a browser can draw. */
export function drawable(cues, Cue = globalThis.VTTCue) {
  return cues.map(({ start, end, text, top }) => {
    const cue = new Cue(start, end, text);
    if (top) {
      cue.snapToLines = true;
      cue.line = 0;
    }
    return cue;
  });
}

/** Where the words of a text rendition stand, by the address of its playlist at any node. */
export function wordsUrl(playlist) {
  return playlist.replace(/[^/?#]*(?=$|[?#])/, "0.vtt");
}

/**
 * Fetch a text rendition's cues, from whichever node answers.
 * @param {string} playlist the address of its playlist at any node
 * @param {import("./delivery.js").Delivery} delivery
 * @returns {Promise<{start: number, end: number, text: string, top: boolean}[] | null>} null when no node gave it
 */
export async function fetchCues(playlist, delivery) {
  const url = wordsUrl(playlist);
  for (const node of delivery.order(url)) {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const answer = await delivery.fetch(delivery.url(url, node), { signal, credentials: "omit" });
      if (answer.ok) return cuesOf(await answer.text());
    } catch {
      // the next node
    }
  }
  return null;
}
