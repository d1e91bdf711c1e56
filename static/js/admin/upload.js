// Uploads of a page: files dropped or chosen go one after the other, and what the server knows is shown with them.
// The forms work without this file: then a file is sent in one piece.

import { Row } from "./upload/row.js";
import { Sending, TAB } from "./upload/sending.js";
import { standing } from "./upload/standing.js";

const POLL_MS = 1000;
const IDLE_MS = 5000;
const SURE_MS = 4000;

let desk = null;

/** Make an upload form take files by pieces. Several on one page share one queue. */
export function enhance(form) {
  desk ??= new Desk(form);
  desk.add(form);
}

class Desk {
  constructor(form) {
    const { endpoint, state, csrfCookie, signIn } = form.dataset;
    this.words = JSON.parse(document.getElementById("nl-upload-words").textContent);
    this.template = document.getElementById("nl-upload-row");
    Object.assign(this, { endpoint, stateUrl: state, csrfCookie, signIn, forms: [] });
    /** Rows by key: an upload's id, or the number of a file that the server does not know yet. */
    this.rows = new Map();
    this.entries = new Map();
    this.worker = true;
    addEventListener("beforeunload", (event) => {
      if (this.sendings().some((one) => one.active)) event.preventDefault();
    });
    addEventListener("online", () => this.sendings("offline").forEach((one) => one.start()));
    document.addEventListener("visibilitychange", () => !document.hidden && this.poll());
    setInterval(() => this.paint(), POLL_MS);
    this.poll();
  }

  add(form) {
    this.forms.push(form);
    form.dataset.ready = "";
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.source.multiple = form.dataset.episode === "";
    form.elements.source.addEventListener("change", () => this.take(form, form.elements.source));
    const zone = form.querySelector("[data-drop]");
    for (const type of ["dragenter", "dragover"]) {
      zone.addEventListener(type, (event) => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        zone.dataset.over = "";
      });
    }
    zone.addEventListener("dragleave", (event) => {
      if (!zone.contains(event.relatedTarget)) delete zone.dataset.over;
    });
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      delete zone.dataset.over;
      this.take(form, event.dataTransfer);
    });
  }

  take(form, from) {
    for (const file of [...from.files]) this.begin(form, file);
    if ("value" in from) from.value = "";
  }

  /** A file that continues what is here does so; any other is a new upload. */
  begin(form, file) {
    const waiting = [...this.entries.values()].find((entry) => this.continues(entry, file) && this.formOf(entry) === form);
    if (waiting) return this.resume(waiting, file);
    const { title, episode, trailer } = form.dataset;
    const metadata = { filename: file.name, filetype: file.type, modified: String(file.lastModified) };
    if (title) metadata.title = title;
    if (episode) metadata.episode = episode;
    if (trailer) metadata.trailer = "1";
    const key = `file ${this.rows.size} ${Math.random()}`;
    this.open(key, form, new Sending(file, { site: this.site(), metadata, changed: (one) => this.changed(one) }));
  }

  resume(entry, file) {
    const sending = new Sending(file, { site: this.site(), metadata: {}, entry, changed: (one) => this.changed(one) });
    const form = this.formOf(entry);
    if (form) this.open(entry.id, form, sending);
  }

  continues(entry, file) {
    const busy = this.rows.get(entry.id)?.sending;
    const free = !busy || ["paused", "unreadable", "different", "refused"].includes(busy.state);
    return entry.mine && entry.state === "receiving" && free && entry.name === file.name && entry.length === file.size;
  }

  open(key, form, sending) {
    const held = this.rows.get(key) ?? this.make(key, form);
    held.sending?.halt();
    held.sending = sending;
    sending.held = held;
    held.row.picture(sending.file);
    this.next();
    this.paint();
  }

  make(key, form) {
    const held = { key, form, sending: null, entry: null };
    held.row = new Row(this.template, this.words, {
      act: (name, button) => this.act(held, name, button),
      chosen: (file) => this.chosen(held, file),
    });
    form.querySelector("[data-part=uploads]").prepend(held.row.element);
    const folded = form.closest("details");
    if (folded) folded.open = true;
    this.rows.set(key, held);
    return held;
  }

  /** One at a time: two would only make both slower, and the first could be watched sooner. */
  next() {
    if (this.sendings().some((one) => one.active)) return;
    this.sendings("waiting").at(0)?.start();
  }

  sendings(state = null) {
    const all = [...this.rows.values()].map((held) => held.sending).filter(Boolean);
    return state ? all.filter((one) => one.state === state) : all;
  }

  changed(sending) {
    const { held } = sending;
    if (held && sending.id && held.key !== sending.id) {
      this.rows.get(sending.id)?.row.element.remove();
      this.rows.delete(held.key);
      held.key = sending.id;
      this.rows.set(held.key, held);
    }
    if (sending.state === "done") this.poll();
    if (!sending.active) this.next();
    if (held) this.show(held);
  }

  // What the server knows --------------------------------------------------------------------------------

  site() {
    return {
      endpoint: this.endpoint,
      words: this.words,
      csrf: () => document.cookie.match(new RegExp(`(?:^|; )${this.csrfCookie}=([^;]*)`))?.[1] ?? "",
      refresh: () => this.refresh(),
    };
  }

  async poll() {
    clearTimeout(this.timer);
    this.notice(await this.refresh());
    const moving = [...this.entries.values()].some((one) => this.moves(one)) || this.sendings().some((one) => one.active);
    this.timer = setTimeout(() => this.poll(), moving ? POLL_MS : IDLE_MS);
  }

  /** What is shown may be old: say so, and why. */
  notice(known) {
    for (const form of this.forms) {
      const part = form.querySelector("[data-part=notice]");
      part.hidden = known === "ok";
      if (part.hidden || part.dataset.known === known) continue;
      part.dataset.known = known;
      part.replaceChildren(known === "away" ? this.words.away : this.words.signed_out_page, " ");
      if (known === "away") continue;
      const link = document.createElement("a");
      Object.assign(link, { href: this.signIn, target: "_blank", textContent: this.words.sign_in });
      part.append(link);
    }
  }

  moves(entry) {
    if (entry.state === "receiving") return entry.tab !== null;
    const over = ["ready", "refused", "failed"];
    return entry.state === "finishing" || (entry.work !== null && !over.includes(entry.work.state));
  }

  /** Ask how everything stands: "ok", "signed out", or "away". */
  async refresh() {
    try {
      const answer = await fetch(this.stateUrl, { headers: { Accept: "application/json" } });
      if (answer.redirected || answer.status === 401 || answer.status === 403) return "signed out"; // no words
      if (!answer.ok) return "away";
      this.learn(await answer.json());
      return "ok";
    } catch {
      return "away";
    }
  }

  learn({ uploads, worker, free }) {
    this.worker = worker;
    this.entries = new Map(uploads.map((entry) => [entry.id, entry]));
    for (const part of document.querySelectorAll("[data-part=free]")) part.textContent = free;
    // Oldest first: each new row goes to the top of its list.
    for (const entry of [...uploads].reverse()) {
      const form = this.formOf(entry);
      if (form && !this.rows.has(entry.id) && this.wanted(entry)) this.make(entry.id, form);
    }
    for (const held of [...this.rows.values()]) {
      if (!held.sending && !this.entries.has(held.key)) this.drop(held);
    }
    this.paint();
  }

  /** A title's own page tells below how its film stands: there, an upload that arrived needs no row. */
  wanted(entry) {
    return !dismissed().has(entry.id) && (entry.state !== "done" || this.forms.some((form) => !form.dataset.title));
  }

  formOf(entry) {
    const episode = (form) => form.dataset.episode && form.dataset.episode === entry.episode;
    const title = (form) =>
      form.dataset.title &&
      !form.dataset.episode &&
      form.dataset.title === entry.title &&
      Boolean(form.dataset.trailer) === entry.trailer;
    const all = (form) => !form.dataset.title;
    return this.forms.find(episode) ?? this.forms.find(title) ?? this.forms.find(all) ?? null;
  }

  paint() {
    for (const held of this.rows.values()) this.show(held);
    for (const form of this.forms) {
      const own = [...this.rows.values()].filter((held) => held.form === form);
      form.querySelector("[data-part=list]").hidden = own.length === 0;
      form.toggleAttribute("data-sending", own.some((held) => held.sending?.active || held.sending?.state === "paused"));
    }
  }

  show(held) {
    const entry = this.entries.get(held.key) ?? held.entry;
    held.entry = entry ?? null;
    // What another tab brought to its end needs nothing from here any more.
    if (held.sending?.state === "elsewhere" && entry && entry.state !== "receiving") held.sending = null;
    const { sending, row } = held;
    if (!sending && !entry) return;
    const shown = standing(sending, held.entry, this.words, { worker: this.worker });
    const name = sending?.file.name ?? entry.name;
    const length = sending?.file.size ?? entry.length;
    row.paint(shown, { name, length, entry: held.entry, signIn: this.signIn });
  }

  // What its person does ---------------------------------------------------------------------------------

  act(held, name, button) {
    const { sending } = held;
    if (name === "pause") sending.pause();
    else if (name === "resume" || name === "retry") sending.start();
    else if (name === "here") sending.here();
    else if (name === "choose") held.row.choose();
    else if (name === "again") this.sendAgain(held);
    else if (name === "dismiss") this.dismiss(held);
    else if (name === "cancel" || name === "discard") this.sure(button, () => this.cancel(held));
  }

  chosen(held, file) {
    if (held.entry) this.resume(held.entry, file);
  }

  sendAgain(held) {
    const { form, sending } = held;
    this.drop(held);
    this.begin(form, sending.file);
  }

  /** What arrived is lost by this: ask once, in the button itself. */
  sure(button, then) {
    if (button.dataset.sure) return then();
    const before = button.textContent;
    button.dataset.sure = "1";
    button.textContent = this.words.cancel_sure;
    setTimeout(() => {
      button.textContent = before;
      delete button.dataset.sure;
    }, SURE_MS);
  }

  async cancel(held) {
    held.sending?.halt();
    const id = held.sending?.id ?? held.entry?.id;
    if (id) await this.forget(id);
    this.drop(held);
    this.next();
    this.poll();
  }

  async dismiss(held) {
    const { entry } = held;
    // An upload that goes on elsewhere is only taken off this page.
    if (entry && entry.state !== "receiving") await this.forget(entry.id);
    else if (entry) dismissed(entry.id);
    this.drop(held);
  }

  forget(id) {
    const headers = { "X-CSRFToken": this.site().csrf(), "Tus-Resumable": "1.0.0", "X-Upload-Tab": TAB };
    return fetch(`${this.endpoint}/${id}`, { method: "DELETE", headers }).catch(() => null);
  }

  drop(held) {
    held.sending?.halt();
    held.row.element.remove();
    this.rows.delete(held.key);
    this.paint();
  }
}

const gone = new Set();

/** Uploads that were taken off this page, while it lives. */
function dismissed(id = null) {
  if (id) gone.add(id);
  return gone;
}
