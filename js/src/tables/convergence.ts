import { finiteOf, rankCounts, scaled } from "./trace.js";

const POINTS = 100;
const LAGS = 100;

/**
 * Each chain's share of ranks up to each point, less the even one; as hierwidgets.tables.agreement.
 * Nothing for a chain without finite draws.
 */
export function ecdfDifference(chains: ArrayLike<number>[]): number[][] {
  const draws = chains[0]?.length ?? 0;
  const count = Math.min(POINTS, draws);
  return rankCounts(chains, count).map((counts) => {
    const own = counts.reduce((sum, one) => sum + one, 0);
    if (own === 0) return [];
    let reached = 0;
    return counts.map((one, i) => {
      reached += one;
      return reached / own - (i + 1) / count;
    });
  });
}

/**
 * The autocorrelation of a chain's finite draws about their mean, from lag 0; nothing for a chain that
 * does not move.
 */
export function autocorrelation(draws: ArrayLike<number>, lags = LAGS): number[] {
  const { values: chain } = scaled(finiteOf(draws));
  const length = chain.length;
  let mean = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    const value = chain[i] ?? 0;
    mean += value / length;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low < high)) return [];
  const centred = Float64Array.from(chain, (value) => value - mean);
  const at = (lag: number): number => {
    let sum = 0;
    for (let i = lag; i < length; i++) sum += (centred[i] ?? 0) * (centred[i - lag] ?? 0);
    return sum;
  };
  const whole = at(0);
  return Array.from({ length: Math.min(lags, length - 1) + 1 }, (_, lag) => at(lag) / whole);
}
