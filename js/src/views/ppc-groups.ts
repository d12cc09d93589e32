import { numbers, strings } from "../host/columns.js";
import type { Context, Row } from "../host/types.js";
import { byName } from "../tables/caterpillar.js";
import type { Verdict } from "./verdict.js";

export interface PpcAbout extends Verdict {
  pictures: string[];
  statistics: {
    statistic: string;
    observed: number;
    lower: number;
    upper: number;
    probability: number | null;
    said: string;
  }[];
  known: string[];
  factors: string[];
  replicates: string[];
  chances: Record<string, { groups: number; found: number; expected: number; lower: number; upper: number }>;
  draws: number;
  predictor: string;
}

export interface PpcState {
  kind: string;
  picture: string;
  statistic: string;
  factor: string | null;
  replicate: string;
  order: "surprise" | "name" | "size";
  search: string;
  group: string | null;
}

/** One group's statistic against its replications. */
export interface Surprise {
  group: string;
  shown: string;
  n: number;
  statistic: string;
  observed: number;
  lower: number;
  median: number;
  upper: number;
  probability: number;
}

const FIELDS = ["observed", "lower", "median", "upper", "probability", "distance"] as const;

/** What the view knows of the groups, by factor, replication and statistic. */
export class Groups {
  readonly #context: Context;
  readonly #about: PpcAbout;

  constructor(context: Context, about: PpcAbout) {
    this.#context = context;
    this.#about = about;
  }

  #places({ factor, replicate, statistic }: PpcState): [number, string] {
    const i = this.#about.factors.indexOf(factor ?? "");
    return [i, `${i}_${replicate}_${this.#about.known.indexOf(statistic)}`];
  }

  chance({ factor, replicate, statistic }: PpcState): PpcAbout["chances"][string] | undefined {
    const i = this.#about.factors.indexOf(factor ?? "");
    return this.#about.chances[`${i} ${replicate} ${this.#about.known.indexOf(statistic)}`];
  }

  /** The groups that the search finds, in order; those without a probability last. */
  listed(state: PpcState): Surprise[] {
    const { columns } = this.#context;
    const [i, key] = this.#places(state);
    if (i < 0) return [];
    const labels = strings(columns, `group_${i}`);
    const shown = strings(columns, `shown_${i}`);
    const best = strings(columns, `best_${key}`);
    const values = numbers(columns, `table_${key}`);
    const sizes = this.sizes(i, labels.length);
    const at = (f: number, j: number): number => values[f * labels.length + j] ?? Number.NaN;
    const rank = (j: number): number => (Number.isNaN(at(4, j)) ? Number.POSITIVE_INFINITY : at(4, j));
    const far = (j: number): number => Math.abs(at(5, j)) || 0;
    const order = byName(labels);
    if (state.order === "surprise") order.sort((a, b) => rank(a) - rank(b) || far(b) - far(a));
    if (state.order === "size") order.sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
    const word = state.search.trim().toLowerCase();
    return order
      .filter((j) => `${labels[j]} ${shown[j]}`.toLowerCase().includes(word))
      .map((j) => {
        const row = Object.fromEntries(FIELDS.map((name, f) => [name, at(f, j)]));
        const [group, read, statistic] = [labels[j] ?? "", shown[j] ?? "", best[j] ?? ""];
        return { ...row, group, shown: read, n: sizes[j] ?? 0, statistic } as unknown as Surprise;
      });
  }

  sizes(i: number, count: number): Int32Array {
    const out = new Int32Array(count);
    for (const j of numbers(this.#context.columns, `index_${i}`)) out[j] = (out[j] ?? 0) + 1;
    return out;
  }

  /** The rows of one group with the 95 % interval of their replications. */
  rows(state: PpcState, group: string): Row[] {
    const { columns } = this.#context;
    const [i] = this.#places(state);
    const place = strings(columns, `group_${i}`).indexOf(group);
    const index = numbers(columns, `index_${i}`);
    const y = numbers(columns, "y");
    const x = columns.x ? numbers(columns, "x") : undefined;
    const reach = numbers(columns, `rows_${i}_${state.replicate}`);
    const out: Row[] = [];
    index.forEach((j, row) => {
      if (j !== place) return;
      const [value, lower, upper] = [y[row] ?? 0, reach[row] ?? 0, reach[y.length + row] ?? 0];
      out.push({
        x: x ? x[row] : out.length + 1,
        y: value,
        lower,
        upper,
        inside: value >= lower && value <= upper ? 1 : 0,
      });
    });
    return out;
  }
}

/** The rows and the thin lines of one of the pictures. */
export function curve({ columns }: Context, picture: string): { rows: Row[]; lines: Row[] } {
  const x = numbers(columns, `${picture}_x`);
  const fields = ["observed", "lower", "median", "upper"].filter((name) => columns[`${picture}_${name}`]);
  const rows = Array.from(x, (at, i) => ({
    x: at,
    ...Object.fromEntries(fields.map((name) => [name, numbers(columns, `${picture}_${name}`)[i]])),
  }));
  const names = Object.keys(columns).filter((name) => name.startsWith(`${picture}_line_`));
  const lines = names.flatMap((name, line) =>
    Array.from(numbers(columns, name), (value, i) => ({ line, x: x[i], value })),
  );
  return { rows, lines };
}
