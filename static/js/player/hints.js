// What nodes and steering say of themselves beside the bytes: CMSD-Dynamic (CTA-5006) on an answer, `mb` of steering.
// Pure but for what is remembered; the caller passes the time.

// How long a node's word is remembered: that it is in duress, and the rate that it asks to stay below.
const WORD_MS = 30_000;

/** The chance with which a player should go on elsewhere, as a CMSD-Dynamic header says it: 0 without duress. */
export function duress(text) {
  let chance = 0;
  for (const words of hops(text)) {
    if (!words.includes("du")) continue;
    const share = words.find((word) => word.startsWith("com.netflixlite-share="));
    const value = share ? Number.parseFloat(share.split("=")[1]) : 1;
    chance = Math.max(chance, Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 1);
  }
  return chance;
}

/** The highest rate that a CMSD-Dynamic header asks for (`mb`, kbit/s on the wire), in bit/s; 0 when it asks for none. */
export function maximumBitrate(text) {
  let lowest = 0;
  for (const words of hops(text)) {
    for (const word of words) {
      const value = word.startsWith("mb=") ? Number(word.slice(3)) * 1000 : 0;
      if (value > 0) lowest = lowest ? Math.min(lowest, value) : value;
    }
  }
  return lowest;
}

function hops(text) {
  return (text ?? "").split(",").map((hop) => hop.split(";").map((word) => word.trim()));
}

export class Hints {
  #duressAt = new Map();
  #asked = { rate: 0, until: 0 };
  #steered = 0;

  /** Note a node's header. @returns {number} the chance with which to leave it */
  hear(id, text, now) {
    const chance = duress(text);
    if (chance > 0) this.#duressAt.set(id, now);
    const rate = maximumBitrate(text);
    if (rate) this.#asked = { rate, until: now + WORD_MS };
    return chance;
  }

  /** What steering asks for, kbit/s; 0 or nothing when it asks for none. It holds until steering says otherwise. */
  steer(kilobits) {
    this.#steered = kilobits > 0 ? kilobits * 1000 : 0;
  }

  /** Whether this node said lately that it is in duress. */
  duress(id, now) {
    return now - (this.#duressAt.get(id) ?? -Infinity) < WORD_MS;
  }

  /** The rate to stay below, bit/s; 0 for none. */
  cap(now) {
    const asked = now < this.#asked.until ? this.#asked.rate : 0;
    return asked && this.#steered ? Math.min(asked, this.#steered) : asked || this.#steered;
  }
}
