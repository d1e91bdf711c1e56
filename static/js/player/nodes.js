// Which node a request goes to. Data in, data out: the caller passes the time, so that tests own the clock.
//
// States of a node: healthy; penalised (it failed, and is asked last until its penalty ends); half-open (the penalty
// ended, one background probe decides). The order is never empty: when every node is penalised the one whose failure
// is oldest comes first, because giving up is worse than asking a bad node (cdn: never an empty list).

const FIRST_PENALTY_MS = 10_000;
const LONGEST_PENALTY_MS = 300_000;
const FORGIVEN_AFTER_MS = 120_000;
// A voluntary move (back to a recovered node that ranks better) at most this often: flapping costs more than rank.
const RETURN_AFTER_MS = 60_000;
// A node that asked us to go on elsewhere is passed over this long, ± 10 %; it is well, and asked before any that failed.
const SHIELD = "shield";
const LEFT_MS = 60_000;

export class Nodes {
  #random;
  #nodes = new Map();
  #active = null;
  #movedAt = -Infinity;

  /**
   * @param {{id: string, base_url: string, rank?: number, reason?: string}[]} list best first
   * @param {{random?: () => number}} [options] the source of jitter
   */
  constructor(list, { random = Math.random } = {}) {
    this.#random = random;
    this.update(list, 0);
  }

  /**
   * Take a new ranking. What is known of a node's health stays; nodes that are not named are forgotten. An empty list
   * is refused: an old list is better than none.
   */
  update(list, now) {
    const usable = (list ?? []).filter((node) => node?.id && node?.base_url);
    if (!usable.length) return;
    const before = this.#nodes;
    this.#nodes = new Map();
    usable.forEach((node, place) => {
      const known = before.get(node.id);
      this.#nodes.set(node.id, {
        id: node.id,
        base: node.base_url.replace(/\/+$/, ""),
        rank: Number.isFinite(node.rank) ? node.rank : place,
        reason: node.reason ?? "",
        failures: known?.failures ?? 0,
        failedAt: known?.failedAt ?? -Infinity,
        until: known?.until ?? 0,
        why: known?.why ?? "",
        leftUntil: known?.leftUntil ?? 0,
      });
    });
    const best = this.#ranked().find((node) => this.#state(node, now) === "healthy" && now >= node.leftUntil);
    if (best && best.id !== this.#active) this.#move(best.id, now);
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

  /** The id of the node with this base URL; null when it is not (or no longer) ours. */
  idOf(base) {
    const plain = base.replace(/\/+$/, "");
    for (const node of this.#nodes.values()) if (node.base === plain) return node.id;
    return null;
  }

  state(id, now) {
    const node = this.#nodes.get(id);
    return node ? this.#state(node, now) : "gone";
  }

  /** All ids in the order in which to ask them now. Never empty. */
  order(now) {
    const weight = { healthy: 0, "half-open": 1, penalised: 2 };
    return [...this.#nodes.values()]
      .map((node) => ({ node, weight: weight[this.#state(node, now)] || (now < node.leftUntil ? 0.5 : 0) }))
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
   * A node failed. Its penalty is 10 s × 2^k up to 300 s, ± 10 % so that a crowd of players does not come back in the
   * same second. A second failure inside a running penalty only renews "asked last".
   * @returns {boolean} whether this is news (the node was not penalised before)
   */
  penalise(id, now, why) {
    const node = this.#nodes.get(id);
    if (!node) return false;
    const news = this.#state(node, now) !== "penalised";
    if (now - node.failedAt > FORGIVEN_AFTER_MS + (node.until - node.failedAt || 0)) node.failures = 0;
    node.failedAt = now;
    node.why = why;
    if (news) {
      const length = Math.min(LONGEST_PENALTY_MS, FIRST_PENALTY_MS * 2 ** node.failures);
      node.until = now + length * (0.9 + 0.2 * this.#random());
      node.failures += 1;
    }
    if (id === this.#active) this.#move(this.order(now)[0], now);
    return news;
  }

  /**
   * A node is well but would rather that we went on elsewhere: it is near its limit, or about to stop. We do if another
   * node is well; the site itself (the shield) is for when no node can serve.
   */
  leave(id, now) {
    const node = this.#nodes.get(id);
    const free = (other) => this.#state(other, now) === "healthy" && now >= other.leftUntil;
    const others = [...this.#nodes.values()].filter((other) => other.id !== id && other.id !== SHIELD);
    if (!node || !others.some(free)) return;
    node.leftUntil = now + LEFT_MS * (0.9 + 0.2 * this.#random());
    if (id === this.#active) this.#move(this.order(now)[0], now);
  }

  /** A request to this node went well: it is healthy, whatever its penalty said. Its count of failures stays. */
  succeed(id, now) {
    const node = this.#nodes.get(id);
    if (!node || !node.until) return;
    node.until = 0;
    node.why = "";
    const active = this.#nodes.get(this.#active);
    if (!active || this.#state(active, now) !== "healthy") this.#move(id, now);
    else if (node.rank < active.rank && now - this.#movedAt > RETURN_AFTER_MS) this.#move(id, now);
  }

  /** Ids whose penalty has ended: each deserves one probe. */
  due(now) {
    return [...this.#nodes.values()].filter((node) => this.#state(node, now) === "half-open").map(({ id }) => id);
  }

  /** Whether another node could take over from this one right now. */
  hasAlternative(id, now) {
    return [...this.#nodes.values()].some((node) => node.id !== id && this.#state(node, now) !== "penalised");
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

  #state(node, now) {
    if (!node.until) return "healthy";
    return now < node.until ? "penalised" : "half-open";
  }

  #move(id, now) {
    this.#active = id;
    this.#movedAt = now;
  }
}
