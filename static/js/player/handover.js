// A newer package of the film takes over while the film goes on. A second media element is prepared at a place that the
// picture will come to; when it does, both run together for a moment, the second one unseen and unheard, until they are
// at the same place to within a frame; then the one is shown instead of the other.

import { bufferAhead } from "./engine.js";

const LOOK_MS = 40;
//: How far ahead the meeting place is, in seconds of film; further each time that it was missed.
const LEAD_S = 3;
const LONGEST_LEAD_S = 12;
//: Film that the second element must have before it may run.
const READY_S = 4;
//: It takes an element about this long from play() to the first moved frame.
const START_S = 0.12;
//: Together: within a frame, three looks in a row; or, on a machine that cannot do better, within what nobody notices.
const CLOSE_S = 0.03;
const CALM_LOOKS = 3;
const GOOD_ENOUGH_S = 0.12;
const ALIGN_MS = 4000;
const LOST_S = 0.6;
const PATIENCE_MS = 30_000;

/**
 * How fast the second element has to run to come together with the first: at most an eighth faster or slower. Pure.
 * @param {number} behind seconds; negative when it is ahead
 * @param {number} rate that of the first
 */
export function pace(behind, rate) {
  return rate * (1 + Math.min(0.12, Math.max(-0.12, behind * 1.5)));
}

/** The place to be prepared: ahead of a picture that moves, where it stands of one that rests. Pure. */
export function meetingPlace({ currentTime, paused, ended, playbackRate }, lead = LEAD_S) {
  return paused || ended ? currentTime : currentTime + lead * Math.max(1, playbackRate);
}

/** Says with `message` why the picture could not be handed over; the one that was there goes on. */
export class NotHandedOver extends Error {}

/**
 * Hand the picture over.
 * @param {object} what
 * @param {import("./screen.js").Screen} what.screen
 * @param {(video: HTMLVideoElement) => import("./scene.js").Scene} what.prepare the new scene, not opened yet
 * @param {object} what.start what the engine is told, but for the position
 * @param {AbortSignal} what.signal
 * @returns {Promise<import("./scene.js").Scene>} the scene that is shown now
 * @throws {NotHandedOver} nothing has changed
 */
export async function handOver({ screen, prepare, start, signal }) {
  const spare = screen.spare();
  const scene = prepare(spare);
  let why = "";
  scene.engine.addEventListener("fatal", ({ detail }) => (why = detail.details || detail.kind));
  scene.open({ ...start, position: meetingPlace(screen.video) });
  const meeting = new Meeting(screen, scene);
  try {
    while (!meeting.look()) {
      if (why || signal.aborted) throw new NotHandedOver(why || "given up");
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const before = screen.swap();
    if (!before) throw new NotHandedOver("the browser keeps it silent");
    // For one more moment under the new one: an element that goes before the other has drawn leaves black.
    setTimeout(() => {
      before.pause();
      before.remove();
    }, LOOK_MS * 3);
    return scene;
  } catch (error) {
    scene.close();
    screen.drop();
    throw error;
  }
}

/** Two elements on their way to the same place. */
class Meeting {
  #screen;
  #scene;
  #spare;
  #began = performance.now();
  #lead = LEAD_S;
  #calm = 0;
  #together = 0;

  constructor(screen, scene) {
    this.#screen = screen;
    this.#scene = scene;
    this.#spare = scene.video;
  }

  /** Look where both are and do what is next. @returns {boolean} whether they are together */
  look() {
    if (performance.now() - this.#began > PATIENCE_MS) throw new NotHandedOver("it took too long");
    const { video } = this.#screen;
    if (video.seeking) return false;
    if (video.paused || video.ended) return this.#meetStanding(video);
    if (this.#spare.paused) {
      this.#meetAhead(video);
      return false;
    }
    return this.#runTogether(video);
  }

  #meetStanding(video) {
    const spare = this.#spare;
    spare.pause();
    if (spare.seeking) return false;
    if (Math.abs(spare.currentTime - video.currentTime) > 0.001) {
      spare.currentTime = video.currentTime;
      return false;
    }
    return spare.readyState >= 2 && bufferAhead(spare) >= Math.min(1, this.#rest);
  }

  #meetAhead(video) {
    const spare = this.#spare;
    if (!spare.currentTime && spare.readyState < 2) return; // the engine has not gone to its place yet
    const behind = video.currentTime - spare.currentTime;
    if (behind > START_S || behind < -2 * LONGEST_LEAD_S) {
      this.#lead = Math.min(LONGEST_LEAD_S, this.#lead * 1.5);
      const near = video.currentTime + 1; // what it has loaded since may reach to here
      const there = spare.buffered.length && near + READY_S < spare.buffered.end(spare.buffered.length - 1);
      spare.currentTime = there ? near : meetingPlace(video, this.#lead);
      return;
    }
    const ready = !spare.seeking && spare.readyState >= 3 && bufferAhead(spare) >= Math.min(READY_S, this.#rest);
    if (ready && behind >= -START_S * video.playbackRate) {
      this.#together = performance.now();
      spare.playbackRate = video.playbackRate;
      spare.play().catch(() => {}); // unheard, so always allowed; if not, the looks go on until patience ends
    }
  }

  #runTogether(video) {
    const spare = this.#spare;
    const behind = video.currentTime - spare.currentTime;
    if (Math.abs(behind) > LOST_S || spare.seeking) {
      spare.pause();
      this.#calm = 0;
      return false;
    }
    spare.playbackRate = pace(behind, video.playbackRate);
    this.#calm = Math.abs(behind) < CLOSE_S && spare.readyState >= 3 ? this.#calm + 1 : 0;
    const tired = performance.now() - this.#together > ALIGN_MS;
    return this.#calm >= CALM_LOOKS || (tired && Math.abs(behind) < GOOD_ENOUGH_S);
  }

  /** Seconds of film that the new package has behind this place. */
  get #rest() {
    return Math.max(0, this.#scene.available - this.#spare.currentTime - 0.2);
  }
}
