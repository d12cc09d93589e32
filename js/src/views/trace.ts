import { button, menu, search } from "../controls/index.js";
import { numbers, strings } from "../host/columns.js";
import { element, onWidth } from "../host/dom.js";
import { state } from "../host/state.js";
import { percent, short } from "../host/text.js";
import type { Context } from "../host/types.js";
import { worded } from "../host/words.js";
import { inView } from "../tables/trace-view.js";
import css from "./trace.css";
import { Draws } from "./trace-draws.js";
import { type Line, list } from "./trace-list.js";
import { type TraceRow, traceRow } from "./trace-row.js";
import { Zoom } from "./trace-zoom.js";

interface TraceState {
  parameters: string[];
  order: string;
  search: string;
}

interface TraceAbout {
  terms: string[];
  factors: string[];
  rhat: number;
  ess: number;
  /** How many draws the chains hold. */
  held: number;
  /** What each chain holds where some are padded with NaN, in words. */
  padded: string;
}

const ORDERS = [
  { value: "rhat", label: "worst R-hat first" },
  { value: "ess", label: "worst ESS first" },
  { value: "name", label: "name" },
];

export async function trace(context: Context): Promise<void> {
  const { el, signal, selection, columns } = context;
  const about = context.model.get<TraceAbout>("about");
  const reader = state<TraceState>(context);
  const names = strings(columns, "parameter");
  const read = columns.shown ? strings(columns, "shown") : names;
  const groups = strings(columns, "group");
  const terms = numbers(columns, "term");
  const [mean, sd, rhat, bulk, tail, failing] = ["mean", "sd", "rhat", "ess_bulk", "ess_tail", "failing"].map(
    (name) => numbers(columns, name),
  );
  const at = (values: ArrayLike<number> | undefined, i: number): number => values?.[i] ?? Number.NaN;
  const factors = names.map((_, i) => about.factors[at(terms, i)] ?? "");
  const places = new Map(names.map((name, i) => [name, i]));
  const draws = new Draws(context, names, about.held);
  const zoom = new Zoom(draws.length - 1);

  const line = (i: number): Line => ({
    name: read[i] ?? "",
    rhat: at(rhat, i),
    bulk: at(bulk, i),
    tail: at(tail, i),
    failing: at(failing, i) > 0,
    missing: draws.missing(i),
  });

  const bar = element("div", { className: "hw-bar" });
  const find = search({
    label: "Search",
    value: reader.get("search"),
    placeholder: "parameter",
    change: (value) => reader.set({ search: value }),
  });
  const order = menu({
    label: "Order",
    options: ORDERS,
    value: reader.get("order"),
    change: (value) => reader.set({ order: value }),
  });
  const verdict = element("div", { className: "hw-note hw-trace-verdict" });
  verdict.setAttribute("role", "status");
  verdict.append(...verdicts(draws, names, line, about));
  bar.append(find.node, order.node, verdict);

  /** The picked groups' parameters lead the list, unless they were picked in it: a row stays under the hand. */
  let front = new Set<number>();
  let choosing = false;
  const choose = (i: number, add: boolean): void => {
    const name = names[i] ?? "";
    const before = reader.get("parameters");
    const kept = before.includes(name) ? before.filter((other) => other !== name) : [...before, name];
    reader.set({ parameters: add ? kept : [name] });
    const factor = factors[i];
    choosing = true;
    if (factor) selection.pick(factor, [groups[i] ?? ""], add);
    choosing = false;
  };
  const roster = list({ signal, limits: { rhat: about.rhat, ess: about.ess }, line, choose });

  const side = element("div", { className: "hw-trace-side" });
  side.append(roster.node);
  const main = element("div", { className: "hw-trace-main" });
  const tools = zoomTools(zoom, signal);
  const pane = element("div", { className: "hw-trace-pane", tabIndex: -1 });
  const legend = element("p", { className: "hw-note hw-trace-legend" });
  legend.append(...worded("Each parameter: its draws, chain by chain, their density and rank bars."));
  main.append(tools, legend, pane);
  const frame = element("div", { className: "hw-trace" });
  frame.append(side, main);
  const ground = element("div", { className: "hw-trace-ground" });
  ground.append(frame);
  el.append(element("style", { textContent: css }), bar, ground);

  const hint = element("p", { className: "hw-note", textContent: "Choose a parameter in the list." });
  const rows = new Map<number, { row: TraceRow; gone: AbortController }>();
  let width = 0;

  const draw = (): void => {
    const { parameters, order: by, search: word } = reader.all;
    const picked = new Map([...new Set(factors)].filter(Boolean).map((f) => [f, selection.picked(f)]));
    const chosen = parameters.flatMap((name) => places.get(name) ?? []);
    const shown = inView({ terms, factors, groups }, chosen, picked);

    find.update(word);
    order.update(by);
    const needle = word.trim().toLowerCase();
    const listed = Array.from(numbers(columns, `order_${by}`)).filter((i) =>
      [names[i], read[i]].some((name) => name?.toLowerCase().includes(needle)),
    );
    roster.show(
      [...listed.filter((i) => front.has(i)), ...listed.filter((i) => !front.has(i))],
      new Set(shown),
    );

    for (const [i, { row, gone }] of rows) {
      if (shown.includes(i)) continue;
      gone.abort();
      row.node.remove();
      rows.delete(i);
    }
    for (const i of shown) {
      if (rows.has(i)) continue;
      const gone = new AbortController();
      const own = AbortSignal.any([signal, gone.signal]);
      const summary = `mean ${short(at(mean, i))}, sd ${short(at(sd, i))}`;
      const row = traceRow(context, draws, zoom, i, { name: read[i] ?? "", summary, signal: own, pane });
      rows.set(i, { row, gone });
    }
    const nodes = shown.flatMap((i) => rows.get(i)?.row.node ?? []);
    const wanted: Node[] = nodes.length > 0 ? nodes : [hint];
    if (wanted.some((node, i) => pane.childNodes[i] !== node) || pane.childNodes.length !== wanted.length) {
      pane.replaceChildren(...wanted);
      pane.scrollTop = 0;
    }
    if (width > 0) for (const { row } of rows.values()) row.width(width);
  };

  const lead = (): void => {
    if (choosing) return;
    const picked = new Map([...new Set(factors)].map((f) => [f, new Set(selection.picked(f))]));
    front = new Set(names.flatMap((_, i) => (picked.get(factors[i] ?? "")?.has(groups[i] ?? "") ? [i] : [])));
  };
  reader.changed(draw);
  selection.changed(() => {
    lead();
    draw();
  }, signal);
  onWidth(
    pane,
    (next) => {
      width = next;
      for (const { row } of rows.values()) row.width(width);
    },
    signal,
  );
  lead();
  draw();
}

/** What the header says of the sampler, worst news first. */
function verdicts(
  draws: Draws,
  names: string[],
  line: (i: number) => Line,
  about: TraceAbout,
): HTMLElement[] {
  const count = draws.divergent.length;
  const share = percent(count / draws.total);
  const bad = names.filter((_, i) => line(i).failing).length;
  const diverged = element("span");
  const lost = `! ${count} divergence${count === 1 ? "" : "s"} (${share} of draws).`;
  diverged.append(...worded(count === 0 ? "No divergences." : lost));
  diverged.classList.toggle("hw-flag", count > 0);
  const mixed = element("span");
  const unmixed = `! ${bad} of ${names.length} parameters: R-hat above ${about.rhat} or ESS below ${about.ess}, beyond chance.`;
  mixed.append(...worded(bad === 0 ? `All ${names.length} parameters mixed well.` : unmixed));
  mixed.classList.toggle("hw-flag", bad > 0);
  const padded = element("span", { textContent: about.padded ? `Padded with NaN: ${about.padded}.` : "" });
  return [...(count > 0 ? [diverged, mixed] : [mixed, diverged]), ...(about.padded ? [padded] : [])];
}

function zoomTools(zoom: Zoom, signal: AbortSignal): HTMLElement {
  const tools = element("div", { className: "hw-bar hw-trace-tools" });
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", "draws in view");
  const said = element("span", { className: "hw-note" });
  said.setAttribute("aria-live", "polite");
  const reset = button({ label: "Reset", press: () => zoom.reset() });
  const closer = button({ label: "Zoom in", press: () => zoom.by(0.5) });
  const farther = button({ label: "Zoom out", press: () => zoom.by(2) });
  const earlier = button({ label: "Earlier", press: () => zoom.move(-0.5) });
  const later = button({ label: "Later", press: () => zoom.move(0.5) });
  const show = (): void => {
    const [from, to] = zoom.window.map(Math.round);
    said.textContent = zoom.zoomed
      ? `draws ${from} to ${to}`
      : "all draws: drag or scroll on the lines to zoom";
    for (const { node } of [farther, earlier, later, reset]) node.hidden = !zoom.zoomed;
  };
  tools.append(said, closer.node, farther.node, earlier.node, later.node, reset.node);
  zoom.changed(show, signal);
  show();
  return tools;
}
