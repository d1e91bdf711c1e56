// What a viewer hears and reads: the sound, one or two subtitle tracks, when they come and how they look. Chosen once in
// a series, it is so in all of it and on every device: the site keeps it, by title (tracks.js says what a wish is).

import { gettext, interpolate, number } from "../../lib/words.js";
import { drawable } from "../cues.js";
import { post } from "../post.js";
import { taste } from "../taste.js";
import { keysOf, knownLanguages, partsOf, pick, textFor, wishOf } from "../tracks.js";
import { trackNames } from "./names.js";

/** Subtitles come earlier or later in steps of so many seconds, and by so many at most. */
export const OFFSET_STEP_S = 0.25;
const OFFSET_MOST_S = 60;

export class Reading {
  #player;
  #preferences;
  #show;
  #second = { engine: null, key: "" };
  #title = null;

  constructor(player, preferences, show) {
    this.#player = player;
    this.#preferences = preferences;
    this.#show = show;
  }

  get #engine() {
    return this.#player.engine;
  }

  get #texts() {
    return this.#engine?.textTracks ?? [];
  }

  get #heard() {
    const { audioTracks = [], audioTrack = -1 } = this.#engine ?? {};
    return audioTracks.find(({ id }) => id === audioTrack);
  }

  /** What the viewer wishes for this film, as tracks.js says it. */
  get wish() {
    return wishOf(this.#player.answer, this.#preferences);
  }

  // Choosing ---------------------------------------------------------------------------------------------------

  chooseAudio(id) {
    const tracks = this.#engine?.audioTracks ?? [];
    this.#engine?.chooseAudio(id);
    this.#keep({ audio: keysOf(tracks)[id] ?? "" });
    this.#applyText(tracks[id]); // it may be foreign now, or no longer
    this.#show.paint();
    this.#show.say(interpolate(gettext("Audio: %(name)s"), { name: nameOf(tracks, id) }));
  }

  /** Subtitles of one track; -1 for none at all. */
  chooseText(id) {
    this.#keep({ text: keysOf(this.#texts)[id] ?? "off" });
    this.#applyText();
    this.#sayText();
  }

  /** Subtitles by rule: "off", "forced" or "foreign". */
  chooseTextRule(rule) {
    this.#keep({ text: rule });
    this.#applyText();
    this.#sayText();
  }

  /** What the menu marks: a rule, or "track" with its id. */
  get textState() {
    const { text } = this.wish;
    if (text === "foreign") return { rule: "foreign", id: -1 };
    const forced = this.#texts.some((track) => track.forced);
    if (forced && (text === "" || text === "forced")) return { rule: "forced", id: -1 };
    const id = partsOf(text) ? pick(this.#texts, text) : -1;
    return id < 0 ? { rule: "off", id } : { rule: "track", id };
  }

  /** The first subtitles on or off, by key. */
  toggleText() {
    const tracks = this.#texts;
    if (!tracks.length) {
      this.#show.flash("text", { words: gettext("None") });
      return;
    }
    const whole = (this.#engine.textTrack >= 0 && !tracks[this.#engine.textTrack]?.forced) || this.textState.rule === "track";
    if (whole) this.chooseTextRule(tracks.some(({ forced }) => forced) ? "forced" : "off");
    else this.chooseText(this.#preferredText());
    const id = this.textState.id;
    this.#show.flash("text", { words: id < 0 ? gettext("Off") : nameOf(tracks, id) });
  }

  /** A second track under the first; -1 for none. */
  chooseSecond(id) {
    this.#keep({ second: keysOf(this.#texts)[id] ?? "" });
    this.#applySecond();
    this.#show.paint();
    const name = id < 0 ? gettext("Off") : nameOf(this.#texts, id);
    this.#show.say(interpolate(gettext("Second subtitles: %(name)s"), { name }));
  }

  /** The id of the second track; -1 when there is none. */
  get second() {
    const { second } = this.wish;
    return second ? pick(this.#texts, second) : -1;
  }

  /** All subtitles by one step earlier (-1) or later (1); 0 puts them back. It holds for this title, on this page. */
  offsetText(direction) {
    const captions = this.#show.captions();
    const wanted = direction ? captions.offset + direction * OFFSET_STEP_S : 0;
    captions.shift(Math.min(OFFSET_MOST_S, Math.max(-OFFSET_MOST_S, wanted)));
    this.#show.paint();
    this.#show.flash("text", { words: this.offsetName });
    this.#show.say(interpolate(gettext("Subtitles: %(time)s"), { time: this.offsetName }));
  }

  /** "+0.25 s": how much later subtitles come. */
  get offsetName() {
    const { offset } = this.#show.captions();
    if (!offset) return gettext("On time");
    const digits = { minimumFractionDigits: 2, signDisplay: "exceptZero" };
    return number(offset, { style: "unit", unit: "second", unitDisplay: "narrow", ...digits });
  }

  /** How subtitles look, here and wherever this profile watches. */
  chooseLook(name, value) {
    taste.look = { ...taste.look, [name]: value };
    this.#show.captions().look(taste.look);
    this.#tell({ look: { [name]: value } });
  }

  /** While one chooses a look there are words to see it on. */
  tryLook(on) {
    this.#show.captions().sample(on);
  }

  get speaks() {
    return this.#show.captions().speaks;
  }

  /** Whether screen readers read subtitles aloud, in this browser. */
  toggleSpoken() {
    const captions = this.#show.captions();
    captions.speaks = !captions.speaks;
    this.#preferences.set("spoken", captions.speaks);
    this.#show.paint();
  }

  // Again ------------------------------------------------------------------------------------------------------

  /** As it was chosen, once the tracks of this film are known, and whenever they are others. */
  restoreText() {
    const engine = this.#engine;
    if (!engine) return;
    const captions = this.#show.captions();
    captions.speaks = this.#preferences.get("spoken");
    const title = this.#player.answer?.title_id ?? null;
    if (title !== this.#title) captions.shift(0); // another title's subtitles have clocks of their own
    this.#title = title;
    const id = pick(engine.audioTracks, this.wish.audio);
    if (id >= 0 && engine.audioTrack >= 0 && engine.audioTrack !== id) engine.chooseAudio(id);
    this.#applyText();
  }

  #applyText(audio = this.#heard) {
    const engine = this.#engine;
    if (!engine) return;
    const id = textFor(this.wish.text, { tracks: engine.textTracks, audio, known: knownLanguages() });
    if (engine.textTrack !== id) engine.chooseText(id);
    this.#show.captions().show(id >= 0);
    this.#applySecond();
    this.#show.paint();
  }

  async #applySecond() {
    const engine = this.#engine;
    const id = this.second;
    const key = id < 0 ? "" : (this.#texts[id].url || keysOf(this.#texts)[id]);
    if (this.#second.engine === engine && this.#second.key === key) return;
    this.#second = { engine, key };
    const cues = key ? await engine.cues(id).catch(() => null) : [];
    if (this.#second.engine !== engine || this.#second.key !== key) return;
    if (cues) this.#show.captions().beside(drawable(cues));
    else this.#second = { engine: null, key: "" }; // no node gave them: the next time that tracks change
  }

  #preferredText() {
    const tracks = this.#texts;
    const { text } = this.wish;
    for (const key of [text, this.#preferences.get("lastText"), ...knownLanguages()]) {
      const id = pick(tracks, key);
      if (id >= 0) return id;
    }
    return (tracks.find(({ forced }) => !forced) ?? tracks[0])?.id ?? -1;
  }

  #sayText() {
    const { rule, id } = this.textState;
    const rules = { off: gettext("Subtitles off"), forced: gettext("Subtitles: foreign passages only") };
    rules.foreign = gettext("Subtitles when the sound is foreign");
    this.#show.say(rules[rule] ?? interpolate(gettext("Subtitles: %(name)s"), { name: nameOf(this.#texts, id) }));
  }

  #keep(said) {
    for (const [name, value] of Object.entries(said)) this.#preferences.set(name, value);
    if (partsOf(said.text)) this.#preferences.set("lastText", said.text);
    const { answer } = this.#player;
    if (answer?.choice) Object.assign(answer.choice, said);
    this.#tell(said);
  }

  // The site may be away: what was chosen holds in this browser all the same.
  #tell(said) {
    const url = this.#player.answer?.choice?.url;
    if (url) post((...args) => fetch(...args), url, JSON.stringify(said), { keepalive: true }).catch(() => {});
  }
}

function nameOf(tracks, id) {
  const found = trackNames(tracks).find((track) => track.id === id);
  return found ? [found.label, found.note].filter(Boolean).join(", ") : "";
}
