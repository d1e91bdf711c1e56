// One file on its way from this tab to the site. What goes wrong becomes a state with a way out of it.

import { backOff, MIB, nextPiece, Speed } from "./format.js";

/** This tab, for the server: the same tab may take over from its own dead connection. */
export const TAB = crypto.getRandomValues(new Uint32Array(3)).join("");
/** Nothing moved for so long: the connection is dead, whatever the browser believes. In milliseconds. */
const STALLED_MS = 25_000;
const SIGN_IN_MS = 3000;
const FULL_MS = 30_000;
const PIECE_FLOOR = MIB / 4;
const TAIL_WORDS = new Set(["no_room", "disk_full", "disk"]);

/** States: waiting, preparing, comparing, receiving, paused, offline, signed_out, elsewhere, full, refused, gone, done. */
export class Sending {
  /** `entry` is what the server has of it already, or null; `site` has endpoint, csrf() and words. */
  constructor(file, { site, metadata, entry = null, changed }) {
    Object.assign(this, { file, site, entry, changed });
    this.id = entry?.id ?? null;
    this.state = "waiting";
    this.reason = "";
    this.status = 0;
    this.sent = entry?.offset ?? 0;
    this.retryAt = 0;
    this.speed = new Speed();
    this.tries = 0;
    this.damaged = 0;
    this.takeOver = false;
    this.digest = null;
    this.upload = new globalThis.tus.Upload(file, {
      endpoint: entry ? null : site.endpoint,
      uploadUrl: entry?.url ?? null,
      chunkSize: MIB, // grows with the speed that is found
      retryDelays: null, // this class decides
      storeFingerprintForResuming: false, // the server knows what it has, in every browser
      metadata,
      fileReader: { openFile: async () => this.source() },
      headers: { "X-Upload-Tab": TAB, Accept: "application/json" },
      onBeforeRequest: (request) => this.prepare(request),
      onProgress: (sent) => this.progressed(sent),
      onChunkComplete: (bytes, accepted) => this.accepted(bytes, accepted),
      onUploadUrlAvailable: () => this.located(),
      onSuccess: () => this.set("done"),
      onError: (error) => this.failed(error),
    });
  }

  get active() {
    return ["preparing", "comparing", "receiving", "offline", "trouble", "signed_out"].includes(this.state);
  }

  /** Begin, or go on. */
  async start() {
    clearTimeout(this.timer);
    this.speed.clear();
    if (this.entry && !this.compared) {
      this.set("comparing");
      const differs = await this.differs();
      if (this.state !== "comparing") return;
      if (differs) return this.set("different");
      this.compared = true;
    }
    this.set(this.upload.url || this.entry ? "receiving" : "preparing");
    this.began = performance.now();
    this.watch();
    this.upload.start();
  }

  /** Stop sending; what arrived stays. */
  pause() {
    this.halt();
    this.set("paused");
  }

  /** Send from here, whoever else is at it. */
  here() {
    this.takeOver = true;
    this.start();
  }

  /** Stop for good. The caller has the server forget it. */
  halt() {
    clearTimeout(this.timer);
    clearInterval(this.watcher);
    this.upload.abort();
  }

  // What tus-js-client asks for ------------------------------------------------------------------------

  /** The file in pieces, each read whole and hashed, so that what is hashed is what is sent. */
  source() {
    const { file } = this;
    return {
      size: file.size,
      slice: async (start, end) => {
        let value = file.slice(start, end);
        this.digest = null;
        if (globalThis.crypto?.subtle) {
          const bytes = await value.arrayBuffer();
          this.digest = base64(await crypto.subtle.digest("SHA-256", bytes));
          value = new Blob([bytes]);
        }
        return { value, done: end >= file.size };
      },
      close() {},
    };
  }

  prepare(request) {
    request.setHeader("X-CSRFToken", this.site.csrf());
    if (request.getMethod() !== "PATCH") return;
    if (this.digest) request.setHeader("Upload-Checksum", `sha256 ${this.digest}`);
    if (this.takeOver) request.setHeader("X-Upload-Take-Over", "1");
  }

  located() {
    this.id = this.upload.url.split("/").at(-1);
    this.upload.options.endpoint = null; // an error later must never begin a second upload
    if (this.state === "preparing") this.set("receiving");
  }

  progressed(sent) {
    const now = performance.now();
    this.sent = sent;
    this.moved = now;
    this.speed.add(sent, now);
    this.changed(this);
  }

  accepted(bytes, accepted) {
    const now = performance.now();
    this.tries = this.damaged = 0;
    this.takeOver = false;
    this.upload.options.chunkSize = nextPiece(bytes, (now - this.began) / 1000);
    this.began = now;
    this.sent = accepted;
    if (this.state !== "receiving") this.set("receiving");
  }

  failed(error) {
    clearInterval(this.watcher);
    const status = error.originalResponse?.getStatus() ?? 0;
    const told = parse(error.originalResponse?.getBody());
    this.status = status;
    this.reason = told?.message ?? "";
    if (status === 0) {
      if (error.causingError?.name === "NotReadableError" || error.name === "NotReadableError") {
        return this.set("unreadable");
      }
      return this.later("offline");
    }
    if (status === 401) return this.waitForSignIn();
    if (status === 403) return this.refusedOrSignedOut();
    if (status === 404 || status === 410) return this.set("gone");
    if (status === 409) return this.again(0.2);
    if (status === 413 && !told) return this.smaller();
    if (status === 423) return this.set("elsewhere");
    if (status === 460 && this.damaged < 5) {
      this.damaged += 1;
      return this.again(0);
    }
    if (status === 507 && TAIL_WORDS.has(told?.code)) {
      this.set("full");
      this.timer = setTimeout(() => this.start(), FULL_MS);
      return;
    }
    if (status >= 500 || status === 408 || status === 429) return this.later("trouble");
    this.set("refused");
  }

  // Ways out ---------------------------------------------------------------------------------------------

  again(seconds) {
    this.timer = setTimeout(() => this.start(), seconds * 1000);
  }

  later(state) {
    const seconds = backOff(this.tries);
    this.tries += 1;
    this.retryAt = Date.now() + seconds * 1000;
    this.set(state);
    this.timer = setTimeout(() => this.start(), seconds * 1000);
  }

  smaller() {
    const next = this.upload.options.chunkSize / 2;
    if (next < PIECE_FLOOR) {
      this.reason = this.site.words.proxy;
      return this.set("refused");
    }
    this.upload.options.chunkSize = next;
    this.again(0);
  }

  /** 403 is a stale CSRF token, too: asking for the state brings a new one. */
  async refusedOrSignedOut() {
    const known = await this.site.refresh();
    if (known === "signed out") return this.waitForSignIn();
    if (this.tries < 2) {
      this.tries += 1;
      return this.again(0.5);
    }
    this.set("refused");
  }

  waitForSignIn() {
    this.set("signed_out");
    const look = async () => {
      if (this.state !== "signed_out") return;
      if ((await this.site.refresh()) === "ok") return this.start();
      this.timer = setTimeout(look, SIGN_IN_MS);
    };
    this.timer = setTimeout(look, SIGN_IN_MS);
  }

  /** A dead connection tells nobody: when nothing moves, begin a new one. */
  watch() {
    clearInterval(this.watcher);
    this.moved = performance.now();
    this.watcher = setInterval(() => {
      if (performance.now() - this.moved < STALLED_MS) return;
      this.halt();
      this.later("offline");
    }, 2000);
  }

  /** Whether the chosen file is another one than was begun: by the hash of what the server received last. */
  async differs() {
    if (!globalThis.crypto?.subtle) return this.entry.modified > 0 && this.entry.modified !== this.file.lastModified;
    try {
      const answer = await fetch(this.entry.url, { headers: { Accept: "application/json" } });
      const { tail } = await answer.json();
      if (!tail) return false;
      const bytes = await this.file.slice(tail.from, tail.to).arrayBuffer();
      return hex(await crypto.subtle.digest("SHA-256", bytes)) !== tail.sha256;
    } catch {
      return false; // no connection: sending will find out
    }
  }

  set(state) {
    this.state = state;
    if (state !== "receiving" && state !== "preparing") clearInterval(this.watcher);
    this.changed(this);
  }
}

function parse(text) {
  try {
    return JSON.parse(text).error ?? null;
  } catch {
    return null;
  }
}

function base64(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}

function hex(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
