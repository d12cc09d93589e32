import { button, choice, menu, search } from "../controls/index.js";
import { eachFrame, element, laidOut } from "../host/dom.js";
import { brief } from "../host/listing.js";
import { state as makeState } from "../host/state.js";
import { plural } from "../host/text.js";
import type { Context } from "../host/types.js";
import css from "./groups.css";
import { groupsCaption } from "./groups-caption.js";
import { type Block, GroupsData, type Scale, type Sort } from "./groups-data.js";
import { grid } from "./groups-grid.js";
import { panel } from "./groups-panel.js";

interface GroupsState {
  factor: string;
  x: string;
  sort: Sort;
  group: string | null;
  scale: Scale;
  show: "all" | "picked";
  search: string;
  page: number;
}

const SORTS = [
  { value: "fit", label: "worst fit" },
  { value: "shrinkage", label: "most shrunken" },
  { value: "name", label: "name" },
  { value: "size", label: "size" },
];
const SHOWN = ["all", "picked"].map((value) => ({ value, label: value }));

export async function groups(context: Context): Promise<void> {
  const { el, signal, selection, live } = context;
  const data = new GroupsData(context);
  const state = makeState<GroupsState>(context);
  const along = (factor: string) => data.blocks(factor).map(({ x, label }) => ({ value: `=${x}`, label }));

  const controls = {
    factor: menu({
      label: "Groups",
      options: data.factors.map((factor) => ({ value: factor, label: factor })),
      value: state.get("factor"),
      change: (factor) => {
        const blocks = data.blocks(factor);
        const x = blocks.some((block) => block.x === state.get("x")) ? state.get("x") : (blocks[0]?.x ?? "");
        state.set({ factor, x, group: null, page: 1 });
      },
    }),
    x: menu({
      label: "Along",
      options: along(state.get("factor")),
      value: `=${state.get("x")}`,
      change: (x) => state.set({ x: x.slice(1) }),
    }),
    sort: menu({
      label: "Sort by",
      options: SORTS,
      value: state.get("sort"),
      change: (sort) => state.set({ sort: sort as Sort, page: 1 }),
    }),
    scale: choice({
      label: "Scale",
      options: data.about.scales.map((value) => ({ value, label: value })),
      value: state.get("scale"),
      change: (scale) => state.set({ scale: scale as Scale }),
    }),
    show: choice({
      label: "Groups shown",
      options: SHOWN,
      value: state.get("show"),
      change: (show) => state.set({ show: show as GroupsState["show"], page: 1 }),
    }),
    search: search({
      label: "Search groups",
      value: state.get("search"),
      change: (text) => state.set({ search: text, page: 1 }),
    }),
  };
  const count = element("span", { className: "hw-note" });
  count.setAttribute("role", "status");
  const enlarge = button({ label: "Enlarge", press: () => large(pickedHere()[0]) });
  const reveal = button({ label: "", press: () => state.set({ show: "picked", search: "", page: 1 }) });
  const bar = element("div", { className: "hw-bar" });
  if (data.factors.length > 1) bar.append(controls.factor.node);
  bar.append(controls.x.node);
  if (data.about.scales.length > 1) bar.append(controls.scale.node);
  bar.append(controls.sort.node, controls.show.node, controls.search.node, count);
  bar.append(enlarge.node, reveal.node);

  const pages = {
    before: button({ label: "‹ Previous", press: () => step(-1) }),
    said: element("span", { className: "hw-note" }),
    after: button({ label: "Next ›", press: () => step(1) }),
    back: button({ label: "All groups", press: () => state.set({ group: null }) }),
  };
  const turning = element("div", { className: "hw-bar hw-groups-pages" });
  turning.append(pages.before.node, pages.said, pages.after.node, pages.back.node);

  const caption = groupsCaption();
  const small = grid(context, {
    pick: (group, add) => selection.pick(state.get("factor"), [group], add),
    enlarge: (group) => large(group),
  });
  const one = panel(context);
  const failure = element("div", { className: "hw-error", hidden: true });
  failure.setAttribute("role", "alert");
  el.append(
    element("style", { textContent: css }),
    bar,
    failure,
    small.node,
    one.node,
    turning,
    caption.node,
  );

  const block = (): Block => data.block(state.get("factor"), state.get("x"));
  const labels = (): string[] => data.labels(state.get("factor"));
  const pickedHere = (): string[] => selection.picked(state.get("factor"));

  function listed(): number[] {
    const { sort, search: text, show } = state.all;
    const found = data.listed(block(), sort, text);
    const picked = new Set(pickedHere());
    if (show === "all" || picked.size === 0) return found;
    return found.filter((group) => picked.has(labels()[group] ?? ""));
  }

  const last = (all: number[]): number => Math.max(1, Math.ceil(all.length / data.about.page));
  const now = (all: number[]): number => Math.min(state.get("page"), last(all));

  function large(group: string | undefined): void {
    if (group !== undefined) state.set({ group });
  }

  function step(by: number): void {
    const all = listed();
    const { group } = state.all;
    if (group === null) {
      state.set({ page: Math.min(Math.max(now(all) + by, 1), last(all)) });
      return;
    }
    const next = all[place(all, group) + by];
    if (next !== undefined) large(labels()[next]);
  }

  function place(all: number[], group: string): number {
    return all.findIndex((j) => labels()[j] === group);
  }

  function inView(all: number[]): number[] {
    const { group } = state.all;
    if (group !== null) return [labels().indexOf(group)];
    const start = (now(all) - 1) * data.about.page;
    return all.slice(start, start + data.about.page);
  }

  function tell(all: number[], shown: number[]): void {
    const { group, factor, scale, show } = state.all;
    const every = labels().length;
    const chosen =
      all.length === every
        ? plural(every, "group")
        : `${all.length.toLocaleString("en")} of ${plural(every, "group")}`;
    const nothing = show === "picked" && pickedHere().length === 0;
    count.textContent = nothing ? `${chosen}: nothing is picked` : chosen;
    const alone = group !== null;
    const at = alone ? place(all, group) : now(all) - 1;
    const of = alone ? all.length : last(all);
    const what = alone ? "Group" : "Page";
    pages.said.textContent =
      at < 0 ? "not among the groups listed" : `${what} ${at + 1} of ${of.toLocaleString("en")}`;
    pages.before.node.toggleAttribute("disabled", at <= 0);
    pages.after.node.toggleAttribute("disabled", at < 0 || at >= of - 1);
    pages.back.node.hidden = !alone;
    turning.hidden = !alone && of < 2;
    const picked = pickedHere();
    const lone = picked.length === 1 && !alone ? (picked[0] ?? "") : undefined;
    enlarge.node.hidden = lone === undefined;
    const title = brief(context, factor)[labels().indexOf(lone ?? "")] ?? "";
    enlarge.update(`Enlarge ${title}`);
    const there = new Set(shown.map((j) => labels()[j]));
    const away = alone ? 0 : picked.filter((label) => !there.has(label)).length;
    reveal.node.hidden = away === 0 || show === "picked";
    reveal.update(`Show ${plural(away, "picked group")} out of sight`);
    const unheld = data.absent(block());
    const notes = [
      unheld > 0
        ? `This page has the lines of ${plural(every - unheld, "group")} of ${every.toLocaleString("en")}; the others need Python.`
        : "",
      block().bounds[scale] ? "" : "The rows of the data have no place on this scale.",
      data.about.note ?? "",
    ];
    caption.update(alone ? "" : `${data.about.y[scale]} against ${block().label}`, notes.join(" ").trim());
  }

  async function draw(): Promise<void> {
    const all = listed();
    const shown = inView(all);
    tell(all, shown);
    const ground = block();
    try {
      if (live) await data.need(ground, shown);
      failure.hidden = true;
    } catch (error) {
      if (signal.aborted) return;
      console.error(error);
      failure.textContent = `The lines did not come from Python. ${error instanceof Error ? error.message : error}`;
      failure.hidden = false;
      return;
    }
    const { group, scale, factor } = state.all;
    if (ground !== block() || shown.join() !== inView(listed()).join()) return;
    small.node.hidden = group !== null;
    one.node.hidden = group === null;
    const [x, y] = [ground.ends, data.ends(ground, scale)];
    const rows = data.rows(ground, scale, shown);
    const { levels } = ground;
    const names = shown.map((j) => labels()[j] ?? "");
    const titles = shown.map((j) => data.shown(factor)[j] ?? "");
    if (group === null) {
      await small.show({ rows, groups: names, titles, picked: pickedHere(), x, y, levels });
      return;
    }
    const [j = 0] = shown;
    await one.show({
      rows,
      title: `${factor} ${titles[0] ?? ""}`,
      x,
      y,
      names: [ground.label, data.about.y[scale]],
      levels,
      n: data.size(factor, j),
      misfit: [data.about.misfit, data.misfit(factor, j)],
      effects: data.effects(factor, j),
      reason: data.reason(factor, j),
    });
  }
  const redraw = eachFrame(() => void draw(), signal);

  selection.changed(redraw, signal);
  state.changed(() => {
    const { factor, x, sort, scale, show, search: text } = state.all;
    controls.factor.update(factor);
    controls.x.offer(along(factor), `=${x}`);
    controls.sort.update(sort);
    controls.scale.update(scale);
    controls.show.update(show);
    controls.search.update(text);
    redraw();
  });
  await laidOut(el, signal);
  await draw();
}
