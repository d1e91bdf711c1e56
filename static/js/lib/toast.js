// Say once, at the foot of the screen and to screen readers, what just happened.

const LONGEST_MS = 5200;

export function toast(text, { bad = false } = {}) {
  const place = document.getElementById("toasts");
  if (!place || !text) return;
  const line = document.createElement("p");
  line.className = bad ? "toast is-bad" : "toast";
  line.textContent = text;
  place.replaceChildren(line);
  setTimeout(() => line.remove(), LONGEST_MS);
}

/** The words for a failed request: the server's own where it gave some. */
export function toastError(error) {
  const { failed = "", offline = "" } = document.getElementById("toasts")?.dataset ?? {};
  toast(error.status === 0 ? offline : error.message || failed, { bad: true });
}
