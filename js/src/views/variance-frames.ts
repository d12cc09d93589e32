import { numbers, strings } from "../host/columns.js";
import type { Context, Row } from "../host/types.js";

export interface VarianceAbout {
  /** The columns of each table by its name. */
  frames: Record<string, string[]>;
  panels: { title: string; most: number }[];
  factors: {
    factor: string;
    hue: string;
    predictors: string[];
    matrices: string[];
    independent: string;
  }[];
  statements: string[];
  notes: string[];
  /** Why there are no shares, or nothing. */
  reason: string;
}

/** The rows of a table that Python sent column by column. */
export function frame({ columns, model }: Pick<Context, "columns" | "model">, name: string): Row[] {
  const names = model.get<VarianceAbout>("about").frames[name];
  if (!names) throw new Error(`The variance view lacks its table ${name}.`);
  const found = names.map((column) => {
    const full = `${name}/${column}`;
    return columns[full]?.dtype === "string" ? strings(columns, full) : numbers(columns, full);
  });
  return Array.from({ length: found[0]?.length ?? 0 }, (_, i) =>
    Object.fromEntries(names.map((column, k) => [column, found[k]?.[i]])),
  );
}
