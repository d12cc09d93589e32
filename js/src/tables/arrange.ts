/** Groups under the group of another factor that holds them: `hierwidgets/tables/nested.py`. */
import { byName, order, type Sort, type Summary } from "./caterpillar.js";

/** A row: a group, or the heading of a parent, whose `group` is -1. */
export interface Entry {
  group: number;
  parent: number;
  /** Of a heading, its groups in order. */
  members: number[];
}

export interface Home {
  /** The position of each group's parent. */
  of: ArrayLike<number>;
  /** The labels of the parents. */
  keys: string[];
}

/** Sorted groups under their parents, which follow the same order by the means over their groups. */
export function arrange(
  groups: number[],
  sort: Sort,
  summary: Summary,
  home: Home,
  folded: ReadonlySet<string>,
): Entry[] {
  const members = home.keys.map((): number[] => []);
  for (const group of groups) members[home.of[group] ?? -1]?.push(group);
  const total = (values: ArrayLike<number>) =>
    members.map((inside) => inside.reduce((sum, i) => sum + (values[i] ?? Number.NaN), 0));
  const mean = (values: ArrayLike<number>) =>
    total(values).map((sum, parent) => sum / (members[parent]?.length ?? 0));
  const parents = order(sort, byName(home.keys), {
    mean: mean(summary.mean),
    sd: mean(summary.sd),
    n: total(summary.n),
  });
  return parents.flatMap((parent) => {
    const inside = members[parent] ?? [];
    if (inside.length === 0) return [];
    const heading = { group: -1, parent, members: inside };
    if (folded.has(home.keys[parent] ?? "")) return [heading];
    return [heading, ...inside.map((group) => ({ group, parent, members: [] }))];
  });
}

/** The mean, the least and the most of some values, those that are missing left out. */
export function spread(values: number[]): { centre: number; least: number; most: number } {
  const finite = values.filter(Number.isFinite);
  return {
    centre: finite.reduce((sum, value) => sum + value, 0) / finite.length,
    least: finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    most: finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  };
}
