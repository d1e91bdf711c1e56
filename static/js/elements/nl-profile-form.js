// <nl-profile-form>: shows subtitles as they will look while one chooses, and keeps a kids profile's age one that it may
// have. Without script the form says so when it is sent.

class NlProfileForm extends HTMLElement {
  #abort = null;

  connectedCallback() {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.addEventListener("change", ({ target }) => this.#changed(target), { signal: this.#abort.signal });
  }

  disconnectedCallback() {
    this.#abort?.abort();
    this.#abort = null;
  }

  #changed({ name, value, checked }) {
    if (name?.startsWith("look_")) this.querySelector("[data-preview]").dataset[name.slice(5)] = value;
    if (name === "is_kid") this.#fit(checked);
  }

  /** The highest age that suits the sort, when the one that is chosen does not. */
  #fit(isKid) {
    const ages = [...this.querySelectorAll("input[name=maturity]")];
    const most = Number(this.dataset.kidMaximum);
    const chosen = ages.find(({ checked }) => checked);
    if (isKid && Number(chosen?.value ?? most + 1) > most) ages.find(({ value }) => Number(value) === 7).checked = true;
    if (!isKid && chosen && Number(chosen.value) <= most) ages.at(-1).checked = true;
  }
}

customElements.define("nl-profile-form", NlProfileForm);
