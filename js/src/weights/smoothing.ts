/** Pareto smoothing of importance weights: twin of weights/smoothing.py. */

import { largest } from "./select";

export interface Pareto {
  k: number;
  scale: number;
}

export interface Smoothed {
  /** Summing to 1. */
  weights: Float64Array;
  /** -Infinity when there is nothing to smooth; Infinity when no Pareto tail fits. */
  khat: number;
  /** The logarithm of the mean of the smoothed weights before they are normalised. */
  logMean: number;
}

const CONSTANT = 1e-4;
const PRIOR_SCALES = 3;
const PRIOR_DRAWS = 10;

/** How many draws the tail has: `ceil(min(0.2 S, 3 sqrt(S / r_eff)))`. */
export function tailLength(draws: number, rEff = 1): number {
  return Math.ceil(Math.min(0.2 * draws, 3 * Math.sqrt(draws / rEff)));
}

const SAFE_RATIO = 1e20;
const SMALLEST = 1e-200;

/** The mean of log(1 - b x), four factors to a step and several steps to a logarithm. */
function meanLog(b: number, x: Float64Array, wild: boolean): number {
  const n = x.length;
  let sum = 0;
  if (wild || Math.abs(b) * (x[n - 1] as number) < 1e-3) {
    for (let i = 0; i < n; i++) sum += Math.log1p(-b * (x[i] as number));
    return sum / n;
  }
  let product = 1;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    product *=
      (1 - b * (x[i] as number)) *
      (1 - b * (x[i + 1] as number)) *
      ((1 - b * (x[i + 2] as number)) * (1 - b * (x[i + 3] as number)));
    if (product > 1e100 || product < 1e-100) {
      sum += Math.log(product);
      product = 1;
    }
  }
  for (; i < n; i++) product *= 1 - b * (x[i] as number);
  return (sum + Math.log(product)) / n;
}

/**
 * Shape and scale of a generalised Pareto distribution, from excesses in ascending order. NaN when
 * a quarter of them is no larger than the smallest.
 *
 * Zhang and Stephens (2009), Technometrics 51(3), with the weak prior of Vehtari and others (2024),
 * as ArviZ has it.
 */
export function pareto(tail: Float64Array): Pareto {
  const n = tail.length;
  const quarter = tail[Math.max(Math.trunc(n / 4 + 0.5) - 1, 0)] as number;
  if (!(quarter > (tail[0] as number))) return { k: Number.NaN, scale: Number.NaN };
  const most = tail[n - 1] as number;
  if (most < SMALLEST) {
    const { k, scale } = pareto(tail.map((excess) => excess / most));
    return { k, scale: scale * most };
  }
  if (quarter < SMALLEST * most) return { k: Number.POSITIVE_INFINITY, scale: Number.NaN };
  const wild = !(most < SAFE_RATIO * quarter);
  const count = 30 + Math.trunc(Math.sqrt(n));
  const candidates = new Float64Array(count);
  const logs = new Float64Array(count);
  let best = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const b = (1 - Math.sqrt(count / (i + 0.5))) / (PRIOR_SCALES * quarter) + 1 / most;
    const k = meanLog(b, tail, wild);
    candidates[i] = b;
    logs[i] = n * (Math.log(-b / k) - k - 1);
    best = Math.max(best, logs[i] as number);
  }
  let total = 0;
  for (let i = 0; i < count; i++) {
    logs[i] = Math.exp((logs[i] as number) - best);
    total += logs[i] as number;
  }
  let kept = 0;
  let b = 0;
  for (let i = 0; i < count; i++) {
    const weight = logs[i] as number;
    if (!(weight / total >= 10 * Number.EPSILON)) continue;
    kept += weight;
    b += weight * (candidates[i] as number);
  }
  b /= kept;
  const k = meanLog(b, tail, wild);
  const shrunk = (n * k + PRIOR_DRAWS * 0.5) / (n + PRIOR_DRAWS);
  return Number.isNaN(shrunk)
    ? { k: Number.POSITIVE_INFINITY, scale: Number.NaN }
    : { k: shrunk, scale: -k / b };
}

const paretoQuantile = (p: number, { k, scale }: Pareto): number =>
  k === 0 ? -scale * Math.log1p(-p) : (scale * Math.expm1(-k * Math.log1p(-p))) / k;

function normalised(weights: Float64Array, khat: number, high: number): Smoothed {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] as number;
  for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) / sum;
  return { weights, khat, logMean: high + Math.log(sum / weights.length) };
}

/**
 * Pareto-smoothed weights of log weights, which may be -Infinity.
 *
 * @throws when no log weight is finite.
 */
export function smooth(logWeights: Float64Array, rEff = 1): Smoothed {
  const n = logWeights.length;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) high = Math.max(high, logWeights[i] as number);
  if (!Number.isFinite(high)) {
    throw new Error("No draw has a finite weight, so there is nothing to reweight: refit under this prior.");
  }
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) weights[i] = Math.exp((logWeights[i] as number) - high);
  const count = tailLength(n, rEff);
  if (count < 5 || count >= n) return normalised(weights, Number.NEGATIVE_INFINITY, high);

  const [below, least] = largest(logWeights, count + 1) as unknown as [number, number];
  if (high - least < CONSTANT) return normalised(weights, Number.NEGATIVE_INFINITY, high);
  const cutoff = Math.exp(below - high);

  const places = tailPlaces(logWeights, least, count);
  const excess = Float64Array.from(places, (i) => (weights[i] as number) - cutoff);
  const fit = pareto(excess);
  if (!Number.isFinite(fit.k)) return normalised(weights, Number.POSITIVE_INFINITY, high);
  for (let j = 0; j < count; j++) {
    const value = cutoff + paretoQuantile((j + 0.5) / count, fit);
    weights[places[j] as number] = Math.min(value, 1);
  }
  return normalised(weights, fit.k, high);
}

/** The places of the `count` largest values in ascending order; of equal ones the last places. */
function tailPlaces(values: Float64Array, least: number, count: number): number[] {
  const above: number[] = [];
  const tied: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value > least) above.push(i);
    else if (value === least) tied.push(i);
  }
  above.sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
  return tied.slice(above.length + tied.length - count).concat(above);
}
