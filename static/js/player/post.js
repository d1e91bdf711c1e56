// One report to the site, the way all reports go.

const TIMEOUT_MS = 5000;
/** More for what waited: a site that has just come back is slow, and asking it again and again keeps it so. */
const MORE_MS_PER_KB = 1000;

/** Plain text: the type of sendBeacon, so that there is one parser on the server and no preflight. */
export function post(fetch, url, body, more = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "text/plain" },
    body,
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS + Math.floor(body.length / 1024) * MORE_MS_PER_KB),
    ...more,
  });
}

/** Whether sending it again would bring nothing else: taken, or refused for good. */
export function settled({ status }) {
  return status < 500 && status !== 429 && status !== 408;
}
