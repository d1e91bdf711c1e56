// Not interested: the form's button, without leaving the page. On a card it says so in its place, where it can be undone;
// nothing moves.
import { ask } from "../lib/http.js";
import { showHidden } from "../lib/hidden.js";
import { toast, toastError } from "../lib/toast.js";

class NlHide extends HTMLElement {
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
    const hidden = button.getAttribute("aria-pressed") !== "true";
    const title = this.dataset.url.split("/").at(-1);
    // What is said is taken along: the button may stand in a panel that goes.
    const { url, said, unsaid } = this.dataset;
    showHidden({ title, hidden }, this);
    try {
      await ask(hidden ? "PUT" : "DELETE", url);
      toast(hidden ? said : unsaid);
    } catch (error) {
      showHidden({ title, hidden: !hidden }, this);
      toastError(error);
    }
  }
}

customElements.define("nl-hide", NlHide);
