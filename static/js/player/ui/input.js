// Keys and pointers of the whole player: who may use a key (the focused control, an open sheet, the film), and what it
// does. The acts themselves are given.

import { Gestures } from "./gestures.js";
import { actionOf, isForElement } from "./keys.js";

//: What still works while the panel of a failure is open.
const IN_TROUBLE = new Set(["escape", "fullscreen", "help", "statistics"]);
//: Keys that one may hold down.
const REPEATED = new Set(["back", "forward", "louder", "softer", "frame", "chapter", "offset"]);

export class Input {
  #host;
  #tools;

  /**
   * @param {HTMLElement} host
   * @param {object} tools
   * @param {Record<string, (value?: number) => unknown>} tools.acts by action (keys.js); false: not used
   * @param {import("./spatial.js").Spatial} tools.spatial
   * @param {import("./presence.js").Presence} tools.presence
   * @param {() => boolean} tools.sheet whether a dialog is open, which has its own keys
   * @param {() => boolean} tools.trouble whether the panel of a failure is open
   * @param {() => boolean} tools.menus close open menus; whether there were any
   * @param {() => boolean} tools.locked
   * @param {HTMLElement} tools.surface
   * @param {AbortSignal} signal
   */
  constructor(host, tools, signal) {
    this.#host = host;
    this.#tools = tools;
    const { presence, surface, acts } = tools;
    const on = (target, type, handler, more = {}) => target.addEventListener(type, handler, { signal, ...more });
    on(document, "keydown", (event) => this.#key(event));
    let hidden = false; // before the finger came: its coming alone shows the controls
    on(surface, "pointerdown", () => (hidden = presence.idle), { passive: true });
    for (const type of ["pointermove", "pointerdown", "focusin"]) {
      on(host, type, (event) => !tools.locked() && presence.wake(event), { passive: true });
    }
    on(host, "pointerleave", () => presence.sleepSoon(600));
    new Gestures(surface, {
      toggle: () => tools.menus() || acts.toggle(),
      enlarge: () => acts.fullscreen(),
      tap: () => (hidden ? presence.wake() : presence.hide()),
      jump: (direction) => (direction < 0 ? acts.back() : acts.forward()),
    });
  }

  #key(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const { spatial, presence, sheet, trouble, acts } = this.#tools;
    if (sheet() && event.key !== "?") return;
    const action = actionOf(event);
    if (!action) {
      if (spatial.enter(event)) presence.wake(event);
      return;
    }
    if (spatial.move(event)) {
      presence.wake(event);
      return;
    }
    if (isForElement(event.target, action) && (spatial.byKeys || !event.target.matches?.("button, a"))) return;
    if (event.repeat && !REPEATED.has(action.name)) {
      event.preventDefault(); // held down: once is enough, and the page does not scroll
      return;
    }
    if (trouble() && !IN_TROUBLE.has(action.name)) return;
    const act = acts[action.name];
    if (!act || act(action.value) === false) return;
    event.preventDefault();
    presence.wake(event);
  }
}
