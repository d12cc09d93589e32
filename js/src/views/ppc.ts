import { choice, menu, search } from "../controls/index.js";
import { type Chart, embed } from "../host/chart.js";
import { element, laidOut, onWidth, pressed } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import { plural, short } from "../host/text.js";
import type { Context } from "../host/types.js";
import { headings, worded } from "../host/words.js";
import css from "./ppc.css";
import { curve, Groups, type PpcAbout, type PpcState, type Surprise } from "./ppc-groups.js";
import { verdict } from "./verdict.js";

const HEIGHT = 220;
const MOST = 100;
const SURPRISING = 0.05;
const PICTURES: Record<string, string> = {
  density: "density",
  ecdf: "ECDF",
  bars: "bars",
  rootogram: "rootogram",
  pit: "PIT",
  loo_pit: "LOO-PIT",
};
const ORDERS = [
  { value: "surprise", label: "most surprising first" },
  { value: "name", label: "name" },
  { value: "size", label: "most rows first" },
];
const REPLICATES: Record<string, string> = { new: "new groups", same: "the same groups" };
const HEADS = ["group", "statistic", "observed", "replications, 95 %", "probability"];

/** Whether the model reproduces the data, as a whole and group by group. */
export async function ppc(context: Context): Promise<void> {
  const { el, signal, selection, model, specs } = context;
  const about = model.get<PpcAbout>("about");
  const state = makeState<PpcState>(context);
  const groups = new Groups(context, about);
  const grouped = about.factors.length > 0;

  const picture = menu({
    label: "Picture",
    options: about.pictures.map((value) => ({ value, label: PICTURES[value] ?? value })),
    value: state.get("picture"),
    change: (value) => state.set({ picture: value }),
  });
  const bar = element("div", { className: "hw-bar" });
  bar.append(picture.node);
  const box = element("div", { className: "hw-chart hw-ppc-picture" });
  const key = element("p", { className: "hw-note" });
  const left = element("div");
  left.append(bar, box, key);
  const above = element("div", { className: "hw-ppc-above" });
  above.append(left, statistics(about));
  el.append(element("style", { textContent: css }), verdict(about), above);

  const factor = menu({
    label: "Groups of",
    options: about.factors.map((value) => ({ value, label: value })),
    value: state.get("factor") ?? "",
    change: (value) => state.set({ factor: value, group: null }),
  });
  const statistic = menu({
    label: "Statistic",
    options: about.known.map((value) => ({ value, label: value })),
    value: state.get("statistic"),
    change: (value) => state.set({ statistic: value }),
  });
  const replicate = choice({
    label: "Against",
    options: about.replicates.map((value) => ({ value, label: REPLICATES[value] ?? value })),
    value: state.get("replicate"),
    change: (value) => state.set({ replicate: value }),
  });
  const order = menu({
    label: "Order",
    options: ORDERS,
    value: state.get("order"),
    change: (value) => state.set({ order: value as PpcState["order"] }),
  });
  const find = search({
    label: "Search groups",
    value: state.get("search"),
    change: (value) => state.set({ search: value }),
  });
  const chance = element("p", { className: "hw-ppc-chance" });
  chance.setAttribute("role", "status");
  const list = element("div", { className: "hw-ppc-list", tabIndex: 0 });
  list.setAttribute("role", "region");
  list.setAttribute("aria-label", "groups by surprise");
  const panel = element("div", { className: "hw-chart hw-ppc-panel" });
  const title = element("h4");
  if (grouped) {
    const controls = element("div", { className: "hw-bar" });
    if (about.factors.length > 1) controls.append(factor.node);
    controls.append(statistic.node);
    if (about.replicates.length > 1) controls.append(replicate.node);
    controls.append(order.node, find.node);
    const right = element("div");
    right.append(title, panel);
    const below = element("div", { className: "hw-ppc-below" });
    below.append(list, right);
    el.append(controls, chance, below);
  }

  await laidOut(el, signal);
  const charts = new Map<string, Chart>();
  let drawn = "";

  async function overlay(): Promise<void> {
    const name = state.get("picture");
    picture.update(name);
    const spec = specs[name];
    if (!spec) throw new Error(`The view lacks its picture ${name}.`);
    if (drawn !== name) {
      drawn = name;
      const place = element("div");
      box.replaceChildren(place);
      const description = `${PICTURES[name] ?? name} of the data and its replications: ${about.said}`;
      const chart = await embed(place, spec, { signal, description });
      charts.set("overlay", chart);
      const { rows, lines } = curve(context, name);
      chart.data("rows", rows);
      if (name !== "bars" && name !== "rootogram") chart.data("lines", lines);
      const bands = name.endsWith("pit")
        ? "The line stays in the band, everywhere and with probability 95 %, where the model is calibrated."
        : "Dark: the data. Blue: the 95 % interval of the replications, point by point.";
      key.replaceChildren(...worded(bands));
    }
    await sized("overlay", box);
  }

  async function sized(name: string, place: HTMLElement): Promise<void> {
    const width = Math.floor(place.clientWidth);
    if (width === 0) return;
    charts.get(name)?.size(width, HEIGHT);
    await charts.get(name)?.run();
  }

  const picked = (): string[] => selection.picked(state.get("factor") ?? "");

  async function show(): Promise<void> {
    const now = state.all;
    await overlay();
    if (!grouped) return;
    factor.update(now.factor ?? "");
    statistic.update(now.statistic);
    replicate.update(now.replicate);
    order.update(now.order);
    find.update(now.search);
    const rows = groups.listed(now);
    const told = groups.chance(now);
    if (told) {
      const text = `${plural(told.found, "group")} of ${told.groups} with a probability below 0.05; chance alone gives ${short(told.expected)} (${told.lower} to ${told.upper}).`;
      chance.replaceChildren(...worded(text));
    }
    write(rows);
    await open(rows);
  }

  function write(rows: Surprise[]): void {
    const focused = document.activeElement?.getAttribute("data-group");
    const table = element("table");
    const lit = new Set(picked());
    table.append(headings(HEADS));
    for (const one of rows.slice(0, MOST)) {
      const row = element("tr", { tabIndex: 0 });
      row.dataset.group = one.group;
      row.setAttribute("aria-label", `group ${one.shown}`);
      row.setAttribute("aria-selected", String(lit.has(one.group)));
      row.classList.toggle("hw-flag", one.probability < SURPRISING);
      const there = Number.isFinite(one.probability);
      const texts = [
        one.shown,
        there ? one.statistic : "missing",
        short(one.observed),
        there ? `${short(one.lower)} to ${short(one.upper)}` : "–",
        there ? chanceOf(one.probability) : "–",
      ];
      for (const text of texts) row.append(element("td", { textContent: text }));
      const press = (add: boolean): void => {
        const name = state.get("factor");
        if (name === null) return;
        state.set({ group: one.group });
        selection.pick(name, [one.group], add);
      };
      pressed(row, press);
      table.append(row);
    }
    list.replaceChildren(table);
    if (rows.length > MOST) {
      const more = `${plural(rows.length - MOST, "group")} more: search, or use view.data.`;
      list.append(element("p", { className: "hw-note", textContent: more }));
    }
    if (focused) list.querySelector<HTMLElement>(`tr[data-group="${CSS.escape(focused)}"]`)?.focus();
  }

  async function open(rows: Surprise[]): Promise<void> {
    const wanted = picked().at(-1) ?? state.get("group") ?? rows[0]?.group;
    const one = rows.find(({ group }) => group === wanted) ?? rows[0];
    if (!one) return;
    const how = REPLICATES[state.get("replicate")] ?? "";
    title.textContent = `${one.shown}: its rows over replications of ${how}`;
    if (!charts.has("group") && specs.group) {
      const description = "The rows of one group over their replications";
      charts.set("group", await embed(panel, specs.group, { signal, description }));
    }
    charts.get("group")?.data("rows", groups.rows(state.all, one.group));
    await sized("group", panel);
  }

  let last = Promise.resolve();
  const queue = (): void => {
    last = last.then(show);
  };
  await show();
  state.changed(queue);
  selection.changed(queue, signal);
  onWidth(box, () => void sized("overlay", box), signal);
  onWidth(panel, () => void sized("group", panel), signal);
}

const chanceOf = (probability: number): string => (probability < 0.001 ? "< 0.001" : probability.toFixed(3));

/** Statistics of all rows. */
function statistics({ statistics: told }: PpcAbout): HTMLElement {
  const table = element("table");
  table.setAttribute("aria-label", "statistics of all rows");
  const head = element("tr");
  for (const text of ["statistic", "observed", "replications, 95 %", ""])
    head.append(element("th", { textContent: text }));
  table.append(head);
  for (const one of told) {
    const row = element("tr");
    const odd = one.probability !== null && one.probability < SURPRISING;
    row.classList.toggle("hw-flag", odd);
    const reach = `${short(one.lower)} to ${short(one.upper)}`;
    for (const text of [one.statistic, short(one.observed), reach, one.said])
      row.append(element("td", { textContent: text }));
    table.append(row);
  }
  const node = element("div", { className: "hw-ppc-statistics" });
  node.append(table);
  return node;
}
