// Whether an answer can be what was asked for, by its first bytes: all that can be said without the site's digests.

const BOXES = new Set(["ftyp", "styp", "moof", "sidx", "emsg", "prft", "moov", "mdat"]);
const KEY_BYTES = 16;
const PAGE = /^\s*<(!doctype|!--|html|head|\?xml)/i;

/**
 * Whether the bytes can be what was asked for: a node (or a hotel's portal) may answer 200 with a page of its own. Of an
 * encrypted film's segments no more can be said than that they are no such page.
 */
export function plausible(url, bytes, encrypted = false) {
  const path = url.split(/[?#]/, 1)[0];
  if (/\.m3u8$/.test(path)) return startsWith(bytes, "#EXTM3U");
  if (/\.vtt$/.test(path)) return startsWith(bytes, "WEBVTT");
  if (/content-key$/.test(path)) return bytes.length === KEY_BYTES;
  if (encrypted && /\.m4s$/.test(path)) return bytes.length > 0 && !PAGE.test(String.fromCharCode(...bytes));
  if (/\.(m4s|mp4)$/.test(path)) return bytes.length >= 8 && BOXES.has(String.fromCharCode(...bytes.slice(4, 8)));
  return true;
}

function startsWith(bytes, text) {
  const skip = bytes[0] === 0xef ? 3 : 0; // a byte order mark is allowed
  return String.fromCharCode(...bytes.slice(skip, skip + text.length)) === text;
}
