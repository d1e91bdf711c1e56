// Moving by arrow keys among the controls, for remote controls and for those who use no pointer. Enter (OK) on the
// picture steps into the controls; inside, arrows walk; from the picture itself, arrows seek and change the volume.

const OVERLAYS = [".player-notice", ".player-corner", ".player-end:not([hidden])", ".player-error"];
//: What the focus is on when nobody uses a control.
const BARE = "body, main, nl-player, .player-surface";

function visible(element) {
  return !element.hidden && element.getClientRects().length > 0 && !element.disabled;
}

export class Spatial {
  #host;
  #parts;
  /**
   * How the focus came where it is: "" by a pointer or by itself, "tab", or "arrows". Only where keys have put it do
   * arrows walk, and does Space press the focused button.
   */
  how = "";

  /** @param {HTMLElement} host @param {{top: HTMLElement, bar: import("./bar.js").Bar}} parts */
  constructor(host, parts) {
    this.#host = host;
    this.#parts = parts;
    host.addEventListener("pointerdown", () => (this.how = ""), { capture: true });
    for (const type of ["keydown", "keyup"]) {
      host.addEventListener(type, ({ code }) => code === "Tab" && (this.how = "tab"), { capture: true });
    }
  }

  get byKeys() {
    return this.how !== "";
  }

  /** The control in the bar or the top line that has the focus, if one has. */
  get focused() {
    const { top, bar } = this.#parts;
    const at = document.activeElement;
    return at && (top.contains(at) || bar.element.contains(at)) ? at : null;
  }

  /** Whether the focus is on no control, so that one may take it without being asked. */
  get bare() {
    const at = document.activeElement;
    return !at || at.matches(BARE);
  }

  /** Enter on the bare picture goes to the play button. @returns {boolean} whether it did */
  enter(event) {
    if (event.code !== "Enter" || event.ctrlKey || event.altKey || event.metaKey) return false;
    if (!this.bare) return false;
    event.preventDefault();
    this.how = "arrows";
    this.#parts.bar.playButton.focus({ preventScroll: true });
    return true;
  }

  /** Walk from the focused control. @returns {boolean} whether the key was used */
  move(event) {
    if (!this.byKeys || !/^Arrow(Left|Right|Up|Down)$/.test(event.code)) return false;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
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
      else this.leave();
    }
    event.preventDefault();
    return true;
  }

  /** Put the focus on the picture. */
  leave() {
    this.how = "";
    this.#host.querySelector(".player-surface").focus({ preventScroll: true });
  }

  #rows() {
    const { top, bar } = this.#parts;
    // Not the volume slider: its own arrows would hold those who walk. Tab reaches it, and remotes have a volume key.
    const buttons = (root) => (root ? [...root.querySelectorAll("button, a")].filter(visible) : []);
    const lower = buttons(bar.element.querySelector(".buttons")).filter((item) => !item.closest(".player-menu"));
    const open = OVERLAYS.map((name) => buttons(this.#host.querySelector(name)));
    const rows = [buttons(top), ...open, [bar.scrubber.element], lower].filter((items) => items.some(visible));
    const start = (item) => item.getBoundingClientRect().left;
    return rows.map((items) => items.sort((a, b) => start(a) - start(b))); // as they stand, in either direction of writing
  }

  #nearest(items) {
    const centre = ({ left, width }) => left + width / 2;
    const from = centre(document.activeElement.getBoundingClientRect());
    const distance = (item) => Math.abs(centre(item.getBoundingClientRect()) - from);
    return items.reduce((best, item) => (distance(item) < distance(best) ? item : best));
  }
}
