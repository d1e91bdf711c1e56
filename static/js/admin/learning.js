/** The page of recommendations follows a training while one is under way; without script, reloading does. */

const EVERY = 2000;
const place = document.querySelector("[data-learning]");

/** Put the newest board in; buttons that somebody is on stay as they are until they are left. */
async function look() {
  if (!place.querySelector("[data-going]")) return;
  try {
    const answer = await fetch(place.dataset.poll, { headers: { Accept: "text/html" } });
    if (answer.ok && !place.contains(document.activeElement)) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceChildren(...page.body.childNodes);
    }
  } catch {
    // The next look may get through.
  }
  setTimeout(look, EVERY);
}

if (place) setTimeout(look, EVERY);
