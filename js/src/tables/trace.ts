/** Pure maths of the trace: what hierwidgets/tables/trace.py computes, on the same vectors. */

type Numbers = ArrayLike<number>;

export const GRID = 128;
const FINE = 1024;

const at = (values: Numbers, i: number): number => values[i] as number;

/** Of numbers between the two, fourth powers and their sums are numbers. */
const SMALL = 1e-60;
const LARGE = 1e60;
/** A density that is narrower is higher than a number can say. */
const NARROW = 1e-290;

/** The power of two next below a size, which divides without rounding; 1 for easy sizes. */
export function power(size: number): number {
  const hard = Number.isFinite(size) && ((size > 0 && size < SMALL) || size > LARGE);
  return hard ? 2 ** Math.floor(Math.log2(size)) : 1;
}

/** The finite ones of some numbers. */
export const finiteOf = (values: Numbers): Float64Array =>
  Float64Array.from(values).filter((value) => Number.isFinite(value));

const largest = (values: Numbers): number => {
  let size = 0;
  for (let i = 0; i < values.length; i++) size = Math.max(size, Math.abs(at(values, i)));
  return size;
};

/** The same numbers over the power of two next below the largest of them, and that power. */
export function scaled(values: Float64Array): { values: Float64Array; size: number } {
  const size = power(largest(values));
  return { values: size === 1 ? values : values.map((value) => value / size), size };
}

/**
 * Indices of the draws that a line of so many pixels can show: the lowest and the highest finite one
 * of each of `pixels` equal stretches, with the first and the last; all when `n <= 2 * pixels`.
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
    for (let i = start; i < stop; i++) {
      const value = at(values, i);
      if (!Number.isFinite(value)) continue;
      if (value < at(values, low) || !Number.isFinite(at(values, low))) low = i;
      if (value > at(values, high) || !Number.isFinite(at(values, high))) high = i;
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
 * equal, or all within 1e-290 of zero, give the single point `([value], [1])`.
 */
export function kde(draws: Numbers, grid = GRID): Density {
  const values = Float64Array.from(draws);
  const finite = values.reduce((count, v) => count + Number(Number.isFinite(v)), 0);
  if (finite < values.length) {
    throw new Error(
      `${values.length - finite} of ${values.length} draws are not finite numbers, so they have no density.`,
    );
  }
  const easy = scaled(values);
  if (easy.size !== 1) {
    const { x, density } = kde(easy.values, grid);
    const shown = x.map((value) => value * easy.size);
    if (x.length === 1 || easy.size < NARROW) return { x: shown.slice(0, 1), density: [1] };
    return { x: shown, density: density.map((height) => height / easy.size) };
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
 * their average rank; values that are not finite have none.
 */
export function rankCounts(chains: readonly Numbers[], bins: number): number[][] {
  const finite = chains.map(finiteOf);
  const total = finite.reduce((sum, chain) => sum + chain.length, 0);
  const values = new Float64Array(total);
  const owner = new Int32Array(total);
  let next = 0;
  finite.forEach((chain, c) => {
    values.set(chain, next);
    owner.fill(c, next, next + chain.length);
    next += chain.length;
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
