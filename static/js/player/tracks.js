// Which sound and which subtitles: what a viewer's wish means among the tracks of one film. Pure.
//
// A wish names no track of one package, for the next episode has others: it is a key, "de", "en:sdh", "en:description",
// with "#2" when a film has two of a kind. Of subtitles it may also be "off", "forced" (passages in another language
// alone) or "foreign" (all, when the sound is in a language that the viewer does not know).

/** What a wish for subtitles may be beside a track's key. */
export const MODES = ["off", "forced", "foreign"];

const KEY = /^([A-Za-z0-9-]{1,35})(?::(sdh|forced|description))?(?:#([2-9]))?$/;

/** The parts of a key; null for what is none. */
export function partsOf(key) {
  const found = KEY.exec(key ?? "");
  return found && { language: found[1], kind: found[2] ?? "", place: Number(found[3] ?? 1) };
}

/** The language of a wish for sound; "" when it names none. */
export function languageOf(key) {
  return partsOf(key)?.language ?? "";
}

function kindOf({ described, forced, sdh }) {
  if (described) return "description";
  if (forced) return "forced";
  return sdh ? "sdh" : "";
}

/** The keys of tracks, in their order. @param {{language: string}[]} tracks */
export function keysOf(tracks) {
  const seen = new Map();
  return tracks.map((track) => {
    const kind = kindOf(track);
    const plain = `${track.language || "und"}${kind && `:${kind}`}`;
    const place = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, place);
    return place > 1 ? `${plain}#${Math.min(9, place)}` : plain;
  });
}

/** "pt-BR" → "pt". */
export function base(language) {
  return (language ?? "").toLowerCase().split("-")[0];
}

/** Whether two tags mean a language that who knows one also knows. "und" and "" are like nothing. */
export function alike(one, other) {
  return Boolean(base(one)) && base(one) !== "und" && base(one) === base(other);
}

/**
 * The track that comes nearest to a key: that very one; else of its language, of its kind if there is one, whole
 * subtitles before others; else of the same language spoken elsewhere.
 * @returns {number} the track's `id`; -1 when none comes near
 */
export function pick(tracks, key) {
  const wanted = partsOf(key);
  if (!wanted) return -1;
  const keys = keysOf(tracks);
  const same = tracks[keys.indexOf(key)];
  if (same) return same.id;
  const distance = (track) => {
    const kind = kindOf(track);
    const exact = track.language.toLowerCase() === wanted.language.toLowerCase();
    if (kind === "forced" && wanted.kind !== "forced") return Infinity; // a few lines are no subtitles
    if (!exact && !alike(track.language, wanted.language)) return Infinity;
    return (exact ? 0 : 4) + (kind === wanted.kind ? 0 : kind === "" ? 1 : 2);
  };
  return nearest(tracks, distance);
}

function nearest(tracks, distance) {
  let best = null;
  for (const track of tracks) {
    if (Number.isFinite(distance(track)) && (!best || distance(track) < distance(best))) best = track;
  }
  return best?.id ?? -1;
}

/** Whether a viewer who knows these languages does not understand this sound. What nobody has named is understood. */
export function isForeign(language, known) {
  return Boolean(base(language)) && base(language) !== "und" && !known.some((one) => alike(one, language));
}

/**
 * The subtitles that a wish stands for.
 * @param {string} wish a key or a mode; "" for who never said anything: as "forced"
 * @param {{tracks: object[], audio?: {language: string}, known: string[]}} film `audio` is what is heard; `known` the
 *   viewer's languages, the first one best
 * @returns {number} the track's `id`; -1 for none
 */
export function textFor(wish, { tracks, audio, known }) {
  if (wish === "off") return -1;
  if (wish && wish !== "forced" && wish !== "foreign") return pick(tracks, wish);
  if (wish === "foreign" && isForeign(audio?.language, known)) {
    for (const language of known) {
      const found = pick(tracks, language);
      if (found >= 0) return found;
    }
  }
  // What is spoken in another language within the film is written in the language of the sound.
  const forced = tracks.filter((track) => track.forced);
  return nearest(forced, ({ language }) => (alike(language, audio?.language) ? Number(language !== audio.language) : Infinity));
}

/**
 * What the viewer wishes for this film: as they last chose in it or in its series, wherever that was; else as they chose
 * in this browser.
 * @param {{choice?: {audio?: string, text?: string, second?: string}}} [answer] a session's
 * @param {{get: (name: string) => any}} preferences
 */
export function wishOf(answer, preferences) {
  const said = answer?.choice ?? {};
  const one = (name) => said[name] || preferences.get(name) || "";
  return { audio: one("audio"), text: one("text"), second: said.text ? (said.second ?? "") : one("second") };
}

/** The languages that this viewer knows: the page's, which is the profile's, then the browser's. */
export function knownLanguages(page = globalThis.document, browser = globalThis.navigator) {
  const all = [page?.documentElement?.lang, ...(browser?.languages ?? [])].filter(Boolean);
  return [...new Set(all)];
}
