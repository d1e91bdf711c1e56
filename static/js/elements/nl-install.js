// <nl-install>: a button where the browser can install the site as an app; nothing where it cannot, or has.

class NlInstall extends HTMLElement {
  #abort = null;
  #asked = null;

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const button = this.querySelector("button");
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault(); // we ask where it makes sense, not wherever the browser would
      this.#asked = event;
      button.hidden = false;
    }, { signal });
    addEventListener("appinstalled", () => (button.hidden = true), { signal });
    button.addEventListener("click", async () => {
      const asked = this.#asked;
      this.#asked = null; // an event asks once
      if (!asked) return;
      await asked.prompt();
      const { outcome } = await asked.userChoice;
      button.hidden = outcome === "accepted";
    }, { signal });
  }

  disconnectedCallback() {
    this.#abort?.abort();
  }
}

customElements.define("nl-install", NlInstall);
