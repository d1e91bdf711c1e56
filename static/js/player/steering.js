// Keeps the ranking of nodes fresh: asks every TTL, and at once after a failure (at most every 5 s). It is never on the
// way to a picture: when steering does not answer, the loader goes on with the ranking it has.

const SOONEST_MS = 5000;
const DEFAULT_TTL_S = 30;
const TIMEOUT_MS = 4000;

/** The ranking in an answer; an empty one, which changes nothing, when there is none. */
export function rankingOf(answer) {
  return Array.isArray(answer?.nodes) ? answer.nodes : [];
}

/** Seconds until the next question. */
export function ttlOf(answer) {
  const ttl = Number(answer?.ttl ?? DEFAULT_TTL_S);
  return Number.isFinite(ttl) ? Math.min(600, Math.max(1, ttl)) : DEFAULT_TTL_S;
}

/** Epoch ms on the server's clock: said, or by the answer's date; the viewer's own clock may be wrong by hours. */
function serverTime({ now }, response) {
  const said = Number(now) || Date.parse(response.headers?.get("Date") ?? "");
  return Number.isNaN(said) ? Date.now() : said;
}

export class Steering {
  #url;
  #delivery;
  #facts;
  #timer = 0;
  #askedAt = -Infinity;
  #unlisten = new AbortController();
  #ended = false;

  /** @param {() => object} facts what to tell the server (position, buffer …); samples are added */
  constructor(url, delivery, facts) {
    this.#url = url;
    this.#delivery = delivery;
    this.#facts = facts;
    delivery.addEventListener("failure", () => this.#soon(), { signal: this.#unlisten.signal });
    this.#after(DEFAULT_TTL_S * 1000);
  }

  stop() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#unlisten.abort();
  }

  #soon() {
    const wait = Math.max(0, this.#askedAt + SOONEST_MS - this.#delivery.now());
    this.#after(wait);
  }

  #after(ms) {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#timer = setTimeout(() => this.#ask(), ms);
    this.#timer.unref?.();
  }

  async #ask() {
    this.#askedAt = this.#delivery.now();
    let next = DEFAULT_TTL_S;
    try {
      const response = await this.#delivery.fetch(this.#url, {
        method: "POST",
        headers: { "Content-Type": "text/plain" },
        body: JSON.stringify({
          ...this.#facts(),
          current: this.#delivery.active, // after a failure the next node, which nothing has come from yet
          samples: this.#delivery.estimates.take("steering"),
        }),
        credentials: "omit",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.status === 410) return this.stop(); // the session ended
      if (response.ok) {
        const answer = await response.json();
        this.#delivery.rank(rankingOf(answer), serverTime(answer, response));
        this.#delivery.steerRate(answer.mb);
        next = ttlOf(answer);
      }
    } catch {
      // the control plane is away: keep the ranking, ask again after the usual time
    }
    this.#after(next * 1000);
  }
}
