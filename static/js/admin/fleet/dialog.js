// Questions before something is done: the server's page for it, in a dialog. Without this file the same page opens whole.

import { fetchPart, Refused, send, toast } from "./parts.js";

const dialog = document.querySelector("[data-dialog]");
let asked = 0;

/** Put the question at `url` into the dialog; only the newest answer counts. */
async function ask(url) {
  const turn = ++asked;
  const question = await fetchPart(url, "[data-question]");
  if (turn !== asked) return;
  if (!question) {
    location.href = url;
    return;
  }
  const focused = dialog.contains(document.activeElement) ? document.activeElement.name : null;
  dialog.replaceChildren(question);
  if (!dialog.open) dialog.showModal();
  if (focused) dialog.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
}

async function confirmIt(form, submitter) {
  const place = dialog.querySelector("[data-refused]");
  try {
    const said = await send(form, submitter);
    if (!said) return;
    dialog.close();
    toast(said.said);
    document.dispatchEvent(new CustomEvent("fleet:done"));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    place.textContent = error.message;
    place.hidden = false;
    form.querySelector('input[type="text"]')?.focus();
  }
}

/** Let links and forms of the page open and answer questions. */
export function enableQuestions() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-opens]");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (link && plain) {
      event.preventDefault();
      ask(link.href);
    }
    if (event.target === dialog || event.target.closest?.("[data-closes]")) {
      if (!dialog.open) return;
      event.preventDefault();
      dialog.close();
    }
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    confirmIt(event.target, event.submitter);
  });
  // What is chosen changes the forecast.
  dialog.addEventListener("change", ({ target }) => {
    const question = target.closest("[data-foresee]");
    if (!question || !target.hasAttribute("data-chooses")) return;
    const query = new URLSearchParams(new FormData(question.querySelector("form")));
    query.delete("csrfmiddlewaretoken");
    ask(`${question.dataset.foresee}?${query}`);
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-sends]") || dialog.contains(form)) return;
    event.preventDefault();
    try {
      const said = await send(form, event.submitter);
      if (said) toast(said.said);
      document.dispatchEvent(new CustomEvent("fleet:done"));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(error.message, true);
    }
  });
}
