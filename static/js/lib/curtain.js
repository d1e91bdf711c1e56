// The page of the cinema itself, for who comes there from elsewhere: its picture first, then the player. All of the player's
// modules are asked for at once then; who came by Play on another page has them already (cinema.js).

//: A picture that takes longer than this is not waited for.
const PATIENCE_MS = 2000;

/** Resolves when a picture stands on the page, or will not come in time. @param {HTMLImageElement | null} image */
export function drawn(image) {
  if (!image || document.hidden) return Promise.resolve();
  const there = new Promise((resolve) => {
    if (image.complete) resolve();
    for (const type of ["load", "error"]) image.addEventListener(type, resolve, { once: true });
  });
  const painted = there.then(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0))));
  return Promise.race([painted, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

/** Bring the player to the page that is made for it, if this is one. Without it the page says what is on. */
export async function raiseCurtain(host = document.querySelector("nl-player[data-modules]")) {
  if (!host) return;
  await drawn(host.querySelector(".player-poster"));
  const nonce = document.querySelector("script[nonce]")?.nonce ?? "";
  const links = host.dataset.modules.split(" ").map((href) => {
    return Object.assign(document.createElement("link"), { rel: "modulepreload", href, nonce });
  });
  document.head.append(...links);
  await import("../elements/nl-player.js");
}
