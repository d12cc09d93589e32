/** How far each group is pulled to the mean when the group scales are moved: tables/slide.py. */

export interface Information {
  groups: number;
  effects: number;
  /** (groups, effects, effects), row by row; NaN where a group has no estimate of its own. */
  precision: ArrayLike<number>;
  /** (groups, effects): precision times the group's own estimates. */
  score: ArrayLike<number>;
  /** (effects, effects): correlation of the effects between groups; independent if left out. */
  correlation?: ArrayLike<number>;
  /** False for an effect that the population does not have, whose centre is `fixed`; all true if left out. */
  free?: readonly boolean[];
  /** The centre of effects that are not free; 0 if left out. */
  fixed?: readonly number[];
  /** (effects, effects): T, which gives the effects at another place, T b for b; none if left out. */
  place?: ArrayLike<number>;
}

export interface Slid {
  /** (groups, effects), row by row. */
  estimates: Float64Array;
  /** (groups, effects): share of the group's own estimate. */
  weight: Float64Array;
  centre: number[];
}

/**
 * Solves A X = B in place for a small square A (k, k) and B (k, m), both row by row.
 * Gauss-Jordan with row pivots: I + P Sigma is far from singular whatever P.
 */
function solve(a: Float64Array, b: Float64Array, k: number): void {
  const m = b.length / k;
  const get = (from: Float64Array, i: number) => from[i] as number;
  for (let col = 0; col < k; col++) {
    let pivot = col;
    for (let r = col + 1; r < k; r++) {
      if (Math.abs(get(a, r * k + col)) > Math.abs(get(a, pivot * k + col))) pivot = r;
    }
    const size = get(a, pivot * k + col);
    if (size === 0) throw new Error("The groups' own estimates do not determine the population's effects.");
    swap(a, pivot * k, col * k, k);
    swap(b, pivot * m, col * m, m);
    for (let r = 0; r < k; r++) {
      if (r === col) continue;
      const factor = get(a, r * k + col) / size;
      if (factor === 0) continue;
      for (let c = col; c < k; c++) a[r * k + c] = get(a, r * k + c) - factor * get(a, col * k + c);
      for (let c = 0; c < m; c++) b[r * m + c] = get(b, r * m + c) - factor * get(b, col * m + c);
    }
  }
  for (let r = 0; r < k; r++) {
    for (let c = 0; c < m; c++) b[r * m + c] = get(b, r * m + c) / get(a, r * k + r);
  }
}

function swap(values: Float64Array, i: number, j: number, count: number): void {
  if (i === j) return;
  const kept = values.slice(i, i + count);
  values.copyWithin(i, j, j + count);
  values.set(kept, j);
}

function covariance({ effects: k, correlation }: Information, scales: readonly number[]): Float64Array {
  for (const scale of scales) {
    if (!(scale >= 0 && Number.isFinite(scale)))
      throw new Error(`A group scale must be finite and 0 or more; got ${scale}.`);
  }
  return Float64Array.from({ length: k * k }, (_, i) => {
    const r = Math.floor(i / k);
    const c = i % k;
    const rho = correlation ? (correlation[i] as number) : r === c ? 1 : 0;
    return (scales[r] as number) * rho * (scales[c] as number);
  });
}

/** A B, into `out`; all (k, k). */
function multiply(a: Float64Array, b: Float64Array, k: number, out: Float64Array): void {
  for (let r = 0; r < k; r++) {
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += (a[r * k + i] as number) * (b[i * k + c] as number);
      out[r * k + c] = sum;
    }
  }
}

/** Generalised least squares of the population's effects; those that are not free stay fixed. */
function centreOf(total: Float64Array, weighted: Float64Array, information: Information): number[] {
  const { effects: k, free, fixed } = information;
  const kept = Array.from({ length: k }, (_, i) => i).filter((i) => free?.[i] ?? true);
  const centre = Array.from({ length: k }, (_, i) => (kept.includes(i) ? 0 : (fixed?.[i] ?? 0)));
  const inner = Float64Array.from(kept.flatMap((r) => kept.map((c) => total[r * k + c] as number)));
  const side = Float64Array.from(
    kept.map((r) =>
      centre.reduce((sum, c, i) => sum - (total[r * k + i] as number) * c, weighted[r] as number),
    ),
  );
  solve(inner, side, kept.length);
  kept.forEach((at, i) => {
    centre[at] = side[i] as number;
  });
  return centre;
}

/**
 * Estimates of every group at given group scales (standard deviations, 0 or more), by the
 * partial-pooling formula; a scale of 0 is complete pooling of that effect.
 */
export function slide(information: Information, scales: readonly number[]): Slid {
  const { groups, effects: k, precision, score } = information;
  const sigma = covariance(information, scales);
  const own = new Float64Array(k * k);
  const system = new Float64Array(k * k);
  const side = new Float64Array(k * (k + 1));
  const total = new Float64Array(k * k);
  const weighted = new Float64Array(k);
  const known: boolean[] = [];

  const read = (g: number): boolean => {
    let finite = true;
    for (let i = 0; i < k * k; i++) {
      own[i] = precision[g * k * k + i] as number;
      finite &&= Number.isFinite(own[i]);
    }
    for (let i = 0; i < k; i++) finite &&= Number.isFinite(score[g * k + i] as number);
    return finite;
  };

  for (let g = 0; g < groups; g++) {
    known[g] = read(g);
    if (!known[g]) continue;
    multiply(own, sigma, k, system);
    for (let r = 0; r < k; r++) {
      system[r * k + r] = (system[r * k + r] as number) + 1;
      for (let c = 0; c < k; c++) side[r * (k + 1) + c] = own[r * k + c] as number;
      side[r * (k + 1) + k] = score[g * k + r] as number;
    }
    solve(system, side, k);
    for (let r = 0; r < k; r++) {
      for (let c = 0; c < k; c++)
        total[r * k + c] = (total[r * k + c] as number) + (side[r * (k + 1) + c] as number);
      weighted[r] = (weighted[r] as number) + (side[r * (k + 1) + k] as number);
    }
  }
  const centre = centreOf(total, weighted, information);

  const place = information.place ? Float64Array.from(information.place) : undefined;
  const back = place && inverse(place, k);
  const estimates = new Float64Array(groups * k).fill(Number.NaN);
  const weight = new Float64Array(groups * k).fill(Number.NaN);
  for (let g = 0; g < groups; g++) {
    if (!known[g]) continue;
    read(g);
    multiply(sigma, own, k, system);
    for (let r = 0; r < k; r++) {
      let target = centre[r] as number;
      for (let c = 0; c < k; c++) {
        side[r * (k + 1) + c] = system[r * k + c] as number;
        target += (sigma[r * k + c] as number) * (score[g * k + c] as number);
      }
      side[r * (k + 1) + k] = target;
      system[r * k + r] = (system[r * k + r] as number) + 1;
    }
    solve(system, side, k);
    for (let r = 0; r < k; r++) {
      if (!place || !back) {
        estimates[g * k + r] = side[r * (k + 1) + k] as number;
        weight[g * k + r] = side[r * (k + 1) + r] as number;
        continue;
      }
      let [estimate, share] = [0, 0];
      for (let c = 0; c < k; c++) {
        const at = place[r * k + c] as number;
        estimate += at * (side[c * (k + 1) + k] as number);
        for (let i = 0; i < k; i++)
          share += at * (side[c * (k + 1) + i] as number) * (back[i * k + r] as number);
      }
      estimates[g * k + r] = estimate;
      weight[g * k + r] = share;
    }
  }
  return { estimates, weight, centre: place ? turned(place, centre) : centre };
}

/** T v. */
export function turned(place: ArrayLike<number>, values: readonly number[]): number[] {
  const k = values.length;
  return values.map((_, r) =>
    values.reduce((sum, value, c) => sum + (place[r * k + c] as number) * value, 0),
  );
}

function inverse(matrix: Float64Array, k: number): Float64Array {
  const out = Float64Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0));
  solve(Float64Array.from(matrix), out, k);
  return out;
}

const POINTS = 72;
const CHI_SQUARED_95 = 5.991464547107979;

/** The ellipse that holds 95 % of a bivariate normal: tables/ellipse.py. */
export function ellipse(
  centre: readonly [number, number],
  sd: readonly [number, number],
  rho: number,
): { step: number; x: number; y: number }[] {
  const radius = Math.sqrt(CHI_SQUARED_95);
  const across = Math.sqrt(Math.max(1 - rho * rho, 0));
  return Array.from({ length: POINTS + 1 }, (_, step) => {
    const angle = (2 * Math.PI * step) / POINTS;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return {
      step,
      x: centre[0] + sd[0] * radius * c,
      y: centre[1] + sd[1] * radius * (rho * c + across * s),
    };
  });
}

/** Standard deviations and correlation of the effects i and j at a place: of T Sigma T'. */
export function turnedPair(
  turn: readonly number[],
  sd: readonly number[],
  rho: readonly number[],
  i: number,
  j: number,
): { sd: [number, number]; rho: number } {
  const k = sd.length;
  const at = (values: readonly number[], r: number, c: number): number => values[r * k + c] ?? 0;
  const covariance = (r: number, c: number): number => {
    let sum = 0;
    for (let a = 0; a < k; a++)
      for (let b = 0; b < k; b++)
        sum += at(turn, r, a) * (sd[a] ?? 0) * at(rho, a, b) * (sd[b] ?? 0) * at(turn, c, b);
    return sum;
  };
  const [x, y] = [Math.sqrt(covariance(i, i)), Math.sqrt(covariance(j, j))];
  return { sd: [x, y], rho: x > 0 && y > 0 ? covariance(i, j) / (x * y) : 0 };
}
