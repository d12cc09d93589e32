import { type Chart, embed } from "../host/chart.js";
import type { Row, Spec } from "../host/types.js";
import type { Curve } from "../weights/types.js";
import type { Range } from "./priors-ranges.js";

const HEIGHT = 92;

export interface CurvePicture {
  show(curve: Curve): void;
  mark(value: number): void;
  size(): void;
}

export interface CurveOptions {
  el: HTMLElement;
  specs: Record<string, Spec>;
  range: Range;
  label: string;
  signal: AbortSignal;
  /** A click at a value of the argument. */
  press: (value: number) => void;
}

/** A quantity and the evidence over a slider's whole range; a click sets the value. */
export async function curvePicture(options: CurveOptions): Promise<CurvePicture> {
  const { el, specs, range, label, signal, press } = options;
  const spec = specs[range.log ? "log" : "linear"];
  if (!spec) throw new Error("The prior lab lacks its curve.");
  const chart: Chart = await embed(el, spec, { signal, description: label, renderer: "canvas" });
  chart.set("least", range.min);
  chart.set("most", range.max);
  el.addEventListener(
    "click",
    (event) => {
      const [left] = chart.view.origin();
      const pad = chart.view.padding() as { left: number };
      const pixel = event.clientX - el.getBoundingClientRect().left - left - pad.left;
      if (pixel < -6 || pixel > chart.view.width() + 6) return;
      const scale = chart.view.scale("x") as unknown as { invert(at: number): number };
      const value = scale.invert(Math.min(Math.max(pixel, 0), chart.view.width()));
      press(Number(Math.min(Math.max(value, range.min), range.max).toPrecision(3)));
    },
    { signal },
  );
  const draw = (): void => void chart.run();
  return {
    show(curve) {
      const lines = rows(curve);
      const [low, high] = endsOf(lines, ["lower", "upper"]);
      const [worst, best] = endsOf(lines, ["evidence"]);
      for (const [name, value] of Object.entries({ low, high, worst, best })) chart.set(name, value);
      chart.data("rows", lines);
      chart.data("shade", shades(curve, range));
      el.dataset.stale = "false";
      el.dataset.empty = String(curve.verdict.every((verdict) => verdict === "needs a refit"));
      draw();
    },
    mark(value) {
      chart.set("value", value);
      draw();
    },
    size() {
      if (el.clientWidth === 0) return;
      chart.size(Math.floor(el.clientWidth), HEIGHT);
      draw();
    },
  };
}

/** The ends of what is there, with a little room. */
function endsOf(lines: Row[], fields: string[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const line of lines) {
    for (const field of fields) {
      const value = line[field];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [-1, 1];
  const room = 0.05 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - room, high + room];
}

/** What is withheld is null, which leaves a gap in the line. */
function rows(curve: Curve): Row[] {
  return Array.from(curve.values, (x, i) => {
    const held = curve.verdict[i] === "needs a refit";
    const evidence = curve.evidenceReliable[i] ? curve.logEvidence[i] : null;
    return held
      ? { x, mean: null, lower: null, upper: null, evidence }
      : { x, mean: curve.mean[i], lower: curve.lower[i], upper: curve.upper[i], evidence };
  });
}

/** Stretches of the range of one doubtful or unreliable verdict, to half-way of their neighbours. */
export function shades(curve: Curve, { min, max, log }: Range): Row[] {
  const values = Array.from(curve.values);
  const between = (i: number): number => {
    const [a, b] = [values[i] ?? max, values[i + 1] ?? max];
    return log ? Math.sqrt(a * b) : (a + b) / 2;
  };
  const out: { x: number; x2: number; verdict: string }[] = [];
  values.forEach((_, i) => {
    const verdict = curve.verdict[i] ?? "reliable";
    const x = i === 0 ? min : between(i - 1);
    const x2 = i === values.length - 1 ? max : between(i);
    const last = out.at(-1);
    if (last && last.verdict === verdict) last.x2 = x2;
    else out.push({ x, x2, verdict });
  });
  return out.filter(({ verdict }) => verdict !== "reliable");
}
