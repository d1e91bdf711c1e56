// Moving by arrow keys among the controls, for remote controls and for those who use no pointer. Enter (OK) on the
// picture steps into the controls; inside, arrows walk; from the picture itself, arrows seek and change the volume.

function visible(element) {
  return !element.hidden && element.getClientRects().length > 0 && !element.disabled;
}

export class Spatial {
  #host;
  #parts;
  /** Whether the focus was put where it is by keys: only then do arrows walk, and Space press, the focused button. */
  byKeys = false;

  /** @param {HTMLElement} host @param {{top: HTMLElement, bar: import("./bar.js").Bar}} parts */
  constructor(host, parts) {
    this.#host = host;
    this.#parts = parts;
    host.addEventListener("pointerdown", () => (this.byKeys = false), { capture: true });
    host.addEventListener("keydown", ({ code }) => code === "Tab" && (this.byKeys = true), { capture: true });
    host.addEventListener("keyup", ({ code }) => code === "Tab" && (this.byKeys = true), { capture: true });
  }

  /** Enter on the bare picture goes to the play button. @returns {boolean} whether it did */
  enter(event) {
    if (event.code !== "Enter" || event.ctrlKey || event.altKey || event.metaKey) return false;
    const at = document.activeElement;
    if (at && at !== document.body && at !== this.#host && !at.matches("main, .player-surface")) return false;
    event.preventDefault();
    this.byKeys = true;
    this.#parts.bar.playButton.focus({ preventScroll: true });
    return true;
  }

  /** Walk from the focused control. @returns {boolean} whether the key was used */
  move(event) {
    if (!this.byKeys || !/^Arrow(Left|Right|Up|Down)$/.test(event.code)) return false;
    const rows = this.#rows();
    const row = rows.findIndex((items) => items.includes(document.activeElement));
    if (row < 0) return false;
    const items = rows[row];
    const at = items.indexOf(document.activeElement);
    if (event.code === "ArrowLeft" || event.code === "ArrowRight") {
      const to = at + (event.code === "ArrowRight" ? 1 : -1);
      items[Math.min(items.length - 1, Math.max(0, to))].focus({ preventScroll: true });
    } else {
      const next = rows[row + (event.code === "ArrowDown" ? 1 : -1)];
      if (next) this.#nearest(next).focus({ preventScroll: true });
      else this.#host.querySelector(".player-surface").focus({ preventScroll: true });
    }
    event.preventDefault();
    return true;
  }

  #rows() {
    const { top, bar } = this.#parts;
    // Not the volume slider: its own arrows would hold those who walk. Tab reaches it, and remotes have a volume key.
    const buttons = (root) => [...root.querySelectorAll("button, a")].filter(visible);
    const lower = buttons(bar.element.querySelector(".buttons")).filter((item) => !item.closest(".player-menu"));
    const overlays = [".player-notice", ".player-next", ".player-end", ".player-error"];
    const open = overlays.map((name) => buttons(this.#host.querySelector(name)));
    return [buttons(top), ...open, [bar.scrubber.element], lower].filter((items) => items.some(visible));
  }

  #nearest(items) {
    const centre = ({ left, width }) => left + width / 2;
    const from = centre(document.activeElement.getBoundingClientRect());
    const distance = (item) => Math.abs(centre(item.getBoundingClientRect()) - from);
    return items.reduce((best, item) => (distance(item) < distance(best) ? item : best));
  }
}
