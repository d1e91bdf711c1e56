// How a download stands, by its record and the time. Pure.
//
// A record: {id, video, name, title, state, bytes, got, objects, licence: {key, expiresAt, days}, profile: {id, …}, …}.
// States that are written down: "queued", "fetching", "paused", "complete", "failed". The rest follows from the clock.

import { setBack, timeOf } from "./clock.js";

/** So long before its end a licence is renewed whenever the device is online. */
const RENEW_SHARE = 0.9;
/** The site is asked how licences stand at most this often, unless something has happened. */
export const ASK_EVERY_MS = 10 * 60_000;

/**
 * Whether it plays, and why not: "" (it does), "incomplete", "expired", "clock".
 * @param {object} record
 * @param {{at: number} | null} noted see clock.js
 * @param {number} now the device's clock, epoch ms
 */
export function obstacle(record, noted, now) {
  if (record.state !== "complete") return "incomplete";
  if (setBack(noted, now)) return "clock";
  return timeOf(noted, now) >= record.licence.expiresAt ? "expired" : "";
}

/** Whether its licence wants to be renewed: some of its time is gone. */
export function wantsRenewal(record, now) {
  const { expiresAt, days } = record.licence;
  return expiresAt - now < RENEW_SHARE * days * 86_400_000;
}

/** Whether the site is to be asked now. */
export function isDue(askedAt, now) {
  return !(now - askedAt < ASK_EVERY_MS) || now < askedAt;
}

/** Days that are left, whole ones; 0 on the last. */
export function daysLeft(record, noted, now) {
  return Math.max(0, Math.floor((record.licence.expiresAt - timeOf(noted, now)) / 86_400_000));
}

/** How much of it is here, 0 … 1. */
export function fraction({ bytes, got, state }) {
  if (state === "complete") return 1;
  return bytes > 0 ? Math.min(0.999, got / bytes) : 0;
}

/** What is to be fetched next: those that wait, in the order in which they were asked for; at most `most` at once. */
export function nextUp(records, most) {
  const running = records.filter(({ state }) => state === "fetching");
  const waiting = records.filter(({ state }) => state === "queued").sort((a, b) => a.at - b.at);
  return waiting.slice(0, Math.max(0, most - running.length));
}

/** Records whose bytes are of no use any more: their licence was ended. */
export function over(records, standing) {
  return records.filter(({ licence }) => {
    const said = standing[licence.key];
    return said === undefined || Boolean(said.ended);
  });
}
