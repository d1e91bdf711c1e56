// The page that waits for a node: copies the command, and shows each step as it happens.

import { setText } from "./parts.js";

const POLL_MS = 1000;
const root = document.querySelector("[data-join]");
const part = (selector) => root.querySelector(selector);

function paint(data) {
  for (const step of data.steps) {
    const element = part(`[data-step="${step.key}"]`);
    if (element.className !== step.mark) element.className = step.mark;
    setText(element.querySelector("[data-part=name]"), step.name);
  }
  setText(part("[data-part=says]"), data.says);
  const refused = part("[data-part=refused]");
  setText(refused, data.refused);
  refused.hidden = !data.refused;
  const spent = data.steps[0].mark === "done";
  const command = part("[data-command]")?.closest("section");
  if (command && spent) command.remove(); // its code opens nothing any more
  const link = part("[data-node-link]");
  link.hidden = !data.node_url;
  if (data.node_url) link.href = data.node_url;
}

async function look() {
  try {
    const answer = await fetch(root.dataset.poll, { headers: { Accept: "application/json" } });
    if (answer.ok && !answer.redirected) {
      const data = await answer.json();
      paint(data);
      if (data.over) return;
    }
  } catch {
    // The server is away; the next turn asks again.
  }
  setTimeout(look, POLL_MS);
}

/** Copy an element's text; in a page without TLS a browser has no clipboard of its own, and the old way still works. */
async function copyText(element) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(element.textContent);
    return;
  }
  getSelection().selectAllChildren(element);
  document.execCommand("copy");
}

const copy = part("[data-copy]");
if (copy) {
  copy.hidden = false;
  const words = copy.textContent;
  copy.addEventListener("click", async () => {
    await copyText(part("[data-command]"));
    copy.textContent = copy.dataset.done;
    setTimeout(() => (copy.textContent = words), 2000);
  });
}
look();
