// The page of one video: a part that waits for a job is asked for again until it no longer does.
// The page works without this file; then people reload it.

const EVERY = 1500;

/** Replace a section by its newest state, unless somebody is typing in it. */
async function refresh(section) {
  const answer = await fetch(section.dataset.partOf, { credentials: "same-origin" });
  if (!answer.ok) return section;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-part-of]");
  if (!fresh || section.contains(document.activeElement)) return section;
  for (const details of fresh.querySelectorAll("details")) {
    details.open = section.querySelector("details")?.open ?? false;
  }
  section.replaceWith(fresh);
  return fresh;
}

async function follow(section) {
  let now = section;
  while ("waiting" in now.dataset) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    if (document.hidden) continue;
    try {
      now = await refresh(now);
    } catch {
      // The network or the server is away for a moment: ask again.
    }
  }
}

for (const section of document.querySelectorAll("[data-part-of][data-waiting]")) follow(section);
