import { type Entry, spread } from "../tables/arrange.js";
import { type Chart, embed } from "./chart.js";
import { adds, element } from "./dom.js";
import type { Listing } from "./listing.js";
import { makeRows } from "./rows.js";
import { plural, short, widest } from "./text.js";
import type { Context, Row } from "./types.js";

/** What a view draws of the groups that are listed. */
export interface GroupMarks {
  listing: Listing;
  /** The fields of a group's row, besides its label and its place. */
  group(i: number): Row;
  /** What the headings sum up. */
  estimate(i: number): number;
  /** What is said of a group under the keyboard's cursor. */
  said(i: number): string;
  /** The parameters of the chart, the ends of its axis among them. */
  settings: { least: number; most: number } & Record<string, unknown>;
  /** The named data and the parameters of the overview; `groups` in order. */
  overview(
    groups: number[],
    place: (row: number) => number,
  ): { data: Record<string, Row[]> } & {
    settings: Record<string, unknown>;
  };
}

export interface GroupRows {
  node: HTMLElement;
  show(marks: GroupMarks): Promise<void>;
  /** Draws again with what is picked now. */
  redraw(): Promise<void>;
  /** Back to the first row. */
  top(): void;
  /** Brings the nearest picked row in sight. */
  reveal(): void;
  /** How many picked groups are not in sight. */
  hidden(): number;
}

export interface GroupRowsOptions {
  /** The name of the chart among the specs. */
  spec: string;
  /** Pixels of the height that are first taken to be the axis, and at most. */
  axis: [number, number];
  /** Puts the groups of a parent out of sight, or back. */
  fold: (parent: string, folded: boolean) => void;
  /** Called when other rows are in sight. */
  moved: () => void;
}

/** A row for each group and each heading, of which those in sight are drawn. */
export function groupRows(context: Context, { spec, axis: guess, fold, moved }: GroupRowsOptions): GroupRows {
  const { signal, specs, model, selection } = context;
  const node = element("div", { className: "hw-group-rows" });
  const spoken = element("div", { className: "hw-hidden" });
  spoken.setAttribute("aria-live", "polite");
  const rows = makeRows({
    signal,
    label: "Groups",
    draw: () => void draw(),
    press: (row, add) => press(entry(row), add),
    fold: (row, folded) => foldEntry(entry(row), folded),
  });
  node.append(rows.node, spoken);

  let marks: GroupMarks | undefined;
  let started: Promise<void> | undefined;
  let chart: Chart | undefined;
  let overview: Chart | undefined;
  let [axis, mostAxis] = guess;
  let room = 0;

  const entry = (row: number): Entry | undefined => marks?.listing.entries[row];
  const entries = (): Entry[] => marks?.listing.entries ?? [];
  const key = (one: Entry): string => marks?.listing.keys[one.group] ?? "";
  const parent = (one: Entry): string => marks?.listing.parents.keys[one.parent] ?? "";
  const picked = (factor = marks?.listing.factor): Set<string> =>
    new Set(factor === undefined ? [] : selection.picked(factor));

  function press(one: Entry | undefined, add: boolean): void {
    const { factor, by } = marks?.listing ?? {};
    if (!one || factor === undefined) return;
    if (one.group >= 0) selection.pick(factor, [key(one)], add);
    else if (by !== undefined) selection.pick(by, [parent(one)], add);
  }

  function foldEntry(one: Entry | undefined, folded?: boolean): void {
    if (!one || marks?.listing.by === undefined) return;
    const closed = marks.listing.folded.has(parent(one));
    const next = folded ?? !closed;
    if (next === closed) return;
    fold(parent(one), next);
  }

  const pickedRows = (): number[] => {
    const groups = picked();
    if (groups.size === 0) return [];
    return entries().flatMap((one, row) => (one.group >= 0 && groups.has(key(one)) ? [row] : []));
  };
  const away = (): number[] => {
    const { from, to } = rows.sight();
    return pickedRows().filter((row) => row < from || row >= to);
  };

  function row(place: number, lit: ReadonlySet<string>): Row {
    const one = entry(place);
    if (!one || !marks) return { row: place };
    const { labels, briefs, parents, folded } = marks.listing;
    if (one.group >= 0) {
      const named = { group: key(one), label: labels[one.group], brief: briefs[one.group] };
      return { row: place, ...named, ...marks.group(one.group) };
    }
    const label = parents.labels[one.parent] ?? "";
    return {
      row: place,
      heading: true,
      parent: label,
      label: `${folded.has(parent(one)) ? "▸" : "▾"} ${label} (${one.members.length})`,
      count: one.members.length,
      lit: lit.has(parent(one)),
      ...spread(one.members.map((i) => marks?.estimate(i) ?? Number.NaN)),
    };
  }

  function say(): void {
    const one = entry(rows.cursor);
    if (!one || !marks) return;
    const { labels, by, parents, folded } = marks.listing;
    if (one.group >= 0) {
      spoken.textContent = `group ${labels[one.group]}: ${marks.said(one.group)}`;
      return;
    }
    const { centre, least, most } = spread(one.members.map((i) => marks?.estimate(i) ?? Number.NaN));
    const how = folded.has(parent(one)) ? "folded" : "unfolded";
    spoken.textContent = `${by} ${parents.labels[one.parent]}, ${plural(one.members.length, "group")}, ${how}: mean ${short(centre)}, from ${short(least)} to ${short(most)}`;
  }

  async function start(): Promise<void> {
    const rowsSpec = specs[spec];
    if (!rowsSpec) throw new Error(`The view lacks its chart ${spec}.`);
    const { description } = model.get<{ description: string }>("about");
    const made = await embed(rows.plot, rowsSpec, { signal, description });
    made.click((datum, event) => {
      const one = entry(Number(datum.row));
      const add = adds(event);
      const beside = event.clientX - rows.plot.getBoundingClientRect().left < room;
      if (one && one.group < 0 && beside && !add) foldEntry(one);
      else press(one, add);
    });
    made.brush(
      ({ y }, add) => {
        if (!y || !marks) return;
        const held = entries().slice(Math.max(0, Math.round(y[0])), Math.round(y[1]) + 1);
        const groups = held.filter(({ group }) => group >= 0).map(key);
        if (groups.length > 0) selection.pick(marks.listing.factor, groups, add);
      },
      { x: null },
    );
    chart = made;
  }

  async function draw(): Promise<void> {
    if (!chart || !marks || signal.aborted || rows.width === 0) return;
    const { listing, settings } = marks;
    const { from, to, low, high } = rows.sight();
    const lit = picked(listing.by);
    chart.data(
      "rows",
      Array.from({ length: Math.max(to - from, 0) }, (_, i) => row(from + i, lit)),
    );
    const names = [...listing.briefs, ...listing.parents.labels.map((label) => `▾  ${label} (000)`)];
    room = widest(names, Math.min(230, 0.4 * rows.width)) + 14;
    const given = { ...settings, low, high, step: rows.step, extent: room, picked: [...picked()] };
    for (const [name, value] of Object.entries(given)) chart.set(name, value);
    chart.size(rows.width, rows.height);
    say();
    moved();
    await chart.run();
  }

  /** The rows' step is exact only when the height of the axis is known, which Vega settles as it draws. */
  async function fitAxis(): Promise<void> {
    const measured = chart ? rows.height - chart.view.height() : axis;
    if (Math.abs(measured - axis) < 0.5 || measured > mostAxis) return;
    axis = measured;
    frame();
    await draw();
  }

  function frame(): void {
    if (!marks) return;
    const { keys, parents } = marks.listing;
    rows.folds(marks.listing.by !== undefined);
    rows.node.style.minHeight = "";
    rows.show(keys.length + parents.keys.length, axis);
    rows.node.style.minHeight = `${rows.height}px`;
    rows.show(entries().length, axis);
  }

  async function drawOverview(): Promise<void> {
    if (!rows.scrolls || !marks) return;
    const overviewSpec = specs.overview;
    if (!overviewSpec) throw new Error("The view lacks its overview.");
    overview ??= await embed(rows.beside, overviewSpec, {
      signal,
      description: "All groups",
      renderer: "canvas",
    });
    const places = entries().flatMap(({ group }, place) => (group >= 0 ? [place] : []));
    const groups = entries().flatMap(({ group }) => (group >= 0 ? [group] : []));
    const { data, settings } = marks.overview(groups, (at) => places[Math.floor(at)] ?? 0);
    for (const [name, values] of Object.entries(data)) overview.data(name, values);
    overview.data(
      "picks",
      pickedRows().map((place) => ({ row: place })),
    );
    const given = { ...settings, count: entries().length };
    for (const [name, value] of Object.entries(given)) overview.set(name, value);
    overview.size(rows.beside.clientWidth, rows.beside.clientHeight);
    await overview.run();
  }

  async function redraw(): Promise<void> {
    frame();
    started ??= start();
    await started;
    await draw();
    await fitAxis();
    await drawOverview();
  }

  return {
    node,
    redraw,
    top: () => rows.top(),
    hidden: () => picked().size - pickedRows().length + away().length,
    reveal() {
      const { from, to } = rows.sight();
      const middle = (from + to) / 2;
      const [nearest] = away().sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
      if (nearest !== undefined) rows.reveal(nearest);
    },
    async show(next) {
      marks = next;
      await redraw();
    },
  };
}
