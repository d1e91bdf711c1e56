// Links to the cinema.

/** The video of a link to the cinema; null for other links. `pattern` is the watch page's address with the nil id. */
export function videoOf(link, pattern) {
  const [before, after] = pattern.split("00000000-0000-0000-0000-000000000000");
  if (!link || link.origin !== location.origin || !link.pathname.startsWith(before) || after === undefined) return null;
  const id = link.pathname.slice(before.length, link.pathname.length - after.length);
  return link.pathname.endsWith(after) && /^[0-9a-f-]{36}$/.test(id) ? id : null;
}
