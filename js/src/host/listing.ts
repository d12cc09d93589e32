import { arrange, type Entry, type Home } from "../tables/arrange.js";
import { byName, matcher, order, type Sort, type Summary } from "../tables/caterpillar.js";
import { numbers, strings } from "./columns.js";
import type { Context } from "./types.js";

/** What decides which groups are listed, and how. */
export interface ListState {
  sort: Sort;
  search: string;
  by: string | null;
  folded: string[];
}

/** What folds the groups of a parent away, or unfolds them. */
export function folding(state: {
  get(key: "folded"): string[];
  set(patch: { folded: string[] }): void;
}): (parent: string, folded: boolean) => void {
  return (parent, folded) => {
    const rest = state.get("folded").filter((one) => one !== parent);
    state.set({ folded: folded ? [...rest, parent] : rest });
  };
}

/** The rows of one factor's groups. */
export interface Listing {
  factor: string;
  /** The groups' labels, the same as a reader sees them, and as they stand beside a picture. */
  keys: string[];
  labels: string[];
  briefs: string[];
  /** The groups that the search finds, in order, those folded away included. */
  found: number[];
  entries: Entry[];
  /** The factor of the headings, and its labels. */
  by: string | undefined;
  parents: { keys: string[]; labels: string[] };
  folded: ReadonlySet<string>;
}

/** The labels of a factor as a reader sees them. */
export function shown({ columns }: Pick<Context, "columns">, factor: string): string[] {
  return strings(columns, `${columns[`shown/${factor}`] ? "shown" : "labels"}/${factor}`);
}

/** The same, cut to the place beside a picture so that they still differ: hierwidgets/brief.py. */
export function brief(context: Pick<Context, "columns">, factor: string): string[] {
  const name = `brief/${factor}`;
  return context.columns[name] ? strings(context.columns, name) : shown(context, factor);
}

/** The factors that a factor is nested in. */
export function parentsOf({ model }: Context, factor: string): string[] {
  const { homes } = model.get<{ homes: { factor: string; by: string }[] }>("about");
  return homes.filter((one) => one.factor === factor).map(({ by }) => by);
}

/** Keeps the names' order of each factor; lists its groups. */
export function lister(context: Context) {
  const names = new Map<string, number[]>();
  const { columns, model } = context;
  const homeOf = (factor: string, by: string): Home | undefined => {
    const { homes } = model.get<{ homes: { factor: string; by: string }[] }>("about");
    const index = homes.findIndex((one) => one.factor === factor && one.by === by);
    return index < 0
      ? undefined
      : { of: numbers(columns, `within/${index}`), keys: strings(columns, `labels/${by}`) };
  };
  return (factor: string, summary: Summary, state: ListState): Listing => {
    const keys = strings(columns, `labels/${factor}`);
    const labels = shown(context, factor);
    const named = names.get(factor) ?? byName(keys);
    names.set(factor, named);
    const matches = matcher(state.search);
    const found = order(state.sort, named, summary).filter(
      (i) => matches(keys[i] ?? "") || matches(labels[i] ?? ""),
    );
    const home = state.by === null ? undefined : homeOf(factor, state.by);
    const by = home && state.by !== null ? state.by : undefined;
    const folded = new Set(state.folded);
    const plain = found.map((group) => ({ group, parent: -1, members: [] }));
    return {
      factor,
      keys,
      labels,
      briefs: brief(context, factor),
      found: home
        ? arrange(found, state.sort, summary, home, new Set()).flatMap(({ members }) => members)
        : found,
      entries: home ? arrange(found, state.sort, summary, home, folded) : plain,
      by,
      parents:
        by === undefined ? { keys: [], labels: [] } : { keys: home?.keys ?? [], labels: shown(context, by) },
      folded,
    };
  };
}
