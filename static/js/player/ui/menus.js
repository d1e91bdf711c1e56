// The menus of the bar: sound, subtitles, speed, quality. They show what the player has and ask for actions.

import { h, icon } from "./dom.js";
import { Menu } from "./menu.js";

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** "1080p" and friends for a rendition; its height, whatever its width. */
export function qualityName(level) {
  if (!level) return "";
  return level.height >= 2160 ? "4K" : `${level.height}p`;
}

/** The quality menu: Auto with what it shows now, then every height from the best, once. Pure. */
export function qualityChoices(levels, choice, current) {
  const seen = new Set();
  const fixed = [...levels].reverse().filter(({ height }) => !seen.has(height) && seen.add(height));
  const auto = { label: "Auto", note: choice < 0 ? qualityName(current) : "", value: -1, chosen: choice < 0 };
  const chosenHeight = levels[choice]?.height;
  return [
    auto,
    ...fixed.map((level) => ({
      label: qualityName(level),
      note: `${(level.bitrate / 1e6).toFixed(1)} Mbit/s`,
      value: level.index,
      chosen: choice >= 0 && level.height === chosenHeight,
    })),
  ];
}

function trackChoices(tracks = [], chosen = -1) {
  return tracks.map(({ id, label }) => ({ label, value: id, chosen: id === chosen }));
}

export class Menus {
  #player;
  #screen;
  #actions;

  /**
   * @param {import("../player.js").Player} player
   * @param {import("../screen.js").Screen} screen
   * @param {object} actions rate(r), text(id), audio(id), quality(i), saver, statistics
   * @param {(open: boolean) => void} onMenu
   */
  constructor(player, screen, actions, onMenu) {
    this.#player = player;
    this.#screen = screen;
    this.#actions = actions;
    this.#make((menu) => (open) => {
      if (open) this.close(menu());
      onMenu(open);
    });
    this.#makeMore();
  }

  get all() {
    return [this.audio, this.text, this.speed, this.quality];
  }

  close(except) {
    for (const menu of this.all) if (menu !== except) menu.toggle(false);
  }

  /** Show the state of now. */
  paint() {
    const { engine } = this.#player;
    const { playbackRate } = this.#screen.video;
    const levels = engine?.levels ?? [];
    this.speed.badge.textContent = playbackRate === 1 ? "" : `${playbackRate}×`;
    this.quality.element.hidden = levels.length < 2;
    this.quality.badge.textContent = qualityName(engine?.level);
    this.saver.setAttribute("aria-checked", String(this.#player.savesData));
    this.audio.element.hidden = (engine?.audioTracks.length ?? 0) < 2;
    this.text.element.hidden = !(engine?.textTracks.length ?? 0);
    this.text.button.classList.toggle("on", (engine?.textTrack ?? -1) >= 0);
    for (const menu of this.all) menu.paint();
  }

  #make(onToggle) {
    const { text, audio, quality, rate } = this.#actions;
    const engine = () => this.#player.engine;
    this.text = new Menu({
      icon: "text",
      label: "Subtitles",
      title: "Subtitles",
      onChoose: text,
      onToggle: onToggle(() => this.text),
      choices: () => [
        { label: "Off", value: -1, chosen: (engine()?.textTrack ?? -1) < 0 },
        ...trackChoices(engine()?.textTracks, engine()?.textTrack),
      ],
    });
    this.audio = new Menu({
      icon: "audio",
      label: "Audio",
      title: "Audio",
      onChoose: audio,
      onToggle: onToggle(() => this.audio),
      choices: () => trackChoices(engine()?.audioTracks, engine()?.audioTrack),
    });
    this.quality = new Menu({
      icon: "quality",
      label: "Quality",
      title: "Quality",
      onChoose: quality,
      onToggle: onToggle(() => this.quality),
      choices: () => qualityChoices(engine()?.levels ?? [], engine()?.choice ?? -1, engine()?.level),
    });
    this.speed = new Menu({
      icon: "speed",
      label: "Speed",
      title: "Speed",
      onChoose: rate,
      onToggle: onToggle(() => this.speed),
      choices: () =>
        RATES.map((value) => ({
          label: value === 1 ? "Normal" : `${value}×`,
          value,
          chosen: value === this.#screen.video.playbackRate,
        })),
    });
  }

  #makeMore() {
    const { saver, statistics } = this.#actions;
    this.saver = h(
      "button",
      { type: "button", class: "player-switch", role: "switch", onclick: () => saver() },
      icon("check"),
      h("span", { class: "name" }, "Data saver"),
      h("span", { class: "player-note" }, "½ GB an hour"),
    );
    const more = h("button", { type: "button", class: "player-more", onclick: statistics }, "Statistics");
    this.quality.panel.append(this.saver, more);
  }
}
