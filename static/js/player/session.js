// A playback session as the site keeps it: opened by POST, kept alive by beacons, closed when the viewer leaves.

const BEACON_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 12_000;
const QUEUE = 30;

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

/** Beacons waiting for the network. Bounded; the newest stays, because it holds the position. */
export class Outbox {
  #items = [];

  add(item) {
    this.#items.push(item);
    if (this.#items.length > QUEUE) this.#items.splice(1, 1); // keep the first (when it began), drop the next oldest
  }

  /** What waits, oldest first; the box is empty afterwards. */
  take() {
    return this.#items.splice(0);
  }

  /** Put back what could not be sent, before what came since. */
  giveBack(items) {
    const newer = this.take();
    for (const item of [...items, ...newer]) this.add(item);
  }

  get size() {
    return this.#items.length;
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
  #outbox = new Outbox();
  #sending = false;
  #timer = 0;
  #closed = true;
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
    const { url, videoId, csrf, leaves, capabilities } = this.#options;
    const wish = { video: videoId, ...(leaves && { leaves }), capabilities: await capabilities?.() };
    const response = await this.#request(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify(wish),
    });
    const answer = await readJson(response);
    if (!response.ok) throw refusal(answer, response.status);
    this.answer = { ...answer, renewUrl: answer.token.renew_url, token: tokenOf(answer, response, Date.now()) };
    this.#closed = false;
    return this.answer;
  }

  /** A fresh token (and ranking) for this session. @throws {SessionError} `final` when the session is over */
  async renew() {
    const response = await this.#request(this.answer.renewUrl, { method: "POST", credentials: "omit" });
    const answer = await readJson(response);
    if (!response.ok) throw refusal(answer, response.status);
    return tokenOf(answer, response, Date.now());
  }

  /** Send a beacon every interval from now on. */
  startBeacons() {
    clearInterval(this.#timer);
    const seconds = this.answer.beacon.interval || 10;
    this.#timer = setInterval(() => this.beat("interval"), seconds * 1000);
  }

  stopBeacons() {
    clearInterval(this.#timer);
  }

  /** Report now. Offline, the report waits. */
  beat(event) {
    if (this.#closed || !this.answer) return;
    this.#outbox.add({ ...this.#options.facts(), event });
    this.#flush();
  }

  /** The page goes away or to sleep: say it in a way that outlives the page. */
  beatLast(event) {
    if (this.#closed || !this.answer) return;
    const body = JSON.stringify({ ...this.#options.facts(), event });
    if (!navigator.sendBeacon(this.answer.beacon.url, body)) this.beat(event);
  }

  /** Say nothing any more: another session of the same video on this browser has taken this one's place. */
  retire() {
    this.stopBeacons();
    this.#closed = true;
  }

  /** Free the stream's slot. */
  close(event = "close") {
    if (this.#closed || !this.answer) return;
    this.stopBeacons();
    const body = JSON.stringify({ ...this.#options.facts(), event });
    this.#closed = true;
    if (!navigator.sendBeacon(this.answer.close.url, body)) {
      this.#options.fetch(this.answer.close.url, { method: "POST", body, keepalive: true }).catch(() => {});
    }
  }

  async #flush() {
    if (this.#sending) return;
    this.#sending = true;
    const waiting = this.#outbox.take();
    try {
      while (waiting.length) {
        const response = await this.#options.fetch(this.answer.beacon.url, {
          method: "POST",
          headers: { "Content-Type": "text/plain" }, // the type of sendBeacon: one parser on the server, no preflight
          body: JSON.stringify(waiting[0]),
          credentials: "omit",
          keepalive: true,
          signal: AbortSignal.timeout(BEACON_TIMEOUT_MS),
        });
        if (response.status >= 500 || response.status === 429) break;
        waiting.shift(); // taken, or refused for good: sending it again would not change that
        const answer = response.ok && response.status !== 204 ? await readJson(response) : {};
        const { state, reason = "", message = "" } = answer;
        if (state === "closed" && !this.#closed) {
          this.#closed = true;
          this.stopBeacons();
          this.#options.onClosed?.(reason, message);
          break;
        }
        if (answer.newer_package && !this.#closed) this.#options.onNewer?.();
      }
    } catch {
      // offline: all of it goes with the next one
    } finally {
      this.#outbox.giveBack(waiting);
      this.#sending = false;
    }
  }

  async #request(url, init) {
    try {
      return await this.#options.fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    } catch (cause) {
      const message = "The service can't be reached. Check your connection.";
      throw Object.assign(new SessionError({ code: "offline", message }), { cause });
    }
  }
}

function refusal(answer, status) {
  const { code = "refused", message = "This can't be played right now.", ...details } = answer.error ?? {};
  return new SessionError({ code, message, status, details });
}
