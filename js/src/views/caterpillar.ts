import { choice, menu } from "../controls/index.js";
import { listControls } from "../controls/listing.js";
import { type Units, unitsChoice } from "../controls/units.js";
import { numbers } from "../host/columns.js";
import { element, laidOut } from "../host/dom.js";
import { type GroupMarks, groupRows } from "../host/group-rows.js";
import { folding, type ListState, lister } from "../host/listing.js";
import { state as makeState } from "../host/state.js";
import { short } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { band, extent } from "../tables/caterpillar.js";
import { caption } from "./caption.js";

type Scale = "effect" | "deviation";

interface CaterpillarState extends ListState {
  term: string;
  scale: Scale;
  units: Units;
}

interface Term {
  term: string;
  factor: string;
  /** By scale and units, such as "effect/link". */
  population: Record<string, number>;
  /** What each scale is on the response scale, or why it is nothing there. */
  response: Partial<Record<Scale, string>>;
  reasons: Partial<Record<Scale, string>>;
}

const FIELDS = ["mean", "sd", "lower", "inner_lower", "median", "inner_upper", "upper"] as const;
const SCALES = [
  { value: "effect", label: "effect" },
  { value: "deviation", label: "deviation" },
];
const BINS = 160;

export async function caterpillar(context: Context): Promise<void> {
  const { el, signal, selection, columns, model } = context;
  const { terms } = model.get<{ terms: Term[] }>("about");
  const state = makeState<CaterpillarState>(context);
  const list = lister(context);
  const about = (name: string): Term => {
    const found = terms.find(({ term }) => term === name);
    if (!found) throw new Error(`There is no term ${name}.`);
    return found;
  };
  /** The units that a term can be shown in when the present ones are wanted. */
  const kept = (name: string, scale: Scale): Units =>
    about(name).response[scale] === undefined ? "link" : state.get("units");

  const controls = {
    term: menu({
      label: "Term",
      options: terms.map(({ term }) => ({ value: term, label: term })),
      value: state.get("term"),
      change: (term) =>
        state.set({ term, units: kept(term, state.get("scale")), ...listed.moved(about(term).factor) }),
    }),
    scale: choice({
      label: "Scale",
      options: SCALES,
      value: state.get("scale"),
      change: (scale) => state.set({ scale: scale as Scale, units: kept(state.get("term"), scale as Scale) }),
    }),
    units: unitsChoice(state.get("units"), (units) => state.set({ units })),
  };
  const rows = groupRows(context, {
    spec: "rows",
    axis: [30, 80],
    fold: folding(state),
    moved: () => listed.hidden(rows.hidden()),
  });
  const listed = listControls(context, state, () => {
    if (!marks.listing.entries.some(({ group }) => picks().has(marks.listing.keys[group] ?? "")))
      state.set({ search: "", folded: [] });
    rows.reveal();
  });
  const picks = (): Set<string> => new Set(selection.picked(marks.listing.factor));
  listed.show.classList.add("hw-float");
  rows.node.append(listed.show);
  const bar = element("div", { className: "hw-bar" });
  if (terms.length > 1) bar.append(controls.term.node);
  bar.append(controls.scale.node);
  if (terms.some(({ response }) => Object.keys(response).length > 0)) bar.append(controls.units.node);
  bar.append(...listed.nodes);
  const legend = caption();
  el.append(bar, rows.node, legend.node);

  let marks = arrange();

  function arrange(): GroupMarks {
    const { term, scale, units } = state.all;
    const one = about(term);
    const values = numbers(columns, `${terms.indexOf(one)}/${scale}/${units}`);
    const n = numbers(columns, `n/${one.factor}`);
    const field = (f: number): ArrayLike<number> => values.subarray(f * n.length, (f + 1) * n.length);
    const table = Object.fromEntries(FIELDS.map((name, f) => [name, field(f)])) as Record<
      (typeof FIELDS)[number],
      ArrayLike<number>
    >;
    const population = one.population[`${scale}/${units}`] ?? Number.NaN;
    const [least, most] = extent(table.lower, table.upper, population);
    return {
      listing: list(one.factor, { ...table, n }, state.all),
      group: (i) => ({ n: n[i], ...Object.fromEntries(FIELDS.map((name) => [name, table[name][i]])) }),
      estimate: (i) => table.mean[i] ?? Number.NaN,
      said(i) {
        const [mean, from, to] = [table.mean, table.lower, table.upper].map((all) =>
          short(all[i] ?? Number.NaN),
        );
        return `${mean}, 95 % from ${from} to ${to}`;
      },
      settings: { least, most, population },
      overview: (groups, place) => ({
        data: {
          band: band(table, groups, BINS).map((one) => ({ ...one, row: place(one.row) })) as unknown as Row[],
        },
        settings: { least, most, population },
      }),
    };
  }

  function tell(): void {
    const { term, scale, units } = state.all;
    const { response, reasons, population } = about(term);
    controls.term.update(term);
    controls.scale.update(scale);
    controls.units.update(units, reasons[scale] ?? "");
    listed.update(marks.listing);
    const link = scale === "effect" ? "population + deviation" : "deviation";
    const measured = units === "response" ? response[scale] : link;
    legend.update(`${term}: ${measured}`, population[`${scale}/${units}`] ?? Number.NaN);
  }

  selection.changed(() => void rows.redraw(), signal);
  state.changed(() => {
    const before = marks.listing.found.join();
    marks = arrange();
    tell();
    if (marks.listing.found.join() !== before) rows.top();
    void rows.show(marks);
  });
  await laidOut(rows.node, signal);
  tell();
  await rows.show(marks);
}
