import type { Listing } from "../host/listing.js";
import type { Formula, Pair, Term } from "./shrinkage-data.js";

/** One term as it stands now: by the posterior, or by the formula while a scale is moved. */
export interface Standing {
  term: Term;
  now: ArrayLike<number>;
  weight: ArrayLike<number>;
  population: number;
  complete: number;
  /** The ends of its axis. */
  ends: [number, number];
}

/** Everything a picture of shrinkage draws. */
export interface Scene {
  /** The term, and in the plane the one it is drawn against. */
  x: Standing;
  y: Standing | undefined;
  /** The two effects in the population, in the plane. */
  pair: Pair | undefined;
  listing: Listing;
  picked: ReadonlySet<string>;
  sliding: boolean;
  largest: number;
}

export interface Picture {
  node: HTMLElement;
  show(scene: Scene): Promise<void>;
}

export function standing(term: Term, formula: Formula | undefined): Standing {
  const complete = term.about.complete ?? Number.NaN;
  if (!formula) {
    const { population, ends } = term.about;
    return { term, now: term.partial, weight: term.weight, population, complete, ends };
  }
  const { estimates: now, weight, centre: population } = formula;
  return { term, now, weight, population, complete, ends: widened(term.about.ends, now) };
}

/** A number as a chart takes it: a missing one is null. */
export const known = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** The mean weight of the groups that have one. */
export function meanWeight(weight: ArrayLike<number>): number {
  const finite = Array.from(weight).filter(Number.isFinite);
  return finite.reduce((sum, w) => sum + w, 0) / finite.length;
}

/** The ends of an axis, moved out as far as the formula's estimates need. */
export function widened([least, most]: [number, number], values: ArrayLike<number>): [number, number] {
  const margin = 0.02 * (most - least);
  let [low, high] = [least, most];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (value - margin < low) low = value - margin;
    if (value + margin > high) high = value + margin;
  }
  return [low, high];
}
