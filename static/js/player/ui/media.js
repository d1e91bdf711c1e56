// The system's own controls: media keys of the keyboard, the lock screen, the headset, the browser's own player panel.
// All of it may be missing; none of it may break playback.

const ACTIONS = [
  "play",
  "pause",
  "stop",
  "seekbackward",
  "seekforward",
  "seekto",
  "previoustrack",
  "nexttrack",
  "enterpictureinpicture",
];

/**
 * Tell the system what plays, and listen to its keys.
 * @param {{title: string, subtitle: string, artwork?: string, chapters?: {start: number, name: string}[]}} about
 * @param {Record<string, ((details: object) => void) | null>} handlers by Media Session action; null for what cannot be
 *   done now
 */
export function announceMedia({ title, subtitle, artwork, chapters = [] }, handlers) {
  const session = navigator.mediaSession;
  if (!session) return;
  const said = { title: subtitle || title, artist: subtitle ? title : "", artwork: artwork ? [{ src: artwork }] : [] };
  session.metadata = metadataOf(said, chapters);
  handle(session, handlers);
}

/** With chapters where the browser knows of them. */
function metadataOf(said, chapters) {
  try {
    const chapterInfo = chapters.map(({ name, start }) => ({ title: name, startTime: start }));
    return new MediaMetadata(chapterInfo.length ? { ...said, chapterInfo } : said);
  } catch {
    return new MediaMetadata(said);
  }
}

/** Nothing plays any more: the system's keys would go to a player that nobody sees. */
export function forgetMedia() {
  const session = navigator.mediaSession;
  if (!session) return;
  session.metadata = null;
  session.playbackState = "none";
  handle(session, Object.fromEntries(ACTIONS.map((action) => [action, null])));
}

function handle(session, handlers) {
  for (const [action, handler] of Object.entries(handlers)) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // an action that this browser does not know
    }
  }
}

/** Whether it plays: a page that waits for bytes plays, too. */
export function announceState(paused) {
  if (navigator.mediaSession) navigator.mediaSession.playbackState = paused ? "paused" : "playing";
}

/** Keep the system's own timeline right. */
export function announcePosition({ duration, position, rate }) {
  if (!navigator.mediaSession?.setPositionState || !(duration > 0)) return;
  try {
    navigator.mediaSession.setPositionState({ duration, position: Math.min(position, duration), playbackRate: rate });
  } catch {
    // a duration that changed between two readings
  }
}
