// How films are played in this browser. Pure, but for `platform`.

//: What support may set in a browser's storage to have its own HLS used ("native"), where it has any.
const FORCED = "netflixlite.engine";
const TYPE = "application/vnd.apple.mpegurl";

/**
 * "mse": our engine feeds the element. "native": the browser reads the playlists itself, which Safari of older iPhones
 * alone must do: Chromium says "maybe" to it too, and mixes nodes. "none": this browser plays no film of ours.
 * @param {{supported: boolean, media: boolean, native: boolean, forced?: boolean}} platform whether hls.js works here,
 *   whether there is any kind of Media Source, and whether the element takes playlists
 */
export function wayOf({ supported, media, native, forced = false }) {
  if (forced && native) return "native";
  if (supported) return "mse";
  return !media && native ? "native" : "none";
}

/** This browser, as `wayOf` asks. */
export function platform(supported) {
  return {
    supported,
    media: Boolean(globalThis.ManagedMediaSource ?? globalThis.MediaSource),
    native: Boolean(document.createElement("video").canPlayType(TYPE)),
    forced: forced(),
  };
}

function forced() {
  try {
    return globalThis.localStorage?.getItem(FORCED) === "native";
  } catch {
    return false; // a storage that is forbidden forces nothing
  }
}
