/** The pool under other priors: its draws, its mixture, and the verdict on any settings. */

import { complaint } from "./densities";
import { Draws, same, settingOf } from "./draws";
import { mcse } from "./errors";
import { type ErrorOf, evidenceOf, type Judged, type Judgement, judge, summarise } from "./gate";
import { type Pooled, solvePool } from "./pooled";
import { smooth } from "./smoothing";
import { hidden, hiddenObstacle, scaleEss, supportObstacle } from "./traps";
import type { EngineData, Member, PriorInfo, Setting, Settings, Size } from "./types";

const HEARD = 0.05;

export interface View extends Judgement {
  /** The member whose own draws these are, because it has these very priors, or null. */
  own: number | null;
}

export class Reweighing {
  readonly data: EngineData;
  readonly draws: Draws;
  readonly #free: PriorInfo[];
  readonly #differing: PriorInfo[];
  readonly #pooled: Pooled;
  readonly #scaleEss = new Map<string, number>();

  constructor(data: EngineData) {
    if (data.members.length === 0) throw new Error("A prior lab needs the draws of at least one fit.");
    for (const member of data.members) complete(member, data);
    this.data = data;
    this.draws = new Draws(data);
    this.#free = changeable(data);
    this.#differing = this.#free.filter(({ parameter }) =>
      data.members.some((m) => !same(this.setting(m.settings, parameter), this.setting({}, parameter))),
    );
    const L = data.members.map((m) => this.#logPrior(m.settings, this.#differing));
    this.#pooled = solvePool(L, this.draws.sizes);
  }

  get #first(): Member {
    return this.data.members[0] as Member;
  }

  /** The prior of a parameter in some settings, or else the first member's. */
  setting(settings: Settings, parameter: string): Setting {
    return settingOf(settings, this.#first, parameter);
  }

  #logPrior(settings: Settings, priors: readonly PriorInfo[]): Float64Array {
    const out = new Float64Array(this.draws.total);
    for (const { parameter } of priors) {
      const part = this.draws.logPrior(parameter, this.setting(settings, parameter));
      for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (part[i] as number);
    }
    return out;
  }

  /** The priors that these settings change for the first time in the pool. */
  #newly(settings: Settings): PriorInfo[] {
    return this.#free.filter(
      (prior) =>
        !this.#differing.includes(prior) &&
        !same(this.setting(settings, prior.parameter), this.setting({}, prior.parameter)),
    );
  }

  #check(settings: Settings): void {
    for (const [parameter, { family, args }] of Object.entries(settings)) {
      const prior = this.data.priors.find((one) => one.parameter === parameter);
      if (!prior) throw new Error(`There is no prior of ${parameter} here.`);
      if (prior.fixed && !same({ family, args }, this.setting({}, parameter))) {
        throw new Error(`The prior of ${parameter} cannot be changed: ${prior.fixed}`);
      }
      const wrong = complaint(family, args);
      if (wrong) throw new Error(`The prior of ${parameter}: ${wrong}`);
    }
  }

  /**
   * The weights of some settings and the verdict on them, for these quantities. Draws of chains that
   * disagree make nothing reliable.
   */
  judged(settings: Settings, quantities: readonly Judged[]): View {
    const view = this.#judged(settings, quantities);
    let end = 0;
    const doubt = this.data.members.find(({ unmixed }, k) => {
      const start = end;
      end += this.draws.counts[k] as number;
      return unmixed && view.weights.subarray(start, end).reduce((sum, w) => sum + w, 0) > HEARD;
    });
    if (!doubt) return view;
    return {
      ...view,
      verdict: view.verdict === "reliable" ? "doubtful" : view.verdict,
      reason: `${doubt.unmixed} ${view.reason}`.trim(),
      evidenceReliable: view.own === 0,
    };
  }

  #judged(settings: Settings, quantities: readonly Judged[]): View {
    this.#check(settings);
    const newly = this.#newly(settings);
    const logWeights = this.#logPrior(settings, this.#differing);
    for (const { parameter } of newly) {
      const to = this.draws.logPrior(parameter, this.setting(settings, parameter));
      const from = this.draws.logPrior(parameter, this.setting({}, parameter));
      for (let i = 0; i < logWeights.length; i++) {
        logWeights[i] = (logWeights[i] as number) + (to[i] as number) - (from[i] as number);
      }
    }
    const { D } = this.#pooled;
    for (let i = 0; i < logWeights.length; i++) {
      const difference = (logWeights[i] as number) - (D[i] as number);
      logWeights[i] = difference < Number.POSITIVE_INFINITY ? difference : Number.NEGATIVE_INFINITY;
    }
    const owners = this.data.members.filter((member) =>
      this.#free.every(({ parameter }) =>
        same(this.setting(settings, parameter), this.setting(member.settings, parameter)),
      ),
    );
    const own = owners.find(({ unmixed }) => !unmixed) ?? owners[0];
    if (own) return this.#own(this.data.members.indexOf(own), logWeights, quantities);
    const obstacle = this.#obstacle(settings, [...this.#differing, ...newly]);
    return { ...judge(logWeights, this.#pooled, quantities, this.data.rEff, obstacle), own: null };
  }

  /** Why the draws cannot serve these settings whatever their weights, or nothing. */
  #obstacle(settings: Settings, changed: readonly PriorInfo[]): string {
    const { members, scales } = this.data;
    const target = (parameter: string) => this.setting(settings, parameter);
    const fitted = members.map((m) => (parameter: string) => this.setting(m.settings, parameter));
    const short = supportObstacle(changed, target, fitted);
    if (short) return short;
    const { total } = this.draws;
    const found = changed.find(
      ({ parameter, labels }) =>
        scales.includes(parameter) &&
        labels.some((_, e) => {
          const draws = this.draws.x(parameter).subarray(e * total, (e + 1) * total);
          const priors = fitted.map((prior) => prior(parameter));
          const size = this.#essOfScale(parameter, e, draws);
          return hidden(target(parameter), priors, e, draws, size, this.#pooled) >= 1;
        }),
    );
    return found ? hiddenObstacle(found.parameter) : "";
  }

  /** A member's own posterior, from its own draws alone; of the pool only the evidence. */
  #own(member: number, logWeights: Float64Array, quantities: readonly Judged[]): View {
    const { counts, total } = this.draws;
    const n = counts[member] as number;
    const start = counts.slice(0, member).reduce((sum, count) => sum + count, 0);
    const weights = new Float64Array(total).fill(1 / n, start, start + n);
    const khat = Number.NEGATIVE_INFINITY;
    const errorOf = this.errorOf({ weights, own: member, khat });
    const { summary, spread, ess, ntail } = summarise(weights, quantities, errorOf);
    const evidence = evidenceOf(smooth(logWeights, this.data.rEff), this.#pooled);
    return {
      verdict: "reliable",
      reason: "",
      weights,
      spread,
      khat,
      ess: Math.min(ess, n),
      ntail,
      summary,
      ...evidence,
      logEvidence: this.#pooled.f[member] as number,
      evidenceReliable: member === 0 || evidence.evidenceReliable,
      own: member,
    };
  }

  /** Errors under weights of the whole pool, or of one member's own draws. */
  errorOf({ weights, own, khat }: Pick<View, "weights" | "own" | "khat">): ErrorOf {
    const { counts, sizes } = this.draws;
    if (own === null) return (values, one) => mcse(weights, values, one, sizes, khat, this.#pooled);
    const start = counts.slice(0, own).reduce((sum, count) => sum + count, 0);
    const stop = start + (counts[own] as number);
    const alone = weights.subarray(start, stop);
    const size = [sizes[own] as Size];
    return (values, one) => mcse(alone, values.subarray(start, stop), one, size, khat);
  }

  #essOfScale(parameter: string, e: number, draws: Float32Array): number {
    const key = `${e} ${parameter}`;
    let value = this.#scaleEss.get(key);
    if (value === undefined) {
      value = scaleEss(draws, this.#pooled);
      this.#scaleEss.set(key, value);
    }
    return value;
  }
}

const changeable = ({ priors }: EngineData): PriorInfo[] => priors.filter(({ fixed }) => !fixed);

/** @throws when a member lacks draws that the pool needs. */
function complete({ chains, draws, x, quantities }: Member, data: EngineData): void {
  const n = chains * draws;
  const missing = changeable(data).filter(
    ({ parameter, labels }) => x[parameter]?.length !== labels.length * n,
  );
  if (missing.length > 0) {
    throw new Error(`A fit of the pool lacks the draws of ${missing.map((p) => p.parameter).join(", ")}.`);
  }
  if (quantities.length !== data.quantities.length * n) {
    throw new Error(
      `${data.quantities.length} quantities of ${n} draws are ${data.quantities.length * n} numbers; got ${quantities.length}.`,
    );
  }
  data.quantities.forEach(({ name }, q) => {
    if (!quantities.subarray(q * n, (q + 1) * n).every(Number.isFinite)) {
      throw new Error(`${name} has draws that are not finite numbers, so it has no mean.`);
    }
  });
}
