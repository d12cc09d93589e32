import { type Chart, embed } from "../host/chart.js";
import { adds, element, onWidth } from "../host/dom.js";
import type { Context, Row, Spec } from "../host/types.js";

const LEAST = 150;
const GAP = 12;
/** Milliseconds within which the marks may have been drawn anew under a double click. */
const DOUBLE = 700;
const AXIS = 46;
const MOST_COLUMNS = 6;

export interface GridScene {
  rows: Row[];
  groups: string[];
  titles: string[];
  picked: string[];
  x: [number, number];
  y: [number, number];
  levels: string[];
}

export interface Grid {
  node: HTMLElement;
  show(scene: GridScene): Promise<void>;
}

export interface GridActs {
  pick(group: string, add: boolean): void;
  enlarge(group: string): void;
}

/** Small pictures of the groups of one page, in as many columns as there is room for. */
export function grid(context: Context, acts: GridActs): Grid {
  const { signal, specs, model } = context;
  const node = element("div", { className: "hw-groups-grid", tabIndex: 0 });
  node.setAttribute("role", "group");
  node.setAttribute(
    "aria-label",
    "Groups: arrow keys move, Space picks, Shift and Space adds, Enter enlarges",
  );
  const frame = element("div", { className: "hw-cursor", hidden: true });
  const spoken = element("div", { className: "hw-hidden" });
  spoken.setAttribute("aria-live", "polite");
  let box = element("div", { className: "hw-chart" });
  node.append(box, frame, spoken);

  let scene: GridScene | undefined;
  let chart: Chart | undefined;
  let columns = 0;
  let width = 0;
  let cursor = -1;
  let clicked = { group: "", at: Number.NEGATIVE_INFINITY };
  let gone = new AbortController();
  let drawing: Promise<void> = Promise.resolve();

  const wanted = (): number => {
    const room = Math.max(1, Math.floor((width - AXIS + GAP) / (LEAST + GAP)));
    return Math.max(1, Math.min(MOST_COLUMNS, room, scene?.groups.length ?? 1));
  };

  async function start(count: number): Promise<void> {
    const { grid: spec } = specs;
    if (!spec) throw new Error("The groups view lacks its chart.");
    gone.abort();
    gone = new AbortController();
    const next = element("div", { className: "hw-chart" });
    box.replaceWith(next);
    box = next;
    columns = count;
    const { description } = model.get<{ description: string }>("about");
    const own = AbortSignal.any([signal, gone.signal]);
    chart = await embed(box, { ...(spec as Spec), columns: count }, { signal: own, description });
    chart.click((datum, event) => {
      if (typeof datum.group !== "string") return;
      cursor = scene?.groups.indexOf(datum.group) ?? -1;
      clicked = { group: datum.group, at: event.timeStamp };
      acts.pick(datum.group, adds(event));
    });
    chart.view.addEventListener("dblclick", (event, item) => {
      const under = (item?.datum as Row | undefined)?.group;
      if (typeof under === "string") acts.enlarge(under);
      else if (event.timeStamp - clicked.at < DOUBLE) acts.enlarge(clicked.group);
    });
  }

  async function draw(): Promise<void> {
    if (!scene || signal.aborted || width === 0 || node.hidden) return;
    if (wanted() !== columns) await start(wanted());
    if (!chart) return;
    const { rows, picked, x, y, levels } = scene;
    const across = Math.floor((width - AXIS - GAP * (columns - 1)) / columns);
    const settings = {
      child_width: across,
      child_height: Math.round(Math.min(150, Math.max(96, 0.66 * across))),
      x_least: x[0],
      x_most: x[1],
      y_least: y[0],
      y_most: y[1],
      levels,
      picked,
    };
    chart.data("rows", rows);
    for (const [name, value] of Object.entries(settings)) chart.set(name, value);
    chart.view.resize();
    await chart.run();
    place();
  }

  /** One drawing after the other, the last with what is true then. */
  function redraw(): Promise<void> {
    drawing = drawing.then(draw);
    return drawing;
  }

  function place(): void {
    const group = scene?.titles[cursor];
    const targets = node.querySelectorAll(".targets_marks [aria-label]");
    const label = `group ${group}`;
    const found = Array.from(targets).find((one) => one.getAttribute("aria-label") === label);
    frame.hidden = group === undefined || !found || !node.matches(":focus-visible");
    if (frame.hidden || !found) return;
    const [at, around] = [found.getBoundingClientRect(), node.getBoundingClientRect()];
    Object.assign(frame.style, {
      left: `${at.left - around.left - 3}px`,
      top: `${at.top - around.top - 3}px`,
      right: "auto",
      width: `${at.width + 6}px`,
      height: `${at.height + 6}px`,
    });
    spoken.textContent = label;
  }

  node.addEventListener(
    "keydown",
    (event) => {
      const count = scene?.groups.length ?? 0;
      const steps: Record<string, number> = {
        ArrowRight: 1,
        ArrowLeft: -1,
        ArrowDown: columns,
        ArrowUp: -columns,
        Home: -count,
        End: count,
      };
      const step = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined;
      const group = scene?.groups[cursor];
      if (step !== undefined) {
        cursor = cursor < 0 ? 0 : Math.min(Math.max(cursor + step, 0), count - 1);
        place();
      } else if (event.key === "Enter" && group !== undefined) acts.enlarge(group);
      else if (event.key === " " && group !== undefined) acts.pick(group, adds(event));
      else return;
      event.preventDefault();
    },
    { signal },
  );
  for (const name of ["focus", "blur"]) node.addEventListener(name, place, { signal });
  onWidth(
    node,
    (next) => {
      width = next;
      void redraw();
    },
    signal,
  );
  return {
    node,
    async show(next) {
      if (next.groups.join("\n") !== scene?.groups.join("\n")) cursor = Math.min(cursor, 0);
      scene = next;
      await redraw();
    },
  };
}
