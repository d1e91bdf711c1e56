// A session's regular reports, and its end. While the site is away they wait, here and on the shelf; what a page could
// not send before it went is sent by the next page of the same profile (kept.js).

import { owned } from "./kept.js";
import { aged, bodyOf, Outbox } from "./outbox.js";
import { post, settled } from "./post.js";

export class Beacons {
  #outbox = new Outbox();
  #where;
  #tools;
  #sending = false;
  #timer = 0;
  #over = false;
  #shelved = false;
  #giveUp;

  /**
   * @param {{session: string, profile: string, beacon: string, close: string}} where addresses, and whose they are
   * @param {object} tools
   * @param {() => object} tools.facts a report's content at this moment
   * @param {(answer: object) => void} tools.onAnswer what the site said of the newest report
   * @param {import("./shelf.js").Shelf} tools.shelf
   * @param {typeof fetch} tools.fetch
   * @param {(url: string, body: string) => boolean} [tools.send] the browser's own way for pages that go
   * @param {() => void} [tools.onLeft] this page has let go of the session; something of it may be on the shelf
   * @param {() => number} [tools.now] epoch ms
   */
  constructor(where, tools) {
    this.#where = where;
    this.#tools = { now: Date.now, send: (url, body) => navigator.sendBeacon(url, body), ...tools };
    this.#giveUp = owned(where.session);
  }

  /** Whether nothing is reported any more. */
  get over() {
    return this.#over;
  }

  /** How many reports the site has not taken yet. */
  get waiting() {
    return this.#outbox.size;
  }

  /** Report every so many seconds from now on. */
  start(seconds) {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.beat("interval"), seconds * 1000);
    this.#timer.unref?.();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  /** Report now. Offline, the report waits. */
  beat(event) {
    if (this.#over) return;
    this.#outbox.add(this.#report(event));
    this.#flush();
  }

  /** The page goes to sleep, and may never wake: what waits is kept as well. */
  last(event) {
    if (this.#over) return;
    const report = this.#report(event);
    this.#tools.shelf.putNow(this.#record([...this.#outbox.items, report]));
    this.#shelved = true;
    if (!this.#send(this.#where.beacon, report)) this.beat(event);
  }

  /** Say nothing any more: another session of the same video on this browser has taken this one's place. */
  retire() {
    if (this.#over) return;
    this.#end();
    this.#leave();
  }

  /**
   * The session ends. With the page about to go, nobody hears whether the word arrived: it is kept, and the next page
   * says it again (saying it twice changes nothing). Else it is kept only if it did not arrive.
   * @param {{leaving?: boolean}} [how]
   */
  close(event, { leaving = false } = {}) {
    if (this.#over) return;
    const report = this.#report(event);
    this.#outbox.add(report);
    this.#end();
    const record = this.#record(this.#outbox.items, true);
    this.#tools.shelf.putNow(record);
    if (leaving) {
      this.#send(this.#where.close, report);
      this.#giveUp();
    } else {
      this.#sayGoodbye(record);
    }
  }

  #end() {
    this.stop();
    this.#over = true;
  }

  async #sayGoodbye(record) {
    try {
      const waiting = this.#outbox.next(this.#tools.now());
      const response = await post(this.#tools.fetch, this.#where.close, bodyOf(waiting), { keepalive: true });
      // Whatever is left of a long outage goes with the shelf's record.
      if (!settled(response) || waiting.length < this.#outbox.size) throw new Error(`close ${response.status}`);
      await this.#tools.shelf.remove(record.session);
    } catch {
      await this.#tools.shelf.put(record);
    } finally {
      this.#giveUp();
      this.#tools.onLeft?.();
    }
  }

  /** Send what is left, and let go of the session: its picture plays on under another one. */
  async #leave() {
    await this.#flush();
    if (!this.#outbox.size) await this.#tools.shelf.remove(this.#where.session);
    this.#giveUp();
    this.#tools.onLeft?.();
  }

  async #flush() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#outbox.size) {
        const reports = this.#outbox.next(this.#tools.now());
        const response = await post(this.#tools.fetch, this.#where.beacon, bodyOf(reports), { keepalive: true });
        if (!settled(response)) throw new Error(`beacon ${response.status}`);
        this.#outbox.sent(reports.length); // taken, or refused for good: sending it again would not change that
        const answer = response.ok && response.status !== 204 ? await readJson(response) : {};
        // An answer to what is old says nothing of now.
        if (!this.#outbox.size && !this.#over) this.#tools.onAnswer(answer);
      }
      await this.#clear();
    } catch {
      await this.#keep();
    } finally {
      this.#sending = false;
    }
  }

  async #keep() {
    if (!this.#outbox.size) return;
    this.#shelved = true;
    await this.#tools.shelf.put(this.#record(this.#outbox.items));
  }

  async #clear() {
    if (!this.#shelved || this.#over || this.#outbox.size) return;
    this.#shelved = false;
    await this.#tools.shelf.remove(this.#where.session);
  }

  #report(event) {
    return { ...this.#tools.facts(), event, at: this.#tools.now() };
  }

  #record(reports, closing = false) {
    return { ...this.#where, reports, closing, at: this.#tools.now() };
  }

  #send(url, report) {
    return this.#tools.send(url, JSON.stringify(aged(report, this.#tools.now())));
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}
