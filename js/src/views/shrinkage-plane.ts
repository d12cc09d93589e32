import { type Chart, embed } from "../host/chart.js";
import { adds, element, toWidth } from "../host/dom.js";
import type { Context, Row } from "../host/types.js";
import { ellipse } from "../tables/shrinkage.js";
import { known, type Picture, type Scene, widened } from "./shrinkage-scene.js";

const TALL = 460;
const MOST_SVG = 400;

/** The ends of both axes: the groups, and the population's ellipse at the posterior. */
function room({ x, y, pair }: Scene): [[number, number], [number, number]] {
  if (!y || !pair) return [x.ends, y?.ends ?? [0, 1]];
  const around = ellipse([x.term.about.population, y.term.about.population], pair.fitted, pair.fittedRho);
  return [
    widened(
      x.ends,
      around.map((at) => at.x),
    ),
    widened(
      y.ends,
      around.map((at) => at.y),
    ),
  ];
}

/** Two effects of one grouping against each other. */
export function planePicture(context: Context, pick: (groups: string[], add: boolean) => void): Picture {
  const { signal, specs, model } = context;
  const node = element("div", { className: "hw-shrinkage-plane", hidden: true });
  const box = element("div", { className: "hw-chart" });
  const [below, left] = [
    element("div", { className: "hw-plane-x" }),
    element("div", { className: "hw-plane-y" }),
  ];
  node.append(left, box, below);

  let scene: Scene | undefined;
  let chart: Chart | undefined;
  let many: boolean | undefined;
  let gone = new AbortController();

  function rows({ x, y, listing }: Scene): Row[] {
    return listing.found.map((i) => ({
      group: x.term.keys[i],
      label: x.term.labels[i],
      n: x.term.n[i],
      reason: x.term.reason(i) || y?.term.reason(i) || "",
      x_no_pooling: known(x.term.own[i]),
      x_partial_pooling: known(x.term.partial[i]),
      x_now: known(x.now[i]),
      x_weight: known(x.weight[i]),
      y_no_pooling: known(y?.term.own[i]),
      y_partial_pooling: known(y?.term.partial[i]),
      y_now: known(y?.now[i]),
      y_weight: known(y?.weight[i]),
    }));
  }

  function inside({ x, y }: { x?: [number, number]; y?: [number, number] }): string[] {
    const now = scene;
    if (!now?.y || !x || !y) return [];
    return now.listing.found.flatMap((i) => {
      const at = [now.x.now[i] ?? Number.NaN, now.y?.now[i] ?? Number.NaN] as const;
      const held = at[0] >= x[0] && at[0] <= x[1] && at[1] >= y[0] && at[1] <= y[1];
      return held ? [now.x.term.keys[i] ?? ""] : [];
    });
  }

  async function start(renderer: "svg" | "canvas"): Promise<Chart> {
    const spec = specs.plane;
    if (!spec) throw new Error("The shrinkage view lacks its plane.");
    gone.abort();
    gone = new AbortController();
    box.replaceChildren();
    const { description } = model.get<{ description: string }>("about");
    const own = AbortSignal.any([signal, gone.signal]);
    const made = await embed(box, spec, {
      signal: own,
      description: `${description}, two effects`,
      renderer,
    });
    made.click((datum, event) => {
      if (typeof datum.group === "string") pick([datum.group], adds(event));
    });
    made.brush((area, add) => {
      const found = inside(area);
      if (found.length > 0) pick(found, add);
    });
    return made;
  }

  async function draw(width: number): Promise<void> {
    if (!scene?.y || node.hidden) return;
    const wanted = scene.x.term.labels.length > MOST_SVG;
    if (wanted !== many) {
      many = wanted;
      chart = await start(wanted ? "canvas" : "svg");
    }
    if (!chart || !scene?.y) return;
    const { x, y } = scene;
    chart.data("rows", rows(scene));
    chart.data("references", [
      { name: "population mean", x: x.population, y: y.population },
      { name: "complete pooling", x: known(x.complete), y: known(y.complete) },
    ]);
    const [xEnds, yEnds] = room(scene);
    const within = (value: number, [least, most]: [number, number]) => value >= least && value <= most;
    const centre: [number, number] = [x.population, y.population];
    const around = scene.pair ? ellipse(centre, scene.pair.sd, scene.pair.rho) : [];
    chart.data(
      "ellipse",
      around.map((at) =>
        within(at.x, xEnds) && within(at.y, yEnds) ? at : { step: at.step, x: null, y: null },
      ),
    );
    const settings = {
      x_least: xEnds[0],
      x_most: xEnds[1],
      y_least: yEnds[0],
      y_most: yEnds[1],
      largest: scene.largest,
      sliding: scene.sliding,
      picked: [...scene.picked],
    };
    for (const [name, value] of Object.entries(settings)) chart.set(name, value);
    below.textContent = x.term.title;
    left.textContent = y.term.title;
    chart.size(width, Math.min(TALL, Math.max(300, Math.round(width * 0.75))));
    await chart.run();
  }

  const redraw = toWidth(box, draw, signal);
  return {
    node,
    async show(next) {
      scene = next;
      await redraw();
    },
  };
}
