import { type Chart, embed } from "../host/chart.js";
import { eachFrame, element } from "../host/dom.js";
import type { Context } from "../host/types.js";
import type { Draws } from "./trace-draws.js";
import type { Zoom } from "./trace-zoom.js";

const HEIGHT = 118;
const NARROW = 560;
const GAP = 10;
const AXIS = 50;
const PANELS = ["lines", "density", "ranks"] as const;
const TEXTS = {
  lines: "The draws of every chain as lines",
  density: "The marginal density of every chain",
  ranks: "How the ranks of the draws fall to every chain",
};

export interface TraceRow {
  node: HTMLElement;
  /** Draws itself when it comes in sight. */
  width(width: number): void;
}

/** Lines, density and rank bars of one parameter, embedded when first in sight. */
export function traceRow(
  context: Context,
  draws: Draws,
  zoom: Zoom,
  parameter: number,
  { name, summary, signal, pane }: { name: string; summary: string; signal: AbortSignal; pane: HTMLElement },
): TraceRow {
  const node = element("section", { className: "hw-trace-row" });
  node.setAttribute("aria-label", name);
  const head = element("h4", { className: "hw-trace-title" });
  const title = element("span", { textContent: name, title: name });
  title.dir = "auto";
  head.append(title, element("small", { className: "hw-note", textContent: summary }));
  const said = element("p", { className: "hw-note hw-trace-said", hidden: true });
  said.setAttribute("role", "status");
  const plots = element("div", { className: "hw-trace-plots" });
  const boxes = PANELS.map((panel) => {
    const box = element("div", { className: `hw-chart hw-trace-${panel}` });
    box.style.height = `${HEIGHT}px`;
    plots.append(box);
    return box;
  });
  node.append(head, said, plots);

  let charts: Chart[] = [];
  let total = 0;
  let started = false;

  const widths = (): number[] => {
    if (total < NARROW) return [total, (total - GAP) / 2, (total - GAP) / 2].map(Math.floor);
    const rest = Math.floor((total - 2 * GAP) * 0.25);
    return [total - 2 * GAP - 2 * rest, rest, rest];
  };
  const feed = (): void => {
    const [lines] = charts;
    const [width = 0] = widths();
    lines?.set("window", [...zoom.window]);
    lines?.data("lines", draws.lines(parameter, zoom.window, Math.max(1, width - AXIS)));
    lines?.data("divergent", draws.divergences(parameter, zoom.window));
    void lines?.run();
  };
  const refeed = eachFrame(feed, signal);
  const size = (): void => {
    plots.classList.toggle("hw-narrow", total < NARROW);
    const all = widths();
    charts.forEach((chart, i) => {
      chart.size(all[i] ?? 0, HEIGHT);
      if (i > 0) void chart.run();
    });
    refeed();
  };

  const say = (error: unknown): void => {
    if (signal.aborted) return;
    plots.hidden = true;
    said.hidden = false;
    said.textContent = error instanceof Error ? error.message : String(error);
  };

  const start = async (): Promise<void> => {
    if (started || signal.aborted) return;
    started = true;
    await draws.fetch([parameter]);
    if (signal.aborted) return;
    const lacking = draws.leftOut(parameter);
    if (lacking) {
      said.textContent = lacking;
      said.hidden = false;
    }
    if (draws.finite(parameter) === 0) {
      plots.hidden = true;
      node.dataset.ready = "true";
      return;
    }
    const made: Chart[] = [];
    for (const [i, panel] of PANELS.entries()) {
      const spec = { ...context.specs[panel], width: widths()[i], height: HEIGHT };
      const description = `${TEXTS[panel]}: ${name}`;
      made.push(await embed(boxes[i] as HTMLElement, spec, { signal, description }));
      if (signal.aborted) return;
    }
    charts = made;
    const [lines, density, ranks] = charts;
    const total = draws.finite(parameter);
    const span = draws.span(parameter);
    const curves = draws.density(parameter);
    lines?.set("span", span);
    density?.set("span", span);
    density?.set("peak", Math.max(...curves.map((row) => Number(row.density))));
    ranks?.set("last", total);
    density?.data("density", curves);
    density?.data("divergent", draws.divergences(parameter, [0, draws.length]));
    ranks?.data("ranks", draws.ranks(parameter));
    if (lines) zoom.attach(lines, signal);
    size();
    node.dataset.ready = "true";
  };

  zoom.changed(refeed, signal);
  const seen = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) start().catch(say);
    },
    { root: pane, rootMargin: "150px" },
  );
  signal.addEventListener("abort", () => seen.disconnect(), { once: true });

  return {
    node,
    width(width) {
      total = width;
      size();
      seen.observe(node);
    },
  };
}
