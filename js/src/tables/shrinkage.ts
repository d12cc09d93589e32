/** How far each group is pulled to the mean when the group scales are moved: tables/slide.py. */

export interface Information {
  groups: number;
  effects: number;
  /** (groups, effects, effects), row by row; NaN where a group has no estimate of its own. */
  precision: ArrayLike<number>;
  /** (groups, effects): precision times the group's own estimates. */
  score: ArrayLike<number>;
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

/**
 * Estimates of every group at given group scales (standard deviations, 0 or more), by the
 * partial-pooling formula; a scale of 0 is complete pooling of that effect.
 */
export function slide(information: Information, scales: readonly number[]): Slid {
  const { groups, effects: k, precision, score } = information;
  const variance = scales.map((s) => {
    if (!(s >= 0 && Number.isFinite(s)))
      throw new Error(`A group scale must be finite and 0 or more; got ${s}.`);
    return s * s;
  });
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
    for (let r = 0; r < k; r++) {
      for (let c = 0; c < k; c++) {
        const p = own[r * k + c] as number;
        system[r * k + c] = (r === c ? 1 : 0) + p * (variance[c] as number);
        side[r * (k + 1) + c] = p;
      }
      side[r * (k + 1) + k] = score[g * k + r] as number;
    }
    solve(system, side, k);
    for (let r = 0; r < k; r++) {
      for (let c = 0; c < k; c++)
        total[r * k + c] = (total[r * k + c] as number) + (side[r * (k + 1) + c] as number);
      weighted[r] = (weighted[r] as number) + (side[r * (k + 1) + k] as number);
    }
  }
  solve(total, weighted, k);
  const centre = Array.from(weighted);

  const estimates = new Float64Array(groups * k).fill(Number.NaN);
  const weight = new Float64Array(groups * k).fill(Number.NaN);
  for (let g = 0; g < groups; g++) {
    if (!known[g]) continue;
    read(g);
    for (let r = 0; r < k; r++) {
      const v = variance[r] as number;
      for (let c = 0; c < k; c++) {
        const pull = v * (own[r * k + c] as number);
        system[r * k + c] = (r === c ? 1 : 0) + pull;
        side[r * (k + 1) + c] = pull;
      }
      side[r * (k + 1) + k] = v * (score[g * k + r] as number) + (centre[r] as number);
    }
    solve(system, side, k);
    for (let r = 0; r < k; r++) {
      estimates[g * k + r] = side[r * (k + 1) + k] as number;
      weight[g * k + r] = side[r * (k + 1) + r] as number;
    }
  }
  return { estimates, weight, centre };
}
