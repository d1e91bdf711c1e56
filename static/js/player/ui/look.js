// How subtitles look, as pages of the subtitles menu. The words behind the choices are accounts/look.py's; what is
// chosen is the profile's from then on, and is tried on the picture at once.

import { gettext } from "../../lib/words.js";
import { taste } from "../taste.js";

// accounts/look.py's DEFAULT: how they look while no profile says otherwise.
const USUAL = { size: "medium", color: "white", background: "soft", edge: "shadow", font: "sans", position: "bottom" };

/** What there is to choose, by the field of a look: [title, {word: name}]. */
export function looks() {
  return {
    size: [
      gettext("Size"),
      { small: gettext("Small"), medium: gettext("Medium"), large: gettext("Large"), huge: gettext("Very large") },
    ],
    color: [
      gettext("Colour"),
      {
        white: gettext("White"),
        yellow: gettext("Yellow"),
        cyan: gettext("Cyan"),
        green: gettext("Green"),
        grey: gettext("Grey"),
      },
    ],
    background: [
      gettext("Background"),
      { none: gettext("None"), soft: gettext("Soft"), solid: gettext("Solid"), window: gettext("Wide bar") },
    ],
    edge: [
      gettext("Edge"),
      { none: gettext("None"), shadow: gettext("Shadow"), outline: gettext("Outline"), raised: gettext("Raised") },
    ],
    font: [
      gettext("Type"),
      {
        sans: gettext("Plain"),
        serif: gettext("Book"),
        mono: gettext("Typewriter"),
        round: gettext("Rounded"),
        caps: gettext("Small capitals"),
      },
    ],
    position: [
      gettext("Position"),
      { bottom: gettext("At the bottom"), raised: gettext("A little higher"), top: gettext("At the top") },
    ],
  };
}

/** The menu's item that leads to all of it. @param {import("./viewer.js").Viewer} viewer */
export function lookPage(viewer) {
  const title = gettext("Appearance");
  const page = {
    title,
    items: () => [
      ...Object.entries(looks()).map(([field, [name, words]]) => fieldItem(viewer, field, name, words)),
      { label: gettext("Read aloud by screen readers"), act: () => viewer.toggleSpoken(), on: viewer.speaks },
    ],
    open: () => viewer.tryLook(true),
    close: () => viewer.tryLook(false),
  };
  return { label: title, page };
}

function fieldItem(viewer, field, title, words) {
  const chosen = () => taste.look[field] ?? USUAL[field];
  const items = () =>
    Object.entries(words).map(([word, label]) => ({
      label,
      on: word === chosen(),
      one: true,
      act: () => viewer.chooseLook(field, word),
    }));
  return { label: title, note: words[chosen()], page: { title, items } };
}
