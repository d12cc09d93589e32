import { ask } from "../host/ask.js";
import { decode, type Floats, numbers, type Raw } from "../host/columns.js";
import { finite } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { decimate, finiteOf, kde, rankCounts } from "../tables/trace.js";

const BINS = 20;
const MOST_DIVERGENT = 400;
/** From here on half a unit more is hardly a difference; as hierwidgets/charts/trace.py. */
const FAR = 1e9;
const ABSENT =
  "Its draws are not in this page, which holds those of the population and of the worst parameters. Open the fit in a notebook to see them.";

/** The draws that are in the page, those Python can still send, and the rows they are drawn from. */
export class Draws {
  readonly chains: number;
  readonly length: number;
  readonly divergent: { chain: number; draw: number }[] = [];
  private readonly held = new Map<number, Floats>();
  private readonly curves = new Map<number, { density: Row[]; ranks: Row[] }>();
  private readonly centre: ArrayLike<number>;

  constructor(
    private readonly context: Context,
    private readonly names: string[],
    /** How many draws the chains hold: fewer than their room where they are padded. */
    readonly total: number,
  ) {
    const { columns } = context;
    const [chains = 0, length = 0] = columns.divergent?.shape ?? [];
    this.chains = chains;
    this.length = length;
    this.centre = numbers(columns, "centre");
    const flags = numbers(columns, "divergent");
    for (let i = 0; i < flags.length; i++) {
      if (flags[i]) this.divergent.push({ chain: Math.floor(i / length), draw: i % length });
    }
    this.keep(Array.from(numbers(columns, "sent")), numbers(columns, "draws") as Floats);
  }

  has(parameter: number): boolean {
    return this.held.has(parameter);
  }

  /** Why the parameter cannot be drawn, now or after asking Python; nothing where it can. */
  missing(parameter: number): string {
    return this.context.live || this.has(parameter) ? "" : ABSENT;
  }

  /** Asks Python for the draws of these parameters that the page lacks. */
  async fetch(parameters: number[]): Promise<void> {
    const lacking = parameters.filter((parameter) => !this.has(parameter));
    if (lacking.length === 0) return;
    if (!this.context.live) throw new Error(ABSENT);
    const question = { kind: "draws", parameters: lacking.map((i) => this.names[i]) };
    const { content, buffers } = await ask(this.context.model, question, this.context.signal);
    const [data] = buffers;
    if (!data) throw new Error("Python sent no draws.");
    const { shape, dtype } = content as unknown as Raw;
    this.keep(lacking, decode({ dtype, shape, data }).values as Floats);
  }

  /** The rows of the decimated lines, for the draws from `from` to `to`. */
  lines(parameter: number, [from, to]: [number, number], pixels: number): Row[] {
    const first = Math.max(0, Math.ceil(from) - 1);
    const last = Math.min(this.length - 1, Math.floor(to) + 1);
    return this.each(parameter, (values, chain) => {
      const part = values.subarray(first, last + 1);
      return decimate(part, pixels).map((i) => ({
        chain,
        draw: first + i,
        value: finite(this.shifted(parameter, part[i])),
      }));
    });
  }

  /** What is said of draws that are not finite, or nothing; as hierwidgets.views.trace.left_out. */
  leftOut(parameter: number): string {
    const there = this.finite(parameter);
    const [count, total] = [this.total - there, this.total].map((n) => n.toLocaleString("en"));
    if (there === this.total) return "";
    if (there === 0) return `none of ${total} draws is finite: nothing to draw`;
    return `${count} of ${total} draws not finite, left out`;
  }

  /** How many draws are finite. */
  finite(parameter: number): number {
    return finiteOf(this.all(parameter)).length;
  }

  /** The lowest and the highest finite draw; apart, so that a scale can end there. */
  span(parameter: number): [number, number] {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const value of finiteOf(this.all(parameter))) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [-0.5, 0.5];
    const [from, to] = [this.shifted(parameter, low), this.shifted(parameter, high)];
    if (from < to) return [from, to];
    const half = Math.abs(from) < FAR ? 0.5 : Math.abs(from) / 2;
    return [from - half, to + half];
  }

  /** Every draw, chain after chain. */
  values(parameter: number): Float64Array {
    return Float64Array.from(this.all(parameter), (value) => this.shifted(parameter, value));
  }

  density(parameter: number): Row[] {
    return this.curve(parameter).density;
  }

  ranks(parameter: number): Row[] {
    return this.curve(parameter).ranks;
  }

  /** Where the divergent draws in the window stand, thinned evenly when there are very many. */
  divergences(parameter: number, [from, to]: [number, number]): Row[] {
    const values = this.all(parameter);
    const seen = this.divergent.filter(({ draw }) => draw >= from && draw <= to);
    const step = Math.ceil(seen.length / MOST_DIVERGENT);
    return seen
      .filter(({ chain, draw }, i) => i % step === 0 && Number.isFinite(values[chain * this.length + draw]))
      .map(({ chain, draw }) => ({
        chain,
        draw,
        value: this.shifted(parameter, values[chain * this.length + draw]),
      }));
  }

  private keep(parameters: number[], values: Floats): void {
    const size = this.chains * this.length;
    parameters.forEach((parameter, i) => {
      this.held.set(parameter, values.subarray(i * size, (i + 1) * size));
    });
  }

  private all(parameter: number): Floats {
    const values = this.held.get(parameter);
    if (!values) throw new Error(`The draws of ${this.names[parameter]} are not in this page.`);
    return values;
  }

  private shifted(parameter: number, value: number | undefined): number {
    return (this.centre[parameter] ?? 0) + (value ?? Number.NaN);
  }

  private each(parameter: number, rows: (values: Floats, chain: number) => Row[]): Row[] {
    const values = this.all(parameter);
    const found: Row[] = [];
    for (let chain = 0; chain < this.chains; chain++) {
      found.push(...rows(values.subarray(chain * this.length, (chain + 1) * this.length), chain));
    }
    return found;
  }

  private curve(parameter: number): { density: Row[]; ranks: Row[] } {
    const known = this.curves.get(parameter);
    if (known) return known;
    const density = this.each(parameter, (values, chain) => {
      const own = finiteOf(values);
      const { x, density: heights } = own.length > 0 ? kde(own) : { x: [], density: [] };
      return x.map((value, i) => ({
        chain,
        value: this.shifted(parameter, value),
        density: heights[i],
      }));
    });
    const total = this.finite(parameter);
    const parts = Array.from({ length: this.chains }, (_, chain) =>
      this.all(parameter).subarray(chain * this.length, (chain + 1) * this.length),
    );
    const ranks = rankCounts(parts, BINS).flatMap((counts, chain) =>
      counts.map((count, bin) => ({
        chain,
        bin,
        lower: (bin * total) / BINS,
        upper: ((bin + 1) * total) / BINS,
        count,
        expected: counts.reduce((sum, one) => sum + one, 0) / BINS,
      })),
    );
    const found = { density, ranks };
    this.curves.set(parameter, found);
    return found;
  }
}
