// Reports that wait for the site. Pure: the caller passes the time (epoch ms, the only clock that outlives a page).
//
// Nothing is thrown away: when there are too many, the two oldest become one. What a viewer would miss is the newest
// position and the sum of the time watched, and both are still in it.

/** Reports kept for one session: five minutes in full, hours in outline. */
export const QUEUE = 30;
/** Reports in one request: the site reads no more than 16 KiB. */
const BATCH = 12;
const BATCH_BYTES = 14_000;

/** Two reports as one: the later one's word counts, sums are added. */
export function merged(older, newer) {
  const samples = new Map((older.samples ?? []).map((one) => [one.node, { ...one }]));
  for (const one of newer.samples ?? []) {
    const before = samples.get(one.node);
    samples.set(one.node, before ? { ...before, ...one, ...counted(before, one) } : { ...one });
  }
  return {
    ...older,
    ...newer,
    watched: Math.round(((older.watched ?? 0) + (newer.watched ?? 0)) * 100) / 100,
    samples: [...samples.values()],
  };
}

function counted(before, one) {
  const sums = {};
  for (const name of ["ok", "failures", "corrupt", "hedges"]) {
    if (name in before || name in one) sums[name] = (before[name] ?? 0) + (one[name] ?? 0);
  }
  return sums;
}

export class Outbox {
  #items = [];

  /** @param {object[]} [items] oldest first */
  constructor(items = []) {
    for (const item of items) this.add(item);
  }

  /** @param {{at: number, watched?: number, samples?: object[]}} item a report and when it was made */
  add(item) {
    this.#items.push(item);
    if (this.#items.length > QUEUE) this.#items.splice(0, 2, merged(this.#items[0], this.#items[1]));
  }

  get size() {
    return this.#items.length;
  }

  /** What waits, oldest first; a copy. */
  get items() {
    return [...this.#items];
  }

  /** The oldest of them, as many as one request takes. They stay until `sent` says how many arrived. */
  next(now) {
    const reports = [];
    let bytes = 0;
    for (const item of this.#items.slice(0, BATCH)) {
      const report = aged(item, now);
      bytes += JSON.stringify(report).length;
      if (reports.length && bytes > BATCH_BYTES) break;
      reports.push(report);
    }
    return reports;
  }

  /** So many of the oldest need not be sent again. */
  sent(count) {
    this.#items.splice(0, count);
  }
}

/** A report as it is sent: how old it is instead of when it was made, because the viewer's clock may be wrong. */
export function aged({ at, ...report }, now) {
  const age = Math.max(0, Math.round((now - at) / 100) / 10);
  return age >= 1 ? { ...report, age } : report;
}

/** The body of a request: one report as itself, several as a list. */
export function bodyOf(reports) {
  return JSON.stringify(reports.length === 1 ? reports[0] : { reports });
}
