// What was prepared of one film: a session that nobody watches yet, and the film's beginning. Made while a viewer looks
// at a title or sees the credits of the episode before; taken when Play is pressed.

import { capabilities } from "./capabilities.js";
import { enter } from "./entrance.js";
import { Larder } from "./larder.js";
import { preconnect } from "./preconnect.js";
import { PlaybackSession } from "./session.js";
import { soundOf } from "./start.js";
import { seconds } from "./ui/clock.js";
import { Preferences } from "./ui/prefs.js";

//: After this long nothing of it is used: where the viewer stopped may be another place by now (on a television, say).
const KEPT_MS = 5 * 60_000;
const RESUME_FROM_S = 5;
const WATCHED = 0.95;

/**
 * Where playing begins by itself, in seconds: at the bookmark, unless that is at the start or at the end. Pure.
 * @param {{bookmark?: {position: number, finished: boolean} | null, duration: number, expected_duration?: number}} answer
 */
export function placeOf({ bookmark, duration, complete, expected_duration: expected }) {
  const stopped = bookmark && !bookmark.finished ? seconds(bookmark.position) : 0;
  const whole = Math.max(seconds(duration) || 0, (complete === false && seconds(expected)) || 0) || Infinity;
  return stopped >= RESUME_FROM_S && stopped < whole * WATCHED ? stopped : 0;
}

/**
 * Whether this line is to be used for what may never be watched: not when the viewer saves data, pays by volume or has a
 * slow line. A browser that says nothing of it has none of these. Pure.
 * @param {{saveData?: boolean, type?: string, effectiveType?: string}} [connection] navigator.connection
 */
export function worthwhile(connection, { saver = false } = {}) {
  if (saver || connection?.saveData || connection?.type === "cellular") return false;
  return !["slow-2g", "2g", "3g"].includes(connection?.effectiveType ?? "");
}

export class Ahead {
  #tools;
  #abort = new AbortController();
  #session = null;
  #larder = null;
  #answer = null;
  #scene = null;
  #at = 0;
  #asking = null;
  #owned = false;

  /**
   * @param {string} videoId
   * @param {object} tools
   * @param {string} tools.sessionUrl
   * @param {string} tools.csrf
   * @param {string} [tools.leaves] the session that ends for this one
   * @param {object} tools.start as startOf makes it, with the `screen`
   * @param {boolean} [tools.rehearsed] open it, too, up to the first picture: it is likely to be played
   * @param {boolean} [tools.pressed] Play was pressed: a session is opened, and what takes it comes in a moment
   */
  constructor(videoId, tools) {
    this.videoId = videoId;
    this.#tools = { now: () => performance.now(), fetch: (...args) => fetch(...args), capabilities, ...tools };
    /** Resolves when all is there that will be: whether the first picture is. Never rejects. */
    this.ready = this.#prepare().catch(() => false);
    /** Whether nothing more of it is on its way. */
    this.done = false;
    this.ready.then(() => (this.done = true));
  }

  /**
   * What is there of this video, for a player; once.
   * @returns {{session: PlaybackSession, answer: object, larder: Larder, scene: import("./scene.js").Scene | null} | null}
   *   null when it is another video, nothing yet, or too old
   */
  take(videoId) {
    if (videoId !== this.videoId || !this.#answer || this.#abort.signal.aborted) return null;
    this.#owned = true;
    if (this.#old) {
      this.drop();
      return null;
    }
    const taken = { session: this.#session, answer: this.#answer, larder: this.#larder, scene: this.#scene };
    this.#session = this.#answer = this.#larder = this.#scene = null;
    return taken;
  }

  /**
   * Wait for this video's session if it is being asked for: it is nearer than another one.
   * @throws {import("./session.js").SessionError} why a session that was to be opened could not be
   */
  async asked(videoId) {
    if (videoId !== this.videoId || this.#answer || this.#abort.signal.aborted) return;
    try {
      await this.#asking;
    } catch (error) {
      if (this.#tools.pressed) throw error;
    }
  }

  /** The site's answer, for who only looks at the film; null when there is none. Never rejects. */
  async told() {
    await this.#asking?.catch(() => {});
    return this.#answer;
  }

  /** Whether it is open up to its first picture. */
  get rehearsed() {
    return (this.#scene?.video.readyState ?? 0) >= 2;
  }

  /**
   * Play was pressed: show the picture that is there, before anything else is done.
   * @returns {{shown: Promise<void>, leave: () => void} | null} as entrance.js says; null when there is no picture
   */
  enter(preferences = new Preferences()) {
    return this.rehearsed && !this.#old ? enter(this.#scene.video, preferences.all) : null;
  }

  get #old() {
    return this.#tools.now() - this.#at > KEPT_MS;
  }

  /** Nobody will play it: what is on its way is given up. */
  drop() {
    this.#abort.abort();
    this.#larder?.close();
    this.#scene?.close();
    if (this.#tools.pressed && !this.#owned) this.#session?.close("left");
    this.#session = this.#answer = this.#larder = this.#scene = null;
  }

  async #prepare() {
    const { sessionUrl: url, csrf, leaves, start, pressed, fetch, now } = this.#tools;
    const options = { url, csrf, videoId: this.videoId, leaves, fetch, capabilities: this.#tools.capabilities };
    const session = new PlaybackSession({ ...options, facts: () => ({}) });
    this.#asking = pressed ? session.open() : session.prepare({ signal: this.#abort.signal });
    const answer = await this.#asking;
    if (this.#abort.signal.aborted) {
      session.close("left");
      return false;
    }
    this.#session = session;
    this.#answer = answer;
    this.#at = now();
    preconnect(answer.nodes);
    const larder = (this.#larder = new Larder(answer, { fetch, now, waited: pressed }));
    const from = { ...start, ...soundOf(answer, new Preferences()), position: placeOf(answer) };
    const stocked = await larder.stock(from);
    if (stocked && this.#tools.rehearsed) await this.#rehearse(larder, from);
    return stocked;
  }

  async #rehearse(larder, start) {
    const { rehearse } = await import("./rehearsal.js"); // with all of the engine: pages that only look need none
    if (this.#larder !== larder || document.hidden) return;
    this.#scene = rehearse(this.#session, larder, start, () => this.#scene && this.drop());
  }
}
