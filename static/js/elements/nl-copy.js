// How far a copy of somebody's data is: asks now and then, and shows the page anew when it is ready.

const EVERY = 1500;

/** What the list says of one copy: how far it is in percent, and whether nothing more will come of waiting. */
export function news(list, id) {
  const one = list.find((each) => each.id === id);
  if (!one) return { percent: 0, over: true };
  return { percent: Math.round(100 * one.progress), over: Boolean(one.ready_at || one.problem) };
}

if (globalThis.HTMLElement) {
  class NlCopy extends HTMLElement {
    #timer = 0;

    connectedCallback() {
      this.#timer = setInterval(() => this.#look(), EVERY);
    }

    disconnectedCallback() {
      clearInterval(this.#timer);
    }

    async #look() {
      if (document.hidden) return;
      const answer = await fetch(this.dataset.list, { headers: { accept: "application/json" } }).catch(() => null);
      if (!answer?.ok) return; // the next look comes
      const { percent, over } = news(await answer.json(), this.dataset.id);
      const bar = this.querySelector("progress");
      if (bar) bar.value = percent;
      if (over) location.reload();
    }
  }
  customElements.define("nl-copy", NlCopy);
}
