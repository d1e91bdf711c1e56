// What comes after a film: the card at its credits, the next episode, the question whether anybody is still there, the end.

import { gettext } from "../../lib/words.js";
import { taste } from "../taste.js";
import { creditsFrom, hasScene } from "./moments.js";
import { Vigil } from "./vigil.js";

const COUNTDOWN_S = 10;
//: A question that nobody answers frees the household's stream after this long.
const FREED_MS = 5 * 60_000;

export class After {
  #tools;
  #vigil = new Vigil();
  #timer = 0;
  #next = null;

  /**
   * @param {object} tools
   * @param {import("../player.js").Player} tools.player
   * @param {import("../following.js").Following} tools.following
   * @param {() => HTMLVideoElement} tools.video
   * @param {import("./nextcard.js").NextCard} tools.card
   * @param {import("./ending.js").EndScreen} tools.end
   * @param {import("./ending.js").StillThere} tools.still
   * @param {() => object | null} tools.beside what is known beside the film (beside.js)
   * @param {(next: object) => void} tools.play with `alone` when nobody asked for it
   * @param {() => boolean} tools.free whether nobody uses another control
   * @param {() => void} tools.onFocus the card takes the focus by itself
   * @param {(text: string) => void} tools.say
   */
  constructor(tools) {
    this.#tools = tools;
  }

  /** Somebody is there. A card that asked goes; it comes back with its countdown. */
  touch() {
    this.#vigil.touch();
    if (this.#tools.card.open && this.#tools.card.asking) this.#tools.card.hide();
  }

  /** The film moves. */
  tick() {
    const { player, following, video, card } = this.#tools;
    const { next, markers = [] } = player.answer ?? {};
    const { duration } = player;
    if (!next || !duration || card.dismissed) return;
    const from = creditsFrom(markers, duration);
    following.look(next, from);
    const at = video().currentTime;
    if (at < from - 1) card.hide();
    else if (at >= from && at < duration && !card.open) this.#offer(next, hasScene(markers, duration));
  }

  /** The film is over. */
  ended() {
    const { player, card, end, still } = this.#tools;
    const { next } = player.answer ?? {};
    const goesOn = next && !card.dismissed;
    if (goesOn && taste.next && this.#vigil.asks) {
      this.#next = next;
      card.hide();
      still.toggle(true, next.name || next.title);
      this.#tools.say(gettext("Are you still watching?"));
      this.#timer = setTimeout(() => player.unload(), FREED_MS);
    } else if (goesOn && taste.next) {
      this.go(true);
    } else if (goesOn && card.open) {
      card.focus(); // the profile wants to be asked
    } else {
      const { thumb, thumb_url: rated } = this.#tools.beside() ?? {};
      end.show(rated ? thumb : undefined, Boolean(next)); // nobody judges a trailer
      end.toggle(true);
    }
  }

  /** Play what comes next. @param {boolean} [alone] by itself: nobody pressed anything */
  go(alone = false) {
    const next = this.#next ?? this.#tools.player.answer?.next;
    if (!next) return false;
    if (alone) this.#vigil.passed();
    else this.#vigil.touch();
    this.#tools.play({ ...next, alone });
    return true;
  }

  /** Another film begins, or the player is taken away. */
  forget() {
    const { card, end, still } = this.#tools;
    clearTimeout(this.#timer);
    this.#next = null;
    card.hide();
    card.dismissed = false;
    end.toggle(false);
    still.toggle(false);
  }

  #offer(next, scene) {
    const { card, free, onFocus, say, beside } = this.#tools;
    const asking = taste.next && this.#vigil.asks;
    const seconds = taste.next && !asking && !scene ? COUNTDOWN_S : 0;
    const picture = beside()?.still(next.video) ?? null;
    card.show({ ...next, picture }, seconds, { asking });
    say(card.spoken(next, seconds));
    if (!free()) return;
    card.focus();
    onFocus();
  }
}
