// Thumbs: one of three verdicts, or none; pressing the chosen one takes it back.
import { ask } from "../lib/http.js";
import { toast, toastError } from "../lib/toast.js";

class NlThumbs extends HTMLElement {
  #abort;

  connectedCallback() {
    this.#abort = new AbortController();
    this.addEventListener("click", this, { signal: this.#abort.signal });
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  get thumb() {
    return this.querySelector('button[aria-pressed="true"]')?.dataset.thumb ?? null;
  }

  async handleEvent(event) {
    const button = event.target.closest("button");
    if (!button) return;
    event.preventDefault();
    const before = this.thumb;
    const wanted = button.dataset.thumb === before ? null : button.dataset.thumb;
    this.#show(wanted);
    try {
      await ask("PUT", this.dataset.url, { thumb: wanted });
      toast(wanted ? this.dataset.said : this.dataset.unsaid);
    } catch (error) {
      this.#show(before);
      toastError(error);
    }
  }

  #show(thumb) {
    for (const button of this.querySelectorAll("button")) {
      const chosen = button.dataset.thumb === thumb;
      button.setAttribute("aria-pressed", String(chosen));
      button.value = chosen ? "none" : button.dataset.thumb;
    }
  }
}

customElements.define("nl-thumbs", NlThumbs);
