// Has the next episode ready while the end of this one runs: opened up to its first picture, watched by nobody yet.

import { Ahead, worthwhile } from "./ahead.js";
import { bufferAhead } from "./engine.js";
import { screenOf, startOf } from "./start.js";

//: This long before the credits; the episode of now must have so much in hand, or all of its rest.
const EARLIER_S = 10;
const PLENTY_S = 12;

/** Whether it is time: near the end, and not at the cost of what is on the screen. Pure; all in seconds. */
export function isTime({ position, credits, duration, buffer }) {
  return position >= credits - EARLIER_S && position < duration && buffer >= Math.min(PLENTY_S, duration - position - 0.5);
}

export class Following {
  #tools;
  #ahead = null;

  /**
   * @param {object} tools
   * @param {{sessionUrl: string, csrf: string}} tools.options
   * @param {import("./player.js").Player} tools.player
   * @param {import("./screen.js").Screen} tools.screen
   * @param {import("./ui/prefs.js").Preferences} tools.preferences
   */
  constructor(tools) {
    this.#tools = tools;
  }

  /** The film moves: the credits come, or have come, and `next` follows. */
  look(next, credits) {
    const { player, screen, preferences, options } = this.#tools;
    const { video } = screen;
    if (this.#ahead?.videoId === next.video || video.paused || screen.detached) return;
    const facts = { position: video.currentTime, credits, duration: player.duration, buffer: bufferAhead(video) };
    const start = startOf(preferences, player.engine?.throughput);
    if (!isTime(facts) || !worthwhile(navigator.connection, start.limits)) return;
    this.drop();
    this.#ahead = new Ahead(next.video, {
      ...options,
      leaves: player.answer?.id,
      start: { ...start, screen: screenOf(video) },
      rehearsed: true,
    });
  }

  /** Whether what follows could be shown at once. */
  get ready() {
    return this.#ahead?.rehearsed ?? false;
  }

  /** What there is, for the player that goes on with it; null when there is nothing. */
  take() {
    const ahead = this.#ahead;
    this.#ahead = null;
    return ahead;
  }

  /** Another film, or none. */
  drop() {
    this.#ahead?.drop();
    this.#ahead = null;
  }
}
