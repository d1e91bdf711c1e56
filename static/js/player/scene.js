// One package of a film on one media element: its session, the way its bytes come, the engine, the steering. A film is
// one scene after another: a newer package is prepared as a second scene while the first one still plays.

import { Delivery } from "./delivery.js";
import { bufferAhead, Engine } from "./engine.js";
import { NativeEngine } from "./native.js";
import { Sprites } from "./sprites.js";
import { Steering } from "./steering.js";
import { seconds } from "./ui/clock.js";

export class Scene {
  #steering = null;
  #whereabouts;

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./session.js").PlaybackSession} session opened
   * @param {object} tools
   * @param {() => object} tools.whereabouts what steering is told
   * @param {import("./larder.js").Larder} [tools.larder] what was fetched of it before
   * @param {Delivery} [tools.learnt] of the scene before
   * @param {typeof fetch} [tools.fetch] how nodes are reached
   * @param {boolean} [tools.rehearsed] nobody watches it yet: steering is asked once the scene has a session (`adopt`)
   */
  constructor(video, session, { whereabouts, larder, learnt, fetch, rehearsed = false }) {
    this.video = video;
    this.session = session;
    this.answer = session.answer;
    this.#whereabouts = whereabouts;
    this.delivery = new Delivery(this.answer, {
      buffer: () => bufferAhead(video),
      renew: () => this.session.renew(),
      larder,
      learnt,
      ...(fetch && { fetch }),
    });
    this.engine =
      Engine.way === "native"
        ? new NativeEngine(video, this.delivery, () => this.answer)
        : new Engine(video, this.delivery);
    /** Small pictures for the timeline; null when this package has none. */
    this.sprites = this.answer.trickplay ? new Sprites(this.answer.trickplay, this.delivery) : null;
    if (!rehearsed) this.#steer();
  }

  /** Seconds of film that this package has. */
  get available() {
    const { duration } = this.video;
    return Number.isFinite(duration) && duration > 0 ? duration : seconds(this.answer.duration) || 0;
  }

  /** Whether the package has all of the film. */
  get complete() {
    return this.answer.complete !== false;
  }

  /** Seconds that the film will have when all of it is there. */
  get duration() {
    const expected = this.complete ? 0 : seconds(this.answer.expected_duration) || 0;
    return Math.max(this.available, expected);
  }

  open(start) {
    this.engine.open(playlistOf(this.answer), start);
  }

  /** Go on with what the session was just given anew (a token, an order of nodes). */
  adopt(answer, whereabouts = this.#whereabouts) {
    this.answer = answer;
    this.#whereabouts = whereabouts;
    this.delivery.adopt(answer);
    this.#steer();
  }

  #steer() {
    this.#steering?.stop();
    if (!this.answer.steering) return; // a film that is kept on the device has one place to come from
    this.#steering = new Steering(this.answer.steering, this.delivery, this.#whereabouts);
  }

  close() {
    this.#steering?.stop();
    this.delivery.larder?.close();
    this.engine.destroy();
    this.sprites?.close();
    this.delivery.close();
  }
}

/** The multivariant playlist. Our loader knows where an encrypted film's key is, so that nodes give all other playlists. */
function playlistOf({ hls, encrypted }) {
  return encrypted && Engine.way === "mse" ? `${hls}?keys=loader` : hls;
}
