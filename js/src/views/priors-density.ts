import { type Chart, embed } from "../host/chart.js";
import type { Row, Spec } from "../host/types.js";
import { logDensityAt } from "../weights/densities.js";
import type { Density, Setting } from "../weights/types.js";
import type { Prior } from "./priors-data.js";

const HEIGHT = 84;
const POINTS = 120;

export interface DensityPicture {
  /** The ends of the axis. */
  domain(least: number, most: number): void;
  before(density: Density): void;
  /** The posterior after; greyed while it is the last reliable one. */
  after(density: Density, held: boolean): void;
  /** The prior as fitted and as it is now. */
  priors(prior: Prior, setting: Setting, element: number): void;
  pins(lines: Density[]): void;
  size(): void;
  run(): void;
}

/** A parameter's prior and posterior, before and after, in a row's small picture. */
export async function densityPicture(
  el: HTMLElement,
  specs: Record<string, Spec>,
  label: string,
  signal: AbortSignal,
): Promise<DensityPicture> {
  if (!specs.density) throw new Error("The prior lab lacks its densities.");
  const chart: Chart = await embed(el, specs.density, { signal, description: label });
  let [least, most] = [0, 1];
  let peak = 1;
  let fitted = "";
  let was: Density | undefined;
  let pinned: Density[] = [];

  const drawPins = (): void =>
    chart.data(
      "pins",
      pinned.flatMap((density, pin) => rows(density, peak).map((row) => ({ ...row, pin }))),
    );
  const draw = (name: string, density: Density): void => chart.data(name, rows(density, peak));
  return {
    domain(low, high) {
      [least, most] = [low, high];
      chart.set("least", low);
      chart.set("most", high);
    },
    before(density) {
      was = density;
      draw("before", density);
    },
    after(density, held) {
      const needed = Math.max(1.25 * highest(was?.density ?? []), 1.02 * highest(density.density));
      if (needed !== peak) {
        peak = needed;
        if (was) draw("before", was);
        drawPins();
      }
      chart.set("held", held);
      draw("after", density);
    },
    priors(prior, setting, element) {
      if (prior.fixed) return;
      const key = `${element} ${least} ${most}`;
      if (key !== fitted) chart.data("fitted", priorRows(prior, prior, element, least, most));
      fitted = key;
      chart.data("prior", priorRows(setting, prior, element, least, most));
    },
    pins(lines) {
      pinned = lines;
      drawPins();
    },
    size() {
      if (el.clientWidth > 0) chart.size(Math.floor(el.clientWidth), HEIGHT);
    },
    run: () => void chart.run(),
  };
}

const highest = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i += 1) most = Math.max(most, values[i] ?? 0);
  return most || 1;
};

function rows({ x, density }: Density, peak: number): Row[] {
  return Array.from(x, (at, i) => ({ x: at, y: Math.min((density[i] ?? 0) / peak, 1.04) }));
}

/** The prior's density over the axis, to its own height; of an LKJ prior that of one correlation. */
export function priorRows(
  setting: Setting,
  prior: Prior,
  element: number,
  least: number,
  most: number,
): Row[] {
  const log =
    prior.kind === "correlation" ? correlation(setting, prior.size) : logDensityAt(setting, element);
  const x = Array.from({ length: POINTS + 1 }, (_, i) => least + ((most - least) * i) / POINTS);
  const y = x.map((at) => Math.exp(log(at)));
  const peak = highest(y.filter(Number.isFinite));
  return x.map((at, i) => ({ x: at, y: 0.92 * Math.min((y[i] ?? 0) / peak, 1) }));
}

function correlation({ args }: Setting, size: number): (r: number) => number {
  const a = Number(args.eta) - 2 + size / 2;
  return (r) => (Math.abs(r) < 1 ? a * Math.log(1 - r * r) : Number.NEGATIVE_INFINITY);
}
