import { choice, menu } from "../controls/index.js";
import { embed } from "../host/chart.js";
import { numbers } from "../host/columns.js";
import { element, laidOut, onWidth } from "../host/dom.js";
import type { ListState } from "../host/listing.js";
import { state as makeState, type State } from "../host/state.js";
import { finite, plural, pm } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { headings, worded } from "../host/words.js";
import { alongRows } from "./along.js";
import css from "./compare.css";
import { scoreRows } from "./scores.js";
import { UNITS, wholeGroups } from "./whole.js";

/** Null where a row has no density at some draw: elpd is minus infinity then. */
interface CompareModel {
  model: string;
  elpd: number | null;
  se: number | null;
  p_loo?: number | null;
  mcse?: number | null;
  elpd_diff: number | null;
  dse: number | null;
  weight: number;
  bad: number;
  caution: string;
}

interface Told {
  models: CompareModel[];
  drawn: Row[];
  said: string;
}

interface CompareAbout {
  factors: string[];
  /** The models in the order in which the pairs' differences come. */
  named: string[];
  formulas: Record<string, string>;
  rows: Told;
  /** How many rows the data have, and up to which Pareto k their elpd can be believed. */
  count: number;
  good: number;
  /** Of leaving out whole groups, for the factors for which that is known. */
  groups: Record<string, Told>;
}

interface CompareState {
  first: string;
  second: string;
  unit: "observation" | "group";
  factor: string | null;
  sort: ListState["sort"];
  search: string;
}

const STEP = 26;
const AXIS = 44;
const ROWS_HEIGHT = 150;

/** Which model predicts best, by how much, and for which groups. */
export async function compare(context: Context): Promise<void> {
  const { el, signal, columns, model, selection, specs } = context;
  const about = model.get<CompareAbout>("about");
  const state = makeState<CompareState>(context);
  const names = about.named;
  const whole = wholeGroups(
    context,
    about.groups,
    (content) => content as unknown as Told,
    'hw.compare({...}, unit="group")',
  );

  const said = element("p", { className: "hw-compare-said" });
  said.setAttribute("role", "status");
  const box = element("div", { className: "hw-chart" });
  const above = element("div", { className: "hw-compare-above" });
  const models = element("div", { className: "hw-compare-models" });
  above.append(models, box);
  const top = element("div", { className: "hw-bar" });
  el.append(element("style", { textContent: css }), top, said, above);

  const unit = choice({
    label: "Left out",
    options: UNITS,
    value: state.get("unit"),
    change: (value) => state.set({ unit: value as CompareState["unit"] }),
  });
  const [first, second] = (["first", "second"] as const).map((which) =>
    menu({
      label: which === "first" ? "elpd of" : "less that of",
      options: names.map((value) => ({ value, label: value })),
      value: state.get(which),
      change: (value) => {
        const other = which === "first" ? "second" : "first";
        const swapped = value === state.get(other) ? { [other]: state.get(which) } : {};
        state.set({ [which]: value, ...swapped });
      },
    }),
  ) as [ReturnType<typeof menu>, ReturnType<typeof menu>];
  const factor = menu({
    label: "Groups of",
    options: about.factors.map((value) => ({ value, label: value })),
    value: state.get("factor") ?? "",
    change: (value) => state.set({ factor: value }),
  });
  const rows = about.factors.length > 0 ? scoreRows(context, listed(state)) : undefined;
  const note = element("p", { className: "hw-note" });
  note.setAttribute("role", "status");
  top.hidden = !rows;
  const pair = element("div", { className: "hw-bar" });
  pair.append(first.node, second.node);
  const observations = element("div", { className: "hw-chart hw-compare-rows" });
  observations.style.height = `${ROWS_HEIGHT}px`;
  el.append(pair, observations);
  if (rows) {
    top.append(unit.node);
    if (about.factors.length > 1) top.append(factor.node);
    top.append(note);
    const bar = element("div", { className: "hw-bar" });
    bar.append(...rows.nodes);
    el.append(bar, rows.node);
  }

  await laidOut(el, signal);
  const spec = specs.elpd;
  if (!spec || !specs.observations) throw new Error("The comparison lacks its pictures.");
  const chart = await embed(box, spec, { signal, description: about.rows.said });
  const description = "Difference in elpd of every row";
  const along = await alongRows(context, {
    el: observations,
    spec: specs.observations,
    description,
    count: about.count,
    factor: () => state.get("factor"),
  });
  const points = along.chart;
  const height = STEP * names.length + AXIS;
  box.style.height = `${height}px`;

  async function size(): Promise<void> {
    const width = Math.floor(box.clientWidth);
    if (width === 0) return;
    chart.size(width, height);
    await chart.run();
    await sized();
  }

  async function sized(): Promise<void> {
    const width = Math.floor(observations.clientWidth);
    if (width > 0) points.size(width, ROWS_HEIGHT);
    await points.run();
  }

  /** The rows' differences of the pair. */
  async function draw(): Promise<void> {
    const pair = [state.get("first"), state.get("second")].map((name) => names.indexOf(name));
    const [elpd, less] = pair.map((place) => numbers(columns, `elpd/${place}`));
    const [khat, other] = pair.map((place) => numbers(columns, `khat/${place}`));
    const found: Row[] = Array.from(numbers(columns, "row"), (row, i) => ({
      row,
      name: along.nameOf(i),
      difference: finite((elpd?.[i] ?? Number.NaN) - (less?.[i] ?? Number.NaN)),
      group: along.groupOf(i),
      bad: Math.max(khat?.[i] ?? 0, other?.[i] ?? 0) > about.good ? 1 : 0,
    }));
    points.data("points", found);
    points.view.resize();
    along.light();
    await sized();
  }

  /** What is left out, or the rows where whole groups cannot be had, with the reason. */
  async function found(): Promise<{ told: Told; values?: Float32Array | Float64Array }> {
    const { unit: wanted, factor: name } = state.all;
    note.textContent = "";
    if (name === null) return { told: about.rows };
    const values = numbers(columns, `observation/${name}`) as Float32Array;
    if (wanted === "observation") return { told: about.rows, values };
    try {
      if (!whole.has(name)) note.textContent = `Python leaves out every group of ${name} …`;
      const groups = await whole.of(name);
      note.textContent = "";
      return groups;
    } catch (error) {
      note.textContent = `${error instanceof Error ? error.message : error} Shown: one observation.`;
      return { told: about.rows, values };
    }
  }

  let shown: Told | undefined;
  async function show(): Promise<void> {
    const now = state.all;
    first.update(now.first);
    second.update(now.second);
    unit.update(now.unit);
    if (now.factor !== null) factor.update(now.factor);
    const { told, values } = await found();
    const moved = now.unit !== state.get("unit") || now.factor !== state.get("factor");
    if (signal.aborted || moved) return;
    if (told !== shown) {
      shown = told;
      said.replaceChildren(...worded(told.said));
      models.replaceChildren(...table(told.models, about.formulas));
      chart.data("models", told.drawn);
      await size();
    }
    observations.hidden = told !== about.rows;
    if (!observations.hidden) await draw();
    if (!rows || now.factor === null || !values) return;
    const part = values.length / names.length ** 2;
    const at = part * (names.length * names.indexOf(now.first) + names.indexOf(now.second));
    const grouped = told !== about.rows;
    await rows.show({
      factor: now.factor,
      values: values.subarray(at, at + part),
      measured: `elpd of ${now.first} less that of ${now.second}${
        grouped
          ? `, each group of ${now.factor} left out as a whole; intervals are Monte Carlo errors`
          : `, summed by ${now.factor}`
      }`,
      at: 0,
      line: "no difference",
    });
  }

  await show();
  state.changed(() => void show());
  selection.changed(() => {
    along.light();
    void points.run();
  }, signal);
  onWidth(box, () => void size(), signal);
}

/** The state of the list: these groups have no headings. */
function listed(state: State<CompareState>): State<ListState> {
  const plain = { by: null, folded: [] as string[] };
  return {
    get: (key) => ({ ...plain, ...state.all })[key],
    get all() {
      return { ...plain, ...state.all };
    },
    set(patch) {
      const { by: _by, folded: _folded, ...rest } = patch;
      state.set(rest);
    },
    changed: (listener) => state.changed(listener),
  };
}

function table(models: CompareModel[], formulas: Record<string, string>): HTMLElement[] {
  const made = element("table");
  made.setAttribute("aria-label", "models");
  const third = models[0]?.p_loo === undefined ? "Monte Carlo error" : "p_loo";
  made.append(headings(["model", "elpd", "difference", third, "stacking weight"]));
  const cautions = element("ul", { className: "hw-note" });
  for (const one of models) {
    const row = element("tr");
    row.title = formulas[one.model] ?? "";
    const texts = [
      one.model,
      pm(one.elpd, one.se),
      one === models[0] ? "the best" : one.elpd_diff === null ? "–" : pm(one.elpd_diff, one.dse),
      one.p_loo?.toFixed(1) ?? one.mcse?.toFixed(2) ?? "–",
      one.weight.toFixed(2),
    ];
    for (const text of texts) row.append(element("td", { textContent: text }));
    made.append(row);
    if (one.caution) {
      const item = element("li");
      item.append(element("b", { textContent: one.model }), ": ", ...worded(`${one.caution}.`));
      cautions.append(item);
    }
  }
  cautions.hidden = cautions.childElementCount === 0;
  cautions.setAttribute("aria-label", plural(cautions.childElementCount, "caution"));
  return [made, cautions];
}
