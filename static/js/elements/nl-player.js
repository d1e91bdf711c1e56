// <nl-player>: a film from edge to edge. Puts the player, its controls and its overlays together; each of them is a
// module of player/ui/. The film itself is player/player.js.
//
// Attributes: data-video-id, data-session-url, data-csrf, data-back-url, data-watch-url (with the nil UUID in the
// video's place), data-title, data-subtitle, data-synopsis, data-poster.

import { breath } from "../lib/breath.js";
import { ask } from "../lib/http.js";
import { momentAsked } from "../lib/links.js";
import { gettext, interpolate } from "../lib/words.js";
import { Following } from "../player/following.js";
import { Player } from "../player/player.js";
import { mediaElement, Screen } from "../player/screen.js";
import { assemble, joinParts, makeControls, makeSheets } from "../player/ui/assembly.js";
import { Beside, playable } from "../player/ui/beside.js";
import { figures } from "../player/ui/clock.js";
import { announcePosition, announceState, forgetMedia } from "../player/ui/media.js";
import { Preferences } from "../player/ui/prefs.js";

//: How long one may say that it should begin anew instead.
const RESUMED_S = 15;
const NIL = "00000000-0000-0000-0000-000000000000";

class NlPlayer extends HTMLElement {
  #abort = null;
  #furnished = false;

  connectedCallback() {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.preferences = new Preferences();
    this.screen = new Screen(() => mediaElement(this.dataset.title));
    const options = { sessionUrl: this.dataset.sessionUrl, csrf: this.dataset.csrf ?? "", ...this.means };
    this.player = new Player(this.screen, options, this.preferences);
    const { screen, player, preferences } = this;
    this.following = new Following({ options, screen, player, preferences });
    this.beside = new Beside((video) => `/api/v1/videos/${video}/beside`);
    const joined = () => joinParts(this, this.#abort.signal);
    this.#furnish([() => makeControls(this), () => makeSheets(this), joined, () => assemble(this), () => this.#begin()]);
  }

  /** Step by step: at once under a film that is prepared, else with a breath between, so that the page stays at hand. */
  async #furnish(steps) {
    const { signal } = this.#abort;
    for (const step of steps) {
      if (!this.prepared) await breath();
      if (signal.aborted) return;
      step();
    }
  }

  #begin() {
    this.#furnished = true;
    this.#listenToVideo();
    this.#listenToPlayer();
    this.viewer.applyPreferences();
    this.bar.paint();
    this.bar.paintTime();
    this.player.load(this.dataset.videoId, { prepared: this.prepared, position: this.#asked() });
    this.prepared = null;
    this.presence.wake();
  }

  disconnectedCallback() {
    this.#abort?.abort();
    this.#abort = null;
    if (!this.#furnished) return this.player.destroy();
    this.#furnished = false;
    for (const part of [this.presence, this.talk, this.trouble, this.cast, this.following]) part.drop();
    this.after.forget();
    this.awake.want(false);
    this.statistics.toggle(false);
    this.player.destroy();
    forgetMedia();
    this.replaceChildren();
    return undefined;
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

  /** What is known beside the film that plays; null until it has come. */
  get known() {
    return this.beside.of(this.player.videoId);
  }

  /** Whether something is open that the controls must not leave alone. */
  get held() {
    const open = [this.error, this.help, this.episodes, this.end, this.still].some((part) => part.open);
    return this.video.paused || this.bar.busy || open;
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
    on("playing", () => this.#uncover());
    on("pause seeked", () => this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.#uncover());
    on("play", () => this.#onPlay());
    on("pause", () => this.#onPause());
    on("ended", () => this.#onEnded());
    on("seeking", () => this.end.toggle(false));
    on("enterpictureinpicture", () => this.say(gettext("Picture in picture")));
    document.addEventListener("fullscreenchange", () => this.bar.paint(), { signal });
    document.addEventListener("visibilitychange", () => !document.hidden && this.awake.want(!this.video.paused), { signal });
  }

  #listenToPlayer() {
    const { signal } = this.#abort;
    const { trouble } = this;
    const on = (type, handler) => this.player.addEventListener(type, ({ detail }) => handler(detail), { signal });
    on("opened", (detail) => this.#opened(detail));
    on("refused", ({ error }) => trouble.refused(error));
    on("blocked", () => this.#blocked());
    on("waiting", ({ why }) => trouble.waiting(why));
    on("flowing", () => this.#flowing());
    on("failed", (detail) => trouble.failed(detail));
    on("mended", () => trouble.mended());
    on("tracks", () => {
      this.viewer.restoreText();
      this.bar.paint();
    });
    on("level", () => this.bar.paint());
    on("scene", () => this.#tick());
    on("switch", ({ to }) => {
      if (!this.presence.idle) this.say(interpolate(gettext("Now playing from %(server)s"), { server: to }));
    });
  }

  // What the viewer can do -------------------------------------------------------------------------------------

  toggle({ flash = false } = {}) {
    const { video } = this;
    if (this.player.ended) this.again();
    else if (video.ended) return; // at the end of what is there so far: it goes on by itself
    else if (video.paused) this.unblock();
    else video.pause();
    if (flash) this.flash.show(video.paused ? "pause" : "play");
  }

  /** Play another video on this same element: full screen and the permission to play with sound stay. */
  play({ video, title = "", name = "", alone = false }) {
    // In this page's place: Back leads to where the viewer came from, not through every episode.
    history.replaceState(history.state, "", this.address(video));
    this.after.forget();
    this.skip.forget();
    this.notice.hide(); // what it says is about the episode that is left
    this.naming.show({ title: title || this.naming.heading.textContent, name });
    this.spinner.show();
    const prepared = this.following.take();
    if (prepared?.videoId !== video) prepared?.drop(); // another episode than the one that would have followed
    this.player.load(video, { prepared: prepared?.videoId === video ? prepared : null, alone });
  }

  playNext() {
    return this.after.go();
  }

  playPrevious() {
    const { previous } = this.known ?? {};
    if (!previous) return false;
    this.play(previous);
    return true;
  }

  async showEpisodes() {
    const { videoId } = this.player;
    const beside = await this.beside.about(videoId);
    if (beside && playable(beside) > 1 && this.isConnected) this.episodes.show(beside, this.player.videoId);
  }

  /** Say it to those who listen to the page instead of seeing it. */
  say(text) {
    this.talk.say(text);
  }

  focusSurface() {
    this.surface.focus({ preventScroll: true });
  }

  // What happens -----------------------------------------------------------------------------------------------

  /** Where a video is watched. */
  address(video) {
    return (this.dataset.watchUrl ?? "").replace(NIL, video) || location.href;
  }

  /** The moment that the address asks for. It is taken out of it: a reload goes on where the viewer is by then. */
  #asked() {
    const moment = momentAsked(location.search);
    if (moment === undefined) return undefined;
    const url = new URL(location.href);
    url.searchParams.delete("t");
    history.replaceState(history.state, "", url);
    return moment;
  }

  #opened({ answer, position, resumed }) {
    this.trouble.mended();
    this.naming.show(answer, this.known);
    this.bar.nextButton.hidden = !answer.next;
    this.bar.episodesButton.hidden = true;
    if (resumed) {
      const words = interpolate(gettext("Resuming from %(time)s"), { time: figures(position) });
      const again = () => (this.viewer.seek(0), this.player.play());
      this.notice.show(words, { action: gettext("Start over"), onAction: again, seconds: RESUMED_S });
    }
    this.spinner.show();
  }

  /** The picture moves; what stands beside the film can be asked for now. */
  #flowing() {
    this.trouble.flowing();
    const { videoId } = this.player;
    if (this.known || !videoId) return;
    this.beside.about(videoId).then((beside) => {
      if (!beside || this.player.videoId !== videoId || !this.isConnected) return;
      this.naming.show(this.player.answer ?? {}, beside);
      this.bar.episodesButton.hidden = playable(beside) < 2;
    });
    this.cast.look();
  }

  #tick() {
    this.bar.paintTime();
    const { duration } = this.player;
    const { currentTime, playbackRate, paused, seeking } = this.video;
    announcePosition({ duration, position: currentTime, rate: playbackRate });
    this.skip.look(this.player.answer?.markers ?? [], currentTime, duration, { running: !paused, seeking });
    this.after.tick();
  }

  #onPlay() {
    this.start.hidden = true;
    this.end.toggle(false);
    this.presence.runs();
    this.awake.want(true);
    announceState(false);
    this.say(gettext("Playing"));
  }

  #onPause() {
    this.awake.want(false);
    announceState(true);
    if (this.video.ended) return;
    this.presence.stands();
    if (!this.video.seeking) this.say(gettext("Paused"));
  }

  #onEnded() {
    if (!this.player.ended) return;
    this.spinner.hide();
    this.presence.wake();
    this.end.title.textContent = this.naming.whole;
    this.after.ended();
  }

  /** From the start. */
  again() {
    this.after.forget();
    this.viewer.seek(0);
    this.player.play();
  }

  /** The page's picture stood in for the film's. */
  #uncover() {
    this.querySelector(":scope > .player-poster")?.remove();
  }

  #blocked() {
    this.#uncover();
    this.spinner.hide();
    this.start.hidden = false;
    this.start.focus({ preventScroll: true });
    this.presence.wake();
  }

  /** Play, within a gesture. */
  unblock() {
    this.start.hidden = true;
    this.player.play();
  }

  /** Keep a verdict. @returns {Promise<string>} what to say of it @throws {import("../lib/http.js").HttpError} */
  async rate(thumb) {
    const beside = this.known;
    await ask("PUT", beside.thumb_url, { thumb });
    beside.thumb = thumb;
    return thumb ? gettext("Thanks: your rows will follow.") : gettext("Taken back.");
  }
}

customElements.define("nl-player", NlPlayer);

export { NlPlayer };
