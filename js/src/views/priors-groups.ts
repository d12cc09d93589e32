import { type Chart, embed } from "../host/chart.js";
import { element } from "../host/dom.js";
import { makeRows, type Rows } from "../host/rows.js";
import type { Selection } from "../host/selection.js";
import { short, widest } from "../host/text.js";
import type { Row, Spec } from "../host/types.js";
import { extent } from "../tables/caterpillar.js";
import type { GroupErrors, GroupSummary } from "../weights/types.js";

const MOST_HEIGHT = 430;

/** The groups of a term, before and after. */
export interface Scene {
  term: string;
  factor: string;
  labels: string[];
  shown: string[];
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
  let measured: { width: number; labels: string[]; room: number } | undefined;

  function press(row: number, add: boolean): void {
    const label = scene?.labels[scene.order[row] ?? -1];
    if (scene && label !== undefined) selection.pick(scene.factor, [label], add);
  }

  function rowOf(now: Scene, position: number): Row {
    const i = now.order[position] ?? 0;
    const { before, after, weights, beforeWeights } = now;
    const common = {
      row: position,
      group: now.labels[i],
      label: now.shown[i],
      mean: after.mean[i],
      before_mean: before.mean[i],
    };
    if (kind === "pooling") {
      const own = now.own?.[i];
      const both = [weights?.[i], beforeWeights?.[i]].map((one) => short(one ?? Number.NaN));
      return {
        ...common,
        no_pooling: own === undefined || Number.isNaN(own) ? null : own,
        weights: `${both[0]}, before ${both[1]}`,
      };
    }
    const [mean, lower, upper, was] = [after.mean, after.lower, after.upper, before.mean].map((one) =>
      short(one[i] ?? Number.NaN),
    );
    const error = now.errors ? short(now.errors.mcseMean[i] ?? Number.NaN) : "at rest";
    return {
      ...common,
      lower: after.lower[i],
      inner_lower: after.innerLower[i],
      inner_upper: after.innerUpper[i],
      upper: after.upper[i],
      before_lower: before.lower[i],
      before_inner_lower: before.innerLower[i],
      before_inner_upper: before.innerUpper[i],
      before_upper: before.upper[i],
      mean_said: mean,
      said: `${lower} to ${upper}`,
      sd_said: short(after.sd[i] ?? Number.NaN),
      before_said: was,
      error,
    };
  }

  async function draw(): Promise<void> {
    if (!chart || !scene || signal.aborted) return;
    const now = scene;
    const { from, to, low, high } = rows.sight();
    chart.data(
      "rows",
      Array.from({ length: Math.max(to - from, 0) }, (_, i) => rowOf(now, from + i)),
    );
    const [least, most] = now.ends[kind];
    if (measured?.width !== rows.width || measured.labels !== now.shown)
      measured = {
        width: rows.width,
        labels: now.shown,
        room: widest(now.shown, Math.min(130, 0.3 * rows.width)) + 14,
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
    chart = await embed(rows.plot, spec, { signal, description: title });
    chart.click((datum, event) => {
      if (typeof datum.group !== "string" || !scene) return;
      selection.pick(scene.factor, [datum.group], event.shiftKey || event.ctrlKey || event.metaKey);
    });
  }

  let embedding: Promise<void> | undefined;
  return {
    node,
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
