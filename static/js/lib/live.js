// What changed on other devices, for all tabs of this browser over one line: a tab that is seen holds a lock, and with
// it the line, and tells the others. When it goes, the next one has the lock. A browser without locks (a site over plain
// http) has a line for each tab that is seen.

import { Line } from "./line.js";

/** The lock of the tab that has the line, and the channel on which it tells the others. */
export const NAME = "netflixlite-live";
/** What the tab with the line remembers for those that come later. */
const REMEMBERED = 100;

export class Live {
  #url;
  #made;
  #tools;
  /** What the site is asked for: news since the page was made, or after the newest that was heard. */
  #known;
  /** Everything since `time` (s since 1970, by the site's clock), and everything after `id`, was heard and is in `said`. */
  #covered;
  #said = [];
  #heard = new Set();
  #profile = null;
  #line = null;
  #waiting = null;

  /**
   * @param {string} url
   * @param {number} made when the page was made, s since 1970 by the site's clock
   * @param {object} tools
   * @param {(news: {topic: string}) => void} tools.onNews
   * @param {() => void} tools.onMissed there were news that nobody can repeat
   * @param {(profile: string) => void} tools.onProfile who is watching in this browser; "" for nobody
   * @param {LockManager} [tools.locks]
   * @param {BroadcastChannel} [tools.channel]
   * @param {() => number} [tools.now] s since the page was made
   */
  constructor(url, made, tools) {
    this.#url = url;
    this.#made = made;
    this.#known = { since: made };
    this.#covered = { time: made, id: Infinity };
    this.#tools = { now: () => performance.now() / 1000, ...tools };
    tools.channel?.addEventListener("message", ({ data }) => this.#fromTab(data));
  }

  /** Listen: to the tab that has the line, or with a line of its own as soon as there is no other. */
  start() {
    if (this.#waiting) return;
    const { locks, channel } = this.#tools;
    this.#waiting = new AbortController();
    if (!locks || !channel) {
      this.#lead();
      return;
    }
    channel.postMessage({ kind: "asks", known: this.#known });
    const { signal } = this.#waiting;
    const hold = () =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener("abort", resolve, { once: true });
        return this.#lead();
      });
    locks.request(NAME, { signal }, hold).catch(() => {}); // given up before it came
  }

  stop() {
    this.#line?.close();
    this.#line = null;
    this.#waiting?.abort();
    this.#waiting = null;
  }

  #lead() {
    const { connect } = this.#tools;
    this.#line = new Line(this.#url, this.#known, {
      ...(connect ? { connect } : {}),
      onNews: (news, id) => this.#tell({ kind: "news", news, id }),
      onHello: ({ profile, whole }, id) => {
        this.#tell({ kind: "profile", profile, id });
        if (!whole) this.#tell({ kind: "missed", id });
      },
      onGone: () => this.#tell({ kind: "profile", profile: "", id: 0 }),
    });
    this.#line.open();
  }

  /** Say it to the other tabs, and to this one. */
  #tell(message) {
    this.#tools.channel?.postMessage(message);
    this.#take(message);
  }

  #fromTab(message) {
    if (message.kind !== "asks") this.#take(message);
    else if (this.#line) this.#repeat(message.known);
  }

  /** Another tab was opened, or is looked at again: it may have missed something. */
  #repeat({ since, after }) {
    const { channel } = this.#tools;
    const id = this.#known.after ?? 0;
    if (after === undefined ? this.#covered.time > since : this.#covered.id > after) {
      channel.postMessage({ kind: "missed", id });
    } else {
      for (const { news, id: number } of this.#said) channel.postMessage({ kind: "news", news, id: number });
    }
    if (this.#profile !== null) channel.postMessage({ kind: "profile", profile: this.#profile, id });
  }

  #take({ kind, news, profile, id }) {
    if (kind === "news") {
      if (this.#heard.has(id)) return;
      this.#remember(news, id);
    }
    if (id) this.#known = { after: Math.max(this.#known.after ?? 0, id) };
    if (kind === "news") this.#tools.onNews(news);
    else if (kind === "missed") this.#miss(id);
    else if (kind === "profile") {
      this.#profile = profile;
      this.#covered.id = Math.min(this.#covered.id, id || Infinity);
      this.#tools.onProfile(profile);
    }
  }

  #miss(id) {
    this.#covered = { time: this.#time(), id };
    this.#said = [];
    this.#tools.onMissed();
  }

  #remember(news, id) {
    this.#heard.add(id);
    if (this.#heard.size > 4 * REMEMBERED) this.#heard = new Set([...this.#heard].slice(-2 * REMEMBERED));
    this.#said.push({ news, id, time: this.#time() });
    if (this.#said.length > REMEMBERED) {
      const { id: last, time } = this.#said.shift();
      this.#covered = { time, id: last };
    }
  }

  /** By the site's clock, not earlier than it is. */
  #time() {
    return this.#made + this.#tools.now();
  }
}
