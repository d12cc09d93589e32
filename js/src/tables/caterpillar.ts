/** The order, the search and the bands of a caterpillar: what `hierwidgets/tables` does, in the page. */

export type Sort = "estimate" | "name" | "size" | "uncertainty";

export interface Summary {
  mean: ArrayLike<number>;
  sd: ArrayLike<number>;
  n: ArrayLike<number>;
}

type Part = number | bigint | string;

/** Runs of digits by value, the rest as text. */
export function nameKey(label: string): Part[] {
  return label
    .split(/([0-9]+)/)
    .filter((part) => part !== "")
    .map((part) => {
      if (!/^[0-9]+$/.test(part)) return part;
      return part.length < 16 ? Number(part) : BigInt(part);
    });
}

function compareText(a: string, b: string): number {
  const [as, bs] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(as.length, bs.length); i += 1) {
    const difference = (as[i]?.codePointAt(0) ?? 0) - (bs[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return as.length - bs.length;
}

function compareKeys(a: Part[], b: Part[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const [left, right] = [a[i] as Part, b[i] as Part];
    if (typeof left === "string" && typeof right === "string") {
      const difference = compareText(left, right);
      if (difference !== 0) return difference;
    } else if (typeof left === "string" || typeof right === "string") {
      return typeof left === "string" ? 1 : -1;
    } else if (left !== right) {
      if (left < right) return -1;
      if (left > right) return 1;
    }
  }
  return a.length - b.length;
}

/** Positions of the labels in natural order: numbers before text, inside a label by value. */
export function byName(labels: string[]): number[] {
  const keys = labels.map(nameKey);
  return labels
    .map((_label, i) => i)
    .sort(
      (i, j) => compareKeys(keys[i] ?? [], keys[j] ?? []) || compareText(labels[i] ?? "", labels[j] ?? ""),
    );
}

/** Positions of the groups in an order; ties, and what is missing at the end, by name. */
export function order(sort: Sort, named: number[], summary: Summary): number[] {
  if (sort === "name") return [...named];
  const sign = sort === "estimate" ? 1 : -1;
  const values = { estimate: summary.mean, size: summary.n, uncertainty: summary.sd }[sort];
  const key = (i: number): number => {
    const value = sign * (values[i] ?? Number.NaN);
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
  };
  return [...named].sort((i, j) => {
    const [a, b] = [key(i), key(j)];
    return a === b ? 0 : a - b;
  });
}

/** Whether a label holds the searched text, in any case. Text in double quotes is the whole label. */
export function matcher(search: string): (label: string) => boolean {
  const exact = /^"(.*)"$/s.exec(search);
  if (exact) return (label) => label === exact[1];
  const wanted = search.toLowerCase();
  return (label) => label.toLowerCase().includes(wanted);
}

export interface Band {
  row: number;
  lower: number;
  inner_lower: number;
  mean: number;
  inner_upper: number;
  upper: number;
}

export type Intervals = Record<Exclude<keyof Band, "row">, ArrayLike<number>>;

/** The rows in at most `bins` stretches of equal length, each the mean over its stretch. */
export function band(intervals: Intervals, rows: ArrayLike<number>, bins: number): Band[] {
  const names = ["lower", "inner_lower", "mean", "inner_upper", "upper"] as const;
  const count = Math.min(bins, rows.length);
  return Array.from({ length: count }, (_, b) => {
    const [from, to] = [Math.floor((b * rows.length) / count), Math.floor(((b + 1) * rows.length) / count)];
    const out: Band = {
      row: (from + to - 1) / 2,
      lower: 0,
      inner_lower: 0,
      mean: 0,
      inner_upper: 0,
      upper: 0,
    };
    for (const name of names) {
      for (let r = from; r < to; r += 1) out[name] += intervals[name][rows[r] ?? 0] ?? Number.NaN;
      out[name] /= to - from;
    }
    return out;
  });
}

/** The least and the most of the intervals, with a margin. */
export function extent(
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  also: number,
  margin = 0.03,
): [number, number] {
  let least = also;
  let most = also;
  for (let i = 0; i < low.length; i += 1) {
    const [a, b] = [low[i] ?? Number.NaN, high[i] ?? Number.NaN];
    if (a < least) least = a;
    if (b > most) most = b;
  }
  const room = (most - least || Math.abs(most) || 1) * margin;
  return [least - room, most + room];
}
