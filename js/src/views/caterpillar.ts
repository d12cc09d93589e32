import { button, choice, menu, search } from "../controls/index.js";
import { type Chart, embed } from "../host/chart.js";
import { numbers, strings } from "../host/columns.js";
import { element, laidOut } from "../host/dom.js";
import { makeRows } from "../host/rows.js";
import { state as makeState } from "../host/state.js";
import { plural, short, widest } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { band, byName, extent, matcher, order, type Sort } from "../tables/caterpillar.js";
import { caption } from "./caption.js";

interface CaterpillarState {
  term: string;
  sort: Sort;
  scale: "effect" | "deviation";
  search: string;
}

interface Term {
  term: string;
  factor: string;
  population: { effect: number; deviation: number };
}

const FIELDS = ["mean", "sd", "lower", "inner_lower", "median", "inner_upper", "upper"] as const;
const SORTS = [
  { value: "estimate", label: "estimate" },
  { value: "name", label: "name" },
  { value: "size", label: "size" },
  { value: "uncertainty", label: "uncertainty" },
];
const SCALES = [
  { value: "effect", label: "effect" },
  { value: "deviation", label: "deviation" },
];
const BINS = 160;

export async function caterpillar(context: Context): Promise<void> {
  const { el, signal, selection, specs, columns, model } = context;
  const { terms } = model.get<{ terms: Term[] }>("about");
  const state = makeState<CaterpillarState>(context);
  const named = new Map<string, number[]>();

  const controls = {
    term: menu({
      label: "Term",
      options: terms.map(({ term }) => ({ value: term, label: term })),
      value: state.get("term"),
      change: (term) => state.set({ term }),
    }),
    scale: choice({
      label: "Scale",
      options: SCALES,
      value: state.get("scale"),
      change: (scale) => state.set({ scale: scale as CaterpillarState["scale"] }),
    }),
    sort: menu({
      label: "Sort by",
      options: SORTS,
      value: state.get("sort"),
      change: (sort) => state.set({ sort: sort as Sort }),
    }),
    search: search({
      label: "Search groups",
      value: state.get("search"),
      change: (text) => state.set({ search: text }),
    }),
  };
  const count = element("span", { className: "hw-note" });
  count.setAttribute("role", "status");
  const show = button({ label: "", press: () => revealPicked() });
  const bar = element("div", { className: "hw-bar" });
  if (terms.length > 1) bar.append(controls.term.node);
  bar.append(controls.scale.node, controls.sort.node, controls.search.node, count);
  const spoken = element("div", { className: "hw-hidden" });
  spoken.setAttribute("aria-live", "polite");
  const rows = makeRows({
    signal,
    label: "Groups",
    draw: () => void draw(),
    press: (row, add) => pressed(row, add),
  });
  show.node.classList.add("hw-float");
  rows.node.append(show.node);
  const legend = caption();
  el.append(bar, rows.node, legend.node, spoken);

  let now = arrange();
  let chart: Chart | undefined;
  let overview: Chart | undefined;
  let axis = 30;

  function arrange() {
    const { term, scale, sort, search: text } = state.all;
    const index = terms.findIndex((one) => one.term === term);
    const about = terms[index];
    if (!about) throw new Error(`There is no term ${term}.`);
    const labels = strings(columns, `labels/${about.factor}`);
    const values = numbers(columns, `${index}/${scale}`);
    const at = (f: number): ArrayLike<number> => values.subarray(f * labels.length, (f + 1) * labels.length);
    const table = Object.fromEntries(FIELDS.map((name, f) => [name, at(f)])) as Record<
      (typeof FIELDS)[number],
      ArrayLike<number>
    >;
    const n = numbers(columns, `n/${about.factor}`);
    const byLabel = named.get(about.factor) ?? byName(labels);
    named.set(about.factor, byLabel);
    const found = matcher(text);
    const shown = order(sort, byLabel, { ...table, n }).filter((i) => found(labels[i] ?? ""));
    const population = about.population[scale];
    return {
      about,
      labels,
      table,
      n,
      shown,
      population,
      domain: extent(table.lower, table.upper, population),
    };
  }

  const row = (position: number): Row => {
    const i = now.shown[position] ?? 0;
    const values = Object.fromEntries(FIELDS.map((name) => [name, now.table[name][i]]));
    return { row: position, group: now.labels[i], n: now.n[i], ...values };
  };

  const picked = (): Set<string> => new Set(selection.picked(now.about.factor));

  const pickedRows = (): number[] => {
    const groups = picked();
    if (groups.size === 0) return [];
    return now.shown.flatMap((i, position) => (groups.has(now.labels[i] ?? "") ? [position] : []));
  };

  const outOfSight = (): number[] => {
    const { from, to } = rows.sight();
    return pickedRows().filter((position) => position < from || position >= to);
  };

  function revealPicked(): void {
    if (pickedRows().length === 0) state.set({ search: "" });
    const { from, to } = rows.sight();
    const middle = (from + to) / 2;
    const [nearest] = outOfSight().sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    if (nearest !== undefined) rows.reveal(nearest);
  }

  function pressed(position: number, add: boolean): void {
    const label = now.labels[now.shown[position] ?? -1];
    if (label !== undefined) selection.pick(now.about.factor, [label], add);
  }

  function frame(): void {
    rows.node.style.minHeight = "";
    rows.show(now.labels.length, axis);
    rows.node.style.minHeight = `${rows.height}px`;
    rows.show(now.shown.length, axis);
  }

  function tell(): void {
    const all = now.labels.length;
    const found = now.shown.length;
    count.textContent =
      found === all ? plural(all, "group") : `${found.toLocaleString("en")} of ${plural(all, "group")}`;
    const hidden = picked().size - pickedRows().length;
    const away = outOfSight().length;
    show.node.hidden = hidden + away === 0;
    show.update(`Show ${plural(hidden + away, "picked group")} out of sight`);
    if (rows.cursor >= 0) {
      const { group, mean, lower, upper } = row(rows.cursor);
      const [m, a, b] = [mean, lower, upper].map((value) => short(value as number));
      spoken.textContent = `group ${group}: ${m}, 95 % from ${a} to ${b}`;
    }
  }

  async function draw(): Promise<void> {
    if (!chart || signal.aborted) return;
    const { from, to, low, high } = rows.sight();
    const [least, most] = now.domain;
    chart.data(
      "rows",
      Array.from({ length: Math.max(to - from, 0) }, (_, i) => row(from + i)),
    );
    const room = widest(now.labels, Math.min(170, 0.3 * rows.width)) + 14;
    const settings = { low, high, least, most, extent: room, step: rows.step, population: now.population };
    for (const [name, value] of Object.entries(settings)) chart.set(name, value);
    chart.set("picked", [...picked()]);
    chart.size(rows.width, rows.height);
    tell();
    await chart.run();
  }

  /** The rows' step is exact only when the height of the axis is known, which Vega settles as it draws. */
  async function fitAxis(): Promise<void> {
    const measured = chart ? rows.height - chart.view.height() : axis;
    if (Math.abs(measured - axis) < 0.5 || measured > 80) return;
    axis = measured;
    frame();
    await draw();
  }

  async function drawOverview(): Promise<void> {
    if (!rows.scrolls) return;
    const spec = specs.overview;
    if (!spec) throw new Error("The caterpillar lacks its overview.");
    overview ??= await embed(rows.beside, spec, { signal, description: "All groups", renderer: "canvas" });
    const [least, most] = now.domain;
    overview.data("band", band(now.table, now.shown, BINS) as unknown as Row[]);
    overview.data(
      "picks",
      pickedRows().map((position) => ({ row: position })),
    );
    const settings = { least, most, population: now.population, count: now.shown.length };
    for (const [name, value] of Object.entries(settings)) overview.set(name, value);
    overview.size(rows.beside.clientWidth, rows.beside.clientHeight);
    await overview.run();
  }

  async function redraw(): Promise<void> {
    frame();
    legend.update(state.get("term"), state.get("scale"), now.population);
    await draw();
    await fitAxis();
    await drawOverview();
  }

  await laidOut(rows.node, signal);
  const spec = specs.rows;
  if (!spec) throw new Error("The caterpillar lacks its chart.");
  frame();
  chart = await embed(rows.plot, spec, {
    signal,
    description: model.get<{ description: string }>("about").description,
  });
  chart.click((datum, event) => {
    if (typeof datum.group !== "string") return;
    selection.pick(now.about.factor, [datum.group], event.shiftKey || event.ctrlKey || event.metaKey);
  });
  chart.brush(
    ({ y }, add) => {
      if (!y) return;
      const groups = now.shown.slice(Math.max(0, Math.round(y[0])), Math.round(y[1]) + 1);
      if (groups.length > 0)
        selection.pick(
          now.about.factor,
          groups.map((i) => now.labels[i] ?? ""),
          add,
        );
    },
    { x: null },
  );
  selection.changed(() => void draw().then(drawOverview), signal);
  state.changed(() => {
    const { term, scale, sort, search: text } = state.all;
    const before = now;
    now = arrange();
    controls.term.update(term);
    controls.scale.update(scale);
    controls.sort.update(sort);
    controls.search.update(text);
    if (before.shown.join() !== now.shown.join()) rows.top();
    void redraw();
  });
  await redraw();
}
