// Connections to the nodes that a film is likely to come from, made before anything is asked for: the first node's is
// there when its playlist is wanted, the second one's when the first keeps silent at the start.

const NODES = 2;
/** Of several films that somebody looks at: a browser lets an unused connection go after some seconds anyway. */
const MOST = 4;

/** The origins to connect to: those of the best nodes, each once, none that is the page's own. Pure. */
export function originsOf(nodes, own) {
  const ranked = [...(nodes ?? [])].sort((a, b) => a.rank - b.rank).slice(0, NODES);
  const origins = ranked.map(({ base_url: base }) => new URL(base).origin);
  return [...new Set(origins)].filter((origin) => origin !== own);
}

/**
 * Have the browser connect. @param {object[]} nodes as a session's answer has them
 * @param {Document} [page] nothing happens where there is none
 */
export function preconnect(nodes, page = globalThis.document) {
  if (!page?.head) return;
  const before = [...page.head.querySelectorAll('link[rel="preconnect"][data-node]')];
  const fresh = originsOf(nodes, page.location?.origin).filter((origin) => !before.some(({ dataset }) => dataset.node === origin));
  for (const origin of fresh) {
    const link = page.createElement("link");
    link.rel = "preconnect";
    link.crossOrigin = "anonymous"; // as segments are fetched: else it is another connection
    link.dataset.node = origin;
    link.href = origin;
    page.head.append(link);
    before.push(link);
  }
  for (const old of before.slice(0, Math.max(0, before.length - MOST))) old.remove();
}
