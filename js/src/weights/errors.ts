/** Effective sample sizes and honest Monte Carlo errors: twin of weights/errors.py. */

import type { Pooled } from "./pooled";
import { largest } from "./select";
import { pareto, tailLength } from "./smoothing";
import type { Size } from "./types";

let centred = new Float64Array(0);
let means = new Float64Array(0);
const lags = new Float64Array(2);

/** Sums of products at a lag and the next, over all the chains in `centred`. */
function products(chains: number, n: number, lag: number): void {
  const x = centred;
  let first = 0;
  let second = 0;
  for (let c = 0; c < chains; c++) {
    const start = c * n;
    const stop = start + n - lag - 1;
    for (let i = start; i < stop; i++) {
      const here = x[i] as number;
      first += here * (x[i + lag] as number);
      second += here * (x[i + lag + 1] as number);
    }
    if (stop >= start) first += (x[stop] as number) * (x[stop + lag] as number);
  }
  lags[0] = first;
  lags[1] = second;
}

/**
 * The effective sample size of the mean of one member's draws, `h[from ...]`, chain after chain:
 * split chains and Geyer's initial monotone sequence, as ArviZ's `ess(method="mean")`. Lags are
 * summed directly until Geyer's criterion stops.
 *
 * Vehtari and others (2021), Bayesian Analysis 16(2).
 */
export function essOf(h: Float64Array, from: number, [chains, draws]: Size): number {
  const n = Math.floor(draws / 2);
  const split = 2 * chains;
  const total = split * n;
  if (draws < 4) return Number.NaN;
  if (centred.length < total) centred = new Float64Array(total);
  if (means.length < split) means = new Float64Array(split);
  const work = centred;
  let squares = 0;
  let middle = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < split; c++) {
    const chain = from + (c >> 1) * draws;
    const start = c & 1 ? chain + draws - n : chain;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += h[start + i] as number;
    const mean = sum / n;
    means[c] = mean;
    middle += mean / split;
    for (let i = 0; i < n; i++) {
      const value = h[start + i] as number;
      if (value < low) low = value;
      if (value > high) high = value;
      const d = value - mean;
      work[c * n + i] = d;
      squares += d * d;
    }
  }
  if (low === high) return total;
  const within = squares / total;
  let between = 0;
  for (let c = 0; c < split; c++) between += ((means[c] as number) - middle) ** 2;
  const meanVariance = (within * n) / (n - 1);
  const variance = within + between / (split - 1);
  const rhoOf = (sum: number): number => 1 - (meanVariance - sum / total) / variance;

  const rho = new Float64Array(n + 2);
  products(split, n, 1);
  let even = 1;
  let odd = rhoOf(lags[0] as number);
  rho[0] = 1;
  rho[1] = odd;
  let t = 1;
  while (t < n - 3 && even + odd > 0) {
    products(split, n, t + 1);
    even = rhoOf(lags[0] as number);
    odd = rhoOf(lags[1] as number);
    if (even + odd >= 0) {
      rho[t + 1] = even;
      rho[t + 2] = odd;
    }
    t += 2;
  }
  const last = t - 2;
  if (even > 0) rho[last + 1] = even;
  for (t = 1; t <= last - 2; t += 2) {
    const before = (rho[t - 1] as number) + (rho[t] as number);
    if ((rho[t + 1] as number) + (rho[t + 2] as number) > before) {
      rho[t + 1] = before / 2;
      rho[t + 2] = before / 2;
    }
  }
  let tau = -1 + (rho[last + 1] as number);
  for (let i = 0; i <= last; i++) tau += 2 * (rho[i] as number);
  return total / Math.max(tau, 1 / Math.log10(total));
}

/** `essOf` for each member. */
export function ess(h: Float64Array, sizes: readonly Size[]): number[] {
  let from = 0;
  return sizes.map((size) => {
    const value = essOf(h, from, size);
    from += size[0] * size[1];
    return value;
  });
}

export interface Mcse {
  mean: number;
  sd: number;
  /** What they may be at most, should the tails be worse than the draws show: the gate's. */
  mostMean: number;
  mostSd: number;
  /** The usual error of the mean, without the inflation that makes it honest. */
  rawMean: number;
}

let influence = new Float64Array(0);
let magnitudes = new Float64Array(0);

function buffer(n: number): Float64Array {
  if (influence.length !== n) influence = new Float64Array(n);
  return influence;
}

const MOST_INFLATION = 5;
const CONSTANT = 1e-10;

/**
 * How much wider than its usual error a mean of influences `h` can be, judged by their tail: as is
 * stated, where the weights have this Pareto k, and at most.
 */
export function inflation(h: Float64Array, khat: number): [stated: number, most: number] {
  const n = h.length;
  if (magnitudes.length !== n) magnitudes = new Float64Array(n);
  const work = magnitudes;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const size = Math.abs(h[i] as number);
    work[i] = size;
    squares += size * size;
  }
  const count = tailLength(n);
  if (count >= n) return [1, 1];
  const top = largest(work, count + 1);
  const u = top[0] as number;
  let body = squares;
  const tail = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const size = top[i + 1] as number;
    body -= size * size;
    tail[i] = size - u;
  }
  const most = tail[count - 1] as number;
  if (most <= CONSTANT * (top[count] as number)) return [1, 1];
  for (let i = 0; i < count; i++) tail[i] = (tail[i] as number) / most;
  const fit = pareto(tail);
  const k = fit.k;
  const scale = fit.scale * most;
  if (!Number.isFinite(k)) return [MOST_INFLATION, MOST_INFLATION];
  const up = Math.min(Math.max(k, 0), 1);
  const shape = Math.min(k + (1 + up) / Math.sqrt(count), 0.48);
  const second =
    Math.max(body, 0) +
    count * (u * u + (2 * u * scale) / (1 - shape) + (2 * scale * scale) / ((1 - shape) * (1 - 2 * shape)));
  const widening = Math.min(Math.max(Math.sqrt(second / squares), 1), 3);
  const unbounded = Math.min(Math.max(khat / 0.3, 0), 1);
  const stated = 1 + 2 * Math.min(up, 0.3) + 2.8 * Math.max(up - 0.5, 0) * unbounded;
  return [stated, Math.min(widening * (1 + 2 * up), MOST_INFLATION)];
}

/** The usual error of the sum of `h`, which it overwrites with the pool's correction. */
function rawError(h: Float64Array, sizes: readonly Size[], pooled?: Pooled): number {
  if (pooled && pooled.correction.length > 0) {
    const c = pooled.shares.slice(1).map((R) => {
      let sum = 0;
      for (let i = 0; i < h.length; i++) sum += (h[i] as number) * (R[i] as number);
      return sum;
    });
    pooled.correction.forEach((G, k) => {
      const factor = c[k] as number;
      for (let i = 0; i < h.length; i++) h[i] = (h[i] as number) + factor * (G[i] as number);
    });
  }
  let variance = 0;
  let from = 0;
  for (const size of sizes) {
    const n = size[0] * size[1];
    let sum = 0;
    for (let i = from; i < from + n; i++) sum += h[i] as number;
    let squares = 0;
    for (let i = from; i < from + n; i++) squares += ((h[i] as number) - sum / n) ** 2;
    if (squares > 0) variance += (n * squares) / essOf(h, from, size);
    from += n;
  }
  return Math.sqrt(variance);
}

/**
 * Reported Monte Carlo errors of the weighted mean and standard deviation of `f`, in its units.
 *
 * @param moments the weighted mean and standard deviation of `f`.
 * @param khat the Pareto k of the weights.
 * @param pooled the pool, when its normalisers were estimated too.
 */
export function mcse(
  weights: Float64Array,
  f: ArrayLike<number>,
  moments: { mean: number; sd: number },
  sizes: readonly Size[],
  khat: number,
  pooled?: Pooled,
): Mcse {
  const n = weights.length;
  const { mean, sd } = moments;
  if (!(sd > 0)) return { mean: 0, sd: 0, mostMean: 0, mostSd: 0, rawMean: 0 };
  const h = buffer(n);
  for (let i = 0; i < n; i++) h[i] = (weights[i] as number) * ((f[i] as number) - mean);
  const [ofMean, mostMean] = inflation(h, khat);
  const rawMean = rawError(h, sizes, pooled);
  const v = sd * sd;
  for (let i = 0; i < n; i++) {
    h[i] = ((weights[i] as number) * (((f[i] as number) - mean) ** 2 - v)) / (2 * sd);
  }
  const [ofSd, mostSd] = inflation(h, khat);
  const rawSd = rawError(h, sizes, pooled);
  return {
    mean: rawMean * ofMean,
    sd: rawSd * ofSd,
    mostMean: rawMean * mostMean,
    mostSd: rawSd * mostSd,
    rawMean,
  };
}

/** The reported error of the logarithm of the mean weight. */
export function evidenceError(weights: Float64Array, sizes: readonly Size[], pooled?: Pooled): number {
  const n = weights.length;
  const h = buffer(n);
  for (let i = 0; i < n; i++) h[i] = (weights[i] as number) - 1 / n;
  const [, wider] = inflation(h, 0);
  if (pooled) for (let i = 0; i < n; i++) h[i] = weights[i] as number;
  return rawError(h, sizes, pooled) * wider;
}
