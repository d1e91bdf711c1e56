// What a viewer can do, whatever did it (key, button, finger, lock screen): each act changes the film, is remembered
// where it is a taste, and is said to those who listen to the page. Sound and subtitles: reading.js.

import { gettext, interpolate, number } from "../../lib/words.js";
import { words } from "./clock.js";
import { qualityName, rateName, RATES } from "./names.js";
import { Reading } from "./reading.js";

const STEP_S = 10;
const ADD_UP_MS = 800;

export class Viewer extends Reading {
  #player;
  #screen;
  #preferences;
  #show;
  #jumped = 0;
  #jumpTimer = 0;
  /** The speed that the viewer wants; a newly loaded film begins at normal speed until told. */
  rate = 1;

  /**
   * @param {import("../player.js").Player} player
   * @param {import("../screen.js").Screen} screen
   * @param {import("./prefs.js").Preferences} preferences
   * @param {{flash: (icon: string | null, more?: object) => void, say: (text: string) => void, paint: () => void,
   *   captions: () => import("./captions.js").Captions, early: () => void}} show
   */
  constructor(player, screen, preferences, show) {
    super(player, preferences, show);
    this.#player = player;
    this.#screen = screen;
    this.#preferences = preferences;
    this.#show = show;
  }

  get #video() {
    return this.#screen.video;
  }

  /** Take over what this browser remembers. */
  applyPreferences() {
    const { volume, muted, rate } = this.#preferences.all;
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = muted;
    this.rate = RATES.includes(rate) ? rate : 1;
  }

  seek(to, { quietly = false } = {}) {
    const { available, duration } = this.#player;
    const end = available || duration;
    const target = Math.min(Math.max(0, to), end ? end - 0.1 : to);
    if (available && to > available + 1 && duration - available > 1) this.#show.early();
    this.#video.currentTime = target;
    this.#show.paint();
    if (!quietly) this.#show.say(words(target));
  }

  /** Back or forward; quick repeats add up on the screen. */
  jump(by = STEP_S) {
    const same = Math.sign(by) === Math.sign(this.#jumped);
    this.#jumped = same ? this.#jumped + by : by;
    clearTimeout(this.#jumpTimer);
    this.#jumpTimer = setTimeout(() => (this.#jumped = 0), ADD_UP_MS);
    const side = by < 0 ? "left" : "right";
    const seconds = number(Math.abs(this.#jumped), { style: "unit", unit: "second", unitDisplay: "narrow" });
    this.#show.flash(by < 0 ? "back10" : "forward10", { words: seconds, side });
    this.seek(this.#video.currentTime + by, { quietly: true });
    const span = { time: words(Math.abs(by)) };
    this.#show.say(by < 0 ? interpolate(gettext("Back %(time)s"), span) : interpolate(gettext("Forward %(time)s"), span));
  }

  setVolume(level, { flash = false } = {}) {
    const volume = Math.round(Math.min(1, Math.max(0, level)) * 20) / 20;
    this.#video.volume = volume;
    this.#video.muted = volume === 0;
    this.#preferences.set("volume", volume || this.#preferences.get("volume"));
    this.#preferences.set("muted", volume === 0);
    const percent = number(volume, { style: "percent" });
    if (flash) this.#show.flash(volume === 0 ? "mute" : "loud", { words: percent });
    this.#show.say(interpolate(gettext("Volume %(percent)s"), { percent }));
  }

  mute({ flash = false } = {}) {
    const video = this.#video;
    video.muted = !video.muted;
    if (!video.muted && video.volume === 0) video.volume = 0.5;
    this.#preferences.set("muted", video.muted);
    if (flash) this.#show.flash(video.muted ? "mute" : "loud");
    this.#show.say(video.muted ? gettext("Muted") : gettext("Sound on"));
  }

  setRate(rate) {
    this.rate = rate;
    this.#video.playbackRate = rate;
    this.#preferences.set("rate", rate);
    this.#show.flash(null, { words: `${number(rate)}×` });
    this.#show.say(interpolate(gettext("Speed: %(rate)s"), { rate: rateName(rate) }));
  }

  stepRate(direction) {
    const at = RATES.indexOf(this.#video.playbackRate);
    const from = at < 0 ? RATES.indexOf(1) : at;
    this.setRate(RATES[Math.min(RATES.length - 1, Math.max(0, from + direction))]);
  }

  chooseQuality(index) {
    const { engine } = this.#player;
    engine?.choose(index);
    const quality = index < 0 ? gettext("Auto") : qualityName(engine?.levels[index]);
    this.#show.say(interpolate(gettext("Quality: %(quality)s"), { quality }));
    this.#show.paint();
  }

  /** Data saver on or off, from now on and for later films in this browser. */
  toggleSaver() {
    const on = !this.#player.savesData;
    this.#preferences.set("saver", on ? "on" : "off");
    this.#player.engine?.save(on);
    this.#show.say(on ? gettext("Data saver on") : gettext("Data saver off"));
    this.#show.paint();
  }
}
