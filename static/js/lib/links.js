// Links to the cinema.

/** The video of a link to the cinema; null for other links. `pattern` is the watch page's address with the nil id. */
export function videoOf(link, pattern) {
  const [before, after] = pattern.split("00000000-0000-0000-0000-000000000000");
  if (!link || link.origin !== location.origin || !link.pathname.startsWith(before) || after === undefined) return null;
  const id = link.pathname.slice(before.length, link.pathname.length - after.length);
  return link.pathname.endsWith(after) && /^[0-9a-f-]{36}$/.test(id) ? id : null;
}

/**
 * The moment that an address asks for with `t`: seconds ("90", "90s"), or "1h2m3s", or "1:30"; undefined without one.
 * @param {string} search as in `location.search`
 */
export function momentAsked(search) {
  const text = new URLSearchParams(search).get("t")?.trim() ?? "";
  if (/^\d+(\.\d+)?s?$/.test(text)) return Number.parseFloat(text);
  const units = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  const clock = /^(?:(\d+):)?(\d{1,2}):(\d{2})$/.exec(text);
  const [, hours = 0, minutes = 0, rest = 0] = (text && units) || clock || [];
  return (text && units) || clock ? Number(hours) * 3600 + Number(minutes) * 60 + Number(rest) : undefined;
}
