// One HTTP transfer from one node, watched. Knows fetch and streams; knows nothing of hls.js or of other nodes.

import { Pace } from "./slow.js";

const TICK_MS = 50;
// A tick that comes this late means that the page itself slept (a closed lid, a hidden tab, a busy main thread): bytes
// may be waiting unread, so that time is not held against the node. When every tick is late it is a hidden tab, whose
// timers come once a second: then they are as good as any.
const LATE_TICK_MS = 200;
// A busy main thread is late by less, again and again, and what came waits for it too: that much of a silence is not the
// node's. But no more than half a second of one silence.
const BUSY_TICK_MS = 20;
const BUSY_MOST_MS = 500;

/** Why a transfer did not work. `kind`: http, network, first-byte, stall, slow, length, range, content, aborted. */
export class Failure extends Error {
  constructor(kind, { status = 0, retryAfter = 0, cause } = {}) {
    super(status ? `${kind} ${status}` : kind, { cause });
    this.kind = kind;
    this.status = status;
    /** Seconds that the node asks to be left alone; 0 when it does not say. */
    this.retryAfter = retryAfter;
  }
}

/** The bytes of one resource as they arrive, from however many nodes. */
export class Body {
  #chunks = [];
  #sources = [];
  received = 0;
  total = 0;
  /** Where in the resource the first byte stands: not at the wanted range when a node answers with the whole. */
  from = null;

  /** Bytes that follow those that are here; `source` is the node that sent them. */
  add(bytes, source = "") {
    if (this.#sources.at(-1)?.source !== source) this.#sources.push({ source, at: this.received });
    this.#chunks.push(bytes);
    this.received += bytes.byteLength;
  }

  /** Another body with what is here so far, for a second transfer of the rest. Nothing is copied. */
  fork() {
    const other = new Body();
    other.#chunks = [...this.#chunks];
    other.#sources = [...this.#sources];
    Object.assign(other, { received: this.received, total: this.total, from: this.from });
    return other;
  }

  /** Who sent which part: [{source, at, end}], in order. */
  get sources() {
    return this.#sources.map(({ source, at }, i) => ({ source, at, end: this.#sources[i + 1]?.at ?? this.received }));
  }

  clear() {
    this.#chunks = [];
    this.#sources = [];
    this.received = 0;
    this.total = 0;
    this.from = null;
  }

  /** All bytes in one piece; with a range, exactly that range. */
  join(range) {
    const whole = this.#joined();
    const skip = range ? range[0] - this.from : 0;
    return skip > 0 ? whole.slice(skip, skip + range[1] - range[0]) : whole;
  }

  /** The first `count` bytes (or fewer). */
  head(count) {
    const first = new Uint8Array(Math.min(count, this.received));
    let at = 0;
    for (const chunk of this.#chunks) {
      if (at >= first.length) break;
      const part = chunk.subarray(0, first.length - at);
      first.set(part, at);
      at += part.length;
    }
    return first;
  }

  #joined() {
    const whole = new Uint8Array(this.received);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.byteLength;
    }
    return whole;
  }
}

/** `bytes 100-199/200` as numbers; null when absent or not understood. */
export function contentRange(text) {
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text ?? "");
  return found ? { first: Number(found[1]), last: Number(found[2]), size: Number(found[3]) } : null;
}

/**
 * Fetch what is missing of `body` from `url`.
 *
 * @param {object} what
 * @param {string} what.url
 * @param {Body} what.body kept bytes stay when the answer continues them, else the transfer starts over
 * @param {[number, number] | null} what.range the part of the resource that is wanted (end exclusive), if not all
 * @param {boolean} what.binary only then are lengths checked and transfers resumed: text may be compressed on the way
 * @param {string} [what.source] the node, to remember which bytes are whose
 * @param {number} [what.size] bytes of the whole when that is known: an answer of another size is not begun
 * @param {Record<string, string>} [what.headers]
 * @param {object} tools
 * @param {typeof fetch} tools.fetch
 * @param {() => number} tools.now ms
 * @param {AbortSignal} tools.signal the caller's own abort
 * @param {(timing: object) => Failure | null} tools.judge asked twenty times a second whether to give up
 * @param {(timing: object, response: Response) => void} [tools.onHead]
 * @param {(timing: object) => void} [tools.onBytes]
 * @returns {Promise<{response: Response, timing: object}>} `timing`: start, first (headers), last (byte) in ms; busy (how
 *   late this page itself was since the last byte); bytes; lead
 *   (bytes of the first piece, which came at `begun`: a rate is that of what follows it); pace
 * @throws {Failure}
 */
export async function transfer(what, tools) {
  const { now } = tools;
  const timing = { start: now(), first: 0, last: 0, busy: 0, bytes: 0, lead: 0, begun: 0, pace: new Pace() };
  const controller = new AbortController();
  let stop;
  const stopped = new Promise((_, reject) => (stop = reject));
  stopped.catch(() => {}); // a transfer that ends by itself leaves nobody to hear this
  const giveUp = (failure) => {
    stop(failure);
    controller.abort();
  };
  const onAbort = () => giveUp(new Failure("aborted"));
  tools.signal.addEventListener("abort", onAbort, { once: true });
  let ticked = now();
  let late = false;
  const timer = setInterval(() => {
    const gone = now() - ticked;
    ticked += gone;
    const by = gone - TICK_MS;
    if (gone > LATE_TICK_MS && !late) forgive(timing, gone);
    else if (by > BUSY_TICK_MS) timing.busy = Math.min(BUSY_MOST_MS, timing.busy + by);
    late = gone > LATE_TICK_MS;
    const failure = tools.judge(timing);
    if (failure) giveUp(failure);
  }, TICK_MS);
  try {
    if (tools.signal.aborted) throw new Failure("aborted");
    const response = await Promise.race([ask(what, tools, controller.signal), stopped]);
    timing.first = timing.last = now();
    timing.busy = 0;
    timing.pace.add(timing.first, 0);
    accept(what, response, controller);
    tools.onHead?.(timing, response);
    await Promise.race([pump(what, response, timing, tools, controller.signal), stopped]);
    checkLength(what);
    return { response, timing };
  } catch (error) {
    controller.abort();
    const failure = error instanceof Failure ? error : new Failure("network", { cause: error });
    failure.timing = timing;
    throw failure;
  } finally {
    clearInterval(timer);
    tools.signal.removeEventListener("abort", onAbort);
  }
}

function forgive(timing, slept) {
  timing.start += slept;
  if (!timing.first) return;
  timing.first += slept;
  timing.last += slept;
  timing.begun += timing.begun && slept;
  timing.pace.forgive(slept);
}

function ask({ url, body, range, binary, headers }, { fetch }, signal) {
  if (!binary) body.clear();
  body.from ??= range?.[0] ?? 0;
  const start = body.from + body.received;
  const end = range && body.from === range[0] ? range[1] - 1 : "";
  const asked = { ...headers };
  // A single `bytes=N-` or `bytes=N-M` range is CORS-safelisted (Fetch §2.2.2), so it costs no preflight; If-Range is
  // not, so it is not sent: a package is immutable, and `accept` compares the total size.
  if (start > 0 || end !== "") asked.Range = `bytes=${start}-${end}`;
  return fetch(url, { headers: asked, signal, mode: "cors", credentials: "omit", referrerPolicy: "no-referrer" });
}

function accept({ body, range, binary, size }, response, controller) {
  if (!response.ok) {
    controller.abort();
    const useless = response.status === 416 && body.received > 0;
    if (useless) body.clear();
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new Failure(useless ? "range" : "http", { status: response.status, retryAfter });
  }
  if (!binary) return;
  const kept = body.received;
  const length = Number(response.headers.get("Content-Length") ?? NaN);
  if (response.status === 206) {
    const got = contentRange(response.headers.get("Content-Range"));
    const start = body.from + kept;
    const right = got
      ? got.first === start && (range || !body.total || got.size === body.total)
      : !kept || !body.total || kept + length === body.total;
    if (!right) {
      body.clear();
      throw new Failure("range", { status: 206 });
    }
    if (!body.total) body.total = range ? range[1] - range[0] : got ? got.size : kept + (length || 0);
  } else {
    body.clear(); // the whole, from its start: the node knows no ranges, or none was asked
    body.from = 0;
    body.total = Number.isFinite(length) ? length : 0;
  }
  if (size && body.total && body.total !== size) {
    body.clear();
    throw new Failure("content");
  }
}

async function pump({ body, source }, response, timing, { now, onBytes }, signal) {
  if (!response.body) {
    const bytes = new Uint8Array(await response.arrayBuffer());
    body.add(bytes, source);
    timing.bytes += bytes.byteLength;
    timing.last = now();
    return;
  }
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    // A chunk that was read while the transfer was given up belongs to nobody: the next node sends it again.
    if (done || signal.aborted) return;
    body.add(value, source);
    timing.bytes += value.byteLength;
    timing.lead ||= value.byteLength;
    timing.last = now();
    timing.busy = 0;
    timing.begun ||= timing.last;
    timing.pace.add(timing.last, timing.bytes);
    onBytes?.(timing);
  }
}

function checkLength({ body, binary }) {
  if (!binary || !body.total || body.received === body.total) return;
  const short = body.received < body.total;
  if (!short) body.clear();
  throw new Failure("length");
}
