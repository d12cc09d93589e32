import { menu } from "../controls/index.js";
import { embed } from "../host/chart.js";
import { numbers } from "../host/columns.js";
import { element, laidOut, onWidth } from "../host/dom.js";
import type { ListState } from "../host/listing.js";
import { state as makeState, type State } from "../host/state.js";
import { plural } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { headings, worded } from "../host/words.js";
import css from "./compare.css";
import { scoreRows } from "./scores.js";

interface CompareModel {
  model: string;
  elpd: number;
  se: number;
  p_loo: number;
  elpd_diff: number;
  dse: number;
  weight: number;
  bad: number;
  caution: string;
}

interface CompareAbout {
  factors: string[];
  models: CompareModel[];
  formulas: Record<string, string>;
  drawn: Row[];
  said: string;
}

interface CompareState {
  first: string;
  second: string;
  factor: string | null;
  sort: ListState["sort"];
  search: string;
}

const STEP = 26;
const AXIS = 44;
const HEADS = ["model", "elpd", "difference", "p_loo", "stacking weight"];

/** Which model predicts best, by how much, and for which groups. */
export async function compare(context: Context): Promise<void> {
  const { el, signal, columns, model, specs } = context;
  const about = model.get<CompareAbout>("about");
  const state = makeState<CompareState>(context);
  const names = about.models.map(({ model: name }) => name);

  const said = element("p", { className: "hw-compare-said" });
  said.setAttribute("role", "status");
  said.append(...worded(about.said));
  const box = element("div", { className: "hw-chart" });
  const above = element("div", { className: "hw-compare-above" });
  above.append(table(about), box);
  el.append(element("style", { textContent: css }), said, above);

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
  if (rows) {
    const bar = element("div", { className: "hw-bar" });
    bar.append(first.node, second.node);
    if (about.factors.length > 1) bar.append(factor.node);
    bar.append(...rows.nodes);
    el.append(bar, rows.node);
  }

  await laidOut(el, signal);
  const spec = specs.elpd;
  if (!spec) throw new Error("The comparison lacks its picture of elpd.");
  const chart = await embed(box, spec, { signal, description: about.said });
  chart.data("models", about.drawn);
  const height = STEP * names.length + AXIS;
  box.style.height = `${height}px`;

  async function size(): Promise<void> {
    const width = Math.floor(box.clientWidth);
    if (width === 0) return;
    chart.size(width, height);
    await chart.run();
  }

  async function show(): Promise<void> {
    const now = state.all;
    first.update(now.first);
    second.update(now.second);
    if (!rows || now.factor === null) return;
    factor.update(now.factor);
    const pair = `${names.indexOf(now.first)}-${names.indexOf(now.second)}`;
    await rows.show({
      factor: now.factor,
      values: numbers(columns, `${pair}/${now.factor}`),
      measured: `elpd of ${now.first} less that of ${now.second}, summed by ${now.factor}`,
      at: 0,
      line: "no difference",
    });
  }

  await size();
  await show();
  state.changed(() => void show());
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

function table({ models, formulas }: CompareAbout): HTMLElement {
  const node = element("div", { className: "hw-compare-models" });
  const made = element("table");
  made.setAttribute("aria-label", "models");
  made.append(headings(HEADS));
  const cautions = element("ul", { className: "hw-note" });
  for (const one of models) {
    const row = element("tr");
    row.title = formulas[one.model] ?? "";
    const best = one === models[0];
    const texts = [
      one.model,
      `${signed(one.elpd)} ± ${one.se.toFixed(1)}`,
      best ? "the best" : `${signed(one.elpd_diff)} ± ${one.dse.toFixed(1)}`,
      one.p_loo.toFixed(1),
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
  node.append(made, cautions);
  return node;
}

const signed = (value: number): string => value.toFixed(1).replace("-", "−");
