// A clock that tests own, and a network of fake nodes that misbehave on request.

import { mock } from "node:test";

export const PACKAGE = "0123456789abcdef0123456789abcdef";
export const BASES = { n1: "http://n1.test", n2: "http://n2.test", n3: "http://n3.test", shield: "http://site.test" };

/** Nodes as the API lists them. */
export function listed(...ids) {
  return ids.map((id, rank) => ({ id, base_url: BASES[id], rank, reason: "test" }));
}

export function segmentUrl(id = "n1", name = "v720/3.m4s", token = "old") {
  return `${BASES[id]}/v1/${token}/${PACKAGE}/${name}`;
}

/** Bytes that look like a segment: a box header, then a pattern that shows whether pieces were put together rightly. */
export function segment(size = 1000) {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) bytes[i] = (i * 7) % 251;
  bytes.set([0, 0, 0, 24, ...new TextEncoder().encode("moof")]);
  return bytes;
}

/**
 * Fake time for setTimeout, setInterval and Date; `pass(ms)` lets it go by in small steps with all promises settled in
 * between, as in a browser.
 */
export function fakeTime() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  let now = 0;
  return {
    now: () => now,
    async pass(ms, step = 50) {
      for (let gone = 0; gone < ms; gone += step) {
        now += step;
        mock.timers.tick(step);
        await settle();
      }
    },
    /** The machine slept: time went by, no timer ran. */
    sleep: (ms) => (now += ms),
    end: () => mock.timers.reset(),
  };
}

/** Let promises and stream reads go on. */
export async function settle() {
  for (let i = 0; i < 12; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * A fetch over fake nodes. `behave(request)` answers {status, body, headers, pieces, hang, refuse}: `pieces` is a list of
 * byte arrays or of numbers (ms to wait); `flow(enqueue, signal)` sends bytes as it likes; `hang` never answers; a `null` piece stalls for ever; `refuse` fails at once.
 */
export function fakeFetch(behave) {
  const calls = [];
  async function fetch(url, init = {}) {
    const range = /^bytes=(\d+)-(\d*)$/.exec(init.headers?.Range ?? "");
    const base = Object.entries(BASES).find(([, one]) => url.startsWith(`${one}/`));
    const call = { url, node: base?.[0] ?? "", range: range ? Number(range[1]) : null, method: init.method ?? "GET", init };
    calls.push(call);
    const how = behave(call) ?? {};
    if (how.refuse) throw new TypeError("Failed to fetch");
    if (how.hang) await new Promise((_, reject) => aborted(init.signal, reject));
    return answer(how, init.signal);
  }
  return Object.assign(fetch, { calls });
}

function aborted(signal, reject) {
  const fail = () => reject(new DOMException("aborted", "AbortError"));
  if (signal?.aborted) fail();
  signal?.addEventListener("abort", fail, { once: true });
}

function answer({ status = 200, body, pieces, flow, headers = {} }, signal) {
  const parts = pieces ?? (body === undefined ? [] : [typeof body === "string" ? new TextEncoder().encode(body) : body]);
  const stream = new ReadableStream({
    async start(controller) {
      aborted(signal, (error) => {
        try {
          controller.error(error);
        } catch {
          // it had ended already
        }
      });
      await flow?.((bytes) => !signal?.aborted && controller.enqueue(bytes), signal);
      for (const part of parts) {
        if (part === null) return; // silence
        if (typeof part === "number") await new Promise((resolve) => setTimeout(resolve, part));
        else controller.enqueue(part);
      }
      try {
        controller.close();
      } catch {
        // it was aborted meanwhile
      }
    },
  });
  const all = { Date: "Sat, 21 Nov 2026 08:00:00 GMT", ...headers };
  const known = Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), String(value)]));
  return {
    ok: status >= 200 && status < 300,
    status,
    url: "",
    body: stream,
    headers: { get: (name) => known[name.toLowerCase()] ?? null },
    json: async () => JSON.parse(typeof body === "string" ? body : "{}"),
    arrayBuffer: async () => {
      const chunks = parts.filter((part) => part instanceof Uint8Array);
      return Uint8Array.from(chunks.flatMap((chunk) => [...chunk])).buffer;
    },
  };
}

/** A well-behaved node: the whole, or the range that was asked for. */
export function serve(bytes, range) {
  if (range === null) return { body: bytes, headers: { "Content-Length": bytes.length } };
  const part = bytes.slice(range);
  return {
    status: 206,
    body: part,
    headers: { "Content-Length": part.length, "Content-Range": `bytes ${range}-${bytes.length - 1}/${bytes.length}` },
  };
}
