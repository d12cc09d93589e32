/** Pure maths of the trace: what hierwidgets/tables/trace.py computes, on the same vectors. */

type Numbers = ArrayLike<number>;

export const GRID = 128;
const FINE = 1024;

const at = (values: Numbers, i: number): number => values[i] as number;

/**
 * Indices of the draws that a line of so many pixels can show: the lowest and the highest of each
 * of `pixels` equal stretches, with the first and the last; all of them when `n <= 2 * pixels`.
 */
export function decimate(values: Numbers, pixels: number): number[] {
  const n = values.length;
  if (n <= 2 * pixels) return Array.from({ length: n }, (_, i) => i);
  const keep = [0];
  const add = (i: number) => {
    if (i !== keep[keep.length - 1]) keep.push(i);
  };
  for (let c = 0; c < pixels; c++) {
    const start = Math.floor((c * n) / pixels);
    const stop = Math.floor(((c + 1) * n) / pixels);
    let low = start;
    let high = start;
    for (let i = start + 1; i < stop; i++) {
      if (at(values, i) < at(values, low)) low = i;
      if (at(values, i) > at(values, high)) high = i;
    }
    add(Math.min(low, high));
    add(Math.max(low, high));
  }
  add(n - 1);
  return keep;
}

/** The quantile of sorted values, interpolated linearly as NumPy does. */
export function quantile(sorted: Numbers, probability: number): number {
  const place = probability * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return at(sorted, below) + (place - below) * (at(sorted, above) - at(sorted, below));
}

function bandwidth(values: Float64Array): number {
  const n = values.length;
  let sum = 0;
  for (const v of values) sum += v;
  const mean = sum / n;
  let squares = 0;
  for (const v of values) squares += (v - mean) ** 2;
  const sd = n > 1 ? Math.sqrt(squares / (n - 1)) : 0;
  const sorted = values.slice().sort();
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.349;
  return 0.9 * (spread > 0 ? Math.min(sd, spread) : sd) * n ** -0.2;
}

export interface Density {
  x: number[];
  density: number[];
}

/**
 * Density of draws between their lowest and highest value: a Gaussian kernel of Silverman's
 * bandwidth on 1,024 linear bins, reflected at both ends, integrating to 1. Values that are all
 * equal give the single point `([value], [1])`.
 */
export function kde(draws: Numbers, grid = GRID): Density {
  const values = Float64Array.from(draws);
  const finite = values.reduce((count, v) => count + Number(Number.isFinite(v)), 0);
  if (finite < values.length) {
    throw new Error(
      `${values.length - finite} of ${values.length} draws are not finite numbers, so they have no density.`,
    );
  }
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  const width = low === high ? 0 : bandwidth(values);
  if (!(width > 0)) return { x: [low], density: [1] };

  const step = (high - low) / (FINE - 1);
  const mass = new Float64Array(FINE);
  for (const v of values) {
    const place = (v - low) / step;
    const left = Math.min(Math.floor(place), FINE - 2);
    mass[left] = at(mass, left) + 1 - (place - left);
    mass[left + 1] = at(mass, left + 1) + place - left;
  }

  const gap = (high - low) / (grid - 1);
  const x = Array.from({ length: grid }, (_, i) => (i === grid - 1 ? high : low + i * gap));
  const density = x.map((point) => {
    let sum = 0;
    for (let b = 0; b < FINE; b++) {
      const weight = at(mass, b);
      if (weight === 0) continue;
      const bin = low + b * step;
      sum +=
        weight *
        (kernel((point - bin) / width) +
          kernel((point - 2 * low + bin) / width) +
          kernel((point - 2 * high + bin) / width));
    }
    return sum;
  });
  let area = 0;
  for (let i = 1; i < grid; i++) area += (at(density, i) + at(density, i - 1)) / 2;
  return { x, density: density.map((d) => d / (area * gap)) };
}

const kernel = (z: number): number => (z > 8.5 || z < -8.5 ? 0 : Math.exp(-0.5 * z * z));

/**
 * How many of each chain's draws fall in each stretch of the ranks over all chains. Ties share
 * their average rank.
 */
export function rankCounts(chains: readonly Numbers[], bins: number): number[][] {
  const total = chains.reduce((sum, chain) => sum + chain.length, 0);
  const values = new Float64Array(total);
  const owner = new Int32Array(total);
  let next = 0;
  chains.forEach((chain, c) => {
    for (let i = 0; i < chain.length; i++) {
      values[next] = at(chain, i);
      owner[next++] = c;
    }
  });
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => at(values, a) - at(values, b));
  const counts = chains.map(() => new Array<number>(bins).fill(0));
  for (let start = 0; start < total; ) {
    let stop = start + 1;
    while (stop < total && at(values, at(order, stop)) === at(values, at(order, start))) stop++;
    const rank = (start + 1 + stop) / 2;
    const bin = Math.min(bins - 1, Math.floor(((rank - 0.5) / total) * bins));
    for (let i = start; i < stop; i++) {
      const row = counts[at(owner, at(order, i))] as number[];
      row[bin] = at(row, bin) + 1;
    }
    start = stop;
  }
  return counts;
}
