// The session's token, and how it is renewed: at half of its life, and when nodes refuse it. One renewal serves all who
// ask. Renewing changes no playlist: the token stands in the path of each request.

import { renewalDelay, renewalRetryDelay } from "./token.js";

// Who was refused waits this long for a fresh token; the site may be frozen.
const PATIENCE_MS = 3000;
// Nodes that refuse a good token may not make us ask for another one over and over.
const EARLY_EVERY_MS = 10_000;

export class Renewal {
  #tools;
  #token = "";
  #renewing = null;
  #failures = 0;
  #lost = false;
  #ended = false;
  #timer = 0;
  #endedAt = -Infinity;
  count = 0;

  /**
   * @param {object} tools
   * @param {() => Promise<{value: string, issuedAt: number, expiresAt: number, nodes?: object[]}>} tools.renew
   * @param {() => number} tools.now
   * @param {(fresh: object) => void} tools.onFresh
   * @param {(error: Error) => void} tools.onLost the session is over
   */
  constructor(tools) {
    this.#tools = tools;
  }

  /** The token in use. A request compares it with the one it was refused with. */
  get token() {
    return this.#token;
  }

  take({ value, issuedAt, expiresAt }) {
    this.#token = value;
    this.#failures = 0;
    this.#lost = false;
    this.#schedule(renewalDelay({ issuedAt, expiresAt }));
  }

  /** Nobody needs a token any more, also when one is on its way. */
  stop() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  /** A node refused `used`: get another one, without waiting for it. */
  suspect(used) {
    if (used === this.#token && this.#tools.now() - this.#endedAt > EARLY_EVERY_MS) this.#renew();
  }

  /**
   * Get a token other than `used`. Many requests may ask at once: one renewal serves all.
   * @returns {Promise<boolean>} whether the token is now another one; false too when that takes longer than 3 s
   */
  async other(used) {
    if (used !== undefined && used !== this.#token) return true;
    const before = this.#token;
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([this.#renew(), late]);
    clearTimeout(timer);
    return this.#token !== before;
  }

  #renew() {
    this.#renewing ??= this.#ask().finally(() => {
      this.#renewing = null;
      this.#endedAt = this.#tools.now();
    });
    return this.#renewing;
  }

  async #ask() {
    if (this.#lost || this.#ended) return;
    try {
      const fresh = await this.#tools.renew();
      if (this.#ended) return;
      this.take(fresh);
      this.count += 1;
      this.#tools.onFresh(fresh);
    } catch (error) {
      if (this.#ended) return;
      if (error?.final) {
        this.#lost = true;
        this.#tools.onLost(error);
        return;
      }
      // The control plane is away. Nodes accept the old token for hours then, so the film goes on; ask again later.
      this.#failures += 1;
      this.#schedule(renewalRetryDelay(this.#failures));
    }
  }

  #schedule(delay) {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#timer = setTimeout(() => this.#renew(), delay);
    this.#timer.unref?.();
  }
}
