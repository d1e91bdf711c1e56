// Live progress of videos: over a websocket, or by asking now and then where there is none.

const POLL_MS = 2000;
const AGAIN_MS = [500, 1000, 2000, 5000, 10000];
const FINAL = new Set(["ready", "refused", "failed"]);
const TONES = { ready: "good", refused: "bad", failed: "bad" };

/** Keep the videos inside `section` current for as long as the page lives. */
export function follow(section) {
  const state = { section, tries: 0, polling: 0, known: null };
  open(state);
}

function open(state) {
  const { ticket, title } = state.section.dataset;
  const query = new URLSearchParams({ ticket });
  if (title) query.set("title", title);
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}/ws/studio/progress/?${query}`);
  socket.addEventListener("message", (event) => {
    state.tries = 0;
    stopPolling(state);
    show(state, JSON.parse(event.data));
  });
  socket.addEventListener("close", () => {
    // Poll until a socket speaks again: a proxy may not let websockets through at all.
    startPolling(state);
    const wait = AGAIN_MS[Math.min(state.tries, AGAIN_MS.length - 1)];
    state.tries += 1;
    setTimeout(() => open(state), wait);
  });
}

function startPolling(state) {
  if (state.polling) return;
  state.polling = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(state.section.dataset.poll, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) show(state, await answer.json());
    } catch {
      // The server is away; the next turn asks again.
    }
  }, POLL_MS);
}

function stopPolling(state) {
  clearInterval(state.polling);
  state.polling = 0;
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
  part("left").textContent = video.left;
  const error = part("error");
  error.hidden = !video.error;
  if (error.textContent !== video.error) error.textContent = video.error;
}
