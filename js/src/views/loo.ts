import { choice, menu } from "../controls/index.js";
import { numbers } from "../host/columns.js";
import { element, laidOut, onWidth, pressed } from "../host/dom.js";
import type { ListState } from "../host/listing.js";
import { state as makeState } from "../host/state.js";
import { finite, fixed, pm } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { headings, worded } from "../host/words.js";
import { alongRows } from "./along.js";
import css from "./loo.css";
import { scoreRows } from "./scores.js";
import { type Verdict, verdict } from "./verdict.js";
import { UNITS, wholeGroups } from "./whole.js";

/** Null where a row has no density at some draw: elpd is minus infinity then. */
interface Estimate {
  elpd: number | null;
  se: number | null;
  p: number | null;
  p_se: number | null;
  bad: number;
}

interface LooAbout extends Verdict {
  factors: { factor: string }[];
  rows: number;
  good: number;
  average: number;
  loo: Estimate;
  waic: Estimate;
  /** Sentences on leaving out whole groups, of the factors for which that is known. */
  groups: Record<string, string>;
}

interface LooState extends ListState {
  unit: "observation" | "group";
  factor: string | null;
}

const HEIGHT = 170;
const WORST = 8;

/** How well a fit predicts what it has not seen, row by row and group by group. */
export async function loo(context: Context): Promise<void> {
  const { el, signal, selection, columns, model, specs } = context;
  const about = model.get<LooAbout>("about");
  const state = makeState<LooState>(context);
  const whole = wholeGroups(
    context,
    about.groups,
    (content) => String(content.said),
    'fit.loo(unit="group")',
  );
  const row = numbers(columns, "row");
  const khat = numbers(columns, "khat");
  const elpd = numbers(columns, "elpd");
  const grouped = about.factors.length > 0;

  const box = element("div", { className: "hw-chart hw-loo-khat" });
  const worst = element("div", { className: "hw-loo-worst" });
  const pictures = element("div", { className: "hw-loo-pictures" });
  pictures.append(box, worst);
  el.append(element("style", { textContent: css }), verdict(about), estimates(about), pictures);

  const told = element("p", { className: "hw-note hw-loo-told" });
  told.setAttribute("role", "status");
  const unit = choice({
    label: "Left out",
    options: UNITS,
    value: state.get("unit"),
    change: (value) => state.set({ unit: value as LooState["unit"] }),
  });
  const rows = grouped ? scoreRows(context, state as never) : undefined;
  const factor = menu({
    label: "Groups of",
    options: about.factors.map(({ factor: value }) => ({ value, label: value })),
    value: state.get("factor") ?? "",
    change: (value) => state.set({ factor: value, ...rows?.moved(value) }),
  });
  if (rows) {
    const bar = element("div", { className: "hw-bar" });
    bar.append(unit.node);
    if (about.factors.length > 1) bar.append(factor.node);
    bar.append(...rows.nodes);
    el.append(bar, told, rows.node);
  }

  await laidOut(el, signal);
  const spec = specs.khat;
  if (!spec) throw new Error("The view lacks its picture of Pareto k.");
  const description = `Pareto k of every row: ${about.said}`;
  const {
    chart,
    groupOf,
    nameOf,
    light: lit,
  } = await alongRows(context, {
    el: box,
    spec,
    description,
    count: about.rows,
    factor: () => state.get("factor"),
  });
  chart.set("good", about.good);

  function points(): void {
    const found: Row[] = Array.from(row, (at, i) => ({
      row: at,
      name: nameOf(i),
      khat: finite(khat[i]),
      elpd: elpd[i],
      group: groupOf(i),
      bad: (khat[i] ?? 0) > about.good ? 1 : 0,
    }));
    chart.data("points", found);
  }

  function listWorst(): void {
    const order = Array.from(khat.keys()).sort((a, b) => (khat[b] ?? 0) - (khat[a] ?? 0));
    const table = element("table");
    table.setAttribute("aria-label", "the most influential rows");
    table.append(headings(["row", state.get("factor") ?? "", "elpd", "Pareto k"]));
    for (const i of order.slice(0, WORST)) {
      const k = khat[i] ?? Number.NaN;
      const texts = [nameOf(i), groupOf(i), fixed(elpd[i] ?? Number.NaN, 2), fixed(k, 2)];
      const one = line(texts);
      one.classList.toggle("hw-flag", k > about.good);
      const name = state.get("factor");
      if (name !== null) {
        one.tabIndex = 0;
        pressed(one, (add) => selection.pick(name, [groupOf(i)], add));
        one.setAttribute("aria-selected", String(selection.picked(name).includes(groupOf(i))));
      }
      table.append(one);
    }
    worst.replaceChildren(table);
  }

  async function light(): Promise<void> {
    lit();
    listWorst();
    await chart.run();
  }

  async function show(): Promise<void> {
    const { unit: wanted, factor: name } = state.all;
    if (!rows || name === null) return;
    unit.update(wanted);
    factor.update(name);
    let values: Float32Array | Float64Array = numbers(columns, `observation/${name}`) as Float32Array;
    let measured = `elpd for each row of a group of ${name}, each row left out alone`;
    let told_ = `Predicted is a new observation in a known group of ${name}.`;
    if (wanted === "group") {
      try {
        if (!whole.has(name)) told.textContent = "Python leaves out every group …";
        const found = await whole.of(name);
        values = found.values;
        measured = `elpd for each row of a group of ${name}, left out as a whole; intervals are Monte Carlo errors`;
        told_ = found.told;
      } catch (error) {
        told_ = error instanceof Error ? error.message : String(error);
      }
    }
    if (wanted !== state.get("unit") || name !== state.get("factor")) return;
    told.replaceChildren(...worded(told_));
    await rows.show({
      factor: name,
      values,
      measured,
      at: about.average,
      line: "elpd for each row, over all rows",
    });
  }

  async function size(): Promise<void> {
    const width = Math.floor(box.clientWidth);
    if (width === 0) return;
    chart.size(width, HEIGHT);
    await chart.run();
  }

  points();
  await size();
  await light();
  await show();
  let shown = state.get("factor");
  state.changed(() => {
    if (state.get("factor") !== shown) {
      shown = state.get("factor");
      points();
      void light();
    }
    void show();
  });
  selection.changed(() => void light(), signal);
  onWidth(box, () => void size(), signal);
}

/** LOO, and WAIC beside it with its caution. */
function estimates(about: LooAbout): HTMLElement {
  const table = element("table", { className: "hw-loo-estimates" });
  table.setAttribute("aria-label", "estimates");
  table.append(headings(["", "elpd", "effective parameters", "beyond the limit"]));
  const put = (name: string, one: Estimate, limit: string): void => {
    const beyond = `${one.bad.toLocaleString("en")} of ${about.rows.toLocaleString("en")} rows (${limit})`;
    const effective = one.p === null ? "∞" : pm(one.p, one.p_se);
    table.append(line([name, pm(one.elpd, one.se), effective, beyond]));
  };
  put("LOO", about.loo, `Pareto k > ${about.good.toFixed(2)}`);
  put("WAIC", about.waic, "variance > 0.4");
  const node = element("div", { className: "hw-loo-sums" });
  const note = element("p", { className: "hw-note" });
  const caution =
    "WAIC is nowhere better than LOO and does not say by itself when it fails: it stands here for comparison.";
  note.append(...worded(caution));
  node.append(table, note);
  return node;
}

function line(texts: readonly string[]): HTMLTableRowElement {
  const one = element("tr");
  for (const text of texts) {
    one.append(element("td", { textContent: text }));
  }
  return one;
}
