// Whether this device keeps up with the picture. Pure: counters in, a verdict out.
//
// A phone may say that it decodes 1080p and drop a third of its frames. The picture then steps down; only if that helps
// is the height to blame and remembered. If it does not help (another program has the processor), the step is taken back.

const WINDOW_MS = 4000;
const BAD_SHARE = 0.18;
const GOOD_SHARE = 0.06;
const FEWEST = 48;
const TRIAL_MS = 12_000;
//: After a step that did not help, the next is tried no sooner.
const REST_MS = 300_000;
//: Twice in a row: a window that holds a seek or a change of window size drops frames once.
const IN_A_ROW = 2;

export class Frames {
  #from = null;
  #bad = 0;
  #trial = null;
  #restUntil = 0;
  /** The height from which frames are dropped; 0 while none is known to be. */
  failing;

  /** @param {number} [failing] what was remembered */
  constructor(failing = 0) {
    this.failing = failing;
  }

  /** A seek, a pause or a hidden page: what was counted says nothing. */
  reset() {
    this.#from = null;
    this.#bad = 0;
  }

  /**
   * The counters of now. Call it about once a second while the picture runs and can be seen.
   * @param {{now: number, total: number, dropped: number, height: number, lowest: boolean}} seen ms; frames so far
   *   (dropped ones included); height of the picture; whether there is none smaller
   * @returns {"failing" | "proved" | "cleared" | null} `failing` changed: step down; it helped, remember; it did not
   */
  look({ now, total, dropped, height, lowest }) {
    const from = this.#from;
    if (!from || from.height !== height || total < from.total) {
      this.#from = { now, total, dropped, height };
      return null;
    }
    if (now - from.now < WINDOW_MS || total - from.total < FEWEST) return null;
    this.#from = { now, total, dropped, height };
    const share = (dropped - from.dropped) / (total - from.total);
    return this.#trial && height < this.#trial.height ? this.#judge(share, now) : this.#suspect(share, height, lowest, now);
  }

  #suspect(share, height, lowest, now) {
    this.#bad = share > BAD_SHARE ? this.#bad + 1 : 0;
    if (this.#bad < IN_A_ROW || lowest || now < this.#restUntil) return null;
    this.#bad = 0;
    this.#trial = { height, before: this.failing, until: now + TRIAL_MS, share };
    this.failing = height;
    return "failing";
  }

  #judge(share, now) {
    const trial = this.#trial;
    if (share <= GOOD_SHARE) {
      this.#trial = null;
      return "proved";
    }
    if (now < trial.until && share < trial.share * 0.8) return null;
    this.#trial = null;
    this.#restUntil = now + REST_MS;
    this.failing = trial.before;
    return "cleared";
  }
}
