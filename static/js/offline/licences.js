// The licences of what is kept: made with a download, renewed when the site can be asked, thrown away when they are over.

import { noted, setBack, told } from "./clock.js";
import { isDue, obstacle, over, wantsRenewal } from "./terms.js";
import { bytesOf, leaseOf, makeDeviceKey, makeKey, openKey, openText, sealText } from "./vault.js";

const CLOCK = "clock";
const ASKED = "asked";
const TIMEOUT_MS = 10_000;

/** A licence's terms as its secret is bound to them. */
export function termsOf({ id, video, profile, licence }) {
  return { id, video, profile: profile.id, expiresAt: licence.expiresAt };
}

export class Licences {
  #cellar;
  #tools;

  /**
   * @param {import("./cellar.js").Cellar} cellar
   * @param {{fetch?: typeof fetch, now?: () => number}} [tools] `now`: the device's clock, epoch ms
   */
  constructor(cellar, tools = {}) {
    this.#cellar = cellar;
    this.#tools = { fetch: (...args) => fetch(...args), now: Date.now, ...tools };
  }

  #device() {
    return this.#cellar.deviceKey(makeDeviceKey);
  }

  /**
   * What is written down of a new licence, with a new key for its download.
   * @param {{id: string, video: string, profile: {id: string}}} about
   * @param {{secret: string, expires_at: string, days: number}} given as the site answers it
   * @param {string} key the licence's, of its addresses
   */
  async begin(about, given, key) {
    const licence = { key, expiresAt: Date.parse(given.expires_at), days: given.days };
    const device = await this.#device();
    const { wrapped, lease } = await makeKey(device, termsOf({ ...about, licence }), bytesOf(given.secret));
    return { licence, wrapped, lease };
  }

  /** The key of a download's bytes. @throws {Error} when it is not to be had on this device, or not any more */
  async keyOf(record) {
    if (!record.lease) throw new Error("expired");
    return openKey(await this.#device(), termsOf(record), record);
  }

  /** The latest time that was seen here; null when none was. What somebody wrote over counts as a clock set back. */
  async clock() {
    const kept = await this.#cellar.note(CLOCK);
    if (!kept) return null;
    try {
      return { at: Number(await openText(await this.#device(), CLOCK, kept)) };
    } catch {
      return { at: Infinity };
    }
  }

  /** Note that it is now; with `served`, that the site says so. */
  async tick(served) {
    const now = this.#tools.now();
    const next = served === undefined ? noted(await this.clock(), now) : told(served, now);
    await this.#cellar.setNote(CLOCK, await sealText(await this.#device(), CLOCK, String(next.at)));
  }

  /**
   * Why this record does not play: "" when it does. What has expired loses its secret: no clock brings it back.
   * @returns {Promise<"" | "incomplete" | "expired" | "clock">}
   */
  async obstacle(record) {
    const why = obstacle(record, await this.clock(), this.#tools.now());
    if (why === "expired" && record.lease) await this.#cellar.patch(record.id, { lease: null });
    return why || (record.lease ? "" : "expired");
  }

  /**
   * Ask the site how licences stand, if it is time to: renew what may be, and remove what is over.
   * @param {{force?: boolean}} [how]
   * @returns {Promise<object[]>} the records that were removed, each with the site's words as `message`
   * @throws {Error} when the site cannot be asked
   */
  async ask({ force = false } = {}) {
    const now = this.#tools.now();
    const records = await this.#cellar.all();
    if (!records.length) return [];
    if (!force && !isDue(Number(await this.#cellar.note(ASKED)), now)) return [];
    const response = await this.#tools.fetch(records[0].urls.standing, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "text/plain" },
      body: JSON.stringify({ keys: records.map(({ licence }) => licence.key) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`standing ${response.status}`);
    const { licences } = await response.json();
    await this.#cellar.setNote(ASKED, now);
    await this.tick(Date.parse(response.headers.get("Date") ?? ""));
    const gone = over(records, licences);
    for (const { id } of gone) await this.#cellar.remove(id);
    for (const record of records) if (!gone.includes(record)) await this.#renew(record, licences[record.licence.key]);
    return gone.map((record) => ({ ...record, message: licences[record.licence.key]?.message ?? "" }));
  }

  async #renew(record, { secret, expires_at: expires, days }) {
    const now = this.#tools.now();
    if (record.lease && !wantsRenewal(record, now) && !setBack(await this.clock(), now)) return;
    const licence = { ...record.licence, expiresAt: Date.parse(expires), days };
    const lease = await leaseOf(await this.#device(), termsOf({ ...record, licence }), bytesOf(secret));
    try {
      await openKey(await this.#device(), termsOf({ ...record, licence }), { wrapped: record.wrapped, lease });
    } catch {
      await this.#cellar.remove(record.id); // the site's own secret is another one: nothing opens this any more
      return;
    }
    await this.#cellar.patch(record.id, { licence, lease });
  }
}
