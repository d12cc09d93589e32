import { button, type Control, menu } from "../controls/index.js";
import { element, say } from "../host/dom.js";
import type { Spec } from "../host/types.js";
import { complaint } from "../weights/densities.js";
import type { Curve, Density, Setting } from "../weights/types.js";
import { type Argument, argumentControl } from "./priors-argument.js";
import { type CurvePicture, curvePicture } from "./priors-curve.js";
import { type Prior, same } from "./priors-data.js";
import { type DensityPicture, densityPicture } from "./priors-density.js";
import { familiesOf, leading, movedTo, moving, rangeOf, startOf } from "./priors-ranges.js";
import { said } from "./priors-words.js";

export interface RowOptions {
  prior: Prior;
  setting: Setting;
  /** The names of the quantities that the row can draw. */
  drawn: string[];
  mean: number;
  sd: number;
  specs: Record<string, Spec>;
  signal: AbortSignal;
  /** The reader has moved the prior; not settled while the pointer is down. */
  change: (setting: Setting, settled: boolean) => void;
  /** The reader wants another element drawn. */
  turned: () => void;
}

export interface PriorRow {
  node: HTMLElement;
  readonly parameter: string;
  /** Which of the row's quantities is drawn. */
  readonly element: number;
  /** The picture of the density, once it is drawn. */
  readonly density: DensityPicture | undefined;
  draw(): Promise<void>;
  update(setting: Setting): void;
  arguments(): { name: string; values: Argument["range"] }[];
  curve(argument: string, curve: Curve): void;
  stale(but: string | null): void;
  /** The axis has changed: the prior over all of it. */
  redraw(): void;
  size(): void;
  withhold(held: boolean): void;
  posterior(before: Density, after: Density, held: boolean): void;
}

/** One top-level prior: its family, a slider for each number, its density and its curves. */
export function priorRow(options: RowOptions): PriorRow {
  const { prior, drawn, mean, sd, specs, signal, change, turned } = options;
  const { parameter, fixed } = prior;
  let { setting } = options;
  let family = "";
  let base: Setting = prior;
  let shown = 0;
  let attached = false;
  let drawnBefore: Density | undefined;
  let density: DensityPicture | undefined;
  const controls = new Map<string, Argument>();
  const curves = new Map<string, CurvePicture>();
  const kept = new Map<string, Curve>();
  let until = new AbortController();

  const node = element("section", { className: "hw-priors-row" });
  node.setAttribute("aria-label", `Prior of ${parameter}`);
  node.dataset.parameter = parameter;
  const head = element("div", { className: "hw-priors-head" });
  const title = element("strong", { textContent: parameter, title: parameter });
  const now = element("code", { className: "hw-priors-said" });
  const families: Control<string> | undefined = fixed
    ? undefined
    : menu({
        label: `Family of ${parameter}`,
        options: familiesOf(prior.kind).map((value) => ({ value, label: value })),
        value: setting.family,
        change: (next) => accept(startOf(next, prior, setting, mean, sd), true),
      });
  const home = button({
    label: "Reset",
    press: () => accept({ family: prior.family, args: prior.args }, true),
  });
  home.node.setAttribute("aria-label", `Reset ${parameter}`);
  head.append(title);
  if (families && prior.kind !== "correlation") head.append(families.node);
  if (!fixed) head.append(home.node);
  const picture = element("div", { className: "hw-priors-density" });
  const plot = element("div", { className: "hw-chart" });
  const mark = element("span", { className: "hw-priors-held", textContent: "withheld", hidden: true });
  picture.append(plot, mark);
  const body = element("div", { className: "hw-priors-arguments" });
  const error = element("p", { className: "hw-priors-error" });
  error.setAttribute("role", "alert");
  const line = element("div", { className: "hw-priors-line" });
  line.append(error, now);
  node.append(head, line, picture);
  if (drawn.length > 1) {
    const which = menu({
      label: "Element",
      options: drawn.map((label, i) => ({ value: String(i), label })),
      value: "0",
      change: (value) => {
        shown = Number(value);
        density?.priors(prior, setting, elementOf());
        turned();
      },
    });
    head.append(which.node);
  }
  if (fixed) node.append(element("p", { className: "hw-note", textContent: `Fixed: ${fixed}.` }));
  else node.append(body);

  const elementOf = (): number => (prior.kind === "correlation" ? 0 : shown);

  function accept(next: Setting, settled: boolean, argument?: string): void {
    const wrong = complaint(next.family, next.args);
    if (wrong) {
      refuse(wrong, argument);
      return;
    }
    say(error, "");
    change(next, settled);
  }

  function refuse(sentence: string, argument?: string): void {
    say(error, sentence);
    for (const [name, control] of controls) control.refused(name === argument);
  }

  function build(): void {
    until.abort();
    until = new AbortController();
    controls.clear();
    curves.clear();
    kept.clear();
    family = setting.family;
    base = family === prior.family ? prior : setting;
    body.replaceChildren();
    for (const argument of fixed ? [] : moving(family)) {
      const given = setting.args[argument];
      const control = argumentControl({
        parameter,
        argument,
        value: leading(given),
        range: rangeOf(prior, base, setting, argument, sd),
        many: Array.isArray(given),
        change: (value, settled) => accept(movedTo(setting, argument, value), settled, argument),
        wrong: (text) => refuse(`${argument} must be a number, not “${text}”.`, argument),
      });
      controls.set(argument, control);
      body.append(control.node);
      if (attached) void picturize(argument, control);
    }
    if (!fixed && moving(family).length === 0)
      body.append(element("p", { className: "hw-note", textContent: `${family} has no number to move.` }));
  }

  async function picturize(argument: string, control: Argument): Promise<void> {
    const own = AbortSignal.any([signal, until.signal]);
    control.plot.replaceChildren();
    const made = await curvePicture({
      el: control.plot,
      specs,
      range: control.range,
      label: `The quantity and the evidence over ${argument} of ${parameter}`,
      signal: own,
      press: (value) => accept(movedTo(setting, argument, value), true),
    });
    if (own.aborted) return;
    curves.set(argument, made);
    made.size();
    made.mark(leading(setting.args[argument]));
    const known = kept.get(argument);
    if (known) made.show(known);
  }

  function show(): void {
    const text = same(setting, prior) ? said(setting) : `${said(setting)}, fitted ${said(prior)}`;
    say(now, text);
    now.title = text;
    home.node.style.visibility = same(setting, prior) ? "hidden" : "visible";
    node.dataset.changed = String(!same(setting, prior));
    families?.update(setting.family);
    density?.priors(prior, setting, elementOf());
  }
  build();
  show();

  return {
    node,
    parameter,
    get element() {
      return shown;
    },
    get density() {
      return density;
    },
    async draw() {
      attached = true;
      for (const [argument, control] of controls) await picturize(argument, control);
      if (drawn.length === 0) return;
      density = await densityPicture(plot, specs, `Prior and posterior of ${parameter}`, signal);
      density.size();
    },
    update(next) {
      setting = next;
      say(error, "");
      if (next.family !== family) build();
      else
        for (const [argument, control] of controls) {
          const value = leading(next.args[argument]);
          const range = rangeOf(prior, base, next, argument, sd);
          const wider = range.min !== control.range.min || range.max !== control.range.max;
          control.update(value, range);
          if (wider) {
            kept.delete(argument);
            void picturize(argument, control);
          } else curves.get(argument)?.mark(value);
        }
      show();
    },
    arguments: () => [...controls].map(([name, control]) => ({ name, values: control.range })),
    curve(argument, curve) {
      kept.set(argument, curve);
      curves.get(argument)?.show(curve);
    },
    stale(but) {
      for (const [argument, control] of controls)
        if (argument !== but && control.plot.dataset.stale !== "true") control.plot.dataset.stale = "true";
    },
    redraw() {
      density?.priors(prior, setting, elementOf());
    },
    size() {
      density?.size();
      density?.run();
      for (const curve of curves.values()) curve.size();
    },
    withhold(held) {
      mark.hidden = !held;
      picture.dataset.held = String(held);
    },
    posterior(before, after, held) {
      if (before !== drawnBefore) density?.before(before);
      drawnBefore = before;
      density?.after(after, held);
      density?.run();
    },
  };
}
