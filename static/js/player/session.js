// A playback session as the site keeps it: opened by POST, kept alive by beacons, closed when the viewer leaves.

import { gettext } from "../lib/words.js";
import { Beacons } from "./beacons.js";
import { Hearing } from "./hearing.js";
import { caughtUp, keepOn, profile, shelf } from "./keeper.js";

const REQUEST_TIMEOUT_MS = 12_000;

/** The site said no, in words for people. `final` means that asking again would not help. */
export class SessionError extends Error {
  constructor({ code, message, status = 0, details = {} }) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
    this.final = status >= 400 && status < 500 && status !== 408 && status !== 429;
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/** The token of an answer with its times on the server's clock; the viewer's own clock may be wrong. */
export function tokenOf(answer, response, localNow) {
  const token = answer.token?.value ? answer.token : answer;
  const served = Date.parse(response.headers.get("Date") ?? "");
  return {
    value: token.value,
    issuedAt: Number.isNaN(served) ? localNow : served,
    expiresAt: Date.parse(token.expires_at),
    nodes: answer.nodes,
  };
}

export class PlaybackSession {
  #options;
  #beacons = null;
  #hearing = null;
  #toBegin = null;
  #begins = null;
  answer = null;

  /**
   * @param {object} options
   * @param {string} options.url where sessions are opened
   * @param {string} options.videoId
   * @param {string} options.csrf
   * @param {string} [options.leaves] a session of this browser that ends for this one (the previous episode's)
   * @param {() => object} options.facts the beacon's content at this moment
   * @param {(reason: string, message: string) => void} [options.onClosed] the site has ended this session
   * @param {() => void} [options.onNewer] the site has a newer package of this video than this session plays
   * @param {() => Promise<object>} [options.capabilities] what this browser decodes well
   */
  constructor(options) {
    this.#options = { fetch: (...args) => fetch(...args), ...options };
  }

  /**
   * Open a session. @returns {Promise<object>} the API's answer, with `token` as `tokenOf` gives it
   * @throws {SessionError}
   */
  async open() {
    await caughtUp(); // else it would begin where it was left the time before
    return this.#opened(await this.#ask({ playlist: true }));
  }

  /**
   * Have the session ready before anybody presses Play: it takes no stream and is no watching until `begin`.
   * @param {{signal?: AbortSignal}} [more]
   * @returns {Promise<object>} as `open`; its token lives for seconds
   * @throws {SessionError}
   */
  async prepare({ signal } = {}) {
    this.answer = await this.#ask({ prepare: true }, signal);
    this.#toBegin = new Promise((resolve) => (this.#begins = resolve));
    this.#toBegin.catch(() => {}); // whoever begins hears of it
    return this.answer;
  }

  /** Speak for this player from now on: the options of the constructor that it has of its own. */
  belong(options) {
    Object.assign(this.#options, options);
  }

  /**
   * Somebody has pressed Play on what was prepared. When it is not there any more, another session is opened.
   * @returns {Promise<object>} as `open`
   * @throws {SessionError}
   */
  begin() {
    const beginning = this.#begin().finally(() => (this.#toBegin = null));
    this.#begins(beginning);
    return beginning;
  }

  async #begin() {
    const { leaves } = this.#options;
    const url = this.answer.begin.url;
    const response = await this.#request(url, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "text/plain" }, // no preflight where the site is another origin
      body: JSON.stringify(leaves ? { leaves } : {}),
    });
    const answer = await readJson(response);
    if (response.status === 404) return this.open();
    if (!response.ok) throw refusal(answer, response.status);
    return this.#opened(read(answer, response));
  }

  async #ask(how, signal) {
    const { url, videoId, csrf, leaves, capabilities } = this.#options;
    const wish = { video: videoId, ...how, ...(leaves && { leaves }), capabilities: await capabilities?.() };
    const response = await this.#request(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(wish),
      ...(signal && { signal }),
    });
    const answer = await readJson(response);
    if (!response.ok) throw refusal(answer, response.status);
    return read(answer, response);
  }

  #opened(answer) {
    this.answer = answer;
    this.#beacons?.retire();
    this.#beacons = this.#report();
    this.#hearing?.stop();
    this.#hearing = this.#listen();
    return answer;
  }

  /** A fresh token (and ranking) for this session. @throws {SessionError} `final` when the session is over */
  async renew() {
    if (this.#toBegin) {
      const { token, nodes } = await this.#toBegin; // what is only prepared has no other token
      return { ...token, nodes };
    }
    const response = await this.#request(this.answer.renewUrl, { method: "POST", credentials: "omit" });
    const answer = await readJson(response);
    if (!response.ok) throw refusal(answer, response.status);
    return tokenOf(answer, response, Date.now());
  }

  /** Send a beacon every interval from now on. */
  startBeacons() {
    this.#beacons?.start(this.answer.beacon.interval || 10);
    this.#hearing?.start();
  }

  /** Reports that the site has not taken yet. */
  get unsent() {
    return this.#beacons?.waiting ?? 0;
  }

  /** Report now. Offline, the report waits. */
  beat(event) {
    this.#beacons?.beat(event);
  }

  /** The page goes to sleep: say it in a way that outlives the page. */
  beatLast(event) {
    this.#beacons?.last(event);
  }

  /** Say nothing any more: another session of the same video on this browser has taken this one's place. */
  retire() {
    this.#hearing?.stop();
    this.#beacons?.retire();
  }

  /** Free the stream's slot; `leaving` when the page itself is about to go. */
  close(event = "close", how = {}) {
    this.#hearing?.stop();
    this.#beacons?.close(event, how);
  }

  #listen() {
    if (!this.answer.news?.url) return null;
    const hearing = new Hearing(this.answer.news.url, {
      fetch: this.#options.fetch,
      onWord: ({ reason, message }) => {
        if (hearing !== this.#hearing) return;
        this.#beacons?.retire();
        this.#options.onClosed?.(reason, message);
      },
    });
    return hearing;
  }

  #report() {
    const { id, beacon, close } = this.answer;
    const beacons = new Beacons(
      { session: id, profile, beacon: beacon.url, close: close.url },
      {
        shelf,
        fetch: this.#options.fetch,
        facts: () => this.#options.facts(),
        onLeft: keepOn,
        onAnswer: ({ state, reason = "", message = "", newer_package: newer }) => {
          if (beacons !== this.#beacons) return;
          if (state === "closed") {
            beacons.retire();
            this.#hearing?.stop();
            this.#options.onClosed?.(reason, message);
          } else if (newer) {
            this.#options.onNewer?.();
          }
        },
      },
    );
    return beacons;
  }

  async #request(url, init) {
    try {
      return await this.#options.fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...init });
    } catch (cause) {
      const message = gettext("The service can't be reached. Check your connection.");
      throw Object.assign(new SessionError({ code: "offline", message }), { cause });
    }
  }
}

function read(answer, response) {
  return { ...answer, renewUrl: answer.token.renew_url, token: tokenOf(answer, response, Date.now()) };
}

function refusal(answer, status) {
  const { code = "refused", message = gettext("This can't be played right now."), ...details } = answer.error ?? {};
  return new SessionError({ code, message, status, details });
}
