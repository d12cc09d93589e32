import { ask } from "../host/ask.js";
import { decode, numbers, type Raw, strings, type Values } from "../host/columns.js";
import { brief, shown } from "../host/listing.js";
import type { Context, Row } from "../host/types.js";
import { matcher } from "../tables/caterpillar.js";

export type Scale = "response" | "link";
export type Sort = "fit" | "shrinkage" | "name" | "size";

export interface Block {
  factor: string;
  x: string;
  label: string;
  at: number[];
  levels: string[];
  ends: [number, number];
  bounds: Partial<Record<Scale, [number, number] | null>>;
  centre: Record<string, number>;
}

interface FactorAbout {
  factor: string;
  terms: string[];
  reasons: string[];
}

interface About {
  factors: FactorAbout[];
  blocks: Block[];
  sorts: Sort[];
  scales: Scale[];
  page: number;
  y: Record<Scale, string>;
  misfit: string;
  /** What rows and lines of a bounded or censored response are, or nothing. */
  note?: string;
}

export interface Effect {
  term: string;
  noPooling: number;
  partialPooling: number;
  weight: number;
}

/** What was computed of one group: its rows, and `KINDS` of lines one after another, by scale. */
interface Held {
  x: Float64Array;
  y: Record<string, Float64Array>;
  lines: Record<string, Float64Array[]>;
}

export const LINES = ["no pooling", "partial pooling", "complete pooling"] as const;
const KEY = 5;

/** The numbers of the view: facts of every group, lines of those that are here already. */
export class GroupsData {
  readonly about: About;
  private readonly store = new Map<string, Map<number, Held>>();
  private readonly asked = new Map<string, Promise<void>>();

  constructor(private readonly context: Context) {
    this.about = context.model.get<About>("about");
    this.about.blocks.forEach((block, i) => {
      if (!context.columns[`${i}/groups`]) return;
      this.keep(block, (name) => numbers(context.columns, `${i}/${name}`));
    });
  }

  get factors(): string[] {
    return this.about.factors.map(({ factor }) => factor).filter((factor) => this.blocks(factor).length > 0);
  }

  /** What a factor's groups can be drawn along; without a kernel, what came with the page. */
  blocks(factor: string): Block[] {
    return this.about.blocks.filter(
      (block) => block.factor === factor && (this.context.live || this.held(block).size > 0),
    );
  }

  block(factor: string, x: string): Block {
    const found = this.about.blocks.find((block) => block.factor === factor && block.x === x);
    if (!found) throw new Error(`Groups of ${factor} cannot be drawn along ${x}.`);
    return found;
  }

  labels(factor: string): string[] {
    return strings(this.context.columns, `labels/${factor}`);
  }

  size(factor: string, group: number): number {
    return numbers(this.context.columns, `n/${factor}`)[group] ?? 0;
  }

  misfit(factor: string, group: number): number {
    return this.fact(factor, 0, group);
  }

  shrinkage(factor: string, group: number): number {
    return this.fact(factor, 1, group);
  }

  effects(factor: string, group: number): Effect[] {
    return this.factor(factor).terms.map((term, k) => ({
      term,
      noPooling: this.fact(factor, 2 + 3 * k, group),
      partialPooling: this.fact(factor, 3 + 3 * k, group),
      weight: this.fact(factor, 4 + 3 * k, group),
    }));
  }

  reason(factor: string, group: number): string {
    const code = numbers(this.context.columns, `reason/${factor}`)[group] ?? 0;
    return this.factor(factor).reasons[code] ?? "";
  }

  /** The groups as a reader sees them. */
  shown(factor: string): string[] {
    return shown(this.context, factor);
  }

  /** The groups in order that the search finds; without a kernel, those whose lines are here. */
  listed(block: Block, sort: Sort, search: string): number[] {
    const labels = this.labels(block.factor);
    const read = this.shown(block.factor);
    const all = numbers(this.context.columns, `orders/${block.factor}`);
    const start = this.about.sorts.indexOf(sort) * labels.length;
    const found = matcher(search);
    const held = this.held(block);
    return Array.from(all.subarray(start, start + labels.length)).filter(
      (group) =>
        (this.context.live || held.has(group)) && (found(labels[group] ?? "") || found(read[group] ?? "")),
    );
  }

  /** How many groups of a page without a kernel have no lines in it. */
  absent(block: Block): number {
    return this.context.live ? 0 : this.labels(block.factor).length - this.held(block).size;
  }

  /** Fetches the lines of the groups that are not here yet. */
  async need(block: Block, groups: number[]): Promise<void> {
    const held = this.held(block);
    const missing = groups.filter((group) => !held.has(group));
    if (missing.length === 0) return;
    const key = JSON.stringify([block.factor, block.x, missing]);
    const before = this.asked.get(key);
    if (before) return before;
    const { model, signal } = this.context;
    const question = { kind: "lines", factor: block.factor, x: block.x, groups: missing };
    const now = ask(model, question, signal).then(({ content, buffers }) => {
      const said = content.arrays as Record<string, Omit<Raw, "data">>;
      const names = Object.keys(said);
      this.keep(block, (name) => {
        const raw = said[name];
        const data = buffers[names.indexOf(name)];
        if (!raw || !data) throw new Error(`Python's answer lacks ${name}.`);
        return decode({ ...raw, data }).values as Values;
      });
    });
    this.asked.set(key, now);
    try {
      await now;
    } finally {
      this.asked.delete(key);
    }
  }

  /** The ends of y over all rows and the bands that are here. */
  ends(block: Block, scale: Scale): [number, number] {
    let [least, most] = block.bounds[scale] ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { lines } of this.held(block).values()) {
      for (const value of lines[scale]?.[1] ?? []) least = Math.min(least, value);
      for (const value of lines[scale]?.[2] ?? []) most = Math.max(most, value);
    }
    if (!(least <= most)) return [0, 1];
    const room = 0.05 * (most - least) || 0.5;
    return [least - room, most + room];
  }

  /** What a chart draws of these groups, one row a mark. */
  rows(block: Block, scale: Scale, groups: number[]): Row[] {
    const held = this.held(block);
    const labels = this.labels(block.factor);
    const titles = this.shown(block.factor);
    const read = brief(this.context, block.factor);
    return groups.flatMap((group, place) => {
      const one = held.get(group);
      const label = labels[group] ?? "";
      const own = {
        panel: String(place).padStart(KEY, "0") + (read[group] ?? ""),
        group: label,
      };
      const panel: Row = { ...own, title: titles[group] ?? "", kind: "panel" };
      if (!one) return [panel];
      const [partial, lower, upper, none, complete] = one.lines[scale] ?? [];
      const drawn = { "no pooling": none, "partial pooling": partial, "complete pooling": complete };
      const rows: Row[] = [panel];
      one.x.forEach((x, i) => {
        const name = block.levels[x] ?? x;
        rows.push({ ...own, kind: "point", x, name, y: known(one.y[scale]?.[i]) });
      });
      for (const line of LINES) {
        block.at.forEach((x, i) => {
          const row: Row = { ...own, kind: "line", line, x, y: known(drawn[line]?.[i]) };
          if (line === "partial pooling") Object.assign(row, { lower: lower?.[i], upper: upper?.[i] });
          rows.push(row);
        });
      }
      return rows;
    });
  }

  private factor(name: string): FactorAbout {
    const found = this.about.factors.find(({ factor }) => factor === name);
    if (!found) throw new Error(`There is no grouping factor ${name}.`);
    return found;
  }

  private fact(factor: string, row: number, group: number): number {
    const width = this.labels(factor).length;
    return numbers(this.context.columns, `facts/${factor}`)[row * width + group] ?? Number.NaN;
  }

  private held({ factor, x }: Block): Map<number, Held> {
    const key = JSON.stringify([factor, x]);
    const found = this.store.get(key) ?? new Map<number, Held>();
    this.store.set(key, found);
    return found;
  }

  private keep(block: Block, read: (name: string) => Values): void {
    const [groups, lines, x, y, starts] = [
      read("groups"),
      read("lines"),
      read("x"),
      read("y"),
      read("starts"),
    ];
    const held = this.held(block);
    const points = block.at.length;
    const kinds = 5;
    const back = (values: Values, centre = 0) => Float64Array.from(values, (value) => value + centre);
    groups.forEach((group, place) => {
      const [from, to] = [starts[place] ?? 0, starts[place + 1] ?? 0];
      const one: Held = { x: back(x.subarray(from, to), block.centre.x), y: {}, lines: {} };
      this.about.scales.forEach((scale, s) => {
        const centre = block.centre[scale];
        one.y[scale] = back(y.subarray(s * x.length + from, s * x.length + to), centre);
        one.lines[scale] = Array.from({ length: kinds }, (_, kind) => {
          const start = ((s * kinds + kind) * groups.length + place) * points;
          return back(lines.subarray(start, start + points), centre);
        });
      });
      held.set(group, one);
    });
  }
}

function known(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
