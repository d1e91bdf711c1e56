// What the film is shown on: one media element at a time, and now and then a second one behind it that is got ready to
// take over. Whoever listens here hears the element of now, whichever that is, and never needs to know of the change.
//
// Events: those of the media element that is shown · "swap" (another element is shown from now on).

const FORWARDED = [
  "play",
  "pause",
  "playing",
  "waiting",
  "ended",
  "seeking",
  "seeked",
  "timeupdate",
  "progress",
  "durationchange",
  "volumechange",
  "ratechange",
  "loadedmetadata",
  "enterpictureinpicture",
  "leavepictureinpicture",
];

//: How long an element stays under the one that relieves it; and how long at most it waits for that one's picture.
const RELIEF_MS = 150;
const PATIENCE_MS = 2000;
const HAS_PICTURE = 2;

/** A media element as a film is shown on. @param {string} [label] for who cannot see it */
export function mediaElement(label = "") {
  const video = document.createElement("video");
  video.className = "player-video";
  video.playsInline = true;
  video.preload = "auto";
  video.disableRemotePlayback = true;
  video.setAttribute("aria-label", label);
  return video;
}

export class Screen extends EventTarget {
  #make;
  #video;
  #spare = null;

  /** @param {() => HTMLVideoElement} make a new media element, ready to be put on the page */
  constructor(make) {
    super();
    this.#make = make;
    this.element = document.createElement("div");
    this.element.className = "player-screen";
    this.#video = this.#add();
  }

  /** The element that is seen and heard. */
  get video() {
    return this.#video;
  }

  /** Whether the picture stands in a window of the browser's own, which shows this very element and no other. */
  get detached() {
    return document.pictureInPictureElement === this.#video;
  }

  /** A second element, unseen and unheard; the one before it is dropped. */
  spare() {
    this.drop();
    const spare = this.#add();
    spare.classList.add("spare");
    spare.setAttribute("aria-hidden", "true");
    spare.muted = true;
    this.#spare = spare;
    return spare;
  }

  /** Take the spare away again. */
  drop() {
    this.#spare?.pause();
    this.#spare?.remove();
    this.#spare = null;
  }

  /**
   * Show the spare instead of the element of now, as loud and as fast. Both run for a moment, so that no sample is
   * missing between them.
   * @returns {HTMLVideoElement | null} the element that was shown before, still there, silent; null when the browser
   *   does not let the spare be heard: then nothing has changed
   */
  swap() {
    const before = this.#video;
    const next = this.#spare;
    const running = !next.paused;
    next.volume = before.volume;
    next.muted = before.muted;
    // Without a gesture on this page a browser stops what is made audible.
    if (running && next.paused) {
      next.muted = true;
      return null;
    }
    before.muted = true;
    next.playbackRate = before.playbackRate;
    next.classList.remove("spare");
    next.removeAttribute("aria-hidden");
    this.#video = next;
    this.#spare = null;
    this.dispatchEvent(new Event("swap"));
    for (const type of ["durationchange", "ratechange", "timeupdate"]) this.dispatchEvent(new Event(type));
    return before;
  }

  /**
   * Show this element, which was got ready elsewhere, instead of the one of now: as loud. The one of now stays, still,
   * until the new one has a picture to show.
   * @returns {Promise<void>} when it has, or takes too long
   */
  async use(video) {
    const before = this.#video;
    this.drop();
    video.volume = before.volume;
    video.muted = before.muted;
    before.pause();
    const ready = video.readyState >= HAS_PICTURE;
    video.classList.toggle("spare", !ready);
    this.#video = this.#add(video);
    this.dispatchEvent(new Event("swap"));
    for (const type of ["loadedmetadata", "durationchange", "timeupdate"]) this.dispatchEvent(new Event(type));
    if (!ready) {
      const picture = new Promise((resolve) => video.addEventListener("loadeddata", resolve, { once: true }));
      await Promise.race([picture, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
      video.classList.remove("spare");
    }
    await new Promise((resolve) => setTimeout(resolve, RELIEF_MS)); // until it is drawn
    before.remove();
  }

  /** Say of an element that ran before it came here that it runs. */
  catchUp() {
    if (this.#video.paused) return;
    this.dispatchEvent(new Event("play"));
    if (this.#video.readyState > HAS_PICTURE) this.dispatchEvent(new Event("playing"));
  }

  #add(video = this.#make()) {
    for (const type of FORWARDED) {
      video.addEventListener(type, () => video === this.#video && this.dispatchEvent(new Event(type)));
    }
    this.element.append(video);
    return video;
  }
}
