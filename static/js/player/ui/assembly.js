// Puts the player's parts together: makes them, connects them, lays them over the picture. Each part knows only what it
// is given here; <nl-player> holds them, and what they do to one another goes through it.

import { gettext } from "../../lib/words.js";
import { taste } from "../taste.js";
import { actsOf, buttonsOf, mediaOf } from "./acts.js";
import { After } from "./after.js";
import { Bar, startButton } from "./bar.js";
import { Captions } from "./captions.js";
import { Cast } from "./cast.js";
import { h, icon } from "./dom.js";
import { EndScreen, StillThere } from "./ending.js";
import { Episodes } from "./episodes.js";
import { Help } from "./help.js";
import { Input } from "./input.js";
import { Lock } from "./lock.js";
import { Naming } from "./naming.js";
import { NextCard } from "./nextcard.js";
import { Flash, Notice, Spinner } from "./overlays.js";
import { Presence } from "./presence.js";
import { Skip } from "./skip.js";
import { Spatial } from "./spatial.js";
import { Statistics } from "./stats.js";
import { Awake } from "./system.js";
import { Talk } from "./talk.js";
import { ErrorPanel, Trouble } from "./trouble.js";
import { Viewer } from "./viewer.js";

/** What is seen, and what can be done. @param {HTMLElement} it the <nl-player> */
export function makeControls(it) {
  const { screen, player, preferences } = it;
  const say = (text) => it.say(text);
  it.talk = new Talk();
  it.spinner = new Spinner();
  it.flash = new Flash();
  it.notice = new Notice();
  it.awake = new Awake();
  it.naming = new Naming(it.dataset, () => mediaOf(it));
  it.viewer = new Viewer(player, screen, preferences, {
    flash: (name, more) => it.flash.show(name, more),
    say,
    captions: () => it.captions,
    early: () => it.notice.show(early(), { seconds: 6 }),
    paint: () => {
      it.bar.paint();
      it.bar.paintTime();
    },
  });
  it.bar = new Bar(screen, player, buttonsOf(it), preferences);
  it.bar.onMenu = () => it.presence.wake();
  it.captions = new Captions(screen);
  it.start = startButton(() => it.unblock());
  it.lock = new Lock({ onChange: (on) => it.classList.toggle("locked", on), say });
  it.surface = h("div", { class: "player-surface", tabIndex: -1 });
}

/** What lies over the picture at times. */
export function makeSheets(it) {
  const backUrl = it.dataset.backUrl || "/";
  const focusSurface = () => it.focusSurface();
  it.error = new ErrorPanel();
  it.help = new Help();
  it.statistics = new Statistics(() => it.state, () => it.statistics.toggle(false));
  it.nextCard = new NextCard({
    onGo: (alone) => it.after.go(alone),
    onCancel: focusSurface,
    running: () => !it.video.paused,
  });
  it.end = new EndScreen({
    backUrl,
    onAgain: () => it.again(),
    onNext: () => it.playNext(),
    onRate: (thumb) => it.rate(thumb),
  });
  it.still = new StillThere({ backUrl, onGo: () => it.after.go() });
  it.episodes = new Episodes({
    onPlay: (episode) => it.play(episode),
    address: (video) => it.address(video),
    onClose: focusSurface,
  });
}

function early() {
  return gettext("This film is still being prepared: it does not reach that far yet.");
}

/** What connects them: who is there, what is waited for, what comes after, what a key does. */
export function joinParts(it, signal) {
  const { player, bar, spinner, error } = it;
  const { backUrl = "/", csrf = "" } = it.dataset;
  const back = h("a", { class: "player-button", href: backUrl, "aria-label": gettext("Back") }, icon("back"));
  it.top = h("header", { class: "player-top" }, back, it.naming.element, it.lock.button);
  it.spatial = new Spatial(it, { top: it.top, bar });
  it.presence = new Presence(it, {
    held: () => it.held,
    focused: () => it.spatial.focused,
    how: () => it.spatial.how,
    leave: () => it.spatial.leave(),
    onLife: () => {
      it.after.touch();
      it.player.alone.touch();
    },
  });
  const said = { video: () => it.video, say: (text) => it.say(text) };
  it.trouble = new Trouble({ ...said, player, spinner, error, wake: () => it.presence.wake(), backUrl, csrf });
  joinComing(it, said);
  it.cast = castOf(it, said);
  const { spatial, presence, surface } = it;
  it.input = new Input(
    it,
    {
      acts: actsOf(it),
      spatial,
      presence,
      surface,
      sheet: () => it.help.open || it.episodes.open,
      trouble: () => error.open,
      menus: () => bar.menus.some((menu) => menu.open) && (bar.closeMenus(), true),
      locked: () => it.lock.on,
    },
    signal,
  );
}

/** What comes by itself while a film runs: it takes the focus from nobody. */
function joinComing(it, said) {
  const { spatial } = it;
  const free = () => (spatial.bare || document.activeElement === it.skip.element) && !it.held;
  const onFocus = () => (spatial.how = "");
  it.skip = new Skip({
    say: said.say,
    free,
    onFocus,
    notice: it.notice,
    mode: () => taste.skips,
    seek: (to) => it.viewer.seek(to, { quietly: true }),
    onGone: () => it.focusSurface(),
  });
  it.after = new After({
    ...said,
    free,
    onFocus,
    player: it.player,
    following: it.following,
    card: it.nextCard,
    end: it.end,
    still: it.still,
    beside: () => it.known,
    play: (next) => it.play(next),
  });
}

function castOf(it, { video, say }) {
  const { castButton } = it.bar;
  return new Cast({
    video,
    address: () => it.player.answer?.hls ?? "",
    onAvailable: (there) => (castButton.hidden = !there),
    onChange: (on) => {
      castButton.classList.toggle("on", on);
      say(on ? gettext("Playing on another screen") : gettext("Playing on this screen"));
    },
  });
}

/** Lay them over the picture, the lowest first. */
export function assemble(it) {
  if (!it.closest("main")) it.setAttribute("role", "main"); // over another page, which is inert
  const scrim = h("div", { class: "player-scrim", "aria-hidden": "true" });
  const corner = h("div", { class: "player-corner" }, it.skip.element, it.nextCard.element);
  const over = [it.captions, it.flash, it.spinner];
  const sheets = [it.end, it.still, it.statistics, it.error, it.lock, it.help, it.episodes, it.talk];
  const poster = it.querySelectorAll(":scope > .player-poster"); // until the film moves
  it.replaceChildren(
    it.screen.element,
    ...poster,
    it.surface,
    it.naming.card,
    scrim,
    ...over.map(({ element }) => element),
    it.start,
    it.top,
    corner,
    it.notice.element,
    it.bar.centre,
    it.bar.element,
    ...sheets.map(({ element }) => element),
  );
  it.classList.add("ready");
}
