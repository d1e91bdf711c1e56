// My list: the form's button, without leaving the page. All buttons of one title change together.
import { ask } from "../lib/http.js";
import { toast, toastError } from "../lib/toast.js";

class NlListButton extends HTMLElement {
  #abort;

  connectedCallback() {
    this.#abort = new AbortController();
    this.addEventListener("click", this, { signal: this.#abort.signal });
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  async handleEvent(event) {
    const button = event.target.closest("button");
    if (!button) return;
    event.preventDefault();
    const listed = button.getAttribute("aria-pressed") !== "true";
    this.#showEverywhere(listed);
    try {
      await ask(listed ? "PUT" : "DELETE", this.dataset.url);
      toast(listed ? this.dataset.added : this.dataset.removed);
    } catch (error) {
      this.#showEverywhere(!listed);
      toastError(error);
    }
  }

  #showEverywhere(listed) {
    const same = document.querySelectorAll(`nl-list-button[data-url="${CSS.escape(this.dataset.url)}"] > button`);
    for (const button of same) {
      button.setAttribute("aria-pressed", String(listed));
      button.value = listed ? "0" : "1";
    }
    // Cards whose panels nobody has opened yet.
    const title = this.dataset.url.split("/").at(-1);
    for (const card of document.querySelectorAll(`.card[data-title="${CSS.escape(title)}"]`)) card.toggleAttribute("data-listed", listed);
  }
}

customElements.define("nl-list-button", NlListButton);
