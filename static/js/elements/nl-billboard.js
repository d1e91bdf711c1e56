// The billboard's film, moving without a sound behind its words, once the page has nothing better to do. It stops where
// it is out of sight, under the cinema, at the viewer's wish and at its end; what moves by itself can be halted (WCAG
// 2.2.2). The words that are read by then make room.

import { whenIdle } from "../lib/idle.js";
import { pageMayMove } from "../lib/moving.js";
import { gettext } from "../lib/words.js";

//: Somebody who has just come looks at the words first.
const FIRST_MS = 2500;
const AGAIN_MS = 8000;
const TRIES = 3;
const STALLED_MS = 1500;
const SEEN = 0.55;

class NlBillboard extends HTMLElement {
  #abort = null;
  #seen = null;
  #video = null;
  #button = null;
  #inSight = false;
  #halted = false;
  #tries = 0;
  #timer = 0;

  connectedCallback() {
    if (!pageMayMove() || !this.dataset.video || !wide()) return;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#seen = new IntersectionObserver(([{ intersectionRatio }]) => this.#look(intersectionRatio >= SEEN), {
      threshold: [0, SEEN],
    });
    this.#seen.observe(this);
    const settle = () => this.#settle();
    document.addEventListener("visibilitychange", settle, { signal });
    document.addEventListener("nl-cinema", settle, { signal });
    whenIdle(async () => this.isConnected && (this.#timer = setTimeout(() => this.#begin(), FIRST_MS)));
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#seen?.disconnect();
    this.#abort?.abort();
    this.#end();
    this.#abort = null;
  }

  get #scene() {
    return this.closest(".billboard");
  }

  get #welcome() {
    return this.#inSight && !document.hidden && !this.#halted && !document.body.classList.contains("cinema");
  }

  #look(inSight) {
    this.#inSight = inSight;
    this.#settle();
  }

  #settle() {
    if (!this.#video) return;
    if (this.#welcome) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  async #begin() {
    if (!this.#abort || this.#video) return;
    if (!this.#welcome) return this.#later();
    const { signal } = this.#abort;
    try {
      const asked = { video: this.dataset.video, answer: null };
      document.dispatchEvent(new CustomEvent("nl-glimpse", { detail: asked }));
      const answer = await asked.answer;
      if (signal.aborted) return;
      if (!answer) return this.#later();
      const [{ playStretch }, { Preferences }] = await Promise.all([
        import("../lib/preview.js"),
        import("../player/ui/prefs.js"),
      ]);
      const rate = Math.max(0, ...Object.values(new Preferences().get("rates") ?? {}).map(({ bps }) => bps || 0));
      this.#video = this.#screen();
      if (!(await playStretch(this.#video, answer, { signal, rate, whole: "trailer" in this.dataset }))) this.#end();
    } catch {
      this.#end(); // the picture stays: nobody asked for more
    }
  }

  /** The film is not to be had yet: somebody rests on a card, or the page was away. */
  #later() {
    this.#tries += 1;
    if (this.#tries < TRIES) this.#timer = setTimeout(() => this.#begin(), AGAIN_MS);
  }

  #screen() {
    const video = document.createElement("video");
    video.muted = video.defaultMuted = video.playsInline = true;
    video.tabIndex = -1;
    video.setAttribute("aria-hidden", "true");
    const { signal } = this.#abort;
    video.addEventListener("loadeddata", () => this.#settle(), { signal });
    video.addEventListener("playing", () => this.#show(), { signal });
    // A line that cannot bear it: the picture is better than a film that halts.
    video.addEventListener("waiting", () => this.#doubt(video), { signal });
    video.addEventListener("ended", () => this.#end(), { signal });
    video.addEventListener("error", () => this.#end(), { signal });
    this.append(video);
    return video;
  }

  #show() {
    const scene = this.#scene;
    if (!this.#button) {
      this.#button = scene.querySelector(".billboard__halt");
      this.#button?.addEventListener("click", () => this.#toggle(), { signal: this.#abort.signal });
      this.#name();
    }
    if (this.#button) this.#button.hidden = false;
    const read = scene.querySelector(".billboard__read");
    scene.style.setProperty("--room", `${read?.offsetHeight ?? 0}px`);
    scene.classList.add("is-moving");
  }

  #doubt(video) {
    setTimeout(() => this.#video === video && !video.paused && video.readyState < 3 && this.#end(), STALLED_MS);
  }

  #toggle() {
    this.#halted = !this.#halted;
    this.#name();
    this.#settle();
  }

  #name() {
    if (!this.#button) return;
    this.#button.dataset.state = this.#halted ? "halted" : "moving";
    const name = this.#halted ? gettext("Play the preview") : gettext("Pause the preview");
    this.#button.setAttribute("aria-label", name);
    this.#button.title = name;
  }

  #end() {
    this.#scene?.classList.remove("is-moving");
    const button = this.#button;
    if (button && !button.hidden) {
      if (document.activeElement === button) this.#scene.querySelector(".actions a")?.focus({ preventScroll: true });
      button.hidden = true;
    }
    const video = this.#video;
    this.#video = null;
    if (!video) return;
    video.pause();
    // After its fade; a screen that is gone holds no decoder.
    setTimeout(() => {
      video.removeAttribute("src");
      video.load();
      video.remove();
    }, 900);
  }
}

/** Small screens in the hand show the picture alone: their lines and batteries are for what somebody chose. */
function wide() {
  return matchMedia("(min-width: 48rem)").matches;
}

customElements.define("nl-billboard", NlBillboard);
