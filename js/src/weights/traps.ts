/** What no weight of a draw can show: twin of weights/traps.py. */

import { logDensityAt, support } from "./densities";
import { ess } from "./errors";
import type { Pooled } from "./pooled";
import type { PriorInfo, Setting } from "./types";

type PriorOf = (parameter: string) => Setting;

const GRID = 61;
const DECADES = 3;

/** Why no member's draws can stand for the target, because it allows values that none allowed. */
export function supportObstacle(
  priors: readonly PriorInfo[],
  target: PriorOf,
  members: readonly PriorOf[],
): string {
  const narrower = (member: PriorOf): PriorInfo | undefined =>
    priors.find(({ parameter, labels }) =>
      labels.some((_, e) => {
        const [low, high] = support(target(parameter), e);
        const [least, most] = support(member(parameter), e);
        return low < least || high > most;
      }),
    );
  const short = members.map(narrower);
  const [first] = short;
  if (!first || !short.every(Boolean)) return "";
  const bounds = first.labels.map((_, e) => support(target(first.parameter), e));
  const low = Math.min(...bounds.map((b) => b[0]));
  const high = Math.max(...bounds.map((b) => b[1]));
  return (
    `The prior of ${first.parameter} allows values from ${named(low)} to ${named(high)}, some of ` +
    "which no fit allowed, so no draw can speak for them."
  );
}

const named = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(6))) : value < 0 ? "-inf" : "inf";

/** The sentence about a scale whose mode near zero could be missed. */
export const hiddenObstacle = (parameter: string): string =>
  `The prior of ${parameter} now favours values nearer to zero than any draw: a mode there could not be seen.`;

/**
 * A bound on the target's mass where one element of a scale is smaller than all its draws: 3 / ESS
 * times the largest ratio of the priors there over its mean. 1 or more: a mode may be hidden.
 */
export function hidden(
  target: Setting,
  members: readonly Setting[],
  element: number,
  draws: Float32Array,
  size: number,
  { counts, f }: Pick<Pooled, "counts" | "f">,
): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < draws.length; i++) smallest = Math.min(smallest, draws[i] as number);
  if (smallest <= 0) return 0;
  const to = logDensityAt(target, element);
  const from = members.map((member, k) => ({
    log: logDensityAt(member, element),
    shift: Math.log(counts[k] as number) - (f[k] as number),
  }));
  const logRatio = (tau: number): number => {
    if (from.length === 1) return to(tau) - (from[0] as Mixed).log(tau) - (from[0] as Mixed).shift;
    let high = Number.NEGATIVE_INFINITY;
    for (const { log, shift } of from) high = Math.max(high, log(tau) + shift);
    let sum = 0;
    for (const { log, shift } of from) sum += Math.exp(log(tau) + shift - high);
    return to(tau) - high - Math.log(sum);
  };
  let outside = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < GRID; j++) {
    const ratio = logRatio(smallest * 10 ** (DECADES * (j / (GRID - 1) - 1)));
    if (ratio > outside) outside = ratio;
  }
  let high = Number.NEGATIVE_INFINITY;
  const inside = new Float64Array(draws.length);
  for (let i = 0; i < inside.length; i++) {
    const ratio = logRatio(draws[i] as number);
    inside[i] = ratio;
    if (ratio > high) high = ratio;
  }
  if (high === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < inside.length; i++) sum += Math.exp((inside[i] as number) - high);
  const mean = high + Math.log(sum / inside.length);
  return (3 / size) * Math.exp(Math.min(outside - mean, 700));
}

interface Mixed {
  log: (x: number) => number;
  shift: number;
}

/** The effective number of draws of a scale, all members together. */
export function scaleEss(draws: Float32Array, { sizes }: Pick<Pooled, "sizes">): number {
  return ess(Float64Array.from(draws), sizes).reduce((sum, one) => sum + one, 0);
}
