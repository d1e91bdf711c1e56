// A film may get better while it is watched: more of it is there, more renditions, another codec. Whoever watches is
// taken along: at once where a second element can be prepared, else at the next moment at which the picture rests.

import { bufferAhead, Engine } from "./engine.js";
import { handOver, NotHandedOver } from "./handover.js";

const TRIES = 3;
const AGAIN_MS = 8000;
// Not more often than this, unless what is there comes to its end: each time two pictures are decoded for some seconds.
const SPACED_MS = 12_000;
// So close to the end of what is there, the site is asked for more every few seconds.
const NEAR_END_S = 20;
const ASK_MS = 3000;
// With so much film ahead the old one need not load while the new one does.
const PLENTY_S = 14;

export class Growth {
  #screen;
  #tools;
  #owed = null;
  #busy = null;
  #tries = 0;
  #again = 0;
  #asking = 0;
  #last = -Infinity;
  #unlisten = null;

  /**
   * @param {import("./screen.js").Screen} screen
   * @param {object} tools
   * @param {() => import("./scene.js").Scene | null} tools.scene what is shown
   * @param {() => Promise<import("./session.js").PlaybackSession | null>} tools.open a session for the newer package
   * @param {(video: HTMLVideoElement, session: object) => import("./scene.js").Scene} tools.prepare
   * @param {() => object} tools.start what its engine is told
   * @param {(scene: import("./scene.js").Scene) => void} tools.show it is shown now
   * @param {(session: object) => void} tools.reload show it on the element that is there
   * @param {() => void} tools.ask have the site say whether there is more
   * @param {() => void} tools.play
   * @param {(text: string) => void} tools.note
   */
  constructor(screen, tools) {
    this.#screen = screen;
    this.#tools = tools;
    /** How often the picture was handed over unseen, and how often it had to be loaded anew. */
    this.handovers = 0;
    this.reloads = 0;
  }

  /** A scene is shown: while it is not the whole film, ask for more in time. */
  watch(scene) {
    clearInterval(this.#asking);
    if (scene.complete) return;
    this.#asking = setInterval(() => {
      if (!this.#busy && !this.#owed && this.#nearEnd(scene)) this.#tools.ask();
    }, ASK_MS);
  }

  /** The site has a newer package. Heard again with every beacon until it is played. */
  async hear() {
    const scene = this.#tools.scene();
    if (!scene || this.#busy || this.#owed) return;
    if (scene.complete && this.#screen.video.ended) return; // nobody watches; who begins again is taken along then
    if (performance.now() - this.#last < SPACED_MS && !this.#nearEnd(scene)) return;
    const busy = (this.#busy = new AbortController());
    try {
      const session = await this.#tools.open();
      if (session && !busy.signal.aborted) this.#owed = session;
    } catch (error) {
      this.#tools.note(`newer package: ${error.message}`); // the next beacon brings it up again
    } finally {
      if (this.#busy === busy) this.#busy = null;
    }
    if (this.#owed) this.#hand();
  }

  /** This session, opened already, plays a newer package than what is shown. */
  take(session) {
    this.#owed = session;
    this.#hand();
  }

  /** Another film, or none. */
  stop() {
    this.#busy?.abort();
    clearTimeout(this.#again);
    clearInterval(this.#asking);
    this.#unlisten?.abort();
    this.#owed = this.#busy = this.#unlisten = null;
    this.#tries = this.handovers = this.reloads = 0;
    this.#last = -Infinity;
    this.#screen.drop();
  }

  #nearEnd(scene) {
    const { currentTime, ended } = this.#screen.video;
    return ended || (!scene.complete && scene.available - currentTime < NEAR_END_S);
  }

  async #hand() {
    const scene = this.#tools.scene();
    if (!this.#owed || this.#busy || !scene) return;
    if (Engine.way !== "mse" || this.#screen.detached || this.#tries >= TRIES) {
      this.#whenItRests();
      return;
    }
    const session = this.#owed;
    const busy = (this.#busy = new AbortController());
    const start = this.#tools.start();
    if (bufferAhead(this.#screen.video) > PLENTY_S) scene.engine.hold();
    try {
      const next = await handOver({
        screen: this.#screen,
        prepare: (video) => this.#tools.prepare(video, session),
        start,
        signal: busy.signal,
      });
      if (this.#busy === busy) this.#done(scene, next);
    } catch (error) {
      if (!(error instanceof NotHandedOver)) console.error("player:", error);
      if (this.#busy !== busy) return;
      this.#busy = null;
      this.#tries += 1;
      this.#tools.note(`not handed over: ${error.message}`);
      scene.engine.resume();
      this.#again = setTimeout(() => this.#hand(), AGAIN_MS);
    }
  }

  #done(before, scene) {
    const ranOut = before.video.ended;
    this.#owed = this.#busy = null;
    this.#tries = 0;
    this.#last = performance.now();
    this.handovers += 1;
    this.#tools.show(scene);
    if (ranOut) this.#tools.play();
  }

  /** Where no second element can take over: when the viewer pauses or seeks, nobody minds that the picture is loaded. */
  #whenItRests() {
    if (this.#unlisten) return;
    this.#unlisten = new AbortController();
    const { signal } = this.#unlisten;
    const now = () => {
      const session = this.#owed;
      if (!session) return;
      this.#unlisten?.abort();
      this.#unlisten = this.#owed = null;
      this.#tries = 0;
      this.#last = performance.now();
      this.reloads += 1;
      this.#tools.reload(session);
    };
    for (const type of ["pause", "seeking", "ended"]) this.#screen.addEventListener(type, now, { signal });
    this.#screen.addEventListener("leavepictureinpicture", () => {
      this.#unlisten?.abort();
      this.#unlisten = null;
      this.#hand();
    }, { signal });
    if (this.#screen.video.paused) now();
  }
}
