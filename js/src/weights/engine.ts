/** The prior lab's answers: holds the members' draws, and reweights them to any prior. Pure. */

import { placeOf } from "./curve";
import { density, moments, type Spread, sweep } from "./estimates";
import type { Judged } from "./gate";
import { Reweighing } from "./reweighing";
import type {
  Answer,
  AnswerTo,
  Curve,
  CurveQuestion,
  EngineData,
  ErrorsQuestion,
  GroupErrors,
  GroupSummary,
  Question,
  Weighed,
  WeighQuestion,
} from "./types";

const QUANTILES = [0.025, 0.25, 0.5, 0.75, 0.975];

export class Engine {
  #pool: Reweighing;

  constructor(data: EngineData) {
    this.#pool = new Reweighing(data);
  }

  /** Answer one question; an impossible one is an error with a sentence. */
  answer<Q extends Question>(question: Q): AnswerTo<Q> {
    return this.#dispatch(question) as AnswerTo<Q>;
  }

  #dispatch(question: Question): Answer {
    switch (question.kind) {
      case "weigh":
        return this.#weigh(question);
      case "curve":
        return this.#curve(question);
      case "errors":
        return this.#errors(question);
      case "join":
        this.#pool = new Reweighing({
          ...this.#pool.data,
          members: [...this.#pool.data.members, question.member],
        });
        return { members: this.#pool.data.members.length, draws: this.#pool.draws.total };
    }
  }

  #quantity(place: number): Judged {
    const about = this.#pool.data.quantities[place];
    const draws = this.#pool.draws.quantities[place];
    if (!about || !draws) {
      throw new Error(
        `There are ${this.#pool.data.quantities.length} quantities; there is none at ${place}.`,
      );
    }
    return { ...draws, ...about };
  }

  #weigh({ settings, terms = [], densities = [], ranks }: WeighQuestion): Weighed {
    const quantities = this.#pool.data.quantities.map((_, place) => this.#quantity(place));
    const { weights, spread, ...judgement } = this.#pool.judged(settings, quantities);
    const empty = spread.count === 0;
    return {
      ...judgement,
      densities: empty
        ? []
        : densities.map((place) => {
            const one = judgement.summary[place];
            if (!one) throw new Error(`There is no quantity at ${place}.`);
            const width = { sd: one.sd, lower: one.innerLower, upper: one.innerUpper };
            return density(this.#quantity(place).values, weights, width);
          }),
      groups: empty
        ? {}
        : Object.fromEntries(terms.map((term) => [term, this.#groups(term, weights, spread)])),
      rank: empty || !ranks ? null : this.#rank(ranks, weights),
    };
  }

  #groups(term: string, weights: Float64Array, spread: Spread): GroupSummary {
    const rows = this.#pool.draws.term(term);
    const [lower, innerLower, median, innerUpper, upper, mean, sd] = Array.from(
      { length: 7 },
      () => new Float32Array(rows.length),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    const columns = [lower, innerLower, median, innerUpper, upper, mean, sd];
    const swept = new Float64Array(columns.length);
    rows.forEach((row, g) => {
      sweep(weights, row, spread, QUANTILES, swept);
      columns.forEach((column, c) => {
        column[g] = swept[c] as number;
      });
    });
    return { lower, innerLower, median, innerUpper, upper, mean, sd };
  }

  #rank(
    { term, group, top }: NonNullable<WeighQuestion["ranks"]>,
    weights: Float64Array,
  ): NonNullable<Weighed["rank"]> {
    const ranks = this.#pool.draws.ranks(term, group);
    let mean = 0;
    let square = 0;
    let probability = 0;
    for (let i = 0; i < ranks.length; i++) {
      const w = weights[i] as number;
      const rank = ranks[i] as number;
      mean += w * rank;
      square += w * rank * rank;
      if (rank <= top) probability += w;
    }
    return { mean, sd: Math.sqrt(Math.max(square - mean * mean, 0)), probability };
  }

  #curve({ settings, parameter, argument, element, values, quantity }: CurveQuestion): Curve {
    const chosen = this.#quantity(quantity);
    const others = this.#pool.data.quantities
      .map((_, place) => place)
      .filter((place) => place !== quantity && this.#pool.data.quantities[place]?.gate)
      .map((place) => this.#quantity(place));
    const base = this.#pool.setting(settings, parameter);
    const elements =
      this.#pool.data.priors.find((prior) => prior.parameter === parameter)?.labels.length ?? 1;
    const views = values.map((value) => {
      const args = { ...base.args, [argument]: replaced(base.args[argument], value, element, elements) };
      const view = this.#pool.judged({ ...settings, [parameter]: { ...base, args } }, [chosen, ...others]);
      return { ...view, weights: null, shown: view.summary[0] };
    });
    const column = (read: (view: (typeof views)[number]) => number | undefined): Float64Array =>
      Float64Array.from(views, (view) => read(view) ?? Number.NaN);
    const verdict = views.map((view) => view.verdict);
    return {
      values: Float64Array.from(values),
      mean: column((view) => view.shown?.mean),
      lower: column((view) => view.shown?.lower),
      upper: column((view) => view.shown?.upper),
      logEvidence: column((view) => view.logEvidence),
      evidenceReliable: views.map((view) => view.evidenceReliable),
      khat: column((view) => view.khat),
      verdict,
      place: placeOf(values, verdict),
    };
  }

  #errors({ settings, term }: ErrorsQuestion): GroupErrors {
    const view = this.#pool.judged(settings, []);
    const rows = this.#pool.draws.term(term);
    const errorOf = this.#pool.errorOf(view);
    const errors = rows.map(({ values }) => errorOf(values, moments(view.weights, values)));
    return {
      mcseMean: Float64Array.from(errors, (error) => error.mean),
      mcseSd: Float64Array.from(errors, (error) => error.sd),
    };
  }
}

/** An argument with one value changed: of one element, or of all. */
function replaced(
  given: number | number[] | undefined,
  value: number,
  element: number | undefined,
  elements: number,
): number | number[] {
  if (element === undefined) return Array.isArray(given) ? given.map(() => value) : value;
  const whole = Array.from({ length: elements }, (_, e) =>
    Array.isArray(given) ? (given[given.length === 1 ? 0 : e] as number) : (given ?? value),
  );
  whole[element] = value;
  return whole;
}
