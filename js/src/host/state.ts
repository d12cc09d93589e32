import type { Model } from "./types.js";

/** What a reader may change of a view. Python holds the same, and `view.code` writes it out. */
export interface State<T extends object> {
  readonly all: T;
  get<K extends keyof T>(key: K): T[K];
  /** Writes the entries that differ; tells Python, and the listeners here. */
  set(patch: Partial<T>): void;
  /** Called after each change, from the page or from Python. */
  changed(listener: () => void): void;
}

export function state<T extends object>({ model, signal }: { model: Model; signal: AbortSignal }): State<T> {
  const listeners: (() => void)[] = [];
  let last = JSON.stringify(model.get("state"));
  const tell = (): void => {
    const now = JSON.stringify(model.get("state"));
    if (now === last) return;
    last = now;
    for (const listener of listeners) listener();
  };
  model.on("change:state", tell);
  signal.addEventListener("abort", () => model.off("change:state", tell), { once: true });
  return {
    get all() {
      return model.get<T>("state");
    },
    get: (key) => model.get<T>("state")[key],
    set(patch) {
      const before = model.get<T>("state");
      const after = { ...before, ...patch };
      if (JSON.stringify(after) === JSON.stringify(before)) return;
      model.set("state", after);
      model.save_changes();
      tell();
    },
    changed: (listener) => void listeners.push(listener),
  };
}
