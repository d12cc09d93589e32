import { choice, menu, search } from "../controls/index.js";
import { element } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import type { Context } from "../host/types.js";
import css from "./convergence.css";
import { changes } from "./convergence-changes.js";
import { energyPanel } from "./convergence-energy.js";
import { funnelPanel } from "./convergence-funnel.js";
import { pickedPanel } from "./convergence-picked.js";
import { type ConvergenceAbout, type ConvergenceState, type Order, Parameters } from "./convergence-rows.js";
import { table } from "./convergence-table.js";
import { Draws } from "./trace-draws.js";
import { verdict } from "./verdict.js";

const SHOWS = [
  { value: "terms", label: "terms" },
  { value: "parameters", label: "parameters" },
];
const ORDERS = [
  { value: "worst", label: "worst first" },
  { value: "rhat", label: "largest R-hat" },
  { value: "ess", label: "smallest ESS" },
  { value: "name", label: "name" },
];

/** Whether the draws can be trusted, and what is to blame if not. */
export async function convergence(context: Context): Promise<void> {
  const { el, signal, selection, model } = context;
  const about = model.get<ConvergenceAbout>("about");
  const reader = makeState<ConvergenceState>(context);
  const known = new Parameters(context, about);
  const draws = new Draws(context, known.names, about.held);

  const choose = (i: number, add: boolean): void => {
    const term = known.term(i);
    const group = known.groups[i] ?? "";
    reader.set({ parameter: known.names[i] ?? "", ...(term ? { term, group } : {}) });
    const factor = known.factor(i);
    if (factor && reader.get("show") === "parameters") selection.pick(factor, [group], add);
  };
  const roster = table({ signal, limits: about, chains: draws.chains, choose });
  const show = choice({
    label: "Rows",
    options: SHOWS,
    value: reader.get("show"),
    change: (value) => reader.set({ show: value as ConvergenceState["show"] }),
  });
  const order = menu({
    label: "Order",
    options: ORDERS,
    value: reader.get("order"),
    change: (value) => reader.set({ order: value as Order }),
  });
  const find = search({
    label: "Search",
    value: reader.get("search"),
    placeholder: "parameter or term",
    change: (value) => reader.set({ search: value }),
  });
  const bar = element("div", { className: "hw-bar" });
  bar.append(show.node, order.node, find.node);
  const ground = element("div", { className: "hw-convergence" });
  el.append(element("style", { textContent: css }), ground);
  const picked = pickedPanel(context, draws);
  const funnel = funnelPanel(context, draws, known, reader, about);
  const lower = element("div", { className: "hw-convergence-lower" });
  const energy = energyPanel(context, about);
  lower.append(...(about.ranking.length > 0 ? [funnel.node] : []), energy.node);
  ground.append(verdict(about), changes(about.changes), bar, roster.node, picked.node, lower);

  const draw = async (): Promise<void> => {
    const now = reader.all;
    show.update(now.show);
    order.update(now.order);
    order.node.hidden = now.show === "terms";
    find.update(now.search);
    const lit = (i: number): boolean => {
      const groups = selection.picked(known.factor(i));
      return known.names[i] === now.parameter || groups.includes(known.groups[i] ?? "");
    };
    const own = (i: number): boolean => known.names[i] === now.parameter;
    roster.show(known.listed(now), now.show === "terms" ? own : lit, now.show === "terms");
    const parameter = known.place(now.parameter);
    await Promise.all([picked.show(parameter, known.line(parameter)), funnel.show()]);
  };
  reader.changed(() => void draw());
  selection.changed(() => void draw(), signal);
  await draw();
  await energy.draw();
}
