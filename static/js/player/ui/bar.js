// The control bar and what belongs to it: buttons, timeline, times, volume. It shows the player's state and asks
// for actions; it decides nothing.

import { gettext, interpolate, number } from "../../lib/words.js";
import { endsAt, figures } from "./clock.js";
import { h, icon, iconButton, relabel } from "./dom.js";
import { Menus } from "./menus.js";
import { Scrubber } from "./scrubber.js";
import { hasPictureInPicture, isFullscreen } from "./system.js";

const NO_MARKERS = [];

export class Bar {
  #screen;
  #player;
  #actions;
  #preferences;

  /**
   * @param {import("../screen.js").Screen} screen
   * @param {import("../player.js").Player} player
   * @param {object} actions toggle, jump(s), seek(s), mute, volume(v), rate(r), text(id), audio(id), quality(i), saver,
   *   next, episodes, cast, fullscreen, pip, statistics
   */
  constructor(screen, player, actions, preferences) {
    this.#screen = screen;
    this.#player = player;
    this.#actions = actions;
    this.#preferences = preferences;
    this.#makeButtons();
    this.choosing = new Menus(player, screen, actions, (open) => this.onMenu?.(open));
    this.#makeElements();
  }

  get #video() {
    return this.#screen.video;
  }

  get menus() {
    return this.choosing.all;
  }

  get quality() {
    return this.choosing.quality;
  }

  /** Whether something is open that the bar must not hide from. */
  get busy() {
    return this.scrubber.dragging || this.menus.some((menu) => menu.open);
  }

  closeMenus(except) {
    this.choosing.close(except);
  }

  /** Times and timeline: several times a second. */
  paintTime() {
    this.scrubber.paint();
    const { duration } = this.#player;
    const at = this.scrubber.shown;
    this.elapsed.textContent = figures(at, duration);
    const remaining = this.#preferences.get("remaining");
    const left = Math.max(0, Math.ceil(duration - at)); // up, so that both times add up to the length
    this.total.textContent = remaining ? `−${figures(left, duration)}` : figures(duration, duration);
    const label = remaining
      ? interpolate(gettext("Remaining %(time)s"), { time: figures(left) })
      : interpolate(gettext("Length %(time)s"), { time: figures(duration) });
    if (this.total.getAttribute("aria-label") !== label) this.total.setAttribute("aria-label", label);
  }

  /** When the film ends: for who points there. A browser's first look at its clock costs more than the first picture. */
  #paintEnd() {
    const left = Math.max(0, this.#player.duration - this.scrubber.shown);
    const time = endsAt(left / (this.#video.playbackRate || 1));
    this.total.title = left ? interpolate(gettext("Ends at %(time)s"), { time }) : "";
  }

  /** Everything else: on changes. */
  paint() {
    const { muted, volume } = this.#video;
    const { ended } = this.#player;
    const paused = this.#video.paused && !this.#video.ended; // at the end of what is there so far it goes on by itself
    const label = ended ? gettext("Watch again") : paused ? gettext("Play") : gettext("Pause");
    const name = ended ? "retry" : paused ? "play" : "pause";
    relabel(this.playButton, name, label);
    relabel(this.bigPlay, name, label);
    const silent = muted || volume === 0;
    relabel(this.muteButton, silent ? "mute" : volume < 0.5 ? "soft" : "loud", silent ? gettext("Unmute") : gettext("Mute"));
    this.volume.value = String(muted ? 0 : volume);
    this.volume.setAttribute("aria-valuetext", silent ? gettext("Muted") : number(volume, { style: "percent" }));
    this.volume.style.setProperty("--level", String(muted ? 0 : volume));
    const full = isFullscreen();
    relabel(this.fullButton, full ? "shrink" : "enlarge", full ? gettext("Leave full screen") : gettext("Full screen"));
    this.choosing.paint();
  }

  #makeButtons() {
    const { toggle, jump, mute, volume, next, episodes, cast, fullscreen, pip } = this.#actions;
    const play = gettext("Play");
    this.playButton = iconButton("play", play, toggle, { class: "player-button play", "data-key": "K" });
    this.backButton = iconButton("back10", gettext("Back 10 seconds"), () => jump(-10), { "data-key": "J" });
    this.forwardButton = iconButton("forward10", gettext("Forward 10 seconds"), () => jump(10), { "data-key": "L" });
    this.muteButton = iconButton("loud", gettext("Mute"), mute, { "data-key": "M" });
    this.nextButton = iconButton("next", gettext("Next episode"), next, { hidden: true, "data-key": "Shift+N" });
    this.episodesButton = iconButton("episodes", gettext("Episodes"), episodes, { hidden: true, "data-key": "E" });
    this.episodesButton.setAttribute("aria-haspopup", "dialog");
    this.castButton = iconButton("cast", gettext("Play on another screen"), cast, { hidden: true });
    const pipClass = "player-button pip";
    this.pipButton = iconButton("pip", gettext("Picture in picture"), pip, { class: pipClass, "data-key": "P" });
    this.pipButton.hidden = !hasPictureInPicture(this.#video);
    this.fullButton = iconButton("enlarge", gettext("Full screen"), fullscreen, { "data-key": "F" });
    this.bigPlay = iconButton("play", play, toggle, { class: "player-button big" });
    this.volume = h("input", {
      type: "range",
      class: "player-volume",
      min: "0",
      max: "1",
      step: "0.05",
      "aria-label": gettext("Volume"),
      oninput: ({ target }) => volume(Number(target.value)),
    });
  }

  #makeElements() {
    const { seek } = this.#actions;
    this.scrubber = new Scrubber(this.#screen, {
      duration: () => this.#player.duration,
      available: () => this.#player.available,
      picture: (second) => this.#player.sprites?.at(second),
      markers: () => this.#player.answer?.markers ?? NO_MARKERS,
      onSeek: seek,
      onDrag: () => this.paintTime(),
    });
    this.elapsed = h("span", { class: "player-time elapsed" }, "0:00");
    this.total = h(
      "button",
      {
        type: "button",
        class: "player-time total",
        onpointerenter: () => this.#paintEnd(),
        onfocus: () => this.#paintEnd(),
        onclick: () => {
          this.#preferences.set("remaining", !this.#preferences.get("remaining"));
          this.paintTime();
        },
      },
      "0:00",
    );
    const back = iconButton("back10", gettext("Back 10 seconds"), () => this.#actions.jump(-10));
    const forward = iconButton("forward10", gettext("Forward 10 seconds"), () => this.#actions.jump(10));
    this.centre = h("div", { class: "player-centre" }, back, this.bigPlay, forward);
    this.element = h(
      "div",
      { class: "player-bar", role: "group", "aria-label": gettext("Playback controls") },
      h("div", { class: "line" }, this.elapsed, this.scrubber.element, this.total),
      this.#makeRow(),
    );
  }

  #makeRow() {
    const sound = h("div", { class: "player-sound" }, this.muteButton, this.volume);
    const left = [this.playButton, this.backButton, this.forwardButton, sound];
    const menus = this.menus.map(({ element }) => element);
    const right = [this.nextButton, this.episodesButton, ...menus, this.castButton, this.pipButton, this.fullButton];
    return h("div", { class: "buttons" }, h("div", { class: "left" }, ...left), h("div", { class: "right" }, ...right));
  }
}

/** The large round button in the middle: before a blocked start, and on touch screens. */
export function startButton(onclick) {
  const properties = { type: "button", class: "player-start", onclick, hidden: true };
  return h("button", properties, icon("play"), h("span", {}, gettext("Play")));
}
