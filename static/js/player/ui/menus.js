// The menus of the bar: sound, subtitles, speed, quality. They show what the player has and ask for actions.

import { gettext } from "../../lib/words.js";
import { h, icon } from "./dom.js";
import { lookPage } from "./look.js";
import { Menu } from "./menu.js";
import { hourly, qualityChoices, qualityName, rateName, RATES, trackNames } from "./names.js";

//: What the data saver holds a film to, in bit/s: abr/caps.js's.
const SAVER_BPS = 1.1e6;

function trackChoices(tracks = [], chosen = -1) {
  return trackNames(tracks).map(({ id, label, note }) => ({ label, note, value: id, chosen: id === chosen }));
}

export class Menus {
  #player;
  #screen;
  #actions;

  /**
   * @param {import("../player.js").Player} player
   * @param {import("../screen.js").Screen} screen
   * @param {object} actions viewer, rate(r), audio(id), quality(i), saver, statistics
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
    this.speed.badge.dataset.text = playbackRate === 1 ? "" : rateName(playbackRate);
    this.quality.element.hidden = levels.length < 2;
    this.quality.badge.dataset.text = qualityName(engine?.level);
    this.saver.setAttribute("aria-checked", String(this.#player.savesData));
    this.audio.element.hidden = (engine?.audioTracks.length ?? 0) < 2;
    this.text.element.hidden = !(engine?.textTracks.length ?? 0);
    this.text.button.classList.toggle("on", (engine?.textTrack ?? -1) >= 0);
    for (const menu of this.all) menu.paint();
  }

  #make(onToggle) {
    const { audio, quality, rate, viewer } = this.#actions;
    const engine = () => this.#player.engine;
    const subtitles = gettext("Subtitles");
    this.text = new Menu({
      icon: "text",
      label: subtitles,
      title: subtitles,
      onChoose: (value) => (typeof value === "string" ? viewer.chooseTextRule(value) : viewer.chooseText(value)),
      onToggle: onToggle(() => this.text),
      choices: () => this.#texts(),
    });
    this.audio = new Menu({
      icon: "audio",
      label: gettext("Audio"),
      title: gettext("Audio"),
      onChoose: audio,
      onToggle: onToggle(() => this.audio),
      choices: () => trackChoices(engine()?.audioTracks, engine()?.audioTrack),
    });
    this.quality = new Menu({
      icon: "quality",
      label: gettext("Quality"),
      title: gettext("Quality"),
      onChoose: quality,
      onToggle: onToggle(() => this.quality),
      choices: () => qualityChoices(engine()?.levels ?? [], engine()?.choice ?? -1, engine()?.level),
    });
    this.speed = new Menu({
      icon: "speed",
      label: gettext("Speed"),
      title: gettext("Speed"),
      onChoose: rate,
      onToggle: onToggle(() => this.speed),
      choices: () =>
        RATES.map((value) => ({ label: rateName(value), value, chosen: value === this.#screen.video.playbackRate })),
    });
  }

  #texts() {
    const { viewer } = this.#actions;
    const tracks = this.#player.engine?.textTracks ?? [];
    const { rule, id } = viewer.textState;
    const rules = [{ label: gettext("Off"), value: "off", chosen: rule === "off" }];
    if (tracks.some(({ forced }) => forced)) {
      rules.push({ label: gettext("Foreign passages only"), value: "forced", chosen: rule === "forced" });
    }
    rules.push({ label: gettext("When the sound is foreign"), value: "foreign", chosen: rule === "foreign" });
    const whole = tracks.filter(({ forced }) => !forced);
    return [...rules, ...trackChoices(whole, id), { gap: true }, ...this.#more(whole)];
  }

  #more(tracks) {
    const { viewer } = this.#actions;
    const second = { title: gettext("Second subtitles"), items: () => this.#seconds(tracks) };
    const beside = trackNames(tracks).find(({ id }) => id === viewer.second);
    const timing = { title: gettext("Timing"), items: () => this.#timing() };
    return [
      ...(tracks.length > 1 ? [{ label: second.title, note: beside?.label ?? gettext("Off"), page: second }] : []),
      { label: timing.title, note: viewer.offsetName, page: timing },
      lookPage(viewer),
    ];
  }

  #seconds(tracks) {
    const { viewer } = this.#actions;
    const choose = (item) => ({ ...item, act: () => viewer.chooseSecond(item.value), on: item.chosen, one: true });
    return [{ label: gettext("Off"), value: -1, chosen: viewer.second < 0 }, ...trackChoices(tracks, viewer.second)].map(choose);
  }

  #timing() {
    const { viewer } = this.#actions;
    return [
      { label: gettext("Earlier"), note: "G", act: () => viewer.offsetText(-1) },
      { label: gettext("Later"), note: "H", act: () => viewer.offsetText(1) },
      { label: gettext("On time"), note: viewer.offsetName, act: () => viewer.offsetText(0) },
    ];
  }

  #makeMore() {
    const { saver, statistics } = this.#actions;
    this.saver = h(
      "button",
      { type: "button", class: "player-switch", role: "switch", onclick: () => saver() },
      icon("check"),
      h("span", { class: "name" }, gettext("Data saver")),
      h("span", { class: "player-note" }, hourly(SAVER_BPS)),
    );
    const more = h("button", { type: "button", class: "player-more", onclick: statistics }, gettext("Statistics"));
    this.quality.panel.append(this.saver, more);
  }
}
