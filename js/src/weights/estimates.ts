/** Weighted moments, quantiles and densities: twin of weights/estimates.py. */

import { ascending } from "./select";

type Numbers = ArrayLike<number>;

/** Draws with their order, found once and used under every weight. */
export interface Ranked {
  values: Float32Array;
  /** Places of the draws in ascending order. */
  order: Uint32Array;
  /** The draws in ascending order. */
  sorted: Float32Array;
}

/** Draws with their order. */
export function ranked(values: Float32Array): Ranked {
  const order = ascending(values);
  const sorted = new Float32Array(values.length);
  for (let i = 0; i < order.length; i++) sorted[i] = values[order[i] as number] as number;
  return { values, order, sorted };
}

/** What every quantile under the same weights needs of them. */
export interface Spread {
  /** How many weights are above zero. */
  count: number;
  /** The sum of their squares: 1 over the effective number of draws. */
  squares: number;
}

export function spreadOf(weights: Float64Array): Spread {
  let count = 0;
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i] as number;
    if (w > 0) count++;
    squares += w * w;
  }
  return { count, squares };
}

/** Weighted mean and standard deviation (of the distribution, no correction). */
export function moments(weights: Numbers, values: Numbers): { mean: number; sd: number } {
  let mean = 0;
  for (let i = 0; i < weights.length; i++) mean += (weights[i] as number) * (values[i] as number);
  let variance = 0;
  for (let i = 0; i < weights.length; i++) {
    variance += (weights[i] as number) * ((values[i] as number) - mean) ** 2;
  }
  return { mean, sd: Math.sqrt(variance) };
}

/**
 * Weighted quantiles into `out`, then mean and standard deviation into the two places after them,
 * in one sweep through the sorted draws.
 *
 * Draws of weight zero are left out. The draw x_i stands at (C_i - w_i / 2 - v / 2) / (1 - v), C the
 * running sum of the weights and v the sum of their squares; between draws it is linear. Equal
 * weights give NumPy's quantiles.
 *
 * @param probabilities ascending.
 */
export function sweep(
  weights: Float64Array,
  { order, sorted }: Ranked,
  { squares }: Spread,
  probabilities: readonly number[],
  out: Float64Array,
): void {
  const n = sorted.length;
  const reference = sorted[n >> 1] as number;
  const targets = probabilities.map((p) => p * (1 - squares) + squares / 2);
  let cumulative = 0;
  let next = 0;
  let target = targets[0] ?? Number.POSITIVE_INFINITY;
  let place = Number.NEGATIVE_INFINITY;
  let value = Number.NaN;
  let first = 0;
  let second = 0;
  for (let j = 0; j < n; j++) {
    const w = weights[order[j] as number] as number;
    if (w === 0) continue;
    const v = sorted[j] as number;
    const here = cumulative + w / 2;
    while (here >= target) {
      out[next] = here > place && place >= 0 ? value + ((target - place) / (here - place)) * (v - value) : v;
      next++;
      target = next < targets.length ? (targets[next] as number) : Number.POSITIVE_INFINITY;
    }
    place = here;
    value = v;
    cumulative += w;
    const d = v - reference;
    first += w * d;
    second += w * d * d;
  }
  for (; next < targets.length; next++) out[next] = value;
  out[next] = reference + first;
  out[next + 1] = Math.sqrt(Math.max(second - first * first, 0));
}

/** Weighted quantiles of draws, as `sweep` defines them; weights sum to 1. */
export function quantiles(
  weights: Float64Array,
  draws: Ranked,
  probabilities: readonly number[],
): Float64Array {
  const out = new Float64Array(probabilities.length + 2);
  sweep(weights, draws, spreadOf(weights), probabilities, out);
  return out.slice(0, probabilities.length);
}

export const GRID = 128;
const FINE = 1024;
const SPREAD = 1.349;
const NEGLIGIBLE = 1e-6;
const FARTHEST = 8.5;

const mass = new Float64Array(FINE);

/**
 * Weighted density between the lowest and the highest draw that has weight: a Gaussian kernel on
 * 1,024 linear bins, reflected at both ends, integrating to 1. Draws with less than a millionth of
 * the mean weight are left out, so that a narrow target fills the grid of a wide pool.
 *
 * @param spread weighted standard deviation and quartiles.
 */
export function density(
  values: Numbers,
  weights: Float64Array,
  spread: { sd: number; lower: number; upper: number },
  grid = GRID,
): { x: Float64Array; density: Float64Array } {
  const least = NEGLIGIBLE / weights.length;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const w = weights[i] as number;
    squares += w * w;
    if (!(w > least)) continue;
    const v = values[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const sd = spread.sd / Math.sqrt(1 - squares);
  const quartiles = (spread.upper - spread.lower) / SPREAD;
  const width = 0.9 * (quartiles > 0 ? Math.min(sd, quartiles) : sd) * squares ** 0.2;
  if (!(high > low && width > 0 && Number.isFinite(width))) {
    return { x: Float64Array.of(low), density: Float64Array.of(1) };
  }

  const step = (high - low) / (FINE - 1);
  mass.fill(0);
  for (let i = 0; i < values.length; i++) {
    const w = weights[i] as number;
    if (!(w > least)) continue;
    const place = ((values[i] as number) - low) / step;
    const left = Math.min(Math.floor(place), FINE - 2);
    mass[left] = (mass[left] as number) + w * (1 - (place - left));
    mass[left + 1] = (mass[left + 1] as number) + w * (place - left);
  }

  const x = new Float64Array(grid);
  const out = new Float64Array(grid);
  const gap = (high - low) / (grid - 1);
  let area = 0;
  for (let i = 0; i < grid; i++) {
    x[i] = i === grid - 1 ? high : low + i * gap;
    out[i] = atPoint((i * (FINE - 1)) / (grid - 1), step / width);
    if (i > 0) area += (((out[i] as number) + (out[i - 1] as number)) / 2) * gap;
  }
  for (let i = 0; i < grid; i++) out[i] = (out[i] as number) / area;
  return { x, density: out };
}

/** The sum of kernels at a point, in bins; `unit` is a bin's width in kernel widths. */
function atPoint(point: number, unit: number): number {
  const reach = FARTHEST / unit;
  const centre = Math.round(point);
  const ratio = Math.exp(-unit * unit);
  return (
    walk(point, centre, Math.min(Math.floor(point + reach), 2 * FINE - 2), 1, unit, ratio) +
    walk(point, centre - 1, Math.max(Math.ceil(point - reach), 1 - FINE), -1, unit, ratio)
  );
}

/** Kernels from one bin to another, each from the one before; bins beyond the ends are mirrored. */
function walk(point: number, from: number, to: number, way: 1 | -1, unit: number, ratio: number): number {
  const z = (from - point) * unit;
  let kernel = Math.exp(-0.5 * z * z);
  let factor = Math.exp(-way * z * unit - 0.5 * unit * unit);
  let sum = 0;
  const end = FINE - 1;
  const bins = mass;
  for (let b = from; way > 0 ? b <= to : b >= to; b += way) {
    let m: number;
    if (b < 0) m = bins[-b] as number;
    else if (b > end) m = bins[2 * end - b] as number;
    else if (b === 0 || b === end) m = 2 * (bins[b] as number);
    else m = bins[b] as number;
    sum += kernel * m;
    kernel *= factor;
    factor *= ratio;
  }
  return sum;
}
