import { type Chart, embed } from "../host/chart.js";
import { element } from "../host/dom.js";
import { makeRows } from "../host/rows.js";
import { short, widest } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { known, type Picture, type Scene } from "./shrinkage-scene.js";

const BINS = 160;

export interface Groups extends Picture {
  /** Back to the first row. */
  top(): void;
  /** Brings the nearest picked row in sight. */
  reveal(): void;
  /** How many picked groups are out of sight, and the sentence of the keyboard's row. */
  hidden(): number;
}

/** A row for each group, of which those in sight are drawn. */
export function groupsPicture(context: Context, pick: (groups: string[], add: boolean) => void): Groups {
  const { signal, specs, model } = context;
  const node = element("div", { className: "hw-shrinkage-groups" });
  const spoken = element("div", { className: "hw-hidden" });
  spoken.setAttribute("aria-live", "polite");
  const rows = makeRows({
    signal,
    label: "Groups",
    draw: () => void draw(),
    press: (row, add) => pick([label(row)], add),
  });
  node.append(rows.node, spoken);

  let scene: Scene | undefined;
  let started: Promise<void> | undefined;
  let chart: Chart | undefined;
  let overview: Chart | undefined;
  let axis = 56;

  const label = (position: number): string => {
    const i = scene?.shown[position];
    return (i === undefined ? undefined : scene?.x.term.labels[i]) ?? "";
  };
  const pickedRows = (): number[] =>
    scene?.shown.flatMap((i, row) => (scene?.picked.has(scene.x.term.labels[i] ?? "") ? [row] : [])) ?? [];
  const away = (): number[] => {
    const { from, to } = rows.sight();
    return pickedRows().filter((row) => row < from || row >= to);
  };

  function row(now: Scene, position: number): Row {
    const i = now.shown[position] ?? 0;
    const { term, now: at, weight, population, complete } = now.x;
    return {
      row: position,
      group: term.labels[i],
      n: term.n[i],
      no_pooling: known(term.own[i]),
      no_pooling_se: known(term.ownSe[i]),
      partial_pooling: known(term.partial[i]),
      partial_pooling_sd: known(term.partialSd[i]),
      now: known(at[i]),
      weight: known(weight[i]),
      complete_pooling: known(complete),
      population,
      reason: term.reason(i),
    };
  }

  async function start(): Promise<void> {
    const spec = specs.groups;
    if (!spec) throw new Error("The shrinkage view lacks its chart.");
    const { description } = model.get<{ description: string }>("about");
    chart = await embed(rows.plot, spec, { signal, description });
    chart.click((datum, event) => {
      if (typeof datum.group === "string")
        pick([datum.group], event.shiftKey || event.ctrlKey || event.metaKey);
    });
    chart.brush(
      ({ y }, add) => {
        if (!y) return;
        const places = Array.from({ length: Math.round(y[1]) + 1 }, (_, i) => i).slice(
          Math.max(0, Math.round(y[0])),
        );
        const found = places.filter((place) => place < (scene?.shown.length ?? 0)).map(label);
        if (found.length > 0) pick(found, add);
      },
      { x: null },
    );
  }

  async function draw(): Promise<void> {
    if (!chart || !scene || signal.aborted || rows.width === 0) return;
    const { from, to, low, high } = rows.sight();
    const { term, population, complete, ends } = scene.x;
    const drawn = Array.from({ length: Math.max(to - from, 0) }, (_, i) => row(scene as Scene, from + i));
    chart.data("rows", drawn);
    const [least, most] = ends;
    const settings = {
      low,
      high,
      least,
      most,
      population,
      complete: known(complete),
      step: rows.step,
      largest: scene.largest,
      sliding: scene.sliding,
      extent: widest(term.labels, Math.min(170, 0.3 * rows.width)) + 14,
      picked: [...scene.picked],
    };
    for (const [name, value] of Object.entries(settings)) chart.set(name, value);
    chart.size(rows.width, rows.height);
    say();
    node.dispatchEvent(new CustomEvent("hw-scrolled"));
    await chart.run();
    const measured = rows.height - chart.view.height();
    if (Math.abs(measured - axis) > 0.5 && measured < 110) {
      axis = measured;
      frame(scene);
      await draw();
    }
  }

  function say(): void {
    if (!scene || rows.cursor < 0) return;
    const { group, no_pooling, now } = row(scene, rows.cursor);
    const own = no_pooling === null ? "none" : short(no_pooling as number);
    spoken.textContent = `group ${group}: no pooling ${own}, partial pooling ${short(now as number)}`;
  }

  async function drawOverview(now: Scene): Promise<void> {
    if (!rows.scrolls) return;
    const spec = specs.overview;
    if (!spec) throw new Error("The shrinkage view lacks its overview.");
    overview ??= await embed(rows.beside, spec, { signal, description: "All groups", renderer: "canvas" });
    const [least, most] = now.x.ends;
    overview.data("stretches", stretches(now));
    overview.data(
      "picks",
      pickedRows().map((place) => ({ row: place })),
    );
    const settings = { least, most, count: now.shown.length, sliding: now.sliding };
    for (const [name, value] of Object.entries(settings)) overview.set(name, value);
    overview.size(rows.beside.clientWidth, rows.beside.clientHeight);
    await overview.run();
  }

  function frame({ x, shown }: Scene): void {
    rows.node.style.minHeight = "";
    rows.show(x.term.labels.length, axis);
    rows.node.style.minHeight = `${rows.height}px`;
    rows.show(shown.length, axis);
  }

  return {
    node,
    top: () => rows.top(),
    hidden: () => away().length,
    reveal() {
      const { from, to } = rows.sight();
      const middle = (from + to) / 2;
      const [nearest] = away().sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
      if (nearest !== undefined) rows.reveal(nearest);
    },
    async show(next) {
      scene = next;
      frame(next);
      started ??= start();
      await started;
      await draw();
      if (scene) await drawOverview(scene);
    },
  };
}

/** The means of equal stretches of rows; missing estimates are left out. */
function stretches({ x, shown }: Scene): Row[] {
  const count = Math.min(BINS, shown.length);
  return Array.from({ length: count }, (_, b) => {
    const from = Math.floor((b * shown.length) / count);
    const to = Math.floor(((b + 1) * shown.length) / count);
    const part = shown.slice(from, to);
    const mean = (values: ArrayLike<number>): number | null => {
      const finite = part.map((i) => values[i] ?? Number.NaN).filter(Number.isFinite);
      return finite.length > 0 ? finite.reduce((sum, v) => sum + v, 0) / finite.length : null;
    };
    return { row: (from + to - 1) / 2, no_pooling: mean(x.term.own), now: mean(x.now) };
  });
}
