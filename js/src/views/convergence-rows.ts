import { numbers, strings } from "../host/columns.js";
import type { Context } from "../host/types.js";
import type { Verdict } from "./verdict.js";

export const NUMBERS = ["rhat", "ess_bulk", "ess_tail", "mcse_mean", "mcse_sd"] as const;
export type Numbers = Record<(typeof NUMBERS)[number], number>;
export type Order = "worst" | "rhat" | "ess" | "name";

/** One row of the table: a parameter, or a term with its worst. */
export interface Line extends Numbers {
  name: string;
  /** The parameter that a click on it chooses, by number. */
  parameter: number;
  /** Whether it, or any of the term, is beyond its limits by more than chance explains. */
  failing: boolean;
  note: string;
}

export interface Funnel {
  parameterization: string;
  accused: boolean;
  chance: number | null;
  said: string;
  how: string;
  next: string[];
  scale: string;
  sampled: string;
  effect: string;
  groups: string[];
  shown: string[];
  loosest: number;
}

/** One diagnostic of the fit that a refit was made of, and of the refit. */
export interface Change {
  check: string;
  before: number | null;
  now: number | null;
}

export interface ConvergenceAbout extends Verdict {
  terms: string[];
  factors: string[];
  rhat: number;
  ess: number;
  /** How many draws the chains hold. */
  held: number;
  changes: Change[];
  chains: {
    chain: number;
    draws: number;
    divergences: number | null;
    depth_limit: number | null;
    bfmi: number | null;
  }[];
  ranking: string[];
  funnels: Record<string, Funnel>;
}

export interface ConvergenceState {
  parameter: string;
  term: string | null;
  group: string | null;
  show: "terms" | "parameters";
  order: Order;
  search: string;
  axis: "sampled" | "effect";
}

/** Every parameter by number, and the rows that the table may show. */
export class Parameters {
  readonly names: string[];
  readonly shown: string[];
  readonly groups: string[];
  readonly term: (parameter: number) => string;
  readonly factor: (parameter: number) => string;
  private readonly places: Map<string, number>;
  private readonly values: ArrayLike<number>[];
  private readonly failing: ArrayLike<number>;
  private readonly folds: Line[];

  constructor(
    private readonly context: Context,
    about: ConvergenceAbout,
  ) {
    const { columns } = context;
    this.names = strings(columns, "parameter");
    this.shown = strings(columns, "shown");
    this.groups = strings(columns, "group");
    const terms = numbers(columns, "term");
    this.term = (i) => about.terms[terms[i] ?? 0] ?? "";
    this.factor = (i) => about.factors[terms[i] ?? 0] ?? "";
    this.places = new Map(this.names.map((name, i) => [name, i]));
    this.values = NUMBERS.map((name) => numbers(columns, name));
    this.failing = numbers(columns, "failing");
    const folded = NUMBERS.map((name) => numbers(columns, `fold_${name}`));
    const counts = numbers(columns, "fold_count");
    const failing = numbers(columns, "fold_failing");
    const worst = strings(columns, "fold_worst");
    const inside = strings(columns, "fold_term");
    this.folds = strings(columns, "fold_name").map((name, i) => ({
      name,
      parameter: this.place(worst[i] ?? ""),
      failing: (failing[i] ?? 0) > 0,
      note: inside[i] ? `${counts[i]} groups, ${Math.round(100 * (failing[i] ?? 0))} % failing` : "",
      ...figures(folded, i),
    }));
  }

  place(name: string): number {
    return this.places.get(name) ?? -1;
  }

  line(i: number): Line {
    const failing = (this.failing[i] ?? 0) > 0;
    return { name: this.shown[i] ?? "", parameter: i, failing, note: "", ...figures(this.values, i) };
  }

  /** The rows of the table in a state, without making the lines of those that are out of sight. */
  listed({ show, order, search }: ConvergenceState): { count: number; line: (place: number) => Line } {
    const needle = search.trim().toLowerCase();
    const has = (text: string | undefined): boolean => text?.toLowerCase().includes(needle) ?? false;
    if (show === "terms") {
      const found = this.folds.filter((line) => has(line.name));
      return { count: found.length, line: (place) => found[place] as Line };
    }
    const rows = numbers(this.context.columns, `order_${order}`);
    const found = Array.from(rows).filter((i) => has(this.names[i]) || has(this.shown[i]));
    return { count: found.length, line: (place) => this.line(found[place] ?? 0) };
  }
}

function figures(values: ArrayLike<number>[], i: number): Numbers {
  const [rhat, ess_bulk, ess_tail, mcse_mean, mcse_sd] = values.map((column) => column[i] ?? Number.NaN);
  const none = Number.NaN;
  return {
    rhat: rhat ?? none,
    ess_bulk: ess_bulk ?? none,
    ess_tail: ess_tail ?? none,
    mcse_mean: mcse_mean ?? none,
    mcse_sd: mcse_sd ?? none,
  };
}
