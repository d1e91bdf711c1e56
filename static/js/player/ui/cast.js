// Playing on another screen of the house, by the browser's own Remote Playback. What plays here is put together in the
// page and cannot be sent away; so the other screen is given the film's plain HLS address (docs/players.md) on an element
// of its own, and this one rests at the same place meanwhile. Nothing is shown where there is no other screen.

const FOLLOWS_MS = 30_000;

export class Cast {
  #tools;
  #element = null;
  #timer = 0;

  /**
   * @param {object} tools
   * @param {() => HTMLVideoElement} tools.video the element that plays here
   * @param {() => string} tools.address of the film as any player reads it; "" when there is none
   * @param {(available: boolean) => void} tools.onAvailable
   * @param {(connected: boolean) => void} tools.onChange
   * @param {() => HTMLVideoElement} [tools.make]
   */
  constructor({ make = () => document.createElement("video"), ...tools }) {
    this.#tools = { make, ...tools };
  }

  get connected() {
    return this.#element?.remote.state === "connected";
  }

  /** Look for other screens, once a film is there. */
  look() {
    const address = this.#tools.address();
    if (!address || this.#element?.src === address) return;
    if (this.connected) {
      this.#element.src = address; // the next episode goes to the same screen
      return;
    }
    this.#forgetElement();
    const element = this.#tools.make();
    if (!element.remote?.watchAvailability) return;
    element.preload = "none";
    element.src = address;
    this.#element = element;
    element.remote.addEventListener("connect", () => this.#connected());
    element.remote.addEventListener("disconnect", () => this.#back());
    element.remote.watchAvailability((available) => this.#tools.onAvailable(available)).catch(() => {
      // it cannot watch: nobody can be asked to choose a screen that may not be there
    });
  }

  /** Let the viewer choose a screen, or come back from it. */
  async choose() {
    try {
      await this.#element?.remote.prompt();
    } catch {
      // dismissed, or nothing found after all: the film goes on here
    }
  }

  drop() {
    this.#forgetElement();
  }

  #connected() {
    const video = this.#tools.video();
    this.#element.currentTime = video.currentTime;
    video.pause();
    this.#element.play().catch(() => {});
    clearInterval(this.#timer);
    // So that the place is kept: what this element says is what the site hears.
    this.#timer = setInterval(() => this.#follow(), FOLLOWS_MS);
    this.#tools.onChange(true);
  }

  #follow() {
    if (this.connected) this.#tools.video().currentTime = this.#element.currentTime;
  }

  #back() {
    clearInterval(this.#timer);
    const at = this.#element.currentTime;
    this.#element.pause();
    const video = this.#tools.video();
    if (at > 0) video.currentTime = at;
    this.#tools.onChange(false);
    video.play().catch(() => {});
  }

  #forgetElement() {
    clearInterval(this.#timer);
    this.#element?.remote.cancelWatchAvailability?.().catch(() => {});
    this.#element?.removeAttribute("src");
    this.#element = null;
  }
}
