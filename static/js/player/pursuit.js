// One resource on its way: asked from the node that is best, from a second one beside it when the first keeps silent or
// is slow, and from node after node until its bytes are here and right. Knows nothing of hls.js; the delivery decides.
//
// A transfer from one node is a lane. Most of the time there is one. A lane that joins begins where the bytes that are
// here end, so nothing is fetched twice but what two lanes bring at the same time.

import { roundDelay } from "./limits.js";
import { plausible } from "./plausible.js";
import { verdict } from "./slow.js";
import { Body, Failure, transfer } from "./transfer.js";

const LONGEST_MS = 20_000;
const LANES = 3;
const HEAD_BYTES = 64;
const WHOLES = 3;
// A segment that was lost whole may take so much of what is in hand to come again; else a smaller one is better.
const AGAIN_SHARE = 0.8;
// Attempts that fail faster than this wait when too many have been repeated lately.
const QUICK_MS = 500;

export class Pursuit {
  #delivery;
  #want;
  #onProgress;
  #abort = new AbortController();
  #lanes = [];
  #body = new Body();
  #tried = new Set();
  #failures = [];
  #refusals = [];
  #wholes = 0;
  #wholeOnly = new Set();
  #round = 0;
  #renewed = false;
  #lowered = false;
  #began = 0;
  #settle = null;
  #doubtful = [];
  /** Transfers that brought bytes of the result. */
  parts = [];

  /**
   * @param {import("./delivery.js").Delivery} delivery
   * @param {object} want
   * @param {string} want.url of any node, or the one address of what no node serves
   * @param {boolean} want.binary
   * @param {[number, number] | null} [want.range]
   * @param {object} [want.frag] hls.js' fragment: its `type` and `duration`
   * @param {Record<string, string>} [want.headers]
   * @param {number} [want.firstByteMs] patience with what no node serves
   * @param {number} [want.loadMs] after which all is given up
   * @param {(timing: object, body: Body) => void} [onProgress]
   */
  constructor(delivery, want, onProgress = () => {}) {
    this.#delivery = delivery;
    this.#want = want;
    this.#onProgress = onProgress;
  }

  abort() {
    this.#abort.abort();
    this.#keep(null);
  }

  get #over() {
    return this.#abort.signal.aborted;
  }

  /**
   * @returns {Promise<{bytes: Uint8Array, response: Response, node: string, timing: object, parts: object[]}>} `timing`
   *   of the transfer that ended it; `parts` of all that brought bytes
   * @throws {Failure} when no node gave it for as long as the policy allows; "aborted" after `abort`
   */
  async run() {
    this.#began = this.#delivery.now();
    for (;;) {
      if (this.#over) throw new Failure("aborted");
      const place = this.#places().find((id) => !this.#tried.has(id));
      if (place === undefined) {
        await this.#nextRound();
        continue;
      }
      const start = this.#delivery.now();
      try {
        return await this.#race(place);
      } catch (error) {
        if (this.#over) throw error;
        await this.#catchBreath(start);
      }
    }
  }

  /** Node ids; "" stands for the URL as it is (the multivariant playlist has one address only). */
  #places() {
    return this.#delivery.order(this.#want.url) ?? [""];
  }

  /** Every place was asked once. */
  async #nextRound() {
    if (await this.#renewedAfterRefusals()) return;
    this.#blameRefusals();
    this.#round += 1;
    this.#delivery.trouble(this.#round);
    const last = this.#failures.at(-1) ?? new Failure("network");
    const patience = Math.min(LONGEST_MS, this.#want.loadMs || LONGEST_MS);
    if (isHopeless(this.#failures) || this.#delivery.now() - this.#began > patience) throw last;
    this.#tried.clear();
    this.#failures = [];
    await this.#pause(roundDelay(this.#round));
  }

  async #catchBreath(start) {
    const wait = this.#delivery.repeatDelay();
    const took = this.#delivery.now() - start;
    if (wait > 0 && took < QUICK_MS) await this.#pause(wait);
  }

  // Refused tokens: one node that refuses is at fault, all that refuse are right ---------------------------------

  async #renewedAfterRefusals() {
    if (this.#renewed || !this.#refusals.length) return false;
    this.#renewed = true;
    const { token } = this.#refusals[0];
    if (!(await this.#delivery.renewToken(token))) return false;
    for (const { place } of this.#refusals) this.#tried.delete(place);
    this.#refusals = [];
    this.#failures = this.#failures.filter(({ status }) => status !== 403);
    return true;
  }

  /** @param {string} [taken] the token that another node took: who refused an older one was right */
  #blameRefusals(taken) {
    for (const { place, failure, token } of this.#refusals.splice(0)) {
      if (taken === undefined || token === taken) this.#delivery.failed(place, failure);
    }
  }

  // Lanes ------------------------------------------------------------------------------------------------------

  #race(place) {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#join(place, "first");
    });
  }

  /** @param {"first" | "hedge" | "challenge"} why */
  #join(place, why, rest = {}) {
    const { url, binary, range = null, headers, frag } = this.#want;
    const at = place ? this.#delivery.url(url, place) + this.#delivery.about(url, frag) : this.#delivery.place(url);
    const body = this.#wholeOnly.has(place) ? new Body() : this.#body.fork();
    const lane = { place, why, url: at, body, abort: new AbortController(), ...rest };
    lane.token = this.#delivery.token;
    lane.from = lane.body.received;
    this.#lanes.push(lane);
    if (why === "first") this.#delivery.asks();
    const known = range ? null : this.#delivery.expected(url);
    const what = { url: at, body: lane.body, range, binary, headers, source: place, size: known?.size };
    transfer(what, {
      fetch: this.#delivery.fetch,
      now: () => this.#delivery.now(),
      signal: lane.abort.signal,
      judge: (timing) => this.#judge(lane, timing),
      onHead: (timing) => this.#progress(lane, timing),
      onBytes: (timing) => this.#hear(lane, timing),
    })
      .then((result) => this.#arrive(lane, result))
      .catch((error) => this.#lose(lane, error));
  }

  #progress(lane, timing) {
    lane.timing = timing;
    if (lane === this.#lanes[0]) this.#onProgress(timing, lane.body);
  }

  #hear(lane, timing) {
    lane.timing = timing;
    // In a race against silence the first byte wins. A challenge is decided by rates.
    if (this.#lanes.length > 1 && !this.#challenger) this.#keep(lane);
    this.#progress(lane, timing);
  }

  get #challenger() {
    return this.#lanes.find(({ why }) => why === "challenge");
  }

  /** This lane goes on alone. */
  #keep(lane) {
    const others = this.#lanes.filter((one) => one !== lane);
    this.#lanes = lane ? [lane] : [];
    for (const other of others) {
      this.#conclude(other, lane);
      other.abort.abort();
    }
    if (lane) lane.why = "first";
  }

  /** What the end of this lane, in favour of another one, says of its node. */
  #conclude(lane, winner) {
    if (lane.timing?.bytes) this.parts.push({ ...lane.timing, place: lane.place, lost: true });
    if (winner && lane.timing?.bytes) this.#delivery.measured(lane.place, lane.timing);
    if (lane.why === "challenge") this.#delivery.rivals.challenged(this, { moved: winner ? false : null, rate: lane.before });
    if (lane.why === "hedge") this.#delivery.rivals.hedged(winner ? false : null);
    else if (winner?.why === "hedge") {
      this.#delivery.rivals.hedged(true);
      this.#delivery.late(lane.place);
    }
  }

  async #arrive(lane, result) {
    if (this.#over || !this.#lanes.includes(lane)) return;
    this.#endChallenge(lane, lane === this.#challenger);
    this.#keep(lane);
    const { range } = this.#want;
    const { body } = lane;
    if (!plausible(lane.url, body.head(HEAD_BYTES), this.#delivery.encrypted)) throw new Failure("content");
    const bytes = body.join(range ?? null);
    if (lane.place && !range) await this.#verify(lane, bytes);
    if (this.#over) return;
    this.#lanes = [];
    this.#settleDoubts(bytes);
    this.#blameRefusals(lane.token);
    this.parts.push({ ...result.timing, place: lane.place });
    const kept = lane.from > 0 && body.received > result.timing.bytes;
    this.#settle.resolve({ bytes, response: result.response, node: lane.place, timing: result.timing, kept });
  }

  #lose(lane, error) {
    if (this.#over) {
      this.#settle.reject(new Failure("aborted"));
      return;
    }
    if (!this.#lanes.includes(lane)) return;
    this.#lanes = this.#lanes.filter((one) => one !== lane);
    const failure = error instanceof Failure ? error : new Failure("network", { cause: error });
    if (failure.kind === "content") lane.body.clear();
    if (failure.timing?.bytes && lane.body.received) this.parts.push({ ...failure.timing, place: lane.place, lost: true });
    this.#blame(lane, failure);
    if (lane.body.received > this.#body.received) this.#body = lane.body;
    if (failure.kind === "content") this.#body = new Body();
    if (lane.why === "hedge") this.#delivery.rivals.hedged(false);
    if (lane.why === "challenge") this.#delivery.rivals.challenged(this, { moved: null });
    const [next] = this.#lanes;
    if (!next) this.#settle.reject(failure);
    else if (next.why === "hedge") {
      this.#delivery.rivals.hedged(true);
      next.why = "first";
    } else this.#endChallenge(next);
  }

  #blame(lane, failure) {
    // A piece that does not fit, or that nobody can be blamed for: the whole is asked for next.
    if (failure.kind === "range") this.#wholeOnly.add(lane.place);
    if ((failure.kind === "range" || failure.doubtful) && (this.#wholes += 1) <= WHOLES) return;
    this.#tried.add(lane.place);
    this.#failures.push(failure);
    if (!lane.place) return;
    if (failure.status === 403) {
      this.#refusals.push({ place: lane.place, failure, token: lane.token });
      this.#delivery.refused(lane.token);
    } else this.#delivery.failed(lane.place, failure);
  }

  // What is looked at twenty times a second ----------------------------------------------------------------------

  #judge(lane, timing) {
    lane.timing = timing;
    const now = this.#delivery.now();
    if (!lane.place) {
      const silent = now - (timing.last || timing.start);
      return silent > (this.#want.firstByteMs || 8000) ? new Failure("stall") : null;
    }
    const silence = this.#delivery.silence(lane.place, this.#round, timing);
    if (silence) return new Failure(silence);
    if (this.#over || !this.#lanes.includes(lane)) return null;
    if (lane.why === "challenge") return this.#compare(lane, timing);
    if (lane === this.#lanes.at(-1)) this.#hedge(lane, timing, now);
    if (this.#lanes.length === 1) return this.#challenge(lane, timing);
    return null;
  }

  #hedge(lane, timing, now) {
    if (this.#lanes.length >= LANES) return;
    const begun = timing.bytes > 0;
    const waited = now - (begun ? timing.last : timing.start) - timing.busy;
    const asked = [...this.#tried, ...this.#wholeOnly, ...this.#lanes.map(({ place }) => place)];
    const rival = this.#delivery.rivals.hedge(lane.place, asked, { waited, begun });
    if (!rival) return;
    if (lane.body.received > this.#body.received) this.#body = lane.body;
    this.#join(rival, "hedge");
  }

  #challenge(lane, timing) {
    const { frag } = this.#want;
    const { body } = lane;
    if (!frag?.duration || !timing.bytes || !body.total) return null;
    const now = this.#delivery.now();
    const rate = timing.pace.rate(now, this.#delivery.buffer());
    const facts = { age: now - timing.first, rate, remaining: body.total - body.received };
    const tried = [...this.#tried, ...this.#wholeOnly];
    const choice = this.#delivery.rivals.challenge(this, lane.place, { ...facts, began: timing.start, tried });
    if (!choice) return null;
    if (choice.move) return new Failure("slow");
    if (choice.lower) {
      this.#lower(facts);
      return null;
    }
    this.#body = body;
    this.#join(choice.rival, "challenge", { before: facts.rate });
    return null;
  }

  #compare(lane, timing) {
    const [leader] = this.#lanes;
    if (lane === leader || !timing.bytes) return null;
    const now = this.#delivery.now();
    const ahead = lane.body.received >= leader.body.received;
    const facts = { elapsed: now - timing.first, challenger: timing.pace.rate(now), before: lane.before, ahead };
    const found = verdict({ ...facts, buffer: this.#delivery.buffer() });
    if (found === "stay") this.#keep(leader);
    else if (found === "move") this.#endChallenge(lane);
    return null;
  }

  /** This lane is the better one (or the only one left). Who ended before it was known has shown nothing by that. */
  #endChallenge(lane, decided = true) {
    const challenger = this.#challenger;
    if (!challenger) return;
    const [leader] = this.#lanes;
    const moved = decided ? lane === challenger : null;
    const left = moved && leader !== lane ? leader : null;
    this.#delivery.rivals.challenged(this, { moved, rate: challenger.before, left, undecided: !decided });
    challenger.why = "first";
    this.#keep(lane);
  }

  #lower({ rate, remaining }) {
    if (this.#lowered) return;
    this.#lowered = true; // the engine aborts this very request soon: once is enough
    this.#delivery.lower(this.#want.frag, { rate: rate * 8, remaining });
  }

  // Wrong bytes ------------------------------------------------------------------------------------------------

  /** @throws {Failure} when the site says that these are not the bytes. Who sent them is told when that is sure. */
  async #verify(lane, bytes) {
    const { sources } = lane.body;
    const single = new Set(sources.map(({ source }) => source)).size === 1 ? sources[0].source : "";
    if ((await this.#delivery.check(this.#want.url, bytes, single)) !== "wrong") return;
    if (single) this.#delivery.corrupted(single);
    else this.#doubtful.push({ bytes, sources });
    const rate = (lane.timing.bytes * 1000) / Math.max(1, lane.timing.last - lane.timing.first);
    const again = bytes.length / rate;
    if (again > AGAIN_SHARE * this.#delivery.buffer()) this.#lower({ rate, remaining: bytes.length });
    throw Object.assign(new Failure("content"), { doubtful: !single });
  }

  /** The right bytes are here: who sent others in a piece that two nodes shared? */
  #settleDoubts(right) {
    for (const { bytes, sources } of this.#doubtful.splice(0)) {
      for (const { source, at, end } of sources) {
        if (differs(bytes, right, at, end)) this.#delivery.corrupted(source);
      }
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#abort.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

function differs(bytes, right, at, end) {
  for (let i = at; i < end; i += 1) if (bytes[i] !== right[i]) return true;
  return false;
}

/** Whether every node said that there is no such thing: asking again would not help. */
function isHopeless(failures) {
  return failures.length > 0 && failures.every(({ status }) => status === 400 || status === 404);
}
