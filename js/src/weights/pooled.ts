/** The pool as one mixture: everything about it that no changed prior alters. */

import { curvature, type LogPriors, mixture, normalisers, overlap, responsibilities, solve } from "./pool";
import type { Size } from "./types";

export interface Pooled {
  sizes: readonly Size[];
  /** Draws of each member. */
  counts: number[];
  /** Log normalisers relative to the first member. */
  f: Float64Array;
  /** Log density of the mixture at every draw. */
  D: Float64Array;
  /** Responsibilities, one array for each member. */
  shares: Float64Array[];
  /** H^-1 r of every draw, one array for each member after the first. */
  correction: Float64Array[];
  /** 1 minus the second eigenvalue of R R' / n. */
  gap: number;
}

/** Solve the pool: normalisers, mixture, responsibilities and what errors need of them. */
export function solvePool(L: LogPriors, sizes: readonly Size[]): Pooled {
  const counts = sizes.map(([chains, draws]) => chains * draws);
  const f = normalisers(L, counts);
  const D = mixture(L, counts, f);
  const shares = responsibilities(L, counts, f, D);
  return {
    sizes,
    counts,
    f,
    D,
    shares,
    correction: corrections(shares, counts),
    gap: overlap(shares, counts),
  };
}

function corrections(shares: Float64Array[], counts: readonly number[]): Float64Array[] {
  const free = shares.length - 1;
  if (free === 0) return [];
  const H = curvature(shares)
    .slice(1)
    .map((row, k) => {
      const rest = row.slice(1);
      rest[k] = (rest[k] as number) + 1e-12 * (counts[k + 1] as number);
      return rest;
    });
  const n = (shares[0] as Float64Array).length;
  const out = Array.from({ length: free }, () => new Float64Array(n));
  for (let column = 0; column < free; column++) {
    const unit = Array.from({ length: free }, (_, k) => Number(k === column));
    const inverse = solve(H, unit);
    const share = shares[column + 1] as Float64Array;
    out.forEach((row, k) => {
      const factor = inverse[k] as number;
      for (let i = 0; i < n; i++) row[i] = (row[i] as number) + factor * (share[i] as number);
    });
  }
  return out;
}
