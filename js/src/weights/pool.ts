/** Fits that differ only in their priors as one mixture: twin of weights/pool.py. */

/** Log prior densities of every draw under each member's priors. */
export type LogPriors = readonly Float64Array[];

/** log sum_k n_k exp(L_k - f_k) of every draw. */
export function mixture(L: LogPriors, n: readonly number[], f: ArrayLike<number>): Float64Array {
  const first = L[0] as Float64Array;
  const shift = n.map((count, k) => Math.log(count) - (f[k] as number));
  if (L.length === 1) return first.map((l) => l + (shift[0] as number));
  const out = new Float64Array(first.length);
  for (let i = 0; i < out.length; i++) {
    let high = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < L.length; k++) high = Math.max(high, term(L, k, i) + (shift[k] as number));
    if (high === Number.NEGATIVE_INFINITY) {
      out[i] = high;
      continue;
    }
    let sum = 0;
    for (let k = 0; k < L.length; k++) sum += Math.exp(term(L, k, i) + (shift[k] as number) - high);
    out[i] = high + Math.log(sum);
  }
  return out;
}

const term = (L: LogPriors, k: number, i: number): number => (L[k] as Float64Array)[i] as number;

/** The share of each member in each draw: rows sum over members to 1. */
export function responsibilities(
  L: LogPriors,
  n: readonly number[],
  f: ArrayLike<number>,
  D: Float64Array,
): Float64Array[] {
  return L.map((row, k) => {
    const shift = Math.log(n[k] as number) - (f[k] as number);
    return row.map((l, i) => (l === Number.NEGATIVE_INFINITY ? 0 : Math.exp(l + shift - (D[i] as number))));
  });
}

/** R R', the shares' products summed over the draws. */
export function products(R: readonly Float64Array[]): number[][] {
  return R.map((a) => R.map((b) => a.reduce((sum, v, i) => sum + v * (b[i] as number), 0)));
}

/** diag(sum R) - R R', the curvature that the normalisers are solved with. */
export function curvature(R: readonly Float64Array[]): number[][] {
  const H = products(R).map((row) => row.map((v) => -v));
  R.forEach((row, k) => {
    const own = H[k] as number[];
    own[k] = (own[k] as number) + row.reduce((sum, v) => sum + v, 0);
  });
  return H;
}

/** The solution of a small positive definite system, by elimination with pivots. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  const cell = (i: number, j: number): number => (rows[i] as number[])[j] as number;
  for (let c = 0; c < size; c++) {
    let pivot = c;
    for (let i = c + 1; i < size; i++) if (Math.abs(cell(i, c)) > Math.abs(cell(pivot, c))) pivot = i;
    [rows[c], rows[pivot]] = [rows[pivot] as number[], rows[c] as number[]];
    for (let i = c + 1; i < size; i++) {
      const factor = cell(i, c) / cell(c, c);
      for (let j = c; j <= size; j++) (rows[i] as number[])[j] = cell(i, j) - factor * cell(c, j);
    }
  }
  const out = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let sum = cell(i, size);
    for (let j = i + 1; j < size; j++) sum -= cell(i, j) * (out[j] as number);
    out[i] = sum / cell(i, i);
  }
  return out;
}

const MOST_STEPS = 100;
const TOLERANCE = 1e-9;

/**
 * Log normalisers of the members relative to the first, by damped Newton steps on
 * F(f) = sum_i log sum_k n_k exp(L_ki - f_k) + sum_k n_k f_k, which is convex.
 *
 * Shirts and Chodera (2008), Journal of Chemical Physics 129, 124105.
 */
export function normalisers(L: LogPriors, n: readonly number[]): Float64Array {
  const size = L.length;
  let f = new Float64Array(size);
  if (size === 1) return f;
  for (let step = 0; step < 3; step++) {
    const D = mixture(L, n, f);
    f = Float64Array.from(L, (row) => logSumDifference(row, D));
    f = f.map((v) => v - (f[0] as number));
  }
  let D = mixture(L, n, f);
  let value = objective(D, n, f);
  for (let step = 0; step < MOST_STEPS; step++) {
    const R = responsibilities(L, n, f, D);
    const gap = R.map((row, k) => (n[k] as number) - row.reduce((sum, v) => sum + v, 0));
    if (Math.max(...gap.map((g, k) => Math.abs(g) / (n[k] as number))) < TOLERANCE) break;
    const H = curvature(R)
      .slice(1)
      .map((row, k) => {
        const rest = row.slice(1);
        rest[k] = (rest[k] as number) + 1e-12 * (n[k + 1] as number);
        return rest;
      });
    const move = [
      0,
      ...solve(
        H,
        gap.slice(1).map((g) => -g),
      ).map((s) => Math.min(Math.max(s, -30), 30)),
    ];
    for (let length = 1; ; length /= 2) {
      const next = f.map((v, k) => v + length * (move[k] as number));
      const nextD = mixture(L, n, next);
      const nextValue = objective(nextD, n, next);
      if (nextValue <= value + 1e-12 * Math.abs(value) || length < 1e-4) {
        [f, D, value] = [next, nextD, nextValue];
        break;
      }
    }
  }
  return f;
}

const objective = (D: Float64Array, n: readonly number[], f: Float64Array): number =>
  D.reduce((sum, d) => sum + d, 0) + n.reduce((sum, count, k) => sum + count * (f[k] as number), 0);

function logSumDifference(row: Float64Array, D: Float64Array): number {
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) {
    if ((row[i] as number) > Number.NEGATIVE_INFINITY)
      high = Math.max(high, (row[i] as number) - (D[i] as number));
  }
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    if ((row[i] as number) > Number.NEGATIVE_INFINITY)
      sum += Math.exp((row[i] as number) - (D[i] as number) - high);
  }
  return high + Math.log(sum);
}

/**
 * How well the members overlap: 1 minus the second eigenvalue of R R' / n. Near 0 some members
 * share no draws; of a single member it is 1.
 */
export function overlap(R: readonly Float64Array[], n: readonly number[]): number {
  if (R.length === 1) return 1;
  const A = products(R).map((row, j) =>
    row.map((v, k) => v / Math.sqrt((n[j] as number) * (n[k] as number))),
  );
  const [, second = 0] = eigenvalues(A).sort((a, b) => b - a);
  return 1 - second;
}

/** Eigenvalues of a small symmetric matrix by Jacobi's rotations. */
function eigenvalues(matrix: number[][]): number[] {
  const a = matrix.map((row) => row.slice());
  const size = a.length;
  const cell = (i: number, j: number): number => (a[i] as number[])[j] as number;
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off += cell(p, q) ** 2;
    if (off < 1e-30) break;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (cell(p, q) === 0) continue;
        const theta = (cell(q, q) - cell(p, p)) / (2 * cell(p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        rotate(a, p, q, c, t * c);
      }
    }
  }
  return a.map((row, i) => row[i] as number);
}

function rotate(a: number[][], p: number, q: number, c: number, s: number): void {
  for (const row of a) {
    const [x, y] = [row[p] as number, row[q] as number];
    row[p] = c * x - s * y;
    row[q] = s * x + c * y;
  }
  const [top, bottom] = [a[p] as number[], a[q] as number[]];
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [top[k] as number, bottom[k] as number];
    top[k] = c * x - s * y;
    bottom[k] = s * x + c * y;
  }
}
