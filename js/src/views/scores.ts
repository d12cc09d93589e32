import { listControls } from "../controls/listing.js";
import { numbers } from "../host/columns.js";
import { element } from "../host/dom.js";
import { type GroupMarks, type GroupRows, groupRows } from "../host/group-rows.js";
import { folding, type ListState, lister } from "../host/listing.js";
import type { State } from "../host/state.js";
import { short } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { band, extent } from "../tables/caterpillar.js";
import { caption } from "./caption.js";

const FIELDS = ["mean", "sd", "lower", "inner_lower", "median", "inner_upper", "upper"] as const;
const BINS = 160;

/** A factor's groups: their scores with intervals, field after field, and what the axis shows. */
export interface Scores {
  factor: string;
  values: Float32Array | Float64Array | Int32Array | Uint8Array;
  measured: string;
  /** Where the dashed line stands, and its name. */
  at: number;
  line: string;
}

export interface ScoreRows {
  /** For the bar of controls. */
  nodes: HTMLElement[];
  node: HTMLElement;
  show(scores: Scores): Promise<void>;
  /** What the list's state becomes with another factor. */
  moved(factor: string): Pick<ListState, "by" | "folded">;
}

/** A score for each group with its 50 and 95 % interval, sorted, found and picked. */
export function scoreRows(context: Context, state: State<ListState>): ScoreRows {
  const { columns, selection, signal } = context;
  const list = lister(context);
  const legend = caption();
  let marks: GroupMarks | undefined;
  const rows: GroupRows = groupRows(context, {
    spec: "rows",
    axis: [30, 80],
    fold: folding(state),
    moved: () => listed.hidden(rows.hidden()),
  });
  const listed = listControls(context, state, () => {
    const picked = new Set(selection.picked(marks?.listing.factor ?? ""));
    const { entries = [], keys = [] } = marks?.listing ?? {};
    if (!entries.some(({ group }) => picked.has(keys[group] ?? ""))) state.set({ search: "", folded: [] });
    rows.reveal();
  });
  listed.show.classList.add("hw-float");
  rows.node.append(listed.show);
  const node = element("div");
  node.append(rows.node, legend.node);
  selection.changed(() => void rows.redraw(), signal);

  function marksOf({ factor, values, at }: Scores): GroupMarks {
    const n = numbers(columns, `n/${factor}`);
    const table = Object.fromEntries(
      FIELDS.map((name, f) => [name, values.subarray(f * n.length, (f + 1) * n.length)]),
    ) as unknown as Record<(typeof FIELDS)[number], ArrayLike<number>>;
    const [least, most] = extent(table.lower, table.upper, at);
    const settings = { least, most, population: at };
    return {
      listing: list(factor, { ...table, n }, state.all),
      group: (i) => ({ n: n[i], ...Object.fromEntries(FIELDS.map((name) => [name, table[name][i]])) }),
      estimate: (i) => table.mean[i] ?? Number.NaN,
      said: (i) => `${short(table.mean[i] ?? Number.NaN)} ± ${short(table.sd[i] ?? Number.NaN)}`,
      settings,
      overview: (groups, place) => ({
        data: {
          band: band(table, groups, BINS).map((one) => ({ ...one, row: place(one.row) })) as unknown as Row[],
        },
        settings,
      }),
    };
  }

  return {
    nodes: listed.nodes,
    node,
    moved: listed.moved,
    async show(scores) {
      const before = marks?.listing.found.join();
      marks = marksOf(scores);
      listed.update(marks.listing);
      legend.update(scores.measured, scores.at, scores.line);
      if (before !== undefined && marks.listing.found.join() !== before) rows.top();
      await rows.show(marks);
    },
  };
}
