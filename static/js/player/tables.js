// The sizes and digests of a rendition's segments, as the site gives them (`segments` of the session's answer): what
// arrives is verified with them, and the adaptation plans with them. Asked for lazily and never waited for by a picture
// that has not begun: without them playback goes on.

const TIMEOUT_MS = 6000;
const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 120_000;
/** Bytes of a SHA-256 that a table has for each segment. */
export const DIGEST_BYTES = 16;

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function numberOf(name) {
  return Number(/^(\d+)\.(?:m4s|vtt)$/.exec(name)?.[1] ?? NaN);
}

/** One rendition. Sizes in bytes; a digest is the beginning of a SHA-256. */
export class Table {
  #digests;
  #init;

  /**
   * @param {{sizes: number[], digests: string, init?: {size: number, digest: string} | null}} answer
   * @throws {Error} when the answer can't be such a table
   */
  constructor({ sizes, digests, init }) {
    if (!Array.isArray(sizes) || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new Error("segments: sizes must be whole numbers of bytes");
    }
    this.sizes = sizes;
    this.#digests = bytesOf(digests);
    if (this.#digests.length !== sizes.length * DIGEST_BYTES) {
      throw new Error(`segments: ${sizes.length} sizes need ${sizes.length * DIGEST_BYTES} bytes of digests`);
    }
    this.#init = init ? { size: init.size, digest: bytesOf(init.digest) } : null;
  }

  /** What is known of a file of this rendition ("3.m4s", "init.mp4"): {size, digest}; null when nothing is. */
  of(name) {
    if (name === "init.mp4") return this.#init;
    const at = numberOf(name);
    if (!(at >= 0) || at >= this.sizes.length) return null;
    return { size: this.sizes[at], digest: this.#digests.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES) };
  }
}

export class Tables {
  #template;
  #tools;
  #known = new Map();
  #asked = new Map();
  #retry = new Map();
  #heads = new Map();

  /**
   * @param {string | null} template the address, with `{rendition}` in it; null when the site has none
   * @param {{fetch: typeof fetch, now: () => number}} tools
   */
  constructor(template, tools) {
    this.#template = template || null;
    this.#tools = tools;
  }

  /**
   * The digests that came with the session itself: of a rendition's first segments from where the viewer begins, so that
   * what makes the first picture is verified too.
   * @param {Record<string, {first: number, digests: string}> | null | undefined} heads
   */
  learn(heads) {
    for (const [rendition, { first, digests }] of Object.entries(heads ?? {})) {
      this.#heads.set(rendition, { first, digests: bytesOf(digests) });
    }
  }

  /** Another session of the same film: its address from now on. */
  adopt(template) {
    this.#template = template || this.#template;
  }

  /** Whether the site has no tables at all. */
  get none() {
    return !this.#template && !this.#heads.size;
  }

  /** What is known of a file: {size, digest}, size 0 when only its digest is; null when nothing is. */
  of(rendition, name) {
    return this.#known.get(rendition)?.of(name) ?? this.#ofHead(rendition, name);
  }

  /** Milliseconds since a table that is under way was asked for; 0 before, Infinity when it can't be asked for now. */
  waited(rendition) {
    const asked = this.#asked.get(rendition);
    if (asked) return this.#tools.now() - asked.at;
    return this.#template && this.#tools.now() >= (this.#retry.get(rendition)?.at ?? 0) ? 0 : Infinity;
  }

  #ofHead(rendition, name) {
    const head = this.#heads.get(rendition);
    if (!head) return null;
    const at = (numberOf(name) - head.first) * DIGEST_BYTES;
    const digest = at >= 0 ? head.digests.subarray(at, at + DIGEST_BYTES) : [];
    return digest.length === DIGEST_BYTES ? { size: 0, digest } : null;
  }

  /** The table of a rendition if it is here; null else. Asks for nothing. */
  peek(rendition) {
    return this.#known.get(rendition) ?? null;
  }

  /**
   * The table of a rendition, fetched once. After a failure it is asked for again no sooner than 5 s, 10 s, 20 s … later.
   * @returns {Promise<Table | null>} null when it can't be had now; never rejects
   */
  load(rendition) {
    if (this.#known.has(rendition)) return Promise.resolve(this.#known.get(rendition));
    const retry = this.#retry.get(rendition);
    if (!this.#template || this.#tools.now() < (retry?.at ?? 0)) return Promise.resolve(null);
    if (!this.#asked.has(rendition)) {
      const asking = this.#ask(rendition).finally(() => this.#asked.delete(rendition));
      this.#asked.set(rendition, { asking, at: this.#tools.now() });
    }
    return this.#asked.get(rendition).asking;
  }

  async #ask(rendition) {
    try {
      const url = this.#template.replace("{rendition}", encodeURIComponent(rendition));
      const options = { credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS) };
      const response = await this.#tools.fetch(url, options);
      if (!response.ok) throw new Error(`segments: ${response.status}`);
      const table = new Table(await response.json());
      this.#known.set(rendition, table);
      this.#retry.delete(rendition);
      return table;
    } catch {
      const failures = (this.#retry.get(rendition)?.failures ?? 0) + 1;
      const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
      this.#retry.set(rendition, { failures, at: this.#tools.now() + wait });
      return null;
    }
  }
}
