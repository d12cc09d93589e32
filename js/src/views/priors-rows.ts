import { element, sighted } from "../host/dom.js";
import type { Context } from "../host/types.js";
import type { Density, Setting, Settings } from "../weights/types.js";
import type { PriorsData } from "./priors-data.js";
import type { Lab } from "./priors-lab.js";
import { gridOf } from "./priors-ranges.js";
import { type PriorRow, priorRow } from "./priors-row.js";

export interface RowsOptions {
  context: Context;
  data: PriorsData;
  settings: Settings;
  change: (parameter: string, setting: Setting, settled: boolean) => void;
  turned: () => void;
}

export interface PriorRows {
  node: HTMLElement;
  draw(): Promise<void>;
  size(): void;
  /** The pool has grown, and with it the ends of the axes. */
  widen(): void;
  /** The places of the quantities that are drawn, in the order of the rows that draw one. */
  drawn(): number[];
  /** All rows stand at these settings. */
  update(settings: Settings): void;
  /** The reader moved one. */
  moved(parameter: string, settings: Settings): void;
  /** Draws the rows in sight; the others when they come into sight. */
  answered(lab: Lab): void;
  pins(pins: Density[][]): void;
  curves(lab: Lab, quantity: number): Promise<void>;
}

/** A row for every top-level prior. */
export function rowsOf({ context, data, settings, change, turned }: RowsOptions): PriorRows {
  const { specs, signal } = context;
  const node = element("div", { className: "hw-priors-rows" });
  let asked = 0;
  const rows: PriorRow[] = data.about.priors.map((prior) => {
    const { parameter } = prior;
    const places = data.drawn(parameter);
    const { mean, sd } = data.spread(places[0] ?? 0);
    return priorRow({
      prior,
      setting: settings[parameter] ?? prior,
      drawn: places.map((place) => data.about.quantities[place]?.name ?? ""),
      mean,
      sd,
      specs,
      signal,
      change: (setting, settled) => change(parameter, setting, settled),
      turned: () => {
        domains();
        turned();
      },
    });
  });
  node.append(...rows.map((row) => row.node));
  const drawing = rows.filter(({ parameter }) => data.drawn(parameter).length > 0);
  const placeOf = (row: PriorRow): number => data.drawn(row.parameter)[row.element] ?? 0;

  let answered: Lab | undefined;
  const seen = sighted(
    drawing.map((row) => row.node),
    (node) => show(drawing.findIndex((row) => row.node === node)),
    signal,
  );

  function show(i: number): void {
    const [was, now] = [answered?.before?.densities[i], answered?.good?.densities[i]];
    if (was && now) drawing[i]?.posterior(was, now, answered?.held ?? false);
  }

  function domains(): void {
    for (const row of drawing) {
      const { least, most } = data.spread(placeOf(row));
      row.density?.domain(least, most);
      row.redraw();
    }
  }

  return {
    node,
    async draw() {
      for (const row of rows) await row.draw();
      domains();
      for (const row of rows) row.size();
    },
    size() {
      for (const row of rows) row.size();
    },
    widen: domains,
    drawn: () => drawing.map(placeOf),
    update(next) {
      for (const row of rows) {
        const setting = next[row.parameter];
        if (setting) row.update(setting);
        row.stale(null);
      }
    },
    moved(parameter, next) {
      for (const row of rows) {
        const setting = next[row.parameter];
        if (row.parameter === parameter && setting) row.update(setting);
        else row.stale(null);
      }
    },
    answered(lab) {
      answered = lab;
      drawing.forEach((row, i) => {
        row.withhold(lab.held);
        if (seen(row.node)) show(i);
      });
    },
    pins(pins) {
      drawing.forEach((row, i) => {
        row.density?.pins(pins.flatMap((one) => one[i] ?? []));
        row.density?.run();
      });
    },
    async curves(lab, quantity) {
      asked += 1;
      const mine = asked;
      for (const row of rows) {
        for (const { name, values } of row.arguments()) {
          const setting = lab.settings[row.parameter];
          if (!setting) continue;
          const curve = await lab.curve(row.parameter, name, gridOf(values), quantity);
          if (mine !== asked || signal.aborted) return;
          if (curve) row.curve(name, curve);
        }
      }
    },
  };
}
