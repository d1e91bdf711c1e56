// A film that is opened before anybody watches it: on an element that is nowhere on the page, up to its first picture.

import { Engine } from "./engine.js";
import { Scene } from "./scene.js";
import { mediaElement } from "./screen.js";

//: Seconds that are buffered: one segment. What comes after it needs a session that has begun.
const LITTLE_S = 1;

/** Whether an element that was made before may play with sound: on Apple's systems a gesture counts for one element. */
function mayBeRelieved() {
  return !("webkitSetPresentationMode" in HTMLVideoElement.prototype);
}

/**
 * Open what was prepared.
 * @param {import("./session.js").PlaybackSession} session prepared
 * @param {import("./larder.js").Larder} larder its beginning
 * @param {object} start as an engine is told
 * @param {() => void} onFatal it cannot be played like this
 * @returns {Scene | null} null where it would not help
 */
export function rehearse(session, larder, start, onFatal) {
  if (Engine.way !== "mse" || !mayBeRelieved()) return null;
  const scene = new Scene(mediaElement(), session, { whereabouts: () => ({}), larder, rehearsed: true });
  scene.engine.addEventListener("fatal", onFatal, { once: true });
  scene.open({ ...start, rendition: larder.rendition, ahead: LITTLE_S });
  return scene;
}
