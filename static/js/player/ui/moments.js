// What the markers of a film mean for its viewer at a moment: what may be skipped, where the credits begin, which chapter
// it is. Pure; all in seconds.

//: Without a marker the next card comes this long before the end (half of it for short films).
const NEXT_BEFORE_END_S = 20;
//: What ends nearer to the film's end than this has nothing behind it that could be skipped to.
const SCENE_S = 5;
//: A button for less than this would be gone before anybody could press it.
const WORTH_S = 4;
//: Pressed sooner after a chapter's start than this, "back" means the chapter before.
const SAME_CHAPTER_S = 3;
//: In a film without chapters the keys for them go so far.
const STEP_S = 60;

/**
 * What can be skipped now.
 * @param {{kind: string, start: number, end: number}[]} markers
 * @returns {{kind: "intro" | "recap" | "credits", start: number, end: number} | null}
 */
export function skippable(markers, at, duration) {
  const found = markers.find(({ kind, start, end }) => {
    if (!["intro", "recap", "credits"].includes(kind) || end - start < WORTH_S) return false;
    if (at < start || at >= end - 1) return false;
    return kind !== "credits" || (duration > 0 && end < duration - SCENE_S);
  });
  return found ?? null;
}

/** From where on the next card is shown: the last credits in the second half, or a little before the end. */
export function creditsFrom(markers, duration) {
  const known = markers.filter(({ kind, start }) => kind === "credits" && start > duration / 2).at(-1);
  return known?.start ?? duration - Math.min(NEXT_BEFORE_END_S, duration / 6);
}

/** Whether there is a scene behind the credits, which a countdown may not cut off. */
export function hasScene(markers, duration) {
  const known = markers.filter(({ kind, start }) => kind === "credits" && start > duration / 2).at(-1);
  return Boolean(known) && known.end < duration - SCENE_S;
}

/** The chapters in order. */
export function chaptersOf(markers = []) {
  return markers.filter(({ kind }) => kind === "chapter").sort((a, b) => a.start - b.start);
}

/** The chapter of a moment, or null. */
export function chapterAt(markers, at) {
  return chaptersOf(markers).filter(({ start }) => start <= at).at(-1) ?? null;
}

/**
 * Where the keys for chapters lead.
 * @param {-1 | 1} direction
 * @returns {{to: number, name: string}} `name` is "" without chapters
 */
export function chapterStep(markers, at, direction, duration) {
  const chapters = chaptersOf(markers);
  if (chapters.length < 2) return { to: Math.min(Math.max(0, at + direction * STEP_S), duration), name: "" };
  if (direction > 0) {
    const next = chapters.find(({ start }) => start > at + 0.5);
    return next ? { to: next.start, name: next.name } : { to: at, name: chapters.at(-1).name };
  }
  const begun = chapters.filter(({ start }) => start <= at);
  const back = at - (begun.at(-1)?.start ?? 0) > SAME_CHAPTER_S ? begun.at(-1) : begun.at(-2);
  return { to: back?.start ?? 0, name: (back ?? chapters[0]).name };
}
