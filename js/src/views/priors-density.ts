import { type Chart, embed } from "../host/chart.js";
import type { Row, Spec } from "../host/types.js";
import { logDensityAt } from "../weights/densities.js";
import type { Density, Setting } from "../weights/types.js";
import type { Prior } from "./priors-data.js";

const HEIGHT = 84;
const POINTS = 120;
/** A tenth of a pixel, as a share of the height: a line that moves less stays as it is drawn. */
const LEAST = 0.1 / HEIGHT;

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
  /** Draws, if there is something to be seen anew. */
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
  let now: Density | undefined;
  let pinned: Density[] = [];
  let greyed = false;
  let fresh = true;
  const drawn = new Map<string, Density[]>();

  const put = (name: string, lines: Density[]): void => {
    if (alike(lines, drawn.get(name))) return;
    drawn.set(name, lines);
    chart.data(name, lines.flatMap(rows));
    fresh = true;
  };
  const cut = (density: Density): Density => within(scaled(density, peak, 1.04), least, most);
  const draw = (name: string, density: Density): void => put(name, [cut(density)]);
  const drawPins = (): void => put("pins", pinned.map(cut));
  return {
    domain(low, high) {
      [least, most] = [low, high];
      chart.set("least", low);
      chart.set("most", high);
      if (was) draw("before", was);
      if (now) draw("after", now);
      drawPins();
      fresh = true;
    },
    before(density) {
      was = density;
      draw("before", density);
    },
    after(density, held) {
      const needed = Math.max(1.25 * highest(was?.density ?? []), 1.02 * highest(density.density));
      if (Math.abs(needed - peak) > LEAST * peak) {
        peak = needed;
        if (was) draw("before", was);
        drawPins();
      }
      if (held !== greyed) {
        chart.set("held", held);
        greyed = held;
        fresh = true;
      }
      now = density;
      draw("after", density);
    },
    priors(prior, setting, element) {
      if (prior.fixed) return;
      const key = `${element} ${least} ${most}`;
      if (key !== fitted) put("fitted", [priorLine(prior, prior, element, least, most)]);
      fitted = key;
      put("prior", [priorLine(setting, prior, element, least, most)]);
    },
    pins(lines) {
      pinned = lines;
      drawPins();
    },
    size() {
      if (el.clientWidth > 0) chart.size(Math.floor(el.clientWidth), HEIGHT);
      fresh = true;
    },
    run() {
      if (fresh) void chart.run();
      fresh = false;
    },
  };
}

/** Whether lines would be drawn in the same place, to a tenth of a pixel. */
export function alike(lines: Density[], drawn: Density[] = []): boolean {
  const near = (a: Float64Array, b: Float64Array | undefined, most: number): boolean =>
    a.length === b?.length && a.every((value, i) => Math.abs(value - (b[i] ?? 0)) <= most);
  return (
    lines.length === drawn.length &&
    lines.every(({ x, density }, i) => near(x, drawn[i]?.x, 0) && near(density, drawn[i]?.density, LEAST))
  );
}

const highest = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i += 1) most = Math.max(most, values[i] ?? 0);
  return most || 1;
};

/** As a share of a peak, and no more than `most` of it. */
const scaled = ({ x, density }: Density, peak: number, most: number): Density => ({
  x,
  density: density.map((value) => Math.min(value / peak, most)),
});

/** What of a line lies between the ends of the axis, to the very ends: a clip costs at each movement. */
export function within({ x, density }: Density, least: number, most: number): Density {
  const last = x.length - 1;
  const [first, end] = [x[0] ?? Number.NaN, x[last] ?? Number.NaN];
  if (first >= least && end <= most) return { x, density };
  const [from, to] = [Math.max(first, least), Math.min(end, most)];
  if (!(from < to)) return { x: new Float64Array(), density: new Float64Array() };
  const kept = Float64Array.from([from, ...x.filter((at) => at > from && at < to), to]);
  let i = 0;
  const at = (value: number): number => {
    while (i < last - 1 && (x[i + 1] as number) < value) i += 1;
    const [a, b] = [x[i] as number, x[i + 1] as number];
    const share = (value - a) / (b - a);
    return (1 - share) * (density[i] as number) + share * (density[i + 1] as number);
  };
  return { x: kept, density: kept.map(at) };
}

const rows = ({ x, density }: Density, pin: number): Row[] =>
  Array.from(x, (at, i) => ({ x: at, y: density[i], pin }));

/** The prior's density over the axis, to its own height; of an LKJ prior that of one correlation. */
export function priorLine(
  setting: Setting,
  prior: Prior,
  element: number,
  least: number,
  most: number,
): Density {
  const log =
    prior.kind === "correlation" ? correlation(setting, prior.size) : logDensityAt(setting, element);
  const x = Float64Array.from({ length: POINTS + 1 }, (_, i) => least + ((most - least) * i) / POINTS);
  const density = x.map((at) => Math.exp(log(at)));
  const peak = highest(density.filter(Number.isFinite));
  return { x, density: scaled({ x, density }, peak / 0.92, 0.92).density };
}

function correlation({ args }: Setting, size: number): (r: number) => number {
  const a = Number(args.eta) - 2 + size / 2;
  return (r) => (Math.abs(r) < 1 ? a * Math.log(1 - r * r) : Number.NEGATIVE_INFINITY);
}
