// <nl-player>: a film from edge to edge. Puts the player, its controls and its overlays together and turns keys,
// pointers and clicks into actions. The film itself is player/player.js; this file is what the viewer touches.
//
// Attributes: data-video-id, data-session-url, data-csrf, data-back-url, data-watch-url (with the nil UUID in the
// video's place), data-title, data-subtitle, data-synopsis, data-poster.

import { bufferAhead } from "../player/engine.js";
import { Following } from "../player/following.js";
import { Player } from "../player/player.js";
import { mediaElement, Screen } from "../player/screen.js";
import { taste } from "../player/taste.js";
import { Bar, startButton } from "../player/ui/bar.js";
import { Captions } from "../player/ui/captions.js";
import { figures } from "../player/ui/clock.js";
import { h, icon } from "../player/ui/dom.js";
import { Gestures } from "../player/ui/gestures.js";
import { actionOf, isForElement } from "../player/ui/keys.js";
import { EndScreen, ErrorPanel, Flash, Help, NextCard, Notice, Spinner } from "../player/ui/overlays.js";
import { Preferences } from "../player/ui/prefs.js";
import { Spatial } from "../player/ui/spatial.js";
import { Statistics } from "../player/ui/stats.js";
import {
  announceMedia,
  announcePosition,
  forgetMedia,
  Awake,
  isFullscreen,
  toggleFullscreen,
  togglePictureInPicture,
} from "../player/ui/system.js";
import { Viewer } from "../player/ui/viewer.js";

const NIL = "00000000-0000-0000-0000-000000000000";
const IDLE_MS = 3000;
const PAUSED_CARD_MS = 4000;
const FRAME_S = 1 / 24;
// The next card comes with the credits; without a marker, this long before the end (half of it for short films).
const NEXT_BEFORE_END_S = 20;
const NEXT_COUNTDOWN_S = 10;

const WAITING_WORDS = {
  switch: "Switching to another server …",
  trouble: "No server answers. Trying again …",
  growing: "The rest of this film is still being prepared. It goes on by itself …",
};
// Refusals that asking again would not change.
const FINAL = new Set(["not_found", "signed_out", "needs_plan"]);
const EARLY = "This film is still being prepared: it does not reach that far yet.";

class NlPlayer extends HTMLElement {
  #abort = null;
  #idleTimer = 0;
  #cardTimer = 0;
  #failure = null;
  #pointer = { x: -1, y: -1 };

  connectedCallback() {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.preferences = new Preferences();
    this.screen = new Screen(() => mediaElement(this.dataset.title));
    const options = { sessionUrl: this.dataset.sessionUrl, csrf: this.dataset.csrf ?? "", ...this.means };
    this.player = new Player(this.screen, options, this.preferences);
    const { screen, player, preferences } = this;
    this.following = new Following({ options, screen, player, preferences });
    this.#build();
    this.#listenToVideo();
    this.#listenToPlayer();
    this.#listenToViewer();
    this.viewer.applyPreferences();
    this.bar.paint();
    this.bar.paintTime();
    this.player.load(this.dataset.videoId, { prepared: this.prepared });
    this.prepared = null;
    this.wake();
  }

  disconnectedCallback() {
    this.#abort?.abort();
    this.#abort = null;
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#cardTimer);
    this.awake.want(false);
    this.statistics.toggle(false);
    this.following.drop();
    this.player.destroy();
    forgetMedia();
    this.replaceChildren();
  }

  /** What was prepared of the film before this element came to the page (player/ahead.js). */
  prepared = null;

  /** How the site is reached, when that is not the network: {fetch} (offline/local.js). */
  means = {};

  /** What browser tests read; JSON-able. */
  get state() {
    return this.player.state;
  }

  /** The media element that is shown: another one after a newer package has taken over. */
  get video() {
    return this.screen.video;
  }

  // Building ---------------------------------------------------------------------------------------------------

  #build() {
    const backUrl = this.dataset.backUrl || "/";
    this.viewer = new Viewer(this.player, this.screen, this.preferences, {
      flash: (name, more) => this.flash.show(name, more),
      say: (text) => this.say(text),
      captions: () => this.captions,
      early: () => this.notice.show(EARLY, { seconds: 6 }),
      paint: () => {
        this.bar.paint();
        this.bar.paintTime();
      },
    });
    this.bar = new Bar(this.screen, this.player, this.#actions(), this.preferences);
    this.bar.onMenu = () => this.wake();
    this.captions = new Captions(this.screen);
    this.spinner = new Spinner();
    this.flash = new Flash();
    this.notice = new Notice();
    this.error = new ErrorPanel();
    this.nextCard = new NextCard({
      onGo: () => this.playNext(),
      onCancel: () => this.focusSurface(),
      running: () => !this.video.paused,
    });
    this.end = new EndScreen({ backUrl, onAgain: () => this.#again() });
    this.help = new Help();
    this.statistics = new Statistics(() => this.state, () => this.statistics.toggle(false));
    this.start = startButton(() => this.#unblock());
    this.awake = new Awake();
    this.said = h("p", { class: "player-said", role: "status", "aria-live": "polite" });
    this.heading = h("h1", {}, this.dataset.title ?? "");
    this.subheading = h("p", {}, this.dataset.subtitle ?? "");
    this.card = h("div", { class: "player-card", "aria-hidden": "true" });
    this.surface = h("div", { class: "player-surface", tabIndex: -1 });
    const back = h("a", { class: "player-button", href: backUrl, "aria-label": "Back" }, icon("back"));
    const top = h("header", { class: "player-top" }, back, h("div", { class: "names" }, this.heading, this.subheading));
    this.replaceChildren(
      this.screen.element,
      this.surface,
      this.card,
      h("div", { class: "player-scrim", "aria-hidden": "true" }),
      this.captions.element,
      this.flash.element,
      this.spinner.element,
      this.start,
      top,
      this.bar.centre,
      this.bar.element,
      this.notice.element,
      this.nextCard.element,
      this.end.element,
      this.statistics.element,
      this.error.element,
      this.help.element,
      this.said,
    );
    this.spatial = new Spatial(this, { top, bar: this.bar });
    this.classList.add("ready");
  }

  #actions() {
    const { viewer } = this;
    return {
      viewer,
      toggle: () => this.toggle(),
      jump: (by) => viewer.jump(by),
      seek: (to) => viewer.seek(to),
      mute: () => viewer.mute(),
      volume: (level) => viewer.setVolume(level),
      rate: (rate) => viewer.setRate(rate),
      quality: (index) => viewer.chooseQuality(index),
      saver: () => viewer.toggleSaver(),
      text: (id) => viewer.chooseText(id),
      audio: (id) => viewer.chooseAudio(id),
      next: () => this.playNext(),
      fullscreen: () => toggleFullscreen(this, this.video),
      pip: () => togglePictureInPicture(this.video),
      statistics: () => {
        this.bar.closeMenus();
        this.statistics.toggle();
      },
    };
  }

  // Listening --------------------------------------------------------------------------------------------------

  #listenToVideo() {
    const { signal } = this.#abort;
    const on = (types, handler) => {
      for (const type of types.split(" ")) this.screen.addEventListener(type, handler, { signal });
    };
    on("timeupdate progress durationchange seeking seeked", () => this.#tick());
    on("play pause ended volumechange ratechange loadedmetadata", () => this.bar.paint());
    on("loadedmetadata", () => (this.video.playbackRate = this.viewer.rate));
    on("play", () => this.#onPlay());
    on("pause", () => this.#onPause());
    on("ended", () => this.#onEnded());
    on("seeking", () => this.end.toggle(false));
  }

  #listenToPlayer() {
    const { signal } = this.#abort;
    const on = (type, handler) => this.player.addEventListener(type, ({ detail }) => handler(detail), { signal });
    on("opened", (detail) => this.#opened(detail));
    on("refused", ({ error }) => this.#refused(error));
    on("blocked", () => this.#blocked());
    on("waiting", ({ why }) => this.#waiting(why));
    on("flowing", () => this.#flowing());
    on("failed", (detail) => this.#failed(detail));
    on("mended", () => {
      this.#failure = null;
      this.error.hide();
    });
    on("tracks", () => {
      this.viewer.restoreText();
      this.bar.paint();
    });
    on("level", () => this.bar.paint());
    on("scene", () => this.#tick());
    on("switch", ({ to }) => this.say(`Now playing from ${to}`, { quietly: true }));
  }

  #listenToViewer() {
    const { signal } = this.#abort;
    const on = (target, type, handler, more = {}) => target.addEventListener(type, handler, { signal, ...more });
    on(document, "keydown", (event) => this.#key(event));
    for (const type of ["pointermove", "pointerdown", "focusin"]) {
      on(this, type, (event) => this.wake(event), { passive: true });
    }
    on(this, "pointerleave", () => this.#sleepSoon(600));
    on(document, "fullscreenchange", () => this.bar.paint());
    on(document, "visibilitychange", () => !document.hidden && this.awake.want(!this.video.paused));
    new Gestures(this.surface, {
      toggle: () => {
        if (this.bar.menus.some((menu) => menu.open)) this.bar.closeMenus();
        else this.toggle();
      },
      enlarge: () => toggleFullscreen(this, this.video),
      tap: () => (this.classList.contains("idle") ? this.wake() : this.#sleepSoon(0)),
      jump: (direction) => this.viewer.jump(direction * 10),
    });
  }

  // Keys -------------------------------------------------------------------------------------------------------

  #key(event) {
    if (event.defaultPrevented || event.isComposing) return;
    if (this.help.open && event.key !== "?") return;
    const action = actionOf(event);
    if (!action) {
      if (this.spatial.enter(event)) this.wake(event);
      return;
    }
    if (this.spatial.move(event)) {
      this.wake(event);
      return;
    }
    if (isForElement(event.target, action) && (this.spatial.byKeys || !event.target.matches?.("button, a"))) return;
    if (this.error.open && action.name !== "escape" && action.name !== "fullscreen") return;
    const handled = this.#act(action);
    if (!handled) return;
    event.preventDefault();
    this.wake(event);
  }

  #act({ name, value }) {
    const { video, viewer } = this;
    const acts = {
      toggle: () => this.toggle({ flash: true }),
      back: () => viewer.jump(-10),
      forward: () => viewer.jump(10),
      louder: () => viewer.setVolume(video.volume + 0.1, { flash: true }),
      softer: () => viewer.setVolume(video.volume - 0.1, { flash: true }),
      mute: () => viewer.mute({ flash: true }),
      start: () => viewer.seek(0),
      end: () => viewer.seek(this.player.duration - 0.5),
      jump: () => viewer.seek(this.player.duration * value),
      frame: () => video.paused && viewer.seek(video.currentTime + value * FRAME_S, { quietly: true }),
      slower: () => viewer.stepRate(-1),
      faster: () => viewer.stepRate(1),
      captions: () => viewer.toggleText(),
      fullscreen: () => toggleFullscreen(this, video),
      next: () => this.playNext(),
      help: () => this.help.toggle(),
      statistics: () => this.statistics.toggle(),
      escape: () => this.#escape(),
    };
    return acts[name] ? acts[name]() !== false : false;
  }

  #escape() {
    if (this.bar.menus.some((menu) => menu.open)) this.bar.closeMenus();
    else if (this.nextCard.open) this.nextCard.element.querySelector("button:not(.main)").click();
    else if (this.statistics.open) this.statistics.toggle(false);
    else if (isFullscreen()) document.exitFullscreen?.().catch(() => {});
    else return false;
    return true;
  }

  // What the viewer can do -------------------------------------------------------------------------------------

  toggle({ flash = false } = {}) {
    const { video } = this;
    if (this.player.ended) this.#again();
    else if (video.ended) return; // at the end of what is there so far: it goes on by itself
    else if (video.paused) this.#unblock();
    else video.pause();
    if (flash) this.flash.show(video.paused ? "pause" : "play");
  }

  /** Play what comes next on this same element: full screen and the permission to play with sound stay. */
  playNext() {
    const { next } = this.player.answer ?? {};
    if (!next) return false;
    // In this page's place: Back leads to where the viewer came from, not through every episode.
    history.replaceState(null, "", (this.dataset.watchUrl ?? "").replace(NIL, next.video) || location.href);
    this.nextCard.hide();
    this.notice.hide(); // what it says is about the episode that is left
    this.nextCard.dismissed = false;
    this.end.toggle(false);
    this.#name(next.title || this.dataset.title, next.name);
    this.spinner.show();
    this.player.load(next.video, { prepared: this.following.take() });
    return true;
  }

  /** Say it to those who listen to the page instead of seeing it. */
  say(text, { quietly = false } = {}) {
    if (!quietly || !this.classList.contains("idle")) this.said.textContent = text;
  }

  focusSurface() {
    this.surface.focus({ preventScroll: true });
  }

  /** Show the controls for a while. */
  wake(event) {
    if (event?.type === "pointermove") {
      // A mouse that lies still sends moves too, when elements move under it.
      const { clientX, clientY } = event;
      if (clientX === this.#pointer.x && clientY === this.#pointer.y) return;
      this.#pointer = { x: clientX, y: clientY };
    }
    this.classList.remove("idle");
    this.#sleepSoon(IDLE_MS);
  }

  #sleepSoon(delay) {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      const rest = this.video.paused || this.bar.busy || this.error.open || this.help.open || this.nextCard.open;
      if (!rest) this.classList.add("idle");
    }, delay);
  }

  // What happens -----------------------------------------------------------------------------------------------

  #opened({ answer, position, resumed }) {
    this.#failure = null;
    this.error.hide();
    this.#name(answer.title || this.dataset.title, answer.name);
    this.bar.nextButton.hidden = !answer.next;
    if (resumed) {
      const words = `Resuming from ${figures(position)}`;
      this.notice.show(words, { action: "Start over", onAction: () => (this.viewer.seek(0), this.player.play()) });
    }
    this.spinner.show();
  }

  #name(title = "", name = "") {
    const sub = name && name !== title ? name.replace(`${title} · `, "") : (this.dataset.subtitle ?? "");
    this.heading.textContent = title;
    this.subheading.textContent = sub;
    this.end.title.textContent = sub ? `${title}: ${sub}` : title;
    this.card.replaceChildren(
      h("p", { class: "kicker" }, "You are watching"),
      h("p", { class: "name" }, title),
      sub ? h("p", { class: "sub" }, sub) : "",
      this.dataset.synopsis && !name ? h("p", { class: "synopsis" }, this.dataset.synopsis) : "",
    );
    document.title = sub ? `${title}: ${sub}` : title;
    announceMedia(
      { title, subtitle: sub, artwork: this.dataset.poster },
      {
        play: () => this.player.play(),
        pause: () => this.video.pause(),
        seekbackward: ({ seekOffset }) => this.viewer.jump(-(seekOffset || 10)),
        seekforward: ({ seekOffset }) => this.viewer.jump(seekOffset || 10),
        seekto: ({ seekTime }) => this.viewer.seek(seekTime),
        nexttrack: this.player.answer?.next ? () => this.playNext() : null,
        stop: () => this.video.pause(),
      },
    );
  }

  #tick() {
    this.bar.paintTime();
    const { duration } = this.player;
    const { currentTime, playbackRate } = this.video;
    announcePosition({ duration, position: currentTime, rate: playbackRate });
    const { next, markers } = this.player.answer ?? {};
    if (!next || !duration || this.nextCard.dismissed) return;
    const credits = (markers ?? []).find(({ kind }) => kind === "credits")?.start;
    const from = credits ?? duration - Math.min(NEXT_BEFORE_END_S, duration / 6);
    this.following.look(next, from);
    if (currentTime >= from && currentTime < duration) this.nextCard.show(next, taste.next ? NEXT_COUNTDOWN_S : 0);
    else if (currentTime < from - 1) this.nextCard.hide();
  }

  #onPlay() {
    this.start.hidden = true;
    this.end.toggle(false);
    this.classList.remove("paused", "carded");
    clearTimeout(this.#cardTimer);
    this.awake.want(true);
    this.wake();
  }

  #onPause() {
    this.awake.want(false);
    if (this.video.ended) return;
    this.classList.add("paused");
    this.wake();
    clearTimeout(this.#cardTimer);
    this.#cardTimer = setTimeout(() => this.classList.add("carded"), PAUSED_CARD_MS);
  }

  #onEnded() {
    if (!this.player.ended) return;
    this.spinner.hide();
    this.wake();
    const goesOn = this.player.answer?.next && !this.nextCard.dismissed;
    if (goesOn && taste.next) this.playNext();
    else if (goesOn && this.nextCard.open) this.nextCard.focus(); // the profile wants to be asked
    else this.end.toggle(true);
  }

  #again() {
    this.end.toggle(false);
    this.nextCard.dismissed = false;
    this.viewer.seek(0);
    this.player.play();
  }

  #blocked() {
    this.spinner.hide();
    this.start.hidden = false;
    this.start.focus({ preventScroll: true });
    this.wake();
  }

  #unblock() {
    this.start.hidden = true;
    this.player.play();
  }

  #waiting(why) {
    if (this.video.paused && why !== "start" && why !== "growing") return;
    this.spinner.show(WAITING_WORDS[why] ?? "");
    if (WAITING_WORDS[why]) this.say(WAITING_WORDS[why]);
    if (this.#failure && bufferAhead(this.video) < 0.5) this.#showFailure();
  }

  #flowing() {
    this.spinner.hide();
    this.error.hide(); // a failure is not forgotten by it: it shows again when the buffer has run out
  }

  #failed(failure) {
    this.#failure = failure;
    // Buffered film plays on; the panel comes when it has run out, or at once when there is none.
    if (bufferAhead(this.video) < 0.5 || this.video.paused) this.#showFailure();
  }

  #showFailure() {
    this.spinner.hide();
    this.error.show({ ...this.#failure, backUrl: this.dataset.backUrl || "/", onRetry: () => this.#retry() });
    this.wake();
  }

  #refused(error) {
    this.spinner.hide();
    const canStop = error.details?.can_stop;
    const streams = (error.details?.streams ?? []).map(({ profile, title, device, stop }) => ({
      name: profile || "Someone",
      about: [title, device].filter(Boolean).join(" · "),
      onStop: canStop && stop ? () => this.#stopOther(stop) : undefined,
    }));
    this.error.show({
      message: error.message,
      detail: streams.length ? "Watching now:" : "",
      streams,
      backUrl: this.dataset.backUrl || "/",
      onRetry: FINAL.has(error.code) ? undefined : () => this.#retry(),
      link: error.code === "needs_plan" ? { url: error.details.url, words: "See plans" } : undefined,
    });
    this.say(error.message);
    this.wake();
  }

  // Its slot is free as soon as the site has answered.
  async #stopOther(url) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.dataset.csrf ?? "" };
    const response = await fetch(url, { method: "POST", credentials: "same-origin", headers });
    if (!response.ok && response.status !== 404) {
      const { error } = await response.json().catch(() => ({}));
      throw new Error(error?.message ?? "");
    }
    this.#retry();
  }

  #retry() {
    this.error.hide();
    this.spinner.show("Trying again …");
    if (this.player.answer) this.player.retry();
    else this.player.restart();
  }
}

customElements.define("nl-player", NlPlayer);

export { NlPlayer };
