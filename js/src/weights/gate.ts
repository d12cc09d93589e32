/** Whether a reweighted posterior may be believed: twin of weights/gate.py. */

import { evidenceError, type Mcse, mcse } from "./errors";
import { type Ranked, type Spread, spreadOf, sweep } from "./estimates";
import type { Pooled } from "./pooled";
import { type Smoothed, smooth } from "./smoothing";
import type { Summary, Verdict } from "./types";

/** A scalar whose posterior is shown, and judged when `gate` is set. */
export interface Judged extends Ranked {
  name: string;
  gate: boolean;
}

export interface Judgement {
  verdict: Verdict;
  reason: string;
  weights: Float64Array;
  spread: Spread;
  khat: number;
  ess: number;
  ntail: number;
  summary: Summary[];
  logEvidence: number;
  evidenceSe: number;
  evidenceReliable: boolean;
}

const KHAT = 0.7;
const RELIABLE = { mean: 0.25, sd: 0.35, tail: 10 };
const DOUBTFUL = { mean: 0.5, sd: 0.7, tail: 5 };
const EVIDENCE_SE = 0.1;
const EVIDENCE_GAP = 0.03;
const PROBABILITIES = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975];

const swept = new Float64Array(PROBABILITIES.length + 2);

/**
 * Weights of a target, with their verdict.
 *
 * @param logWeights log density of the target over the pool's, at every draw.
 * @param obstacle why these draws cannot serve the target whatever their weights, or nothing.
 */
export function judge(
  logWeights: Float64Array,
  pooled: Pooled,
  quantities: readonly Judged[],
  rEff: number,
  obstacle = "",
): Judgement {
  if (!logWeights.some((l) => l > Number.NEGATIVE_INFINITY)) {
    return nothing(logWeights.length, quantities.length, obstacle);
  }
  const smoothed = smooth(logWeights, rEff);
  const { weights, khat } = smoothed;
  const evidence = evidenceOf(smoothed, pooled);
  const shown = summarise(weights, quantities, (values, one) =>
    mcse(weights, values, one, pooled.sizes, khat, pooled),
  );
  return {
    ...(obstacle ? { verdict: "needs a refit", reason: obstacle } : verdictOf(khat, shown)),
    weights,
    spread: shown.spread,
    khat,
    ess: shown.ess,
    ntail: shown.ntail,
    summary: shown.summary,
    ...evidence,
    evidenceReliable: !obstacle && evidence.evidenceReliable,
  };
}

type Evidence = Pick<Judgement, "logEvidence" | "evidenceSe" | "evidenceReliable">;

/** The log evidence ratio of some weights, and whether it may be shown. */
export function evidenceOf({ weights, khat, logMean }: Smoothed, pooled: Pooled): Evidence {
  const se = evidenceError(weights, pooled.sizes, pooled);
  return {
    logEvidence: logMean + Math.log(weights.length),
    evidenceSe: se,
    evidenceReliable: se < EVIDENCE_SE && pooled.gap >= EVIDENCE_GAP && khat < KHAT,
  };
}

/** The Monte Carlo errors of some draws whose weighted moments are known. */
export type ErrorOf = (values: Float32Array, moments: { mean: number; sd: number }) => Mcse;

export interface Shown {
  summary: Summary[];
  spread: Spread;
  ess: number;
  ntail: number;
  /** The largest error of a mean and of a standard deviation, in standard deviations. */
  mean: number;
  sd: number;
  /** What they may be at most. */
  mostMean: number;
  mostSd: number;
}

/** Every quantity under some weights, with errors of those that are gated. */
export function summarise(weights: Float64Array, quantities: readonly Judged[], errorOf: ErrorOf): Shown {
  const spread = spreadOf(weights);
  const shown: Shown = {
    summary: [],
    spread,
    ess: weights.length,
    ntail: spread.count,
    mean: 0,
    sd: 0,
    mostMean: 0,
    mostSd: 0,
  };
  for (const quantity of quantities) {
    sweep(weights, quantity, spread, PROBABILITIES, swept);
    const [lower, low, innerLower, median, innerUpper, high, upper, mean, sd] = swept as unknown as number[];
    const one = { mean, sd, lower, innerLower, median, innerUpper, upper } as Omit<
      Summary,
      "mcseMean" | "mcseSd"
    >;
    if (!quantity.gate) {
      shown.summary.push({ ...one, mcseMean: Number.NaN, mcseSd: Number.NaN });
      continue;
    }
    const error = errorOf(quantity.values, one);
    shown.summary.push({ ...one, mcseMean: error.mean, mcseSd: error.sd });
    if (quantity.sorted[0] === quantity.sorted[quantity.sorted.length - 1]) continue;
    const inSd = (size: number): number => (one.sd > 0 ? size / one.sd : Number.POSITIVE_INFINITY);
    shown.ess = Math.min(shown.ess, 1 / inSd(error.rawMean) ** 2);
    for (const key of ["mean", "sd", "mostMean", "mostSd"] as const) {
      shown[key] = Math.max(shown[key], inSd(error[key]));
    }
    shown.ntail = Math.min(shown.ntail, tailDraws(weights, quantity, low as number, high as number));
  }
  return shown;
}

/** The fewer of the draws with weight below `low` and above `high`. */
function tailDraws(weights: Float64Array, { order, sorted }: Ranked, low: number, high: number): number {
  const n = sorted.length;
  let below = 0;
  for (let j = 0; j < n && (sorted[j] as number) < low; j++) {
    if ((weights[order[j] as number] as number) > 0) below++;
  }
  let above = 0;
  for (let j = n - 1; j >= 0 && (sorted[j] as number) > high; j--) {
    if ((weights[order[j] as number] as number) > 0) above++;
  }
  return Math.min(below, above);
}

/** The verdict in a word, and why it is no better. */
function verdictOf(khat: number, shown: Shown): { verdict: Verdict; reason: string } {
  const { mostMean, mostSd, ntail } = shown;
  const within = (limit: typeof RELIABLE): boolean =>
    mostMean < limit.mean && mostSd < limit.sd && ntail >= limit.tail;
  if (khat < KHAT && within(RELIABLE)) return { verdict: "reliable", reason: "" };
  if (!(khat < KHAT)) {
    const k = Number.isFinite(khat) ? `Pareto k is ${khat.toFixed(2)}` : "The weights have no Pareto tail";
    return { verdict: "needs a refit", reason: `${k}: a few draws carry nearly all the weight.` };
  }
  return { verdict: within(DOUBTFUL) ? "doubtful" : "needs a refit", reason: why(shown) };
}

function why({ mean, sd, mostMean, mostSd, ntail }: Shown): string {
  if (ntail < RELIABLE.tail)
    return `Draws beyond the new 5 % or 95 % quantile: ${ntail}, where ${RELIABLE.tail} are needed.`;
  const error =
    mostMean >= RELIABLE.mean && mostMean / RELIABLE.mean >= mostSd / RELIABLE.sd
      ? `mean is ${short(mean)} standard deviations, at most ${short(mostMean)}`
      : `standard deviation is ${(100 * sd).toFixed(0)} %, at most ${(100 * mostSd).toFixed(0)} %`;
  return `The error of a ${error} if tails are worse than the draws show.`;
}

/** Two significant digits. */
const short = (value: number): string => String(Number(value.toPrecision(2)));

function nothing(draws: number, quantities: number, obstacle = ""): Judgement {
  const blank = Number.NaN;
  const summary = Array.from({ length: quantities }, () => ({
    mean: blank,
    sd: blank,
    mcseMean: blank,
    mcseSd: blank,
    lower: blank,
    innerLower: blank,
    median: blank,
    innerUpper: blank,
    upper: blank,
  }));
  return {
    verdict: "needs a refit",
    reason: obstacle || "This prior rules out every draw.",
    weights: new Float64Array(draws),
    spread: { count: 0, squares: 0 },
    khat: Number.POSITIVE_INFINITY,
    ess: 0,
    ntail: 0,
    summary,
    logEvidence: Number.NEGATIVE_INFINITY,
    evidenceSe: Number.POSITIVE_INFINITY,
    evidenceReliable: false,
  };
}
