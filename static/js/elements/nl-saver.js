// <nl-saver>: data saver for this browser, on the account page. The choice is the player's preference (it lives with the
// line and the screen, not with the person), so there is nothing to send.
import { Preferences } from "../player/ui/prefs.js";

class NlSaver extends HTMLElement {
  #abort;

  connectedCallback() {
    const select = this.querySelector("select");
    const { saver } = new Preferences().all;
    this.#abort = new AbortController();
    select.value = ["on", "off"].includes(saver) ? saver : "";
    select.addEventListener("change", () => new Preferences().set("saver", select.value), { signal: this.#abort.signal });
    this.hidden = false; // without scripts there is no player either
  }

  disconnectedCallback() {
    this.#abort.abort();
  }
}

customElements.define("nl-saver", NlSaver);
