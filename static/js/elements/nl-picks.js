// Pick what you like: the form's buttons, without leaving the page. What was picked shows at once, and what comes of it
// as soon as the site has answered.
import { toastError } from "../lib/toast.js";

class NlPicks extends HTMLElement {
  #abort;
  #asked = 0;

  connectedCallback() {
    this.#abort = new AbortController();
    this.addEventListener("submit", this, { signal: this.#abort.signal });
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  async handleEvent(event) {
    const { target: form, submitter } = event;
    if (!submitter?.matches(".pick")) return;
    event.preventDefault();
    event.stopPropagation(); // the page stays
    const said = new FormData(form, submitter);
    show(submitter, submitter.name === "pick");
    const mine = ++this.#asked;
    try {
      const answer = await fetch(form.action, { method: "POST", body: said, credentials: "same-origin" });
      if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine === this.#asked) this.#take(page.querySelector("nl-picks"));
    } catch (error) {
      show(submitter, submitter.name === "pick");
      toastError({ status: error.status ?? 0, message: "" });
    }
  }

  /** Everything but the posters, which stay where they are: somebody is about to press the next one. */
  #take(fresh) {
    if (!fresh) return;
    for (const button of fresh.querySelectorAll(".pick")) {
      const mine = this.querySelector(`.pick[value="${CSS.escape(button.value)}"]`);
      if (mine) show(mine, button.getAttribute("aria-pressed") === "true");
    }
    this.querySelector(".picks__count").textContent = fresh.querySelector(".picks__count").textContent;
    this.querySelector(".picks__end a").className = fresh.querySelector(".picks__end a").className;
    const [old, next] = [this, fresh].map((each) => each.querySelector(".picks__answer"));
    if (old && next) old.replaceWith(document.importNode(next, true));
    else if (old) old.remove();
    else if (next) this.querySelector(".picks__end").before(document.importNode(next, true));
  }
}

function show(button, picked) {
  button.setAttribute("aria-pressed", String(picked));
  button.name = picked ? "drop" : "pick";
}

customElements.define("nl-picks", NlPicks);
