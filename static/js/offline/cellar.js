// Where downloads lie: IndexedDB, for every browser has it, in pages and workers, and a piece and its record change in one
// transaction. "device": this device's key and notes; "downloads": a record each; "pieces": sealed bytes by [id, path].

const DATABASE = "netflixlite.kept";
const DEVICE = "device";
const RECORDS = "downloads";
const PIECES = "pieces";
/** Set while anything is kept: pages look here before they load any of this. */
export const FLAG = "netflixlite.kept";
const CHANNEL = "netflixlite.kept";

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
  });
}

/** All of a download's pieces: an array sorts after every text. */
const piecesOf = (id) => IDBKeyRange.bound([id], [id, []]);

export class Cellar extends EventTarget {
  #factory;
  #open = null;
  #channel = null;

  /** Event: "change", when anything of a record changed, here or on another page. */
  constructor({ factory = globalThis.indexedDB, channel = globalThis.BroadcastChannel } = {}) {
    super();
    this.#factory = factory;
    if (channel) {
      this.#channel = new channel(CHANNEL);
      this.#channel.unref?.();
      this.#channel.onmessage = () => this.dispatchEvent(new Event("change"));
    }
  }

  /** The records, oldest first. */
  async all() {
    const found = await done((await this.#store(RECORDS)).getAll());
    return found.sort((a, b) => a.at - b.at);
  }

  async get(id) {
    return (await done((await this.#store(RECORDS)).get(id))) ?? null;
  }

  /** Write a record, whole. */
  async put(record) {
    await this.#write([RECORDS], ([records]) => records.put(record));
    this.#changed();
  }

  /** Change some of a record, unless it is gone. @returns {Promise<object | null>} the record as it is now */
  async patch(id, changes) {
    const after = await this.#patch(id, changes, [RECORDS]);
    this.#changed();
    return after;
  }

  /** Forget a download: its key first, then its bytes. */
  async remove(id) {
    await this.#write([RECORDS], ([records]) => records.delete(id));
    await this.#write([PIECES], ([pieces]) => pieces.delete(piecesOf(id)));
    this.#changed();
  }

  /** Forget everything, this device's key too. */
  async clear() {
    await this.#write([DEVICE, RECORDS], (stores) => stores.forEach((store) => store.clear()));
    await this.#write([PIECES], ([pieces]) => pieces.clear());
    this.#changed();
  }

  /** Bytes of downloads that are gone, such as of a page that died while it removed one. */
  async sweep() {
    const known = new Set((await this.all()).map(({ id }) => id));
    const keys = await done((await this.#store(PIECES)).getAllKeys());
    const strangers = new Set(keys.map(([id]) => id).filter((id) => !known.has(id)));
    for (const id of strangers) await this.#write([PIECES], ([pieces]) => pieces.delete(piecesOf(id)));
  }

  /**
   * Keep a sealed piece, and note with it how much is there: both or neither.
   * @throws {DOMException} QuotaExceededError when the device is full
   * @returns {Promise<object | null>} the record; null when it was removed meanwhile: then the piece is not kept either
   */
  async putPiece(id, path, bytes, size) {
    return this.#patch(id, (record) => ({ got: record.got + size }), [RECORDS, PIECES], ([, pieces]) => pieces.put(bytes, [id, path]));
  }

  /** @returns {Promise<Uint8Array | null>} */
  async piece(id, path) {
    return (await done((await this.#store(PIECES)).get([id, path]))) ?? null;
  }

  /** The paths of the pieces that are there. */
  async paths(id) {
    const keys = await done((await this.#store(PIECES)).getAllKeys(piecesOf(id)));
    return new Set(keys.map(([, path]) => path));
  }

  /** A note of this device; undefined when there is none. */
  async note(name) {
    return done((await this.#store(DEVICE)).get(name));
  }

  async setNote(name, value) {
    await this.#write([DEVICE], ([device]) => device.put(value, name));
  }

  /** This device's key, made at the first asking; `make` makes one. Two pages that ask at once get the same. */
  async deviceKey(make) {
    const found = await this.note("key");
    if (found) return found;
    const made = await make();
    return this.#write([DEVICE], ([device], keep) => {
      const request = device.get("key");
      request.onsuccess = () => {
        if (!request.result) device.put(made, "key");
        keep(request.result ?? made);
      };
    });
  }

  close() {
    this.#channel?.close();
    this.#open?.then((database) => database.close()).catch(() => {});
  }

  async #patch(id, changes, names, more = () => {}) {
    return this.#write(names, (stores, keep) => {
      const request = stores[0].get(id);
      request.onsuccess = () => {
        const before = request.result;
        if (!before) return keep(null);
        const after = { ...before, ...(typeof changes === "function" ? changes(before) : changes) };
        stores[0].put(after);
        more(stores);
        keep(after);
      };
    });
  }

  async #write(names, work) {
    const transaction = (await this.#database()).transaction(names, "readwrite");
    let result;
    work(names.map((name) => transaction.objectStore(name)), (value) => (result = value));
    await finished(transaction);
    return result;
  }

  async #store(name) {
    return (await this.#database()).transaction(name).objectStore(name);
  }

  #changed() {
    this.#channel?.postMessage("changed");
    this.dispatchEvent(new Event("change"));
  }

  #database() {
    this.#open ??= new Promise((resolve, reject) => {
      const request = this.#factory.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        const { result } = request;
        result.createObjectStore(DEVICE);
        result.createObjectStore(RECORDS, { keyPath: "id" });
        result.createObjectStore(PIECES);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => reject(request.error);
    });
    this.#open.catch(() => (this.#open = null));
    return this.#open;
  }
}
