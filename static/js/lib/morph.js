// The picture of a card grows into the picture of its title's page, where the browser can cross-fade pages.

const NAME = "title-picture";

/** A cross-fade that the browser gives up (a page too slow, a redirect, a hidden tab) is no fault: leave it unsaid. */
function quietly({ viewTransition }) {
  for (const promise of ["updateCallbackDone", "ready", "finished"]) viewTransition?.[promise]?.catch(() => {});
  return viewTransition;
}

/** Name the picture that leads to the page we are going to; CSS names the one that waits there. */
export function morphPictures() {
  addEventListener("pagereveal", quietly);
  addEventListener("pageswap", (event) => {
    const transition = quietly(event);
    const goal = transition && event.activation?.entry?.url;
    if (!goal) return;
    const { pathname } = new URL(goal);
    const link = [...document.querySelectorAll(".card:is(:hover, :focus-within) a, .billboard a")].find(
      (each) => each.pathname === pathname,
    );
    const picture = link?.closest(".card, .billboard")?.querySelector("nl-picture");
    if (!picture || document.querySelector(".title-hero")) return;
    picture.style.setProperty("view-transition-name", NAME);
    const undo = () => picture.style.removeProperty("view-transition-name");
    transition.finished.then(undo, undo);
  });
}
