// News for a studio page: over a websocket, or by asking now and then where there is none.

const POLL_MS = 2000;
const AGAIN_MS = [500, 1000, 2000, 5000, 10000];

/**
 * Hear a page's news for as long as the page lives.
 * @param {string} socketPath with its query
 * @param {string} pollUrl where the same is answered as JSON
 * @param {(snapshot: object) => void} onNews
 */
export function listen(socketPath, pollUrl, onNews) {
  const state = { socketPath, pollUrl, onNews, tries: 0, polling: 0 };
  open(state);
}

function open(state) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${state.socketPath}`);
  socket.addEventListener("message", (event) => {
    state.tries = 0;
    clearInterval(state.polling);
    state.polling = 0;
    state.onNews(JSON.parse(event.data));
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
      const answer = await fetch(state.pollUrl, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) state.onNews(await answer.json());
    } catch {
      // The server is away; the next turn asks again.
    }
  }, POLL_MS);
}
