import { menu } from "../controls/index.js";
import { type Chart, embed } from "../host/chart.js";
import { element, laidOut, onWidth } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import type { Context, Row } from "../host/types.js";
import { worded } from "../host/words.js";
import css from "./variance.css";
import { frame, type VarianceAbout } from "./variance-frames.js";

interface VarianceState {
  factor: string;
  predictor: string | null;
}

interface Drawn {
  box: HTMLElement;
  height: number;
  chart: Chart;
}

const ROW = 64;
const SHARE = 42;
const CELL = 58;
const AXIS = 40;
const CURVE = 190;

export async function variance(context: Context): Promise<void> {
  const { el, signal, specs, model } = context;
  const about = model.get<VarianceAbout>("about");
  const state = makeState<VarianceState>(context);
  const options = (values: readonly string[]) => values.map((value) => ({ value, label: value }));
  const factorOf = () => about.factors.find(({ factor }) => factor === state.get("factor"));

  const controls = {
    factor: menu({
      label: "Grouping",
      options: options(about.factors.map(({ factor }) => factor)),
      value: state.get("factor"),
      change: (factor) => state.set({ factor, predictor: null }),
    }),
    predictor: menu({
      label: "Predictor",
      options: [],
      value: "",
      change: (predictor) => state.set({ predictor }),
    }),
  };
  const bar = element("div", { className: "hw-bar" });
  if (about.factors.length > 1) bar.append(controls.factor.node);
  bar.append(controls.predictor.node);
  const idle = about.factors.every(
    (one) => one.predictors.length + one.matrices.length === 0 && !one.independent,
  );

  const statements = element("div", { className: "hw-variance-said" });
  statements.append(...about.statements.map(paragraph));
  const left = element("div", { className: "hw-variance-left" });
  const right = element("div", { className: "hw-variance-right" });
  const scales = element("div", { className: "hw-variance-part-scales" });
  const shares = element("div", { className: "hw-variance-part-shares" });
  const curves = element("div", { className: "hw-variance-part-curves" });
  const matrices = element("div", { className: "hw-variance-part-matrices" });
  left.append(scales, matrices);
  right.append(shares, curves);
  const grid = element("div", { className: "hw-variance-grid" });
  grid.append(left, right);
  const ground = element("div", { className: "hw-variance-ground" });
  ground.append(statements, bar, grid, notes(about.notes));
  el.append(element("style", { textContent: css }), ground);

  const still: Drawn[] = [];
  let changing: Drawn[] = [];
  let gone = new AbortController();
  let drawing = Promise.resolve();

  async function add(
    parent: HTMLElement,
    name: string,
    data: Record<string, Row[]>,
    params: Record<string, unknown>,
    { title, height, until }: { title: string; height: number; until: AbortSignal },
  ): Promise<Drawn> {
    const spec = specs[name];
    if (!spec) throw new Error(`The variance view lacks its picture ${name}.`);
    const section = element("section", { className: `hw-variance-${name}` });
    section.setAttribute("aria-label", title);
    const box = element("div", { className: "hw-chart" });
    box.style.height = `${height}px`;
    const heading = element("h4", { className: "hw-variance-title" });
    heading.append(...worded(title));
    section.append(heading, box);
    parent.append(section);
    const told = (data.rows ?? []).flatMap((row) => (row.told ? [String(row.told)] : []));
    const description = told.length > 0 ? `${title}: ${told.join("; ")}` : title;
    const chart = await embed(box, spec, { signal: until, description });
    for (const [key, value] of Object.entries(params)) chart.set(key, value);
    for (const [key, rows] of Object.entries(data)) chart.data(key, rows);
    const drawn = { box, height, chart };
    await size(drawn);
    return drawn;
  }

  async function size({ box, height, chart }: Drawn): Promise<void> {
    const width = Math.floor(box.clientWidth);
    if (width === 0) return;
    chart.size(width, height);
    await chart.run();
  }

  async function build(): Promise<void> {
    for (const [i, { title, most }] of about.panels.entries()) {
      const rows = frame(context, `scales/${i}`);
      const data = { rows, density: frame(context, `density/${i}`) };
      const height = ROW * rows.length + AXIS;
      still.push(
        await add(scales, "scales", data, { most, count: rows.length }, { title, height, until: signal }),
      );
    }
    if (about.reason) return;
    const rows = frame(context, "shares");
    const height = SHARE * (rows.length + 0.8) + AXIS / 2;
    const title = "Shares of the variance";
    still.push(
      await add(shares, "shares", { rows }, { count: rows.length }, { title, height, until: signal }),
    );
  }

  async function draw(): Promise<void> {
    const factor = factorOf();
    if (!factor || signal.aborted) return;
    gone.abort();
    gone = new AbortController();
    const until = AbortSignal.any([signal, gone.signal]);
    curves.replaceChildren();
    matrices.replaceChildren();
    changing = [];
    const i = about.factors.indexOf(factor);
    const predictor = state.get("predictor") ?? factor.predictors[0] ?? "";
    controls.factor.update(factor.factor);
    controls.predictor.offer(options(factor.predictors), predictor);
    controls.predictor.node.hidden = factor.predictors.length < 2;
    bar.hidden = idle || (about.factors.length < 2 && factor.predictors.length < 2);
    const j = factor.predictors.indexOf(predictor);
    if (j >= 0) {
      const rows = frame(context, `curve/${i}/${j}`);
      const title = `Share between the groups of ${factor.factor}, by ${predictor}`;
      const made = await add(
        curves,
        "curve",
        { rows },
        { hue: factor.hue, ends: [rows[0]?.x, rows.at(-1)?.x] },
        { title, height: CURVE, until },
      );
      changing.push(made);
    }
    for (const [k, title] of factor.matrices.entries()) {
      const rows = frame(context, `cells/${i}/${k}`);
      const count = 1 + Math.max(...rows.map((row) => Number(row.down)));
      const made = await add(matrices, "cells", { rows }, { count }, { title, height: CELL * count, until });
      changing.push(made);
    }
    if (factor.independent) {
      const said = paragraph(factor.independent);
      said.className = "hw-note";
      matrices.append(said);
    }
  }

  const redraw = (): void => {
    drawing = drawing.then(draw);
  };
  await laidOut(el, signal);
  await build();
  await draw();
  state.changed(redraw);
  onWidth(el, () => [...still, ...changing].forEach((drawn) => void size(drawn)), signal);
}

function notes(texts: readonly string[]): HTMLElement {
  const node = element("div", { className: "hw-variance-notes hw-note" });
  node.setAttribute("role", "note");
  node.append(...texts.map(paragraph));
  return node;
}

/** A paragraph in which no line begins with a percent sign. */
function paragraph(text: string): HTMLElement {
  const node = element("p");
  node.append(...worded(text.replaceAll(" %", "\u00a0%")));
  return node;
}
