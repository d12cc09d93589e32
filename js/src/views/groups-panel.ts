import { type Chart, embed } from "../host/chart.js";
import { element, toWidth } from "../host/dom.js";
import { plural, short } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import type { Effect } from "./groups-data.js";

export interface PanelScene {
  rows: Row[];
  title: string;
  x: [number, number];
  y: [number, number];
  names: [string, string];
  levels: string[];
  n: number;
  misfit: [string, number];
  effects: Effect[];
  reason: string;
}

export interface Panel {
  node: HTMLElement;
  show(scene: PanelScene): Promise<void>;
}

/** One group large, with its numbers beside it. */
export function panel(context: Context): Panel {
  const { signal, specs, model } = context;
  const node = element("div", { className: "hw-groups-panel", hidden: true });
  const heading = element("div", { className: "hw-groups-title" });
  heading.setAttribute("role", "heading");
  heading.setAttribute("aria-level", "3");
  const y = element("div", { className: "hw-groups-y" });
  const box = element("div", { className: "hw-chart" });
  const x = element("div", { className: "hw-groups-x" });
  const facts = element("div", { className: "hw-groups-facts" });
  const picture = element("div", { className: "hw-groups-picture" });
  picture.append(y, box, x);
  node.append(heading, picture, facts);

  let scene: PanelScene | undefined;
  let chart: Promise<Chart> | undefined;

  function start(): Promise<Chart> {
    const { panel: spec } = specs;
    if (!spec) throw new Error("The groups view lacks its large chart.");
    const { description } = model.get<{ description: string }>("about");
    return embed(box, spec, { signal, description: `${description}, one group` });
  }

  async function draw(width: number): Promise<void> {
    if (!scene || node.hidden) return;
    chart ??= start();
    const made = await chart;
    const settings = {
      x_least: scene.x[0],
      x_most: scene.x[1],
      y_least: scene.y[0],
      y_most: scene.y[1],
      levels: scene.levels,
    };
    made.data("rows", scene.rows);
    for (const [name, value] of Object.entries(settings)) made.set(name, value);
    made.size(width, Math.min(400, Math.max(260, Math.round(0.62 * width))));
    await made.run();
  }

  const redraw = toWidth(box, draw, signal);
  return {
    node,
    async show(next) {
      scene = next;
      heading.textContent = next.title;
      [x.textContent, y.textContent] = next.names;
      facts.replaceChildren(...said(next));
      await redraw();
    },
  };
}

function said({ n, misfit, effects, reason }: PanelScene): HTMLElement[] {
  const [name, value] = misfit;
  const out = [
    element("div", { textContent: plural(n, "row") }),
    element("div", { textContent: `${name}: ${short(value)}` }),
    table(effects),
  ];
  if (reason) {
    const missing = effects.some(({ noPooling }) => !Number.isFinite(noPooling));
    const text = missing ? `No line of no pooling: ${reason}.` : `${reason}.`;
    out.push(element("div", { className: "hw-note", textContent: text }));
  }
  return out;
}

function table(effects: Effect[]): HTMLElement {
  const node = element("table");
  const head = element("tr");
  for (const text of ["", "no pooling", "partial pooling", "weight w"]) {
    const cell = element("th", { textContent: text });
    if (text) cell.setAttribute("scope", "col");
    head.append(cell);
  }
  node.append(head);
  for (const { term, noPooling, partialPooling, weight } of effects) {
    const row = element("tr");
    const name = element("th", { textContent: term });
    name.setAttribute("scope", "row");
    row.append(name);
    for (const value of [noPooling, partialPooling, weight]) {
      row.append(element("td", { textContent: short(value) }));
    }
    node.append(row);
  }
  return node;
}
