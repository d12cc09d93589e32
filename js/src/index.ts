import { decodeAll, type Raw } from "./host/columns.js";
import { unpackJson } from "./host/packed.js";
import { type About, addFoot, makeRoot, showError } from "./host/root.js";
import { loneModel, selection } from "./host/selection.js";
import type { Context, Model, Spec } from "./host/types.js";
import { caterpillar } from "./views/caterpillar.js";
import { compare } from "./views/compare.js";
import { convergence } from "./views/convergence.js";
import { dashboard } from "./views/dashboard.js";
import { groups } from "./views/groups.js";
import { watched } from "./views/live.js";
import { loo } from "./views/loo.js";
import { ppc } from "./views/ppc.js";
import { priors } from "./views/priors.js";
import { sensitivity } from "./views/sensitivity.js";
import { shrinkage } from "./views/shrinkage.js";
import { trace } from "./views/trace.js";
import { variance } from "./views/variance.js";

const VIEWS: Record<string, (context: Context) => Promise<void>> = {
  trace,
  caterpillar,
  shrinkage,
  groups,
  variance,
  priors,
  sensitivity,
  convergence,
  dashboard,
  live: watched,
  loo,
  ppc,
  compare,
};

export interface Rendering {
  model: Model;
  el: HTMLElement;
  signal: AbortSignal;
  /** The model of the fit's selection. */
  selection: Model | null;
  /** Whether a kernel answers; false in an exported page. */
  live?: boolean;
  /** The model a reference names, for views within views. */
  find?: (reference: string) => Promise<Model>;
}

export async function render(options: Rendering): Promise<void> {
  const { model, el, signal, live = true } = options;
  const kind = model.get<string>("kind");
  const about = model.get<About>("about");
  const root = makeRoot(el, kind, about, signal);
  try {
    const view = Object.hasOwn(VIEWS, kind) ? VIEWS[kind] : undefined;
    if (!view) throw new Error(`There is no view called ${kind}.`);
    const picks = selection(options.selection ?? loneModel());
    const specs = await unpackJson<Record<string, Spec>>(model.get("specs"));
    if (signal.aborted) return;
    root.addEventListener("keydown", (event) => event.key === "Escape" && picks.clear(), { signal });
    await view({
      model,
      el: root,
      signal,
      live,
      selection: picks,
      columns: decodeAll(model.get<Record<string, Raw>>("columns")),
      specs,
      mount: (reference, place) => mount(options, reference, place),
    });
    addFoot(root, about);
    root.dataset.ready = "true";
  } catch (error) {
    if (!signal.aborted) showError(root, error);
  }
}

/** Draws the view that a reference names inside `el`, with the selection of the view around it. */
async function mount(around: Rendering, reference: string, el: HTMLElement): Promise<void> {
  if (!around.find) throw new Error("A view within a view cannot be found here.");
  const model = await around.find(reference);
  if (!around.signal.aborted) await render({ ...around, model, el });
}
