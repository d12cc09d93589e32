import { choice, menu } from "../controls/index.js";
import { embed } from "../host/chart.js";
import { element, laidOut, onWidth } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import type { Context } from "../host/types.js";
import { worded } from "../host/words.js";
import css from "./sensitivity.css";
import { arranged, type By, rowsOf, type SensitivityAbout, type Sort } from "./sensitivity-rows.js";

interface SensitivityState {
  by: By;
  sort: Sort;
}

const ROW = 38;
const AXIS = 42;
const SCALED: { value: By; label: string }[] = [
  { value: "all", label: "all priors" },
  { value: "group", label: "groups of priors" },
  { value: "prior", label: "each prior" },
];
const SORTS: { value: Sort; label: string }[] = [
  { value: "model", label: "the model's order" },
  { value: "prior", label: "most sensitive to the priors" },
  { value: "likelihood", label: "most sensitive to the likelihood" },
];
const KEYS: [string, string][] = [
  ["prior", "prior"],
  ["likelihood", "likelihood"],
  ["hollow", "Pareto k of 0.7 or more"],
  ["limit", "limit 0.05"],
];

/** How much every quantity follows its priors and its data. */
export async function sensitivity(context: Context): Promise<void> {
  const { el, signal, specs, model } = context;
  const about = model.get<SensitivityAbout>("about");
  const state = makeState<SensitivityState>(context);
  const spec = specs.dots;
  if (!spec) throw new Error("The sensitivity view lacks its picture.");

  const by = choice({
    label: "Scaled",
    options: SCALED,
    value: state.get("by"),
    change: (value) => state.set({ by: value as By }),
  });
  const sort = menu({
    label: "Sort",
    options: SORTS,
    value: state.get("sort"),
    change: (value) => state.set({ sort: value as Sort }),
  });
  const bar = element("div", { className: "hw-bar" });
  bar.append(by.node, sort.node);
  const box = element("div", { className: "hw-chart" });
  const frame = element("div", { className: "hw-sensitivity-frame", tabIndex: 0 });
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Sensitivity of every quantity");
  frame.append(box);
  el.append(
    element("style", { textContent: css }),
    said("hw-sensitivity-said", [about.statement]),
    bar,
    caption(),
    frame,
    findings(about.findings),
    said("hw-sensitivity-notes hw-note", about.notes),
  );

  await laidOut(el, signal);
  const description = `Sensitivity to priors and likelihood: ${about.statement}`;
  const chart = await embed(box, spec, { signal, description });
  chart.set("most", about.most);
  let height = 0;

  async function size(): Promise<void> {
    const width = Math.floor(box.clientWidth);
    if (width === 0) return;
    chart.size(width, height);
    await chart.run();
  }

  async function draw(): Promise<void> {
    by.update(state.get("by"));
    sort.update(state.get("sort"));
    const rows = arranged(rowsOf(context, state.get("by")), state.get("sort"));
    height = ROW * rows.length + AXIS;
    box.style.height = `${height}px`;
    chart.set("count", Math.max(1, rows.length));
    chart.data("rows", rows);
    chart.size(Math.floor(box.clientWidth), height);
    await chart.run();
  }

  await draw();
  state.changed(() => void draw());
  onWidth(box, () => void size(), signal);
}

function caption(): HTMLElement {
  const node = element("div", { className: "hw-caption" });
  for (const [kind, text] of KEYS) {
    const item = element("span", { className: "hw-key" });
    const mark = element("span", { className: `hw-sensitivity-mark hw-sensitivity-${kind}` });
    mark.setAttribute("aria-hidden", "true");
    const words = element("span");
    words.append(...worded(text));
    item.append(mark, words);
    node.append(item);
  }
  return node;
}

function findings(found: SensitivityAbout["findings"]): HTMLElement {
  const list = element("ul", { className: "hw-sensitivity-findings", hidden: found.length === 0 });
  for (const { quantity, said: text, next } of found) {
    const item = element("li");
    item.append(element("b", { textContent: quantity }), " – ", ...worded(text));
    if (next) item.append(element("code", { textContent: next }));
    list.append(item);
  }
  return list;
}

function said(className: string, texts: readonly string[]): HTMLElement {
  const node = element("div", { className });
  for (const text of texts) {
    const paragraph = element("p");
    paragraph.append(...worded(text));
    node.append(paragraph);
  }
  return node;
}
