import { type Chart, embed } from "../host/chart.js";
import { element, onWidth } from "../host/dom.js";
import type { Context, Row, Spec } from "../host/types.js";

export interface Plot {
  node: HTMLElement;
  /** Draws these rows by the name of their data, with these values of parameters; the last ones win. */
  show(rows: Record<string, Row[]>, values?: Record<string, number>): Promise<void>;
  /** Whether there is anything to draw; the reason if not. */
  say(text: string): void;
}

/** A specification that is embedded once it has a width, and fed. */
export function plot(context: Context, name: string, description: string, height: number): Plot {
  const { signal, specs } = context;
  const spec = specs[name];
  if (!spec) throw new Error(`The convergence view lacks its picture ${name}.`);
  const node = element("div", { className: `hw-convergence-plot hw-convergence-${name}` });
  const box = element("div", { className: "hw-chart" });
  box.style.height = `${height}px`;
  const said = element("p", { className: "hw-note", hidden: true });
  node.append(box, said);
  let width = 0;
  let made: Promise<Chart> | undefined;
  let rows: Record<string, Row[]> | undefined;
  let set: Record<string, number> = {};

  const draw = async (): Promise<void> => {
    if (width === 0 || !rows || signal.aborted) return;
    made ??= embed(box, { ...spec, ...first(spec, rows), width, height }, { signal, description });
    const chart = await made;
    for (const [data, own] of Object.entries(rows)) chart.data(data, own);
    for (const [parameter, value] of Object.entries(set)) chart.set(parameter, value);
    chart.size(width, height);
    await chart.run();
    node.dataset.drawn = "true";
  };
  onWidth(
    box,
    (next) => {
      width = next;
      void draw();
    },
    signal,
  );
  return {
    node,
    async show(next, values = {}) {
      rows = next;
      set = values;
      box.hidden = false;
      said.hidden = true;
      await draw();
    },
    say(text) {
      rows = undefined;
      box.hidden = true;
      said.hidden = false;
      said.textContent = text;
    },
  };
}

/** The rows as data sets of the specification, so that no scale is ever without them. */
const first = (spec: Spec, rows: Record<string, Row[]>): Spec => ({
  datasets: { ...(spec.datasets as Record<string, Row[]> | undefined), ...rows },
});
