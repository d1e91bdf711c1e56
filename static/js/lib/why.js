// "Why this?" over the page that one is on: the page that the link leads to, in a dialog. What is taken back there is
// taken back without leaving.

import { fragment } from "./fragment.js";
import { gettext } from "./words.js";

const PART = '[data-part="why"]';
let dialog = null;
let body = null;
let said = null;
let opener = null;

/** Show it; where it is not to be had the link leads there, as ever. */
export async function openWhy(link) {
  const part = (await fragment(link.href))?.querySelector(PART);
  if (!part) {
    location.assign(link.href);
    return;
  }
  dialog ??= make();
  fill(part);
  opener = link;
  dialog.showModal();
  dialog.querySelector("[data-close]").focus();
}

function make() {
  const made = document.createElement("dialog");
  made.className = "why-dialog";
  made.setAttribute("aria-labelledby", "why-dialog-name");
  body = document.createElement("div");
  // What is said at the foot of the page is not heard while a dialog is open.
  said = document.createElement("p");
  said.className = "why__said";
  said.setAttribute("role", "status");
  made.append(body, said);
  document.body.append(made);
  made.addEventListener("click", (event) => {
    // The dialog itself is its backdrop: all of what it shows is in an element of it.
    if (event.target === made || event.target.closest("[data-close]")) made.close();
  });
  made.addEventListener("submit", (event) => take(event));
  made.addEventListener("close", () => {
    body.replaceChildren();
    said.replaceChildren();
    if (document.activeElement !== opener) goBack(opener);
  });
  return made;
}

function fill(fresh) {
  const part = document.importNode(fresh, true);
  const name = part.querySelector("h1");
  const heading = document.createElement("h2");
  heading.className = name.className;
  heading.id = "why-dialog-name";
  heading.dir = "auto";
  heading.textContent = name.textContent;
  name.replaceWith(heading);
  part.removeAttribute("data-part");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button--lamp button--small";
  close.dataset.close = "";
  close.textContent = gettext("Close");
  part.querySelector(".why__ways").prepend(close);
  body.replaceChildren(part);
}

/** To where one was. A card's panel shows only while its card is in hand, and what does not show takes no focus. */
function goBack(link) {
  link.closest(".card")?.querySelector(".card__link")?.focus({ preventScroll: true });
  link.focus({ preventScroll: true });
}

/** A form in it: sent as it is, and what comes of it shown in its place. */
async function take(event) {
  const { target: form, submitter } = event;
  event.preventDefault();
  event.stopPropagation(); // the page stays
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, submitter), credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = answer.ok && page.querySelector(PART);
    if (!part) throw new Error("no answer");
    fill(part);
    said.textContent = page.querySelector("#toasts .toast")?.textContent.trim() ?? "";
    dialog.querySelector("[data-close]").focus();
  } catch {
    form.submit();
  }
}

/** Links of this page, now and later. */
export function answerWhy() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-why]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openWhy(link);
  });
}
