// What a session was worth: the two scores of Pensieve (Mao et al., SIGCOMM 2017, table 1) with their published
// weights, for a mean segment. Both are sums over segments of quality, less a penalty for each second of stall, less the
// change of quality from one segment to the next. The wait before the first frame counts as a stall, as in the paper
// that the form of the score is from (Yin et al., SIGCOMM 2015, µ_s = µ).
//   lin  quality is Mbit/s; 4.3 a second
//   log  quality is ln(rate / lowest rate); 2.66 a second

const WEIGHTS = { lin: 4.3, log: 2.66 };

/** @returns {{lin: number, log: number, mbps: number, stalls: number, stall_s: number, switches: number, start_s: number, wasted: number}} */
export function score(result, film) {
  const rates = film.levels.map(({ average }) => average);
  const played = result.levels.map((level) => rates[level]);
  const waited = result.stall_s + result.start;
  const lin = (rate) => rate / 1e6;
  const log = (rate) => Math.log(rate / rates[0]);
  return {
    lin: mean(played, lin) - (WEIGHTS.lin * waited) / played.length,
    log: mean(played, log) - (WEIGHTS.log * waited) / played.length,
    mbps: played.reduce((sum, rate) => sum + rate, 0) / played.length / 1e6,
    stalls: result.stalls,
    stall_s: result.stall_s,
    switches: result.levels.filter((level, at) => at && level !== result.levels[at - 1]).length,
    start_s: result.start,
    wasted: result.wasted / result.bytes,
  };
}

/** Mean quality less mean change of it. */
function mean(rates, quality) {
  let sum = 0;
  for (let at = 0; at < rates.length; at += 1) {
    sum += quality(rates[at]);
    if (at) sum -= Math.abs(quality(rates[at]) - quality(rates[at - 1]));
  }
  return sum / rates.length;
}
