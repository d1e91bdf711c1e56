// What can wait until the page stands.

/** After the page has loaded, when it has nothing else to do. What fails is left: the page works without it. */
export function whenIdle(work) {
  const idle = globalThis.requestIdleCallback ?? ((then) => setTimeout(then, 200));
  const begin = () => idle(() => work().catch(() => {}), { timeout: 1000 });
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
}
