import { numbers, strings } from "../host/columns.js";
import type { Context, Row } from "../host/types.js";

export type By = "all" | "group" | "prior";
export type Sort = "model" | "prior" | "likelihood";

export interface SensitivityAbout {
  /** The columns of each table. */
  columns: string[];
  /** The end of the axis. */
  most: number;
  statement: string;
  findings: { quantity: string; said: string; next: string }[];
  notes: string[];
}

/** The rows for one way of scaling, as Python sent them column by column. */
export function rowsOf({ columns, model }: Pick<Context, "columns" | "model">, by: By): Row[] {
  const names = model.get<SensitivityAbout>("about").columns;
  const found = names.map((name) => {
    const full = `${by}/${name}`;
    return columns[full]?.dtype === "string" ? strings(columns, full) : numbers(columns, full);
  });
  return Array.from({ length: found[0]?.length ?? 0 }, (_, i) =>
    Object.fromEntries(names.map((name, k) => [name, found[k]?.[i]])),
  );
}

/** Quantities in order, each with its own rows below it; `row` is the place from 0. */
export function arranged(rows: readonly Row[], sort: Sort): Row[] {
  const key = `whole_${sort}`;
  const order = [...rows];
  if (sort !== "model")
    order.sort((a, b) => Number(b[key]) - Number(a[key]) || Number(a.block) - Number(b.block));
  return order.map((row, i) => ({ ...row, row: i }));
}
