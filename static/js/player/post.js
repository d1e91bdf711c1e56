// One report to the site, the way all reports go.

const TIMEOUT_MS = 5000;

/** Plain text: the type of sendBeacon, so that there is one parser on the server and no preflight. */
export function post(fetch, url, body, more = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "text/plain" },
    body,
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...more,
  });
}

/** Whether sending it again would bring nothing else: taken, or refused for good. */
export function settled({ status }) {
  return status < 500 && status !== 429 && status !== 408;
}
