/** A page of ours as it is now, or a part of one; null when it is not to be had: then what is there stays. */
export async function fragment(url) {
  try {
    const answer = await fetch(url, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}
