// One question open at the site while a session goes on: it is answered when somebody ends the session, at once.
//
// Without it a player that plays from its buffer would hear of that with its next report. A server that does not hold the
// question answers "active" right away; then it is asked again every few seconds.

/** An answer that came this soon was not held. */
const HELD_MS = 2000;
const AGAIN_MS = 4000;
/** After so long without an answer the connection is taken for dead. */
const PATIENCE_MS = 40_000;
const AFTER_ERRORS_MS = [2000, 4000, 8000, 16_000, 30_000];

export class Hearing {
  #url;
  #tools;
  #stop = new AbortController();
  #running = false;

  /**
   * @param {string} url
   * @param {object} tools
   * @param {typeof fetch} tools.fetch
   * @param {(word: {reason: string, message: string}) => void} tools.onWord the session is over; said once
   * @param {() => number} [tools.now] ms of a steady clock
   * @param {(ms: number, signal: AbortSignal) => Promise<void>} [tools.wait]
   */
  constructor(url, tools) {
    this.#url = url;
    this.#tools = { now: () => performance.now(), wait, ...tools };
  }

  /** Listen until stopped, or until there is nothing more to hear. */
  start() {
    if (this.#running || this.#stop.signal.aborted) return;
    this.#running = true;
    this.#listen();
  }

  stop() {
    this.#stop.abort();
  }

  async #listen() {
    const { signal } = this.#stop;
    let errors = 0;
    while (!signal.aborted) {
      const asked = this.#tools.now();
      const word = await this.#ask();
      if (signal.aborted) return;
      if (word === null) {
        await this.#tools.wait(AFTER_ERRORS_MS[Math.min(errors, AFTER_ERRORS_MS.length - 1)], signal);
        errors += 1;
        continue;
      }
      errors = 0;
      if (word.state === "closed") this.#tools.onWord({ reason: word.reason ?? "", message: wordsOf(word) });
      if (word.state !== "active") return;
      if (this.#tools.now() - asked < HELD_MS) await this.#tools.wait(AGAIN_MS, signal);
    }
  }

  /** The site's word; `{}` when it knows nothing of this session, null when it could not be asked. */
  async #ask() {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PATIENCE_MS)]);
      const response = await this.#tools.fetch(this.#url, { credentials: "omit", signal });
      if (response.ok) return await response.json();
      return response.status >= 500 ? null : {};
    } catch {
      return null;
    }
  }
}

/** What to say of a session's end. Only here is it known what time it is for the viewer. */
export function wordsOf(word, locale = undefined) {
  const at = new Date(word.at ?? Number.NaN);
  if (!word.message_at || Number.isNaN(at.getTime())) return word.message ?? "";
  const time = at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  return word.message_at.replace("{time}", time);
}

function wait(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms * (0.8 + 0.4 * Math.random()));
    timer.unref?.();
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
