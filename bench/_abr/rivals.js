// What ours is compared with: BOLA and robust MPC as their papers have them, and the throughput rule of dash.js 5 from
// reading it.
// (hls.js's own class is in hls.js.)

/** A mean whose weights halve with each `halfLife` seconds of transfer, with the correction for its empty start. */
class Ewma {
  #halfLife;
  #sum = 0;
  #weight = 0;

  constructor(halfLife) {
    this.#halfLife = halfLife;
  }

  add(weight, value) {
    const keep = 0.5 ** (weight / this.#halfLife);
    this.#sum = value * (1 - keep) + keep * this.#sum;
    this.#weight += weight;
  }

  get value() {
    return this.#weight ? this.#sum / (1 - 0.5 ** (this.#weight / this.#halfLife)) : NaN;
  }
}

/**
 * BOLA (Spiteri, Urgaonkar, Sitaraman, INFOCOM 2016): BOLA-FINITE with utilities ln(size / least size) and γp = 5, the
 * buffer that it aims at short at both ends of the film, and its rule for giving up a segment. A rise is held back to one
 * above what the last segment's rate carries (BOLA-U), or, `calm`, to what it carries, with a pause until that is what the
 * buffer asks for (BOLA-O).
 */
export function bola(film, { capacity }, calm = false) {
  const { levels, duration } = film;
  const sizes = levels.map(({ average }) => average * duration);
  const utilities = sizes.map((size) => Math.log(size / sizes[0]));
  const gp = 5;
  const segments = film.sizes[0].length;
  let rate = NaN;
  let V = 1;
  const score = (index, inHand, bits) => (V * (utilities[index] + gp) - inHand) / bits;
  const most = ({ segment, buffer }) => {
    const played = segment - buffer / duration;
    return Math.min(capacity / duration, Math.max(Math.min(played, segments - played) / 2, 3));
  };
  const pick = ({ segment, buffer, last }) => {
    V = (most({ segment, buffer }) - 1) / (utilities.at(-1) + gp);
    const scores = sizes.map((size, index) => score(index, buffer / duration, size));
    const wanted = scores.indexOf(Math.max(...scores));
    if (last < 0 || wanted <= last) return { index: last < 0 ? 0 : wanted, held: false };
    const carried = Math.max(0, levels.findLastIndex(({ average }) => average <= rate));
    if (carried >= wanted) return { index: wanted, held: false };
    return carried < last ? { index: last, held: false } : { index: carried + (calm ? 0 : 1), held: true };
  };
  // The buffer, in segments, at which the next higher rendition becomes the better one.
  const border = (index) => {
    const [small, large] = [sizes[index], sizes[index + 1]];
    return (V * (large * (utilities[index] + gp) - small * (utilities[index + 1] + gp))) / (large - small);
  };
  return {
    pause(facts) {
      const full = Math.max(0, facts.buffer - (most(facts) - 1) * duration);
      const { index, held } = pick(facts);
      const early = calm && held ? facts.buffer - border(index) * duration : 0;
      return Math.max(full, Math.min(early, facts.buffer - duration));
    },
    choose: (facts) => pick(facts).index,
    progress({ buffer, started, level, size, loaded, elapsed, ttfb }) {
      if (!started || level === 0 || elapsed - ttfb < 0.5) return null;
      const inHand = buffer / duration;
      let other = null;
      let highest = score(level, inHand, Math.max(1, sizes[level] * (1 - loaded / size)));
      for (let index = 0; index < level; index += 1) {
        const value = score(index, inHand, sizes[index]);
        if (value > highest) [other, highest] = [index, value];
      }
      return other;
    },
    done({ size, seconds }) {
      rate = (size * 8) / seconds;
    },
  };
}

export function bolaCalm(film, options) {
  return bola(film, options, true);
}

/**
 * Robust MPC (Yin, Jindal, Sekar, Sinopoli, SIGCOMM 2015) as Pensieve compares itself with it: the harmonic mean of the
 * last five rates, less the largest error of the last five; all plans of five segments; the linear score; exact sizes.
 */
export function robustMpc(film, { capacity }) {
  const { levels, duration, sizes } = film;
  const rates = [];
  const errors = [];
  let predicted = NaN;
  const plan = (depth, segment, buffer, last, rate) => {
    if (depth === 0 || segment >= sizes[0].length) return { value: 0, index: 0 };
    let best = { value: -Infinity, index: 0 };
    for (let index = 0; index < levels.length; index += 1) {
      const seconds = (sizes[index][segment] * 8) / rate;
      const after = Math.min(capacity, Math.max(0, buffer - seconds) + duration);
      const quality = levels[index].average / 1e6;
      const change = last < 0 ? 0 : Math.abs(quality - levels[last].average / 1e6);
      const now = quality - 4.3 * Math.max(0, seconds - buffer) - change;
      const value = now + plan(depth - 1, segment + 1, after, index, rate).value;
      if (value > best.value) best = { value, index };
    }
    return best;
  };
  return {
    choose({ segment, buffer, last }) {
      if (!rates.length) return 0;
      const recent = rates.slice(-5);
      predicted = recent.length / recent.reduce((sum, rate) => sum + 1 / rate, 0);
      const careful = predicted / (1 + Math.max(0, ...errors.slice(-5)));
      return plan(5, segment, buffer, last, careful).index;
    },
    done({ size, seconds }) {
      const rate = (size * 8) / seconds;
      if (!Number.isNaN(predicted)) errors.push(Math.abs(predicted - rate) / rate);
      rates.push(rate);
    },
  };
}

/**
 * dash.js 5.2: the smaller of two means (half-lives 3 and 8 s of transfer), 0.9 of it; the rule for little buffer
 * (0.7 · throughput · buffer / segment); and the one for giving up (beyond 1.8 segments, after 0.5 s).
 */
export function throughputRule(film) {
  const { levels, duration } = film;
  const quick = new Ewma(3);
  const slow = new Ewma(8);
  let loads = 0;
  const carried = (rate) => Math.max(0, levels.findLastIndex(({ average }) => average <= rate));
  const usual = () => Math.min(quick.value, slow.value);
  return {
    choose({ buffer }) {
      const rate = usual();
      if (Number.isNaN(rate)) return 0;
      const wanted = carried(rate * 0.9);
      if (loads <= 2) return wanted; // the rule for little buffer lets the first two segments pass
      return buffer <= 0 ? 0 : Math.min(wanted, carried((rate * 0.7 * buffer) / duration));
    },
    progress({ buffer, level, size, loaded, elapsed, ttfb }) {
      const flowing = elapsed - ttfb;
      if (level === 0 || flowing <= 0.5 || buffer > 18 || !loaded) return null;
      const rate = (loaded * 8) / flowing;
      if ((size * 8) / rate < 1.8 * duration) return null;
      const other = carried(rate);
      return size - loaded > (size * levels[other].average) / levels[level].average ? other : null;
    },
    done({ size, seconds, ttfb }) {
      loads += 1;
      const flowing = Math.max(1e-3, seconds - ttfb);
      quick.add(flowing, (size * 8) / flowing);
      slow.add(flowing, (size * 8) / flowing);
    },
  };
}
