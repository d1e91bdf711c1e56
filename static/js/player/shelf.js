// What a browser keeps of reports that did not reach the site, so that they outlive their page.
//
// Two places, because neither does all of it: IndexedDB has what it was given on disk at once, also when the browser is
// killed a moment later, but may not finish while its page goes away; localStorage takes a last word in that moment, but
// is written to disk late (up to a minute). One record for each session: {session, profile, beacon, close, reports,
// closing, at}. Bounded in number and age. A browser that forbids storage keeps nothing, and nothing breaks by it.

const DATABASE = "netflixlite.outbox";
const STORE = "sessions";
const LAST = "netflixlite.last.";
/** Sessions remembered, and for how long: after a day the site has closed its books of a session anyway. */
const KEPT_SESSIONS = 20;
const KEPT_MS = 7 * 86_400_000;

export class Shelf {
  #open = null;
  #factory;
  #storage;

  /** @param {{factory?: IDBFactory | null, storage?: Storage | null}} [places] for tests */
  constructor({ factory = reach("indexedDB"), storage = reach("localStorage") } = {}) {
    this.#factory = factory;
    this.#storage = storage;
  }

  /** Keep a session's record in place of the one before. Resolves when it is on the disk, or cannot be. */
  async put(record) {
    await this.#write((store) => store.put(record));
  }

  /** Keep it before this function returns: the page is about to go. */
  putNow(record) {
    try {
      this.#storage?.setItem(LAST + record.session, JSON.stringify(record));
    } catch {
      // full or forbidden: what the shelf has must do
    }
  }

  /** Forget a session's last word only: its page came back. */
  takeBack(session) {
    try {
      this.#storage?.removeItem(LAST + session);
    } catch {
      // forbidden: then nothing was kept either
    }
  }

  async remove(session) {
    this.takeBack(session);
    await this.#write((store) => store.delete(session));
  }

  /**
   * All records, oldest first. What is too old, or more than we keep, is forgotten by asking.
   * @param {number} now epoch ms
   */
  async all(now) {
    const found = new Map();
    for (const record of [...(await this.#read()), ...this.#lastWords()]) found.set(record.session, record);
    const records = [...found.values()].sort((a, b) => a.at - b.at);
    const kept = records.filter(({ at }) => now - at < KEPT_MS).slice(-KEPT_SESSIONS);
    for (const record of records) if (!kept.includes(record)) await this.remove(record.session);
    return kept;
  }

  #lastWords() {
    const found = [];
    try {
      const names = Object.keys(this.#storage ?? {}).filter((name) => name.startsWith(LAST));
      for (const name of names) {
        const record = read(this.#storage.getItem(name));
        if (record) found.push(record);
        else this.#storage.removeItem(name);
      }
    } catch {
      // forbidden
    }
    return found;
  }

  async #read() {
    try {
      const database = await this.#database();
      const records = await done(database.transaction(STORE).objectStore(STORE).getAll());
      return records.filter(sound);
    } catch {
      return [];
    }
  }

  async #write(change) {
    try {
      const database = await this.#database();
      const transaction = database.transaction(STORE, "readwrite");
      change(transaction.objectStore(STORE));
      transaction.commit?.();
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } catch {
      // full, forbidden, or gone with a cleared profile
    }
  }

  #database() {
    if (!this.#factory) return Promise.reject(new Error("no IndexedDB"));
    this.#open ??= new Promise((resolve, reject) => {
      const request = this.#factory.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "session" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => reject(request.error);
    });
    this.#open.catch(() => (this.#open = null));
    return this.#open;
  }
}

function read(text) {
  try {
    const record = JSON.parse(text);
    return sound(record) ? record : null;
  } catch {
    return null;
  }
}

/** Whether a record is one of ours: anything may have written into the browser's storage. */
function sound(record) {
  const words = ["session", "profile", "beacon", "close"];
  return Boolean(
    record && words.every((name) => typeof record[name] === "string") && Array.isArray(record.reports) &&
      Number.isFinite(record.at),
  );
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function reach(name) {
  try {
    return globalThis[name] ?? null;
  } catch {
    return null;
  }
}
