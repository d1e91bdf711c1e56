// What each key, button and system control does, by name. The element gives its parts; nothing is decided here but which
// part is asked.

import { isFullscreen, toggleFullscreen, togglePictureInPicture } from "./system.js";
import { chapterStep } from "./moments.js";

const FRAME_S = 1 / 24;

/** For the bar's buttons. @param {HTMLElement} it the <nl-player> */
export function buttonsOf(it) {
  const { viewer } = it;
  return {
    viewer,
    toggle: () => it.toggle(),
    jump: (by) => viewer.jump(by),
    seek: (to) => viewer.seek(to),
    mute: () => viewer.mute(),
    volume: (level) => viewer.setVolume(level),
    rate: (rate) => viewer.setRate(rate),
    quality: (index) => viewer.chooseQuality(index),
    saver: () => viewer.toggleSaver(),
    text: (id) => viewer.chooseText(id),
    audio: (id) => viewer.chooseAudio(id),
    next: () => it.playNext(),
    episodes: () => it.showEpisodes(),
    cast: () => it.cast.choose(),
    fullscreen: () => toggleFullscreen(it, it.video),
    pip: () => togglePictureInPicture(it.video),
    statistics: () => {
      it.bar.closeMenus();
      it.statistics.toggle();
    },
  };
}

/** For keys (keys.js) and gestures; what answers false was not used. */
export function actsOf(it) {
  const { viewer, bar } = it;
  return {
    toggle: () => it.toggle({ flash: true }),
    play: () => it.video.paused && it.toggle({ flash: true }),
    pause: () => !it.video.paused && it.toggle({ flash: true }),
    back: () => viewer.jump(-10),
    forward: () => viewer.jump(10),
    louder: () => viewer.setVolume(it.video.volume + 0.1, { flash: true }),
    softer: () => viewer.setVolume(it.video.volume - 0.1, { flash: true }),
    mute: () => viewer.mute({ flash: true }),
    start: () => viewer.seek(0),
    end: () => viewer.seek(it.player.duration - 0.5),
    jump: (part) => viewer.seek(it.player.duration * part),
    frame: (by) => it.video.paused && viewer.seek(it.video.currentTime + by * FRAME_S, { quietly: true }),
    chapter: (direction) => toChapter(it, direction),
    offset: (direction) => viewer.offsetText?.(direction) ?? false,
    slower: () => viewer.stepRate(-1),
    faster: () => viewer.stepRate(1),
    captions: () => viewer.toggleText(),
    skip: () => it.skip.press(),
    fullscreen: () => toggleFullscreen(it, it.video),
    pip: () => !bar.pipButton.hidden && togglePictureInPicture(it.video),
    next: () => it.playNext(),
    previous: () => it.playPrevious(),
    episodes: () => it.showEpisodes(),
    help: () => it.help.toggle(),
    statistics: () => it.statistics.toggle(),
    escape: () => escape(it),
  };
}

/** For the system's media keys (media.js). */
export function mediaOf(it) {
  const { viewer, player, video } = it;
  return {
    play: () => player.play(),
    pause: () => it.video.pause(),
    stop: () => it.video.pause(),
    seekbackward: ({ seekOffset }) => viewer.jump(-(seekOffset || 10)),
    seekforward: ({ seekOffset }) => viewer.jump(seekOffset || 10),
    seekto: ({ seekTime }) => viewer.seek(seekTime, { quietly: true }),
    previoustrack: it.known?.previous ? () => it.playPrevious() : null,
    nexttrack: player.answer?.next ? () => it.playNext() : null,
    enterpictureinpicture: video.disablePictureInPicture ? null : () => togglePictureInPicture(it.video),
  };
}

function toChapter(it, direction) {
  const { markers = [] } = it.player.answer ?? {};
  const { to, name } = chapterStep(markers, it.video.currentTime, direction, it.player.duration);
  it.viewer.seek(to, { quietly: Boolean(name) });
  if (name) {
    it.flash.show(null, { words: name });
    it.say(name);
  }
}

// What lies on top is closed first; a viewer who walks in the controls gets back to the picture.
function escape(it) {
  if (it.lock.on) it.lock.set(false);
  else if (it.bar.menus.some((menu) => menu.open)) it.bar.closeMenus();
  else if (it.nextCard.open) it.nextCard.cancel();
  else if (it.statistics.open) it.statistics.toggle(false);
  else if (isFullscreen()) document.exitFullscreen?.().catch(() => {});
  else if (it.spatial.focused) {
    it.spatial.leave();
    it.presence.hide();
  } else return false;
  return true;
}
