import { type Chart, embed } from "../host/chart.js";
import { adds, element } from "../host/dom.js";
import { makeRows, type Rows } from "../host/rows.js";
import type { Selection } from "../host/selection.js";
import { short, widest } from "../host/text.js";
import type { Row, Spec } from "../host/types.js";
import { extent } from "../tables/caterpillar.js";
import type { GroupErrors, GroupSummary } from "../weights/types.js";

const MOST_HEIGHT = 430;
const TELL_MS = 150;

/** The groups of a term, before and after. */
export interface Scene {
  term: string;
  factor: string;
  labels: string[];
  shown: string[];
  briefs: string[];
  /** Positions of the groups down the page. */
  order: number[];
  before: GroupSummary;
  after: GroupSummary;
  /** Whether what stands for after is the last reliable state. */
  held: boolean;
  own: ArrayLike<number> | undefined;
  weights: number[] | undefined;
  beforeWeights: number[] | undefined;
  errors: GroupErrors | undefined;
  /** The ends of the axes; they stay while a slider moves. */
  ends: { groups: [number, number]; pooling: [number, number] };
}

export interface GroupsPicture {
  node: HTMLElement;
  show(scene: Scene): Promise<void>;
  /** Takes the room of so many groups, which are not in sight yet. */
  reserve(count: number): void;
}

/** The ends that hold every interval before and after, and the usual own estimates. */
export function endsOf(before: GroupSummary, after: GroupSummary, own?: ArrayLike<number>): Scene["ends"] {
  const join = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => [...Array.from(a), ...Array.from(b)];
  const first = before.mean[0] ?? 0;
  const groups = extent(join(before.lower, after.lower), join(before.upper, after.upper), first);
  const means = join(before.mean, after.mean);
  const usual = within(own);
  return { groups, pooling: extent([...means, ...usual], [...means, ...usual], first, 0.06) };
}

/** Own estimates within three interquartile ranges of the others. */
function within(own?: ArrayLike<number>): number[] {
  const known = Array.from(own ?? [])
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const at = (share: number): number => known[Math.round(share * (known.length - 1))] ?? 0;
  const [low, high] = [at(0.25), at(0.75)];
  const reach = 3 * (high - low);
  return known.filter((value) => value >= low - reach && value <= high + reach);
}

export interface PanelOptions {
  kind: "groups" | "pooling";
  title: string;
  spec: Spec | undefined;
  signal: AbortSignal;
  selection: Selection;
}

const known = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** One picture of the groups, a row each: the caterpillar, or how far each is pulled. */
export function groupsPanel({ kind, title, spec, signal, selection }: PanelOptions): GroupsPicture {
  const node = element("section", { className: `hw-priors-panel hw-priors-${kind}` });
  node.setAttribute("aria-label", title);
  const rows: Rows = makeRows({ signal, label: title, most: MOST_HEIGHT, draw: () => void draw(), press });
  node.append(element("h4", { textContent: title }), rows.node);
  let scene: Scene | undefined;
  let chart: Chart | undefined;
  let axis = 26;
  let lit = "";
  let telling = 0;
  let drawn: { before: GroupSummary; standing: string } | undefined;
  let measured: { width: number; labels: string[]; room: number } | undefined;

  signal.addEventListener("abort", () => clearTimeout(telling), { once: true });

  function press(row: number, add: boolean): void {
    const label = scene?.labels[scene.order[row] ?? -1];
    if (scene && label !== undefined) selection.pick(scene.factor, [label], add);
  }

  const at = (now: Scene, position: number): { i: number; common: Row } => {
    const i = now.order[position] ?? 0;
    return { i, common: { row: position, group: now.labels[i] } };
  };

  /** What follows the slider. */
  function rowOf(now: Scene, position: number): Row {
    const { i, common } = at(now, position);
    const { after, own } = now;
    if (kind === "pooling") return { ...common, mean: after.mean[i], no_pooling: known(own?.[i]) };
    return {
      ...common,
      mean: after.mean[i],
      lower: after.lower[i],
      inner_lower: after.innerLower[i],
      inner_upper: after.innerUpper[i],
      upper: after.upper[i],
    };
  }

  /** What stays while it moves. */
  function beforeOf(now: Scene, position: number): Row {
    const { i, common } = at(now, position);
    const { before, own } = now;
    if (kind === "pooling") return { ...common, before_mean: before.mean[i], no_pooling: known(own?.[i]) };
    return {
      ...common,
      before_mean: before.mean[i],
      before_lower: before.lower[i],
      before_inner_lower: before.innerLower[i],
      before_inner_upper: before.innerUpper[i],
      before_upper: before.upper[i],
    };
  }

  /** The label, and what the pointer is told. */
  function stillOf(now: Scene, position: number): Row {
    const { i, common } = at(now, position);
    const { before, after, weights, beforeWeights, own } = now;
    const text = (values?: ArrayLike<number>): string => short(values?.[i] ?? Number.NaN);
    const said = {
      ...common,
      label: now.shown[i],
      brief: now.briefs[i],
      mean_said: text(after.mean),
      before_said: text(before.mean),
    };
    if (kind === "pooling")
      return { ...said, own_said: text(own), weights: `${text(weights)}, before ${text(beforeWeights)}` };
    return {
      ...said,
      said: `${text(after.lower)} to ${text(after.upper)}`,
      sd_said: text(after.sd),
      error: now.errors ? text(now.errors.mcseMean) : "at rest",
    };
  }

  async function draw(): Promise<void> {
    if (!chart || !scene || signal.aborted) return;
    const now = scene;
    const { from, to, low, high } = rows.sight();
    const each = (make: (now: Scene, position: number) => Row): Row[] =>
      Array.from({ length: Math.max(to - from, 0) }, (_, i) => make(now, from + i));
    chart.data("rows", each(rowOf));
    const standing = [now.term, from, to];
    if (drawn?.before !== now.before || drawn.standing !== standing.join("\n")) {
      chart.data("before", each(beforeOf));
      chart.data("still", each(stillOf));
    }
    drawn = { before: now.before, standing: standing.join("\n") };
    clearTimeout(telling);
    telling = window.setTimeout(() => {
      chart?.data("still", each(stillOf));
      void chart?.run();
    }, TELL_MS);
    const [least, most] = now.ends[kind];
    if (measured?.width !== rows.width || measured.labels !== now.shown)
      measured = {
        width: rows.width,
        labels: now.shown,
        room: widest(now.briefs, Math.min(230, 0.45 * rows.width)) + 14,
      };
    const { room } = measured;
    for (const [name, value] of Object.entries({ low, high, least, most, extent: room, step: rows.step }))
      chart.set(name, value);
    chart.set("held", now.held);
    const picked = selection.picked(now.factor);
    if (picked.join("\n") !== lit) chart.set("picked", picked);
    lit = picked.join("\n");
    chart.size(rows.width, rows.height);
    await chart.run();
  }

  async function embedded(): Promise<void> {
    if (!spec) throw new Error(`The prior lab lacks its picture of ${kind}.`);
    chart = await embed(rows.plot, spec, { signal, description: title, renderer: "canvas" });
    chart.click((datum, event) => {
      if (typeof datum.group !== "string" || !scene) return;
      selection.pick(scene.factor, [datum.group], adds(event));
    });
  }

  let embedding: Promise<void> | undefined;
  return {
    node,
    reserve: (count) => rows.show(count, axis),
    async show(next) {
      const fresh = scene?.term !== next.term;
      scene = next;
      rows.show(next.order.length, axis);
      embedding ??= embedded();
      if (!chart) await embedding;
      await draw();
      if (!fresh || !chart) return;
      const found = rows.height - chart.view.height();
      if (Math.abs(found - axis) < 0.5 || found > 80) return;
      axis = found;
      rows.show(next.order.length, axis);
      await draw();
    },
  };
}
