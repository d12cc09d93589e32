/** What the engine of the prior lab holds, is asked, and answers. Nothing here touches the page. */

/** A number for each argument, or one for each element of a vector parameter. */
export type Args = Record<string, number | number[]>;

export interface Setting {
  family: string;
  args: Args;
}

/** Parameter -> prior. A parameter that is not named keeps the prior of the first member. */
export type Settings = Record<string, Setting>;

export interface PriorInfo {
  parameter: string;
  kind: "location" | "positive" | "correlation";
  /** One for each element of the parameter. */
  labels: string[];
  /** Why it cannot be changed, or nothing. */
  fixed: string;
}

/** Chains and draws of each chain of a member. */
export type Size = readonly [chains: number, draws: number];

/** One fit of the pool: its draws chain after chain, float32 as they crossed to the browser. */
export interface Member {
  chains: number;
  draws: number;
  /** That its chains disagree and what to do, or nothing. */
  unmixed: string;
  settings: Settings;
  /** Parameter -> draws as its prior sees them, one element after another; LKJ: log determinant. */
  x: Record<string, Float32Array>;
  /** One quantity after another, in the order of `EngineData.quantities`. */
  quantities: Float32Array;
  /** Term -> values one group after another. */
  terms: Record<string, Float32Array>;
}

export interface Quantity {
  name: string;
  /** Whether the gate judges it. */
  gate: boolean;
}

export interface EngineData {
  priors: PriorInfo[];
  quantities: Quantity[];
  /** Parameters that are scales of group effects, where a mode near zero can hide. */
  scales: string[];
  /** Relative efficiency of the draws, for the length of the smoothed tail. */
  rEff: number;
  members: Member[];
}

export type Verdict = "reliable" | "doubtful" | "needs a refit";

/** The whole judgement and picture of one setting. */
export interface WeighQuestion {
  kind: "weigh";
  settings: Settings;
  /** Terms whose groups are summarised. */
  terms?: string[];
  /** Quantities, by their place, whose densities are wanted. */
  densities?: number[];
  /** The rank of a group of a term (1 is the largest) and the chance that it is at most `top`. */
  ranks?: { term: string; group: number; top: number };
}

/** One argument of one prior over a range of values, everything else as in `settings`. */
export interface CurveQuestion {
  kind: "curve";
  settings: Settings;
  parameter: string;
  argument: string;
  /** Which element of a vector argument; all of them when absent. */
  element?: number;
  values: number[];
  /** The quantity, by its place. */
  quantity: number;
}

/** Monte Carlo errors of every group of a term. */
export interface ErrorsQuestion {
  kind: "errors";
  settings: Settings;
  term: string;
}

/** A fit joins the pool. */
export interface JoinQuestion {
  kind: "join";
  member: Member;
}

export type Question = WeighQuestion | CurveQuestion | ErrorsQuestion | JoinQuestion;

export interface Summary {
  mean: number;
  sd: number;
  /** Monte Carlo errors; NaN for quantities that are not gated. */
  mcseMean: number;
  mcseSd: number;
  lower: number;
  innerLower: number;
  median: number;
  innerUpper: number;
  upper: number;
}

/** One value for each group. */
export interface GroupSummary {
  mean: Float32Array;
  sd: Float32Array;
  lower: Float32Array;
  innerLower: Float32Array;
  median: Float32Array;
  innerUpper: Float32Array;
  upper: Float32Array;
}

export interface Density {
  x: Float64Array;
  density: Float64Array;
}

export interface Weighed {
  verdict: Verdict;
  /** Why it is not reliable, in a sentence; nothing when it is. */
  reason: string;
  /** -Infinity when there is nothing to smooth. */
  khat: number;
  ess: number;
  /** The fewest draws beyond the 5 % or the 95 % quantile of a gated quantity. */
  ntail: number;
  /** Which member's own draws are shown because it has these very priors, or null. */
  own: number | null;
  /** Log marginal likelihood minus the first member's. */
  logEvidence: number;
  evidenceSe: number;
  evidenceReliable: boolean;
  summary: Summary[];
  densities: Density[];
  groups: Record<string, GroupSummary>;
  rank: { mean: number; sd: number; probability: number } | null;
}

export interface Curve {
  values: Float64Array;
  mean: Float64Array;
  lower: Float64Array;
  upper: Float64Array;
  logEvidence: Float64Array;
  evidenceReliable: boolean[];
  khat: Float64Array;
  verdict: Verdict[];
  /** Where the next fit serves best: the middle of the longest stretch that needs one, or null. */
  place: number | null;
}

export interface GroupErrors {
  mcseMean: Float64Array;
  mcseSd: Float64Array;
}

export interface Joined {
  members: number;
  draws: number;
}

export type AnswerTo<Q extends Question> = Q extends WeighQuestion
  ? Weighed
  : Q extends CurveQuestion
    ? Curve
    : Q extends ErrorsQuestion
      ? GroupErrors
      : Joined;

export type Answer = Weighed | Curve | GroupErrors | Joined;
