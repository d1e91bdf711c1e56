// A details menu that closes as menus do: Escape, a click elsewhere, focus going elsewhere. Arrows move in it.

class NlMenu extends HTMLElement {
  #abort;

  connectedCallback() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    document.addEventListener("pointerdown", this, { signal });
    this.addEventListener("focusout", this, { signal });
    this.addEventListener("keydown", this, { signal });
  }

  disconnectedCallback() {
    this.#abort.abort();
  }

  get #details() {
    return this.querySelector("details");
  }

  handleEvent(event) {
    const details = this.#details;
    if (event.type === "pointerdown" && !this.contains(event.target)) details.open = false;
    if (event.type === "focusout" && event.relatedTarget && !this.contains(event.relatedTarget)) details.open = false;
    if (event.type === "keydown") this.#key(event, details);
  }

  #key(event, details) {
    const items = [...this.querySelectorAll(".menu__item")];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape" && details.open) {
      details.open = false;
      details.querySelector("summary").focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      details.open = true;
      const step = event.key === "ArrowDown" ? 1 : -1;
      items.at((Math.max(at, step > 0 ? -1 : 0) + step) % items.length)?.focus();
    }
  }
}

customElements.define("nl-menu", NlMenu);
