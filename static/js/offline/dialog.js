// What opens from a download button: the choice of a quality before, how it stands afterwards.

import { ask } from "../lib/http.js";
import { gettext, interpolate, ngettext, number } from "../lib/words.js";
import { capabilities } from "../player/capabilities.js";
import { h } from "../player/ui/dom.js";
import { downloads } from "./downloads.js";
import { sizeOf, usualHeight } from "./package.js";
import { start } from "./start.js";
import { daysLeft, fraction } from "./terms.js";
import { actionOf, quality, size, standing } from "./words.js";

/** A dialog with a heading; closes by its buttons, Escape and a click beside it. It gives the focus back by itself. */
function dialogOf(name, heading) {
  const id = "download-dialog-name";
  const title = h("h2", { class: "download-dialog__name", id }, heading);
  const dialog = h("dialog", { class: "download-dialog", "aria-labelledby": id }, title);
  if (name) dialog.append(h("p", { class: "download-dialog__film", dir: "auto" }, name));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  return dialog;
}

function button(words, onclick, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`, onclick }, words);
}

function closer(dialog, words = gettext("Cancel")) {
  return button(words, () => dialog.close(), "button--quiet");
}

/** How much this browser may still keep, in bytes; Infinity when it does not say. */
async function freeRoom() {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return quota ? Math.max(0, quota - usage) : Infinity;
}

/** Ask what to keep, and keep it. @param {{video: string, name: string, poster: string}} film */
export async function offer({ video, name, poster }) {
  const can = await capabilities();
  const query = new URLSearchParams({ av1: can.av1, surround: can.surround });
  const [found, free] = await Promise.all([ask("GET", `/api/v1/playback/downloads/offers/${video}?${query}`), freeRoom()]);
  const dialog = dialogOf(name, gettext("Download"));
  if (found.refused) refused(dialog, found);
  else choices(dialog, found, { video, poster, free });
  dialog.showModal();
}

function refused(dialog, { message, keeping }) {
  dialog.append(h("p", { class: "download-dialog__note" }, message));
  if (keeping.length) dialog.append(h("ul", { class: "download-dialog__devices" }, ...keeping.map((one) => h("li", { dir: "auto" }, one))));
  dialog.append(h("div", { class: "download-dialog__actions" }, closer(dialog, gettext("Close"))));
}

function choices(dialog, found, { video, poster, free }) {
  const screen = Math.min(globalThis.screen.width, globalThis.screen.height) * (globalThis.devicePixelRatio || 1);
  const usual = usualHeight(found, free, screen);
  const start = button(gettext("Download"), null, "button--lamp");
  start.type = "submit";
  const note = h("p", { class: "download-dialog__note", role: "status" });
  const form = h(
    "form",
    { class: "download-dialog__form", method: "dialog" },
    group(gettext("Quality"), found.pictures.map(({ height }) => choice("radio", "height", String(height), quality(height), height === usual))),
    found.sounds.length > 1
      ? group(gettext("Audio"), found.sounds.map((one) => choice("checkbox", "sounds", one.name, one.label, one.usual, size(one.bytes))))
      : null,
    note,
    h("div", { class: "download-dialog__actions" }, start, closer(dialog)),
  );
  const wish = () => {
    const data = new FormData(form);
    const named = data.getAll("sounds");
    const sounds = named.length ? named : found.sounds.filter((one) => one.usual).map((one) => one.name);
    return { height: Number(data.get("height")), sounds };
  };
  const paint = () => {
    for (const input of form.querySelectorAll('input[name="height"]')) {
      input.parentElement.querySelector(".choice__size").textContent = size(sizeOf(found, { ...wish(), height: Number(input.value) }));
    }
    const fits = sizeOf(found, wish()) <= free;
    start.disabled = !fits;
    note.textContent = fits ? kept(found.days) : interpolate(gettext("This device has room for %(free)s only."), { free: size(free) });
  };
  form.addEventListener("change", paint);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start.disabled = true;
    begin(dialog, { video, poster, ...wish() }, note).finally(paint);
  });
  dialog.append(form);
  paint();
}

function kept(days) {
  const words = ngettext("Plays for %(days)s day without the internet.", "Plays for %(days)s days without the internet.", days);
  return interpolate(words, { days: number(days) });
}

async function begin(dialog, wish, note) {
  try {
    await downloads().add(wish, ask);
    dialog.close();
    await start();
  } catch (error) {
    note.textContent = error.message || gettext("That did not work. Try again.");
    throw error;
  }
}

function group(name, inputs) {
  return h("fieldset", { class: "download-dialog__group" }, h("legend", {}, name), ...inputs);
}

function choice(type, name, value, words, checked, amount = "") {
  const input = h("input", { type, name, value, checked });
  return h("label", { class: "choice" }, input, h("span", { class: "choice__name", dir: "auto" }, words), h("span", { class: "choice__size" }, amount));
}

/** How a download stands, and what can be done about it. */
export async function about(record, { watchUrl, listUrl }) {
  const dialog = dialogOf(record.film.name, gettext("Download"));
  const note = h("p", { class: "download-dialog__note", role: "status" });
  const next = button("", null, "button--lamp");
  const paint = async () => {
    const now = await downloads().cellar.get(record.id);
    if (!now) return dialog.close();
    const facts = { why: await downloads().licences.obstacle(now), part: fraction(now), days: daysLeft(now, await downloads().licences.clock(), Date.now()) };
    note.textContent = [standing(now, facts), size(now.bytes)].filter(Boolean).join(" · ");
    next.textContent = actionOf(now.state);
    next.onclick = async () => {
      if (now.state === "complete") location.assign(watchUrl.replace("00000000-0000-0000-0000-000000000000", now.video));
      else if (now.state === "paused" || now.state === "failed") await downloads().resume(now.id);
      else await downloads().pause(now.id);
    };
  };
  const remove = button(gettext("Remove download"), () => downloads().remove(record.id).then(() => dialog.close()), "button--quiet");
  const all = h("a", { class: "button button--quiet", href: listUrl }, gettext("All downloads"));
  dialog.append(note, h("div", { class: "download-dialog__actions" }, next, remove, all, closer(dialog, gettext("Close"))));
  const heard = new AbortController();
  for (const type of ["change", "progress"]) downloads().addEventListener(type, paint, { signal: heard.signal });
  dialog.addEventListener("close", () => heard.abort());
  await paint();
  if (dialog.isConnected) dialog.showModal();
}
