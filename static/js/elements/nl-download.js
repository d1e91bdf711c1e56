// <nl-download>: the button that keeps a film on this device, and shows how that stands. Its code beyond this file comes
// when something is kept here, or somebody presses it.
//
// Attributes: data-video, data-name, data-poster (a picture's address), data-watch (with the nil UUID), data-list.

import { gettext, interpolate, number } from "../lib/words.js";
import { toastError } from "../lib/toast.js";

const FLAG = "netflixlite.kept";

function possible() {
  return Boolean(globalThis.crypto?.subtle && globalThis.indexedDB && navigator.locks);
}

function anything() {
  try {
    return Boolean(localStorage.getItem(FLAG));
  } catch {
    return false;
  }
}

class NlDownload extends HTMLElement {
  #abort = null;
  #record = null;

  connectedCallback() {
    this.#abort = new AbortController();
    this.button = this.querySelector("button");
    if (!this.button || !possible()) return;
    this.button.hidden = false;
    this.addEventListener("click", this, { signal: this.#abort.signal });
    this.#paint();
    if (anything()) this.#follow();
  }

  disconnectedCallback() {
    this.#abort?.abort();
  }

  async handleEvent(event) {
    if (!event.target.closest("button")) return;
    event.preventDefault();
    const { video, name, poster, watch, list } = this.dataset;
    this.button.setAttribute("aria-busy", "true");
    try {
      const dialog = await import("../offline/dialog.js");
      if (this.#record) await dialog.about(this.#record, { watchUrl: watch, listUrl: list });
      else await dialog.offer({ video, name, poster });
      await this.#follow();
    } catch (error) {
      toastError(error);
    } finally {
      this.button.removeAttribute("aria-busy");
    }
  }

  #following = null;

  /** From now on this button shows how its download stands. */
  #follow() {
    this.#following ??= import("../offline/downloads.js").then(async ({ downloads }) => {
      const { signal } = this.#abort;
      const look = async () => {
        const mine = await downloads().all(document.body.dataset.profile ?? "");
        this.#record = mine.find(({ video }) => video === this.dataset.video) ?? null;
        this.#paint();
      };
      downloads().addEventListener("change", look, { signal });
      downloads().addEventListener("progress", ({ detail }) => {
        if (detail.record.video === this.dataset.video) this.#paint((this.#record = detail.record));
      }, { signal });
      await look();
    });
    return this.#following;
  }

  #paint() {
    const { state = "none", got = 0, bytes = 1 } = this.#record ?? {};
    const { name } = this.dataset;
    const part = state === "complete" ? 1 : Math.min(0.99, got / bytes);
    const done = number(part, { style: "percent", maximumFractionDigits: 0 });
    const words = {
      none: interpolate(gettext("Download %(name)s"), { name }),
      complete: interpolate(gettext("Downloaded: %(name)s"), { name }),
      paused: interpolate(gettext("Download of %(name)s is paused at %(done)s"), { name, done }),
      failed: interpolate(gettext("Download of %(name)s has stopped"), { name }),
    };
    this.dataset.state = state;
    this.style.setProperty("--part", String(part));
    this.button.setAttribute("aria-label", words[state] ?? interpolate(gettext("Downloading %(name)s: %(done)s"), { name, done }));
    this.button.title = state === "none" ? gettext("Download") : done;
  }
}

customElements.define("nl-download", NlDownload);
