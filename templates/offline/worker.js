// Stands in for the site when it cannot be reached: with one page, which is nobody's, and what that page needs. All other
// answers come from the network as ever; no page of anybody is kept here. Made anew when one of these files changes.

const { version, files, shell, fixed, away, kept } = {{ facts|safe }};
const CACHE = `netflixlite.shell.${version}`;
const OURS = "netflixlite.shell.";
// What a proxy answers while the site behind it is away.
const AWAY = new Set([502, 503, 504]);

addEventListener("install", (event) => {
  // What nobody answers here need not wake this worker: segments from nodes, and the API. Where the browser knows how.
  event.addRoutes?.([
    { condition: { urlPattern: new URLPattern({ pathname: "/v1/*" }) }, source: "network" },
    { condition: { urlPattern: new URLPattern({ pathname: "/api/*" }) }, source: "network" },
  ]).catch(() => {});
  event.waitUntil(fill());
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...new Set(files)]);
  // Past the browser's cache: the page and its files must be of one making.
  await cache.put(shell, await page());
}

async function page() {
  const answer = await fetch(shell, { cache: "reload", credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(`shell ${answer.status}`);
  return answer;
}

addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
      await registration.navigationPreload?.enable(); // the page is asked for while this worker still wakes up
      await clients.claim();
    })(),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visit(event, url));
  else if (url.pathname.startsWith(fixed)) event.respondWith(file(request));
});

async function visit(event, { pathname }) {
  if (pathname.startsWith(kept)) return (await fromCache(shell)) ?? fetch(event.request);
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    const standIn = AWAY.has(answer.status) && away.some((one) => pathname.startsWith(one));
    return (standIn && (await fromCache(shell))) || answer;
  } catch (error) {
    const page = await fromCache(shell);
    if (!page) throw error;
    return page;
  }
}

async function file(request) {
  return (await fromCache(request)) ?? fetch(request);
}

async function fromCache(what) {
  return (await caches.open(CACHE)).match(what);
}
