// Sends what earlier pages of this profile could not: their last position, their time watched, and that they are over.
//
// A session belongs to the page that plays it as long as that page lives; the browser's own locks tell, and let go when
// a page crashes. Where there are none (http on a LAN address) a record must have lain still for a while.

import { bodyOf, Outbox } from "./outbox.js";
import { post, settled } from "./post.js";

const LOCK = "netflixlite.session.";
const STILL_MS = 45_000;
const AGAIN_MS = 30_000;

function locks() {
  return globalThis.navigator?.locks ?? null;
}

/** This page speaks for the session from now on; call the answer to let go of it. */
export function owned(session) {
  let free = () => {};
  const held = new Promise((resolve) => (free = resolve));
  locks()?.request(LOCK + session, () => held).catch(() => {});
  return free;
}

/** Run `work` unless a living page owns the session. @returns {Promise<boolean>} whether it was run */
async function unowned(record, now, work) {
  if (!locks()) {
    if (now - record.at < STILL_MS) return false;
    await work();
    return true;
  }
  return locks().request(LOCK + record.session, { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    return Boolean(lock);
  });
}

export class Kept {
  #shelf;
  #profile;
  #tools;
  #running = null;
  #timer = 0;

  /**
   * @param {import("./shelf.js").Shelf} shelf
   * @param {string} profile whose page this is; other profiles' records are left alone
   * @param {{fetch?: typeof fetch, now?: () => number}} [tools]
   */
  constructor(shelf, profile, tools = {}) {
    this.#shelf = shelf;
    this.#profile = profile;
    this.#tools = { fetch: (...args) => fetch(...args), now: Date.now, ...tools };
  }

  /** Send all that can be sent now; again after a while, as long as something is left. Never throws. */
  send() {
    this.#running ??= this.#sendAll()
      .catch(() => true)
      .then((left) => {
        clearTimeout(this.#timer);
        if (left) this.#timer = setTimeout(() => this.send(), AGAIN_MS);
        this.#timer?.unref?.();
      })
      .finally(() => (this.#running = null));
    return this.#running;
  }

  async #sendAll() {
    const now = this.#tools.now();
    const mine = (await this.#shelf.all(now)).filter(({ profile }) => profile === this.#profile);
    let left = false;
    for (const record of mine) {
      const sent = await unowned(record, now, () => this.#sendOne(record));
      if (!sent) left = true;
    }
    return left;
  }

  async #sendOne(record) {
    const outbox = new Outbox(record.reports);
    while (outbox.size) {
      const reports = outbox.next(this.#tools.now()).map((report) => ({ ...report, kept: true }));
      const last = reports.length === outbox.size;
      // A page that was killed said no goodbye: its reports are taken, and silence ends its session.
      await this.#post(record.closing && last ? record.close : record.beacon, bodyOf(reports));
      outbox.sent(reports.length);
    }
    await this.#shelf.remove(record.session);
  }

  async #post(url, body) {
    const response = await post(this.#tools.fetch, url, body);
    if (!settled(response)) throw new Error(`kept ${response.status}`);
  }
}
