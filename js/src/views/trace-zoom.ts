import type { Chart } from "../host/chart.js";

type Window = [number, number];

const LEAST = 10;
const STEP = 1.25;

/** The range of draws in view, the same for every parameter. */
export class Zoom {
  private readonly listeners = new Set<() => void>();
  private now: Window;

  constructor(private readonly last: number) {
    this.now = this.whole;
  }

  get window(): Window {
    return this.now;
  }

  get whole(): Window {
    return [0, Math.max(this.last, 1)];
  }

  get zoomed(): boolean {
    return this.now[0] > 0 || this.now[1] < this.whole[1];
  }

  changed(listener: () => void, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener("abort", () => this.listeners.delete(listener), { once: true });
  }

  reset(): void {
    this.to(this.whole);
  }

  /** Shows these draws, as far as there are such; never fewer than ten. */
  to([from, to]: Window): void {
    const [start, end] = this.whole;
    const span = Math.min(Math.max(to - from, Math.min(LEAST, end)), end - start);
    const middle = (from + to) / 2;
    const first = Math.min(Math.max(middle - span / 2, start), end - span);
    if (first === this.now[0] && first + span === this.now[1]) return;
    this.now = [first, first + span];
    for (const listener of [...this.listeners]) listener();
  }

  /** Zooms by a factor (below 1: in) around a draw. */
  by(factor: number, around = (this.now[0] + this.now[1]) / 2): void {
    const [from, to] = this.now;
    const span = Math.max((to - from) * factor, Math.min(LEAST, this.whole[1]));
    const share = (around - from) / (to - from);
    this.to([around - share * span, around + (1 - share) * span]);
  }

  /** Moves by a share of what is in view. */
  move(share: number): void {
    const [from, to] = this.now;
    const step = share * (to - from);
    this.to([from + step, to + step]);
  }

  /** Brush, wheel and double-click of a chart of lines. */
  attach(chart: Chart, signal: AbortSignal): void {
    chart.brush(({ x }) => x && this.to(x), { x: "x", y: null });
    chart.node.addEventListener("dblclick", () => this.reset(), { signal });
    chart.node.addEventListener(
      "wheel",
      (event) => {
        const out = event.deltaY > 0;
        if (event.deltaY === 0 || (out && !this.zoomed)) return;
        event.preventDefault();
        const pad = (chart.view.padding() as { left: number }).left + (chart.view.origin()[0] ?? 0);
        const pixel = event.clientX - chart.node.getBoundingClientRect().left - pad;
        const scale = chart.view.scale("x") as { invert(pixel: number): number };
        const [from, to] = this.now;
        this.by(out ? STEP : 1 / STEP, Math.min(Math.max(scale.invert(pixel), from), to));
      },
      { signal, passive: false },
    );
  }
}
