// Live progress of the videos of a page.

import { listen } from "./live.js";

const FINAL = new Set(["ready", "refused", "failed"]);
const TONES = { ready: "good", refused: "bad", failed: "bad" };

/** Keep the videos inside `section` current for as long as the page lives. */
export function follow(section) {
  const state = { section, known: null };
  const { ticket, title, poll } = section.dataset;
  const query = new URLSearchParams({ ticket });
  if (title) query.set("title", title);
  listen(`/ws/studio/progress/?${query}`, poll, (snapshot) => show(state, snapshot));
}

function show(state, snapshot) {
  const { section } = state;
  for (const video of snapshot.videos) {
    const element = section.querySelector(`[data-video="${CSS.escape(video.video)}"]`);
    if (element) paint(element, video);
  }
  const now = snapshot.videos.map((video) => `${video.video}:${FINAL.has(video.state)}`).join(" ");
  const changed = state.known !== null && state.known !== now;
  state.known = now;
  // What the page offers (retry, publish, lists) follows the state; a form that is being filled in is left alone.
  if (changed && !busy()) location.reload();
}

function busy() {
  if (document.querySelector("[data-sending]")) return true;
  return [...document.querySelectorAll("form")].some((form) =>
    [...form.elements].some((field) => {
      if (field.type === "file") return field.files.length > 0;
      if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
      return field.tagName === "TEXTAREA" || (field.tagName === "INPUT" && field.type !== "hidden")
        ? field.value !== field.defaultValue
        : false;
    }),
  );
}

function paint(element, video) {
  const part = (name) => element.querySelector(`[data-part="${name}"]`);
  element.dataset.state = video.state;
  const chip = part("state");
  chip.textContent = video.state_name;
  chip.className = `nl-chip nl-chip--${TONES[video.state] ?? "busy"}`;
  part("bar").hidden = FINAL.has(video.state);
  part("progress").value = video.percent;
  part("percent").textContent = `${Math.round(video.percent)} %`;
  part("note").textContent = video.note;
  part("left").textContent = [video.speed, video.left].filter(Boolean).join(" · ");
  const error = part("error");
  error.hidden = !video.error;
  if (error.textContent !== video.error) error.textContent = video.error;
}
