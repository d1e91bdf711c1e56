// The browser's own services around a film: full screen, picture in picture, a screen that stays awake, the clipboard.
// Each may be missing; none may break playback. Media keys are in media.js.

/** Whether `element` (or, on phones that only know it so, the video) fills the screen. */
export function isFullscreen() {
  return Boolean(document.fullscreenElement ?? document.webkitFullscreenElement);
}

/** Enter or leave full screen. */
export async function toggleFullscreen(element, video) {
  try {
    if (isFullscreen()) await (document.exitFullscreen ?? document.webkitExitFullscreen).call(document);
    else if (element.requestFullscreen) {
      await element.requestFullscreen({ navigationUI: "hide" });
      await screen.orientation?.lock?.("landscape").catch(() => {});
    } else video.webkitEnterFullscreen?.();
  } catch {
    // refused by the browser or its user: the film goes on in the window
  }
}

/** Whether picture in picture can be offered. */
export function hasPictureInPicture(video) {
  return Boolean(document.pictureInPictureEnabled && !video.disablePictureInPicture);
}

export async function togglePictureInPicture(video) {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // no metadata yet, or refused
  }
}

/** Keeps the screen on while a film plays. */
export class Awake {
  #lock = null;
  #wanted = false;

  want(wanted) {
    this.#wanted = wanted;
    if (wanted) this.#take();
    else this.#drop();
  }

  async #take() {
    if (this.#lock || !navigator.wakeLock || document.hidden) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
      this.#lock.addEventListener("release", () => (this.#lock = null));
      if (!this.#wanted) this.#drop();
    } catch {
      this.#lock = null; // battery saver, or no permission
    }
  }

  #drop() {
    this.#lock?.release().catch(() => {});
    this.#lock = null;
  }
}

/**
 * Put text on the clipboard. Plain http has no clipboard of its own: there the old way is taken, within a gesture.
 * @returns {Promise<boolean>} whether it is there
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  Object.assign(field.style, { position: "fixed", opacity: "0" });
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    before?.focus?.({ preventScroll: true });
  }
}
