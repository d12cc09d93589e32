import { type Chart, embed } from "../host/chart.js";
import { numbers, strings } from "../host/columns.js";
import { adds } from "../host/dom.js";
import type { Context, Spec } from "../host/types.js";

export interface AlongOptions {
  el: HTMLElement;
  spec: Spec;
  description: string;
  /** How many rows the data have. */
  count: number;
  /** The grouping factor in sight, if there is one. */
  factor: () => string | null;
}

export interface Along {
  chart: Chart;
  /** The group of a row that is drawn, by its place among them. */
  groupOf(place: number): string;
  /** What a row that is drawn is called in the data, by its place among them. */
  nameOf(place: number): string;
  /** What is picked stands out, once drawn. */
  light(): void;
}

/** A picture of a number along the rows of the data; a click on a row picks its group. */
export async function alongRows(context: Context, options: AlongOptions): Promise<Along> {
  const { columns, selection, signal } = context;
  const { el, spec, description, count, factor } = options;
  const chart = await embed(el, spec, { signal, description });
  chart.set("count", Math.max(1, count - 1));
  chart.click((datum, event) => {
    const [name, group] = [factor(), String(datum.group ?? "")];
    if (name !== null && group !== "") selection.pick(name, [group], adds(event));
  });
  const rows = numbers(columns, "row");
  const named = columns.named ? strings(columns, "named") : undefined;
  return {
    chart,
    nameOf: (place) => named?.[place] ?? String(rows[place]),
    groupOf(place) {
      const name = factor();
      if (name === null) return "";
      return strings(columns, `labels/${name}`)[numbers(columns, `of/${name}`)[place] ?? -1] ?? "";
    },
    light() {
      const name = factor();
      chart.set("picked", name === null ? [] : selection.picked(name));
    },
  };
}
