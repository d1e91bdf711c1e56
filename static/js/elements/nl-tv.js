// <nl-tv>: the screen of a television that wants to be signed in. Asks every data-interval seconds how its code stands,
// more slowly when told to (RFC 8628, 3.5); goes on when somebody said yes, and takes a new code when this one is over.
import { RENEWALS, nextStep } from "../lib/tv.js";

class NlTv extends HTMLElement {
  #abort;
  #timer;
  #interval;
  #endsAt;

  connectedCallback() {
    this.#abort = new AbortController();
    this.#interval = Number(this.dataset.interval);
    this.#endsAt = performance.now() + Number(this.dataset.left) * 1000;
    this.querySelector("[data-renew]").addEventListener("submit", () => remember(0), { signal: this.#abort.signal });
    this.querySelector("[data-renew] button").focus();
    this.#wait();
  }

  disconnectedCallback() {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  #wait() {
    this.#timer = setTimeout(() => this.#ask(), this.#interval * 1000);
  }

  async #ask() {
    let heard = null;
    try {
      const token = this.querySelector("[name=csrfmiddlewaretoken]").value;
      const answer = await fetch(this.dataset.poll, {
        method: "POST",
        credentials: "same-origin",
        headers: { accept: "application/json", "x-csrftoken": token },
        signal: this.#abort.signal,
      });
      heard = answer.ok ? await answer.json() : null;
    } catch (error) {
      if (error.name === "AbortError") return;
    }
    const step = nextStep(heard, { interval: this.#interval, left: (this.#endsAt - performance.now()) / 1000, renewed: renewed() });
    this.#interval = step.interval;
    if (step.say) this.#say(step.say);
    if (step.does === "wait") this.#wait();
    if (step.does === "enter") location.assign(heard.next);
    if (step.does === "renew") this.#renew();
  }

  #renew() {
    remember(renewed() + 1);
    const form = this.querySelector("[data-renew]");
    form.submit();
  }

  #say(what) {
    const place = this.querySelector("[data-state]");
    place.textContent = place.dataset[what];
    place.dataset.now = what;
  }
}

const renewed = () => Number(sessionStorage.getItem("nl-tv-renewed") ?? 0) || 0;
const remember = (count) => sessionStorage.setItem("nl-tv-renewed", String(Math.min(count, RENEWALS)));

customElements.define("nl-tv", NlTv);
