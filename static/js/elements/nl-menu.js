// A details menu that closes as menus do: Escape, a click elsewhere, focus going elsewhere. Arrows move in it.

import { cameByArrows } from "../lib/arrows.js";

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

  #close(details) {
    details.open = false;
    details.querySelector("summary").focus();
  }

  #key(event, details) {
    const items = [...this.querySelectorAll(".menu__item")];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape" && details.open) {
      this.#close(details);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      // Closed, it is a place like others for who walks with arrows, and opens by Enter.
      if (!details.open && (event.key === "ArrowUp" || cameByArrows(event.target))) return undefined;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (step < 0 && details.open && at <= 0) return this.#close(details);
      details.open = true;
      items.at((Math.max(at, step > 0 ? -1 : 0) + step) % items.length)?.focus();
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && details.open) {
      // A remote control has no Escape: aside is out.
      event.preventDefault();
      this.#close(details);
    }
    return undefined;
  }
}

customElements.define("nl-menu", NlMenu);
