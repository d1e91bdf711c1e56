// <nl-passkey>: a form whose button makes a passkey or shows one, and then sends it like any form.
//   data-does     "create" or "get"
//   data-options  the server's options as JSON; or data-from: where to ask for them when the button is pressed
// What goes wrong is said in [data-problem], in the words of data-failed; a browser without passkeys sees data-unsupported.
import { credentialAsJson, creationOptions, requestOptions } from "../lib/webauthn.js";

class NlPasskey extends HTMLElement {
  #abort;

  connectedCallback() {
    this.#abort = new AbortController();
    if (!globalThis.PublicKeyCredential || !navigator.credentials) return this.#cannot();
    this.hidden = false;
    this.addEventListener("submit", this, { signal: this.#abort.signal });
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  async handleEvent(event) {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("[type=submit]");
    if (button.disabled) return;
    button.disabled = true;
    this.#say("");
    try {
      const credential = await this.#credential(await this.#options());
      form.elements.credential.value = JSON.stringify(credentialAsJson(credential));
      form.submit(); // past this listener
    } catch (error) {
      button.disabled = false;
      if (error.name !== "AbortError") this.#say(this.dataset.failed);
    }
  }

  #credential(options) {
    const { signal } = this.#abort;
    return this.dataset.does === "create"
      ? navigator.credentials.create({ ...creationOptions(options), signal })
      : navigator.credentials.get({ ...requestOptions(options), signal });
  }

  async #options() {
    if (this.dataset.options) return JSON.parse(this.dataset.options);
    const answer = await fetch(this.dataset.from, {
      credentials: "same-origin",
      headers: { accept: "application/json" },
      signal: this.#abort.signal,
    });
    if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
    return (await answer.json()).request_options;
  }

  #cannot() {
    if (!this.dataset.unsupported) return; // it stays hidden
    this.#say(this.dataset.unsupported);
    for (const button of this.querySelectorAll("[type=submit]")) button.disabled = true;
  }

  #say(words) {
    const place = this.querySelector("[data-problem]");
    place.textContent = words;
    place.hidden = !words;
  }
}

customElements.define("nl-passkey", NlPasskey);
