// Which node a request goes to. Data in, data out: the caller passes the time, so that tests own the clock.
//
// States of a node: healthy; penalised (it failed, and is asked last until its penalty ends); half-open (the penalty
// ended, one background probe decides). The order is never empty: when every node is penalised those that were only
// slow come first, then those whose failure is oldest, because giving up is worse than asking a bad node (cdn: never an
// empty list); a node that sent wrong bytes is the very last.

const FIRST_PENALTY_MS = 10_000;
const LONGEST_PENALTY_MS = 300_000;
const FORGIVEN_AFTER_MS = 120_000;
// A voluntary move (back to a recovered node that ranks better) at most this often: flapping costs more than rank.
const RETURN_AFTER_MS = 60_000;
// A node that asked us to go on elsewhere is passed over this long, ± 10 %; it is well, and asked before any that failed.
const LEFT_MS = 60_000;
// One that refuses, while no other is well, is asked again so soon at the latest: it may have room before they are well.
const REFUSED_MS = 10_000;
// The site itself: it serves when no node can.
const SHIELD = "shield";
// The answer to the question that a failure brings about may not know where the film has gone since: it moves nobody again.
const SETTLED_MS = 4000;
// Failures as young as this are forgiven together when one node answers after all had failed: it was the viewer's link.
const YOUNG_MS = 30_000;

// When only the site is left, nodes that were slow or silent (and did not refuse) are probed so soon: rarely are all bad.
const SHELTERED_MS = 2000;

/** How bad a failure is: a node may be too slow, dead, or send wrong bytes. */
const WEIGHTS = { slow: 1.5, dead: 2, wrong: 3 };

// A node that is well but refuses everything: when no other is well, those that were only slow are asked before it.
const REFUSING = 1.7;

/** What is a judgement of ours, and nothing that the node said or did. */
const JUDGED = new Set(["slow", "late", "first-byte", "stall"]);

const FRESH = { failures: 0, failedAt: -Infinity, until: 0, why: "", badness: "dead", leftUntil: 0, refusesUntil: 0 };

export class Nodes {
  #random;
  #nodes = new Map();
  #active = null;
  #movedAt = -Infinity;
  #fledAt = -Infinity;

  /**
   * @param {{id: string, base_url: string, rank?: number, reason?: string}[]} list best first
   * @param {{random?: () => number}} [options] the source of jitter
   */
  constructor(list, { random = Math.random } = {}) {
    this.#random = random;
    this.update(list, 0);
  }

  /**
   * Take a new ranking. What is known of a node's health stays, unless the server says that it has been healthy since
   * after it failed here; nodes that are not named are forgotten. An empty list is refused: an old one is better.
   * @param {{id: string, base_url: string, rank?: number, reason?: string, healthy_since?: number | null}[]} list
   * @param {number} now
   * @param {number} [serverNow] epoch ms on the server's clock, which `healthy_since` is read by
   */
  update(list, now, serverNow = NaN) {
    const usable = (list ?? []).filter((node) => node?.id && node?.base_url);
    if (!usable.length) return;
    const before = this.#nodes;
    this.#nodes = new Map();
    usable.forEach((node, place) => {
      const known = before.get(node.id) ?? FRESH;
      const healthyFor = node.healthy_since ? serverNow - node.healthy_since : NaN;
      // A second for the server's clock, which an answer tells in whole seconds.
      const recovered = now - known.failedAt > healthyFor + 1000;
      this.#nodes.set(node.id, {
        ...(recovered ? { ...FRESH, leftUntil: known.leftUntil } : known),
        id: node.id,
        base: node.base_url.replace(/\/+$/, ""),
        rank: Number.isFinite(node.rank) ? node.rank : place,
        reason: node.reason ?? "",
      });
    });
    const best = this.#ranked().find((node) => this.#free(node, now) && this.#mayReturn(node, now));
    const stays = now - this.#fledAt < SETTLED_MS && this.#active !== SHIELD && this.#nodes.has(this.#active);
    if (best && best.id !== this.#active && !stays) this.#move(best.id, now);
    if (!this.#nodes.has(this.#active)) this.#move(this.order(now)[0], now);
  }

  get size() {
    return this.#nodes.size;
  }

  /** The node that audio, video and text are asked from while it is well. */
  get active() {
    return this.#active;
  }

  base(id) {
    return this.#nodes.get(id)?.base ?? null;
  }

  state(id, now) {
    const node = this.#nodes.get(id);
    return node ? this.#state(node, now) : "gone";
  }

  /** All ids in the order in which to ask them now. Never empty. */
  order(now) {
    return [...this.#nodes.values()]
      .map((node) => ({ node, weight: this.#weight(node, now) }))
      .sort((a, b) => {
        if (a.weight !== b.weight) return a.weight - b.weight;
        if (a.weight >= 1) return a.node.failedAt - b.node.failedAt;
        if (a.node.id === this.#active) return -1;
        if (b.node.id === this.#active) return 1;
        return a.node.rank - b.node.rank;
      })
      .map(({ node }) => node.id);
  }

  /**
   * A node that can be asked beside those of `besides`: one that did not fail, the best one; null when there is none.
   * @param {Iterable<string>} besides
   * @param {{desperate?: boolean}} [how] the picture will stop: better one that was only judged to be silent or slow, the
   *   oldest such judgement first, than none
   */
  rival(besides, now, { desperate = false } = {}) {
    const asked = new Set(besides);
    const others = this.order(now).filter((id) => !asked.has(id));
    const well = others.find((id) => this.#weight(this.#nodes.get(id), now) <= 1);
    if (well || !desperate) return well ?? null;
    const judged = ({ badness, why }) => badness !== "wrong" && JUDGED.has(why);
    return others.find((id) => judged(this.#nodes.get(id))) ?? null;
  }

  /**
   * A node failed. Its penalty is 10 s × 2^k up to 300 s, ± 10 % so that a crowd of players does not come back in the
   * same second; wrong bytes cost the longest at once. A second failure inside a running penalty only renews "asked
   * last". While all others are penalised too the count does not grow: then it is likely to be the viewer's link.
   * @param {"slow" | "dead" | "wrong"} badness
   * @returns {boolean} whether this is news (the node was not penalised before)
   */
  penalise(id, now, why, badness = "dead") {
    const node = this.#nodes.get(id);
    if (!node) return false;
    const news = this.#state(node, now) !== "penalised";
    if (now - node.failedAt > FORGIVEN_AFTER_MS + (node.until - node.failedAt || 0)) node.failures = 0;
    const alone = [...this.#nodes.values()].some((one) => one !== node && this.#state(one, now) !== "penalised");
    const worse = !news && WEIGHTS[badness] > WEIGHTS[node.badness];
    node.failedAt = now;
    node.why = why;
    if (news || worse) {
      const count = alone || !node.failures ? node.failures : node.failures - 1;
      const length = badness === "wrong" ? LONGEST_PENALTY_MS : Math.min(LONGEST_PENALTY_MS, FIRST_PENALTY_MS * 2 ** count);
      node.until = Math.max(node.until, now + length * (0.9 + 0.2 * this.#random()));
      node.badness = badness;
      if (news) node.failures = count + 1;
    }
    if (id === this.#active) {
      this.#fledAt = now;
      this.#move(this.order(now)[0], now);
    }
    if (news && this.#active === SHIELD) this.#shelter(now);
    return news;
  }

  /** Nobody serves but the site. That several nodes went bad together is less likely than that they were misjudged. */
  #shelter(now) {
    for (const node of this.#nodes.values()) {
      const misjudged = node.failures === 1 && node.badness !== "wrong" && JUDGED.has(node.why);
      if (misjudged) node.until = Math.min(node.until, now + SHELTERED_MS * (0.9 + 0.2 * this.#random()));
    }
  }

  /** One answered after all had failed: those that failed with it are probed now instead of at their penalty's end. */
  relent(now) {
    for (const node of this.#nodes.values()) {
      if (node.badness !== "wrong" && node.until > now && now - node.failedAt < YOUNG_MS) node.until = now;
    }
  }

  /**
   * A node is well but would rather that we went on elsewhere: it is near its limit, about to stop, or has not got what
   * was asked for. We do if another node is well; the site itself (the shield) is for when no node can serve.
   * @param {number} [ms] for how long
   * @param {{refuses?: boolean}} [how] whether it gives nothing at all: then it is left even if no other node is well,
   *   for each request would be refused once before it goes elsewhere
   */
  leave(id, now, ms = LEFT_MS, { refuses = false } = {}) {
    const node = this.#nodes.get(id);
    if (!node) return;
    const others = [...this.#nodes.values()].filter((other) => other.id !== id && other.id !== SHIELD);
    if (!others.some((other) => this.#free(other, now))) {
      if (!refuses) return;
      node.refusesUntil = now + Math.min(ms, REFUSED_MS) * (0.9 + 0.2 * this.#random());
      if (id === this.#active) this.#move(this.order(now)[0], now);
      return;
    }
    node.leftUntil = now + ms * (0.9 + 0.2 * this.#random());
    if (id === this.#active) this.#move(this.order(now)[0], now);
  }

  /** A request to this node went well: it is healthy, whatever its penalty said. Its count of failures stays. */
  succeed(id, now) {
    const node = this.#nodes.get(id);
    if (!node) return;
    node.refusesUntil = 0;
    if (!node.until) return;
    node.until = 0;
    node.why = "";
    node.badness = "dead";
    const active = this.#nodes.get(this.#active);
    if (!active || active.id === SHIELD || this.#state(active, now) !== "healthy") this.#move(id, now);
    else if (node.rank < active.rank && now - this.#movedAt > RETURN_AFTER_MS) this.#move(id, now);
  }

  /** Ids whose penalty has ended: each deserves one probe. */
  due(now) {
    return [...this.#nodes.values()].filter((node) => this.#state(node, now) === "half-open").map(({ id }) => id);
  }

  /** A picture of all nodes, for the statistics panel and for tests. */
  list(now) {
    return this.#ranked().map((node) => ({
      id: node.id,
      base: node.base,
      rank: node.rank,
      reason: node.reason,
      state: this.#state(node, now),
      failures: node.failures,
      why: node.why,
    }));
  }

  #ranked() {
    return [...this.#nodes.values()].sort((a, b) => a.rank - b.rank);
  }

  #weight(node, now) {
    const state = this.#state(node, now);
    if (state === "penalised") return WEIGHTS[node.badness];
    if (state === "half-open") return 1;
    if (now < node.refusesUntil) return REFUSING;
    return now < node.leftUntil ? 0.5 : 0;
  }

  #free(node, now) {
    return this.#weight(node, now) === 0;
  }

  /** Whether the film may go back to this node because it ranks better: not for a minute after it failed here, unless nobody serves but the site. */
  #mayReturn(node, now) {
    return node.id === this.#active || this.#active === SHIELD || now - node.failedAt > RETURN_AFTER_MS;
  }

  /** Whether a node was left because it sent wrong bytes: only the proof of right ones forgives it. */
  lied(id) {
    const node = this.#nodes.get(id);
    return Boolean(node?.until) && node.badness === "wrong";
  }

  #state(node, now) {
    if (!node.until) return "healthy";
    return now < node.until ? "penalised" : "half-open";
  }

  #move(id, now) {
    this.#active = id;
    this.#movedAt = now;
  }
}
