import * as vega from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";
import { type BrushOptions, brush } from "./brush.js";
import { onTheme, PALETTE, theme } from "./theme.js";
import { tooltip } from "./tooltip.js";
import type { Row, Spec } from "./types.js";

export interface EmbedOptions {
  signal: AbortSignal;
  /** The text alternative. */
  description: string;
  /** Canvas for many marks; SVG, the default, lets a screen reader find each mark. */
  renderer?: "svg" | "canvas";
}

export type Box = Record<string, [number, number]>;

/** A drawn specification, fed and listened to. */
export interface Chart {
  readonly node: HTMLElement;
  readonly view: vega.View;
  /** Replaces the rows of a named data set; drawn at the next `run`. */
  data(name: string, rows: Row[]): void;
  /** Sets a parameter; drawn at the next `run`. */
  set(parameter: string, value: unknown): void;
  /** Whether the specification has this parameter. */
  has(parameter: string): boolean;
  run(): Promise<void>;
  /** A click on a mark that has a datum. The end of a drag is not a click. */
  click(listener: (datum: Row, event: MouseEvent) => void): void;
  /** A drag over the plot. The box is in data units by scale name, each pair ascending. */
  brush(listener: (box: Box, add: boolean) => void, options?: BrushOptions): void;
  /** The outer size in pixels, axes included (autosize "fit"). */
  size(width: number, height?: number): void;
}

const loader = {
  load: () => Promise.reject(new Error("A chart loads nothing.")),
  sanitize: () => Promise.reject(new Error("A chart loads nothing.")),
} as unknown as vega.Loader;

let forbidden: boolean | undefined;

function evalForbidden(): boolean {
  try {
    forbidden ??= new Function("return false")() as boolean;
  } catch {
    forbidden = true;
  }
  return forbidden;
}

/**
 * Makes the rows of a data set these, and returns them as the view holds them. Rows that stay are
 * changed in place: a view never forgets the numbers of rows that it replaced.
 */
function exchange(view: vega.View, name: string, before: Row[], rows: readonly Row[]): Row[] {
  const change = vega.changeset();
  const kept = Math.min(before.length, rows.length);
  for (let i = 0; i < kept; i++) {
    const held = before[i] as Row;
    const row = rows[i] as Row;
    for (const field in row) if (held[field] !== row[field]) change.modify(held, field, row[field]);
    for (const field in held) if (!(field in row)) change.modify(held, field, undefined);
  }
  const added = rows.slice(kept).map((row) => ({ ...row }));
  view.change(name, change.remove(before.slice(kept)).insert(added));
  return [...before.slice(0, kept), ...added];
}

export async function embed(el: HTMLElement, spec: Spec, options: EmbedOptions): Promise<Chart> {
  const { signal, description, renderer = "svg" } = options;
  const compiled = compile(spec as unknown as TopLevelSpec).spec;
  const ast = evalForbidden();
  const runtime = vega.parse({ ...compiled, description }, {}, { ast });
  const view = new vega.View(runtime, {
    renderer,
    loader,
    logLevel: vega.Warn,
    ...(ast ? { expr: expressionInterpreter } : {}),
  });
  signal.addEventListener("abort", () => view.finalize(), { once: true });

  const root = el.closest<HTMLElement>(".hw-view") ?? el;
  const tip = tooltip(root);
  view.tooltip((_handler, event, _item, value) => {
    if (value === null || value === undefined || value === "") tip.hide();
    else tip.show(value, event as MouseEvent);
  });
  el.addEventListener("pointerleave", () => tip.hide(), { signal });

  const parameters = new Set(compiled.signals?.map((one) => one.name));
  const has = (parameter: string): boolean => parameters.has(parameter);
  const paint = (): void => {
    for (const [name, value] of Object.entries(PALETTE[theme(el)])) if (has(name)) view.signal(name, value);
  };
  paint();
  onTheme(
    el,
    () => {
      paint();
      void view.runAsync();
    },
    signal,
  );
  await view.initialize(el).runAsync();
  let last: (number | undefined)[] = [];
  const held = new Map<string, Row[]>();
  const waiting = new Map<string, Row[]>();
  let drawing: Promise<void> | undefined;
  let again = false;

  const draw = async (): Promise<void> => {
    while (again && !signal.aborted) {
      again = false;
      for (const [name, rows] of waiting) held.set(name, exchange(view, name, held.get(name) ?? [], rows));
      waiting.clear();
      await view.runAsync();
    }
  };

  return {
    node: el,
    view,
    has,
    data(name, rows) {
      tip.hide();
      waiting.set(name, rows);
    },
    set(parameter, value) {
      view.signal(parameter, value);
    },
    run() {
      again = true;
      drawing ??= draw().finally(() => {
        drawing = undefined;
      });
      return drawing;
    },
    click(listener) {
      let down = [0, 0];
      el.addEventListener("pointerdown", (event) => (down = [event.clientX, event.clientY]), {
        signal,
        capture: true,
      });
      view.addEventListener("click", (event, item) => {
        const { clientX, clientY } = event as MouseEvent;
        const [x = 0, y = 0] = down;
        if (!item?.datum || Math.hypot(clientX - x, clientY - y) > 4) return;
        listener(item.datum as Row, event as MouseEvent);
      });
    },
    brush(listener, brushOptions = {}) {
      brush(el, view, listener, signal, brushOptions);
    },
    size(width, height) {
      if (width === last[0] && height === last[1]) return;
      last = [width, height];
      view.width(width);
      if (height !== undefined) view.height(height);
    },
  };
}
