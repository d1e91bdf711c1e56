// Fetch with our CSRF token and our error shape.

/** The server's own words about why it said no. `status` is 0 when it could not be reached. */
export class HttpError extends Error {
  constructor(message, status, code = "") {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.code = code;
  }
}

/** The token that Django put into the page's state form. */
export function csrfToken(root = document) {
  return root.querySelector("#state [name=csrfmiddlewaretoken]")?.value ?? "";
}

/** Ask the API: JSON in, JSON out (null for an empty answer). Throws HttpError. */
export async function ask(method, url, body, { signal } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      credentials: "same-origin",
      headers: {
        accept: "application/json",
        "x-csrftoken": csrfToken(),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new HttpError(error.message, 0);
  }
  const text = await response.text();
  const answer = text ? parse(text) : null;
  if (!response.ok) {
    throw new HttpError(answer?.error?.message ?? "", response.status, answer?.error?.code);
  }
  return answer;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
