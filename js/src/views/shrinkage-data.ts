import type { Units } from "../controls/units.js";
import { numbers, strings } from "../host/columns.js";
import { type Listing, type ListState, lister, shown } from "../host/listing.js";
import type { Context } from "../host/types.js";
import { type Information, slide, turnedPair } from "../tables/shrinkage.js";

/** What stands beside the numbers of a term; estimates are sent less their centre. */
interface Placed {
  centre: number;
  population: number;
  complete: number | null;
  ends: [number, number];
}

/** Where the level of each group is looked at: by column of the slopes beside it; null is zero. */
export type At = Record<string, number> | null;

export interface Place extends Placed {
  at: At;
  /** In words, such as "temp = 200". */
  said: string;
  /** (effects, effects): what makes of the effects at zero those here; null at zero. */
  turn: number[] | null;
  /** Why own estimates or weights must be read with care, or nothing. */
  caution: string;
}

export interface TermAbout extends Place {
  term: string;
  factor: string;
  /** The effect of the same grouping it is drawn against in the plane. */
  partner: string | null;
  reasons: string[];
  /** The same on the response scale and what it is called there, or why there is none. */
  response: (Placed & { name: string }) | null;
  unmeant: string;
  /** Zero, the mean of the rows, and any other place that was asked for. */
  places: Place[];
  /** Whether its value depends on the place. */
  level: boolean;
}

export interface FactorAbout {
  terms: string[];
  /** Posterior mean and 95 % interval of each term's group scale. */
  scale: number[];
  lower: number[];
  upper: number[];
  /** Whether the population has the effect. */
  free: boolean[];
  /** Its value where it has not, in units of the scale. */
  fixed: number[];
  /** Whether the model lets its effects correlate at all. */
  correlated: boolean;
  /** Posterior mean and 95 % interval of the correlations, each (terms, terms). */
  correlation: [number[], number[], number[]];
}

export interface Term {
  about: TermAbout;
  /** What it is called on the axis. */
  title: string;
  keys: string[];
  /** The groups as a reader sees them. */
  labels: string[];
  n: ArrayLike<number>;
  own: Float64Array;
  /** Its standard error on the link scale, the ends of its 95 % interval on the response's. */
  ownSe: ArrayLike<number> | undefined;
  ownEnds: [ArrayLike<number>, ArrayLike<number>] | undefined;
  partial: Float64Array;
  partialSd: ArrayLike<number>;
  weight: ArrayLike<number>;
  /** The share of its own estimate that is realised. */
  realised: ArrayLike<number>;
  reason(group: number): string;
}

/** Where the groups of one term stand by the formula. */
export interface Formula {
  estimates: Float64Array;
  weight: Float64Array;
  centre: number;
}

/** Two effects of one factor in the population. */
export interface Pair {
  sd: [number, number];
  /** The posterior's own scales, wherever the sliders stand. */
  fitted: [number, number];
  rho: number;
  /** The correlation at the posterior's own scales: another one only at a place. */
  fittedRho: number;
  /** The place in words, or nothing. */
  where: string;
  /** The 95 % interval of the correlation, of a model that has one, at zero. */
  interval?: [number, number];
}

export type Sigma = Record<string, number>;

const same = (one: At, other: At): boolean => {
  const names = Object.keys(one ?? {});
  return (
    names.length === Object.keys(other ?? {}).length && names.every((name) => one?.[name] === other?.[name])
  );
};

/** The numbers of the view, by term and by factor, as doubles. */
export class ShrinkageData {
  readonly terms: TermAbout[];
  private readonly factors: Record<string, FactorAbout>;
  private readonly read = new Map<string, Term>();
  private readonly list: ReturnType<typeof lister>;
  private readonly known = new Map<string, Information>();

  constructor(private readonly context: Context) {
    const about = context.model.get<{ terms: TermAbout[]; factors: Record<string, FactorAbout> }>("about");
    this.terms = about.terms;
    this.factors = about.factors;
    this.list = lister(context);
  }

  /** The scales that can be moved, if any. */
  factor(name: string): FactorAbout | undefined {
    return Object.hasOwn(this.factors, name) ? this.factors[name] : undefined;
  }

  term(name: string, units: Units = "link", at: At = null): Term {
    const key = JSON.stringify([name, units, at]);
    const known = this.read.get(key);
    if (known) return known;
    const { columns } = this.context;
    const index = this.terms.findIndex(({ term }) => term === name);
    const found = this.terms[index];
    if (!found) throw new Error(`There is no term ${name}.`);
    const carried = units === "response" ? found.response : null;
    const p = Math.max(
      found.places.findIndex((place) => same(place.at, at)),
      0,
    );
    const about = { ...found, ...found.places[p], ...carried };
    const where = about.level && about.said !== "" ? ` at ${about.said}` : "";
    const keys = strings(columns, `labels/${about.factor}`);
    const values = numbers(columns, `${index}/${carried ? "response" : p > 0 ? `at${p}` : "values"}`);
    const codes = numbers(columns, `${index}/reason`);
    const field = (f: number) => values.subarray(f * keys.length, (f + 1) * keys.length);
    const placed = (f: number) => Float64Array.from(field(f), (value) => value + about.centre);
    const after = carried ? 3 : 2;
    const term: Term = {
      about,
      title: carried ? `${name}: ${carried.name}` : name + where,
      keys,
      labels: shown(this.context, about.factor),
      n: numbers(columns, `n/${about.factor}`),
      own: placed(0),
      ownSe: carried ? undefined : field(1),
      ownEnds: carried ? [placed(1), placed(2)] : undefined,
      partial: placed(after),
      partialSd: field(after + 1),
      weight: field(after + 2),
      realised: field(after + 3),
      reason: (group) => about.reasons[codes[group] ?? 0] ?? "",
    };
    this.read.set(key, term);
    return term;
  }

  /** The groups that the search finds, in order; always by the posterior, so that rows keep their place. */
  listing(term: Term, state: ListState): Listing {
    return this.list(term.about.factor, { mean: term.partial, sd: term.partialSd, n: term.n }, state);
  }

  /** The formula's estimates of every term of a factor, by name; none where its scales cannot be moved. */
  formula(name: string, sigma: Sigma, at: At = null): Map<string, Formula> {
    const about = this.factor(name);
    if (!about) return new Map();
    const information = this.information(name, about);
    const { effects, groups } = information;
    const scales = about.terms.map((term, k) => sigma[term] ?? about.scale[k] ?? 0);
    const relative = scales.map((scale, k) => scale / (about.scale[k] ?? 1));
    // The page has the effects in units of their scales.
    const place = this.place(about, at)?.turn?.map((value, i) => {
      const [r, c] = [Math.floor(i / effects), i % effects];
      return (value * (about.scale[c] ?? 1)) / (about.scale[r] ?? 1);
    });
    const { estimates, weight, centre } = slide(place ? { ...information, place } : information, relative);
    return new Map(
      about.terms.map((term, k) => {
        const unit = about.scale[k] ?? 1;
        const pick = (values: Float64Array, by: number) =>
          Float64Array.from({ length: groups }, (_, g) => by * (values[g * effects + k] ?? Number.NaN));
        return [
          term,
          { estimates: pick(estimates, unit), weight: pick(weight, 1), centre: unit * (centre[k] ?? 0) },
        ];
      }),
    );
  }

  /** The population of two effects of one factor, at these scales: what an ellipse is drawn from. */
  pair(name: string, terms: [string, string], sigma: Sigma, at: At = null): Pair | undefined {
    const about = this.factor(name);
    const [i, j] = terms.map((term) => about?.terms.indexOf(term) ?? -1) as [number, number];
    if (!about || i < 0 || j < 0) return undefined;
    const now = about.terms.map((term, k) => sigma[term] ?? about.scale[k] ?? 0);
    const place = this.place(about, at);
    if (place?.turn) {
      const { turn, said } = place;
      const rhos = about.correlation[0];
      const moved = turnedPair(turn, now, rhos, i, j);
      const home = turnedPair(turn, about.scale, rhos, i, j);
      return { sd: moved.sd, fitted: home.sd, rho: moved.rho, fittedRho: home.rho, where: said };
    }
    const [rho, lower, upper] = about.correlation.map(
      (matrix) => matrix[i * about.terms.length + j] ?? 0,
    ) as [number, number, number];
    const fitted: [number, number] = [about.scale[i] ?? 0, about.scale[j] ?? 0];
    const pair: Pair = { sd: [now[i] ?? 0, now[j] ?? 0], fitted, rho, fittedRho: rho, where: "" };
    return about.correlated ? { ...pair, interval: [lower, upper] } : pair;
  }

  private place({ terms }: FactorAbout, at: At): Place | undefined {
    return this.terms.find(({ term }) => term === terms[0])?.places.find((place) => same(place.at, at));
  }

  private information(name: string, about: FactorAbout): Information {
    const known = this.known.get(name);
    if (known) return known;
    const { columns } = this.context;
    const whole = (kind: string): Float64Array => {
      const rest = numbers(columns, `${kind}-rest/${name}`);
      return Float64Array.from(numbers(columns, `${kind}/${name}`), (value, i) => value + (rest[i] ?? 0));
    };
    const effects = about.terms.length;
    const score = whole("score");
    const found = {
      effects,
      groups: score.length / effects,
      precision: whole("precision"),
      score,
      correlation: about.correlation[0],
      free: about.free,
      fixed: about.fixed,
    };
    this.known.set(name, found);
    return found;
  }
}
