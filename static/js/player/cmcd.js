// What a segment's request says of itself (CTA-5004, in the query: a header would cost a preflight for each segment).
// Nodes order their work by it, let those wait who can, and keep it in their delivery log. No name, no id: the session
// is in the token already.

const STARTING_S = 0.5;
const SEGMENT = /\/(\d+)\.m4s$/;
const KINDS = { main: "v", audio: "a" };

/**
 * @param {object} facts
 * @param {string} facts.path of the object, without the query
 * @param {string} facts.type hls.js' word for the kind of fragment
 * @param {number} facts.buffer seconds of film ahead of the playhead; Infinity when nobody knows
 * @param {boolean} facts.starved whether no node has answered lately
 * @returns {string} "?CMCD=…", keys in the order of the alphabet; "" for what is no segment
 */
export function cmcd({ path, type, buffer, starved }) {
  const number = SEGMENT.exec(path);
  if (!number) return "";
  const said = [];
  if (starved) said.push("bs");
  if (Number.isFinite(buffer)) said.push(`dl=${Math.round(Math.max(0, buffer) * 10) * 100}`);
  said.push(`nor="${Number(number[1]) + 1}.m4s"`);
  if (KINDS[type]) said.push(`ot=${KINDS[type]}`);
  if (buffer < STARTING_S) said.push("su");
  return `?CMCD=${encodeURIComponent(said.join(","))}`;
}
