import { type Column, decodeAll, numbers, type Raw, strings } from "../host/columns.js";
import { brief, shown } from "../host/listing.js";
import type { Context, Model } from "../host/types.js";
import { type Information, slide } from "../tables/shrinkage.js";
import type { Args, EngineData, Member, PriorInfo, Setting, Settings, Weighed } from "../weights/types.js";

export interface Prior extends PriorInfo, Setting {
  normalised: boolean;
  /** K of a K x K correlation matrix; 0 otherwise. */
  size: number;
}

export interface Quantity {
  name: string;
  /** The top-level parameter whose row draws it, or "". */
  parameter: string;
  /** Whether the table lists it. */
  shown: boolean;
}

export interface Term {
  term: string;
  factor: string;
  /** Whether its draws came with the view. */
  sent: boolean;
}

interface Pooled {
  factor: string;
  terms: string[];
  /** The quantities that are the scales of the terms. */
  scales: number[];
  complete: number[];
  correlation: number[];
  free: boolean[];
}

export interface PriorsAbout {
  priors: Prior[];
  quantities: Quantity[];
  scales: string[];
  terms: Term[];
  factors: Pooled[];
  rEff: number;
  unmixed: string;
  shape: [chains: number, draws: number];
  /** Why there can be no refit, or nothing. */
  refit: string;
  name: string;
  /** The factor of each correlation. */
  correlated: Record<string, string>;
}

export interface PriorsState {
  priors: Settings;
  term: string | null;
  quantity: string;
  group: string | null;
  top: number;
  auto: boolean;
}

/** A refit as Python sends it. */
interface Sent {
  shape: [number, number];
  unmixed: string;
  settings: Settings;
  columns: Record<string, Raw>;
}

/** What Python sent, as the engine and the pictures take it. */
export class PriorsData {
  readonly about: PriorsAbout;
  readonly fitted: Settings;
  readonly pool: Member[];
  readonly #columns: Record<string, Column>;
  readonly #model: Model;
  readonly #spread = new Map<string, { mean: number; sd: number; least: number; most: number }>();

  constructor({ columns, model }: Pick<Context, "columns" | "model">) {
    this.about = model.get<PriorsAbout>("about");
    this.#columns = columns;
    this.#model = model;
    this.fitted = Object.fromEntries(
      this.about.priors.map(({ parameter, family, args }) => [parameter, { family, args }]),
    );
    this.pool = [this.#member(columns, { ...this.about, settings: this.fitted })];
    this.arrived();
  }

  /** The refits that came since this was last asked. */
  arrived(): Member[] {
    const fresh: Member[] = [];
    for (let i = this.pool.length; i <= this.#model.get<number>("members"); i += 1) {
      const sent = this.#model.get<Sent | undefined>(`member_${i}`);
      if (!sent) break;
      const member = this.#member(decodeAll(sent.columns), sent);
      this.pool.push(member);
      fresh.push(member);
    }
    return fresh;
  }

  engine(): EngineData {
    const { priors, quantities, scales, rEff } = this.about;
    return {
      priors: priors.map(({ parameter, kind, labels, fixed }) => ({ parameter, kind, labels, fixed })),
      quantities: quantities.map(({ name }) => ({ name, gate: true })),
      scales,
      rEff,
      members: this.pool,
    };
  }

  prior(parameter: string): Prior {
    const found = this.about.priors.find((one) => one.parameter === parameter);
    if (!found) throw new Error(`There is no prior of ${parameter}.`);
    return found;
  }

  term(name: string | null): Term | undefined {
    return this.about.terms.find(({ term }) => term === name);
  }

  labels(factor: string): string[] {
    return strings(this.#columns, `labels/${factor}`);
  }

  shown(factor: string): string[] {
    return shown({ columns: this.#columns }, factor);
  }

  brief(factor: string): string[] {
    return brief({ columns: this.#columns }, factor);
  }

  /** The places of the quantities that a prior's row can draw. */
  drawn(parameter: string): number[] {
    return this.about.quantities.flatMap((one, i) => (one.parameter === parameter ? [i] : []));
  }

  /** The groups' own estimates of a term, where they have any. */
  own(term: string): ArrayLike<number> | undefined {
    return this.#columns[`own/${term}`] ? numbers(this.#columns, `own/${term}`) : undefined;
  }

  /** Each group's shrinkage weight at the posterior means of the scales, by the lecture's formula. */
  weights(term: string, summary: Weighed["summary"]): number[] | undefined {
    const pooled = this.about.factors.find((one) => one.terms.includes(term));
    if (!pooled) return undefined;
    const { factor, terms, correlation, free } = pooled;
    const effects = terms.length;
    const information: Information = {
      groups: this.labels(factor).length,
      effects,
      precision: numbers(this.#columns, `precision/${factor}`),
      score: numbers(this.#columns, `score/${factor}`),
      correlation,
      free,
    };
    const { weight } = slide(
      information,
      pooled.scales.map((place) => summary[place]?.mean ?? 0),
    );
    const k = terms.indexOf(term);
    return Array.from({ length: information.groups }, (_, g) => weight[g * effects + k] ?? Number.NaN);
  }

  /** The Monte Carlo error of a group's weight, carried over from the scales it is computed from. */
  weightError(term: string, group: number, summary: Weighed["summary"]): number {
    const pooled = this.about.factors.find((one) => one.terms.includes(term));
    const at = this.weights(term, summary)?.[group];
    if (!pooled || at === undefined) return Number.NaN;
    let square = 0;
    for (const place of pooled.scales) {
      const one = summary[place];
      if (!one) continue;
      const nudged = summary.with(place, { ...one, mean: one.mean + one.mcseMean });
      square += ((this.weights(term, nudged)?.[group] ?? at) - at) ** 2;
    }
    return Math.sqrt(square);
  }

  /** Where the draws of a quantity are, over all fits: their centre, and the ends of an axis. */
  spread(place: number): { mean: number; sd: number; least: number; most: number } {
    const key = `${place} ${this.pool.length}`;
    const known = this.#spread.get(key);
    if (known) return known;
    const draws = this.pool.map(({ quantities, chains, draws: n }) => {
      const count = chains * n;
      return quantities.slice(place * count, (place + 1) * count).sort();
    });
    const first = draws[0] ?? new Float32Array(1);
    let [mean, square] = [0, 0];
    for (const value of first) mean += value / first.length;
    for (const value of first) square += (value - mean) ** 2 / first.length;
    const at = (values: Float32Array, share: number): number =>
      values[Math.round(share * (values.length - 1))] ?? 0;
    const low = Math.min(...draws.map((values) => at(values, 0.002)));
    const high = Math.max(...draws.map((values) => at(values, 0.998)));
    const room = 0.12 * (high - low) || Math.abs(mean) || 1;
    const positive = Math.min(...draws.map((values) => at(values, 0))) >= 0;
    const least = positive && low - 2 * room < 0 ? 0 : low - room;
    const found = { mean, sd: Math.sqrt(square), least, most: high + room };
    this.#spread.set(key, found);
    return found;
  }

  /** A term's draws that were asked for later, one array for each member. */
  add(term: string, draws: Float32Array[]): void {
    draws.forEach((values, i) => {
      const member = this.pool[i];
      if (member) member.terms[term] = values;
    });
  }

  #member(
    columns: Record<string, Column>,
    { shape: [chains, draws], unmixed, settings }: Omit<Sent, "columns">,
  ): Member {
    const x: Record<string, Float32Array> = {};
    for (const { parameter, fixed } of this.about.priors) {
      if (!fixed) x[parameter] = floats(columns, `x/${parameter}`);
    }
    const terms: Record<string, Float32Array> = {};
    this.about.terms.forEach(({ term }, i) => {
      if (columns[`term/${i}`]) terms[term] = floats(columns, `term/${i}`);
    });
    return { chains, draws, unmixed, settings, x, quantities: floats(columns, "quantities"), terms };
  }
}

function floats(columns: Record<string, Column>, name: string): Float32Array {
  return Float32Array.from(numbers(columns, name));
}

/** Whether two priors are the same. */
export function same(a: Setting, b: Setting): boolean {
  return a.family === b.family && JSON.stringify(sorted(a.args)) === JSON.stringify(sorted(b.args));
}

const sorted = (args: Args): [string, number | number[]][] =>
  Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));

/** The priors that differ from the fitted ones. */
export function moved(settings: Settings, fitted: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).filter(([name, setting]) => {
      const before = fitted[name];
      return before !== undefined && !same(setting, before);
    }),
  );
}
