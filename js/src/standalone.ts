import type { Listener, Model } from "./host/types.js";
import type { Rendering } from "./index.js";

interface Page {
  models: Record<string, Record<string, unknown>>;
}

type Runtime = { render(options: Rendering): Promise<void> };

/** A model without a kernel: it keeps what it is given and tells who listens. */
export function pageModel(state: Record<string, unknown>): Model {
  const values = new Map(Object.entries(state));
  const listeners = new Map<string, Set<Listener>>();
  const at = (event: string): Set<Listener> => {
    const found = listeners.get(event) ?? new Set();
    listeners.set(event, found);
    return found;
  };
  return {
    get: <T>(key: string) => values.get(key) as T,
    set(key, value) {
      if (Object.is(values.get(key), value)) return;
      values.set(key, value);
      for (const listener of [...at(`change:${key}`)]) listener();
    },
    save_changes() {},
    on: (event, listener) => void at(event).add(listener),
    off: (event, listener) => void at(event).delete(listener),
    send() {},
  };
}

export function bytes(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64.trim());
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) out[i] = binary.charCodeAt(i);
  return out;
}

/** Turns `{"$base64": ...}` back into the bytes it stands for, at any depth. */
export function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  const { $base64 } = value as { $base64?: unknown };
  if (typeof $base64 === "string") return new DataView(bytes($base64).buffer);
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, revive(entry)]));
}

async function unpack(base64: string): Promise<Runtime> {
  const stream = new Blob([bytes(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = new Blob([await new Response(stream).arrayBuffer()], { type: "text/javascript" });
  const url = URL.createObjectURL(code);
  try {
    return (await import(url)) as Runtime;
  } finally {
    URL.revokeObjectURL(url);
  }
}

const text = (id: string): string => document.getElementById(id)?.textContent ?? "";

async function start(): Promise<void> {
  const page = JSON.parse(text("hierwidgets-models")) as Page;
  const models = new Map<string, Model>();
  for (const [id, state] of Object.entries(page.models)) {
    models.set(id, pageModel(revive(state) as Record<string, unknown>));
  }
  const signal = new AbortController().signal;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    for (const model of models.values()) if (model.get("picked")) model.set("picked", {});
  });
  const runtime = await unpack(text("hierwidgets-bundle"));
  for (const el of document.querySelectorAll<HTMLElement>("[data-model]")) {
    const model = models.get(el.dataset.model ?? "");
    if (!model) throw new Error(`This page has no view ${el.dataset.model}.`);
    const find = async (reference: string): Promise<Model> => {
      const found = models.get(reference);
      if (!found) throw new Error(`This page has no view ${reference}.`);
      return found;
    };
    const selection = models.get(model.get<string>("selection")) ?? null;
    await runtime.render({ model, el, signal, selection, live: false, find });
    await new Promise((resolve) => setTimeout(resolve));
  }
  document.documentElement.dataset.hierwidgets = "ready";
}

if (typeof document !== "undefined" && document.getElementById("hierwidgets-models")) {
  start().catch((error: unknown) => {
    console.error(error);
    const said = document.getElementById("hierwidgets-message");
    if (said)
      said.textContent = `This page cannot be drawn. ${error instanceof Error ? error.message : error}`;
  });
}
