import type { Model } from "./types.js";

/** The groups picked in any view of a fit, apart for each grouping factor. */
export interface Selection {
  /** The groups to light up: those picked, and those that lie within a picked group. */
  picked(factor: string): string[];
  /** Picks the groups alone, or with `add` besides those already picked; adding one that is picked drops it. */
  pick(factor: string, groups: string[], add?: boolean): void;
  clear(): void;
  changed(listener: () => void, signal: AbortSignal): void;
}

type Picked = Record<string, string[]>;

/** For each nested factor, the group of another factor that each of its groups lies in. */
type Nested = Record<string, Record<string, Record<string, string>>>;

const own = <T>(record: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

export function selection(model: Model): Selection {
  const read = (): Picked => model.get<Picked>("picked") ?? {};
  const write = (picked: Picked): void => {
    model.set("picked", picked);
    model.save_changes();
  };
  const picked = (factor: string): string[] => [...(own(read(), factor) ?? [])];
  const within = (factor: string): string[] =>
    Object.entries(own(model.get<Nested>("nested") ?? {}, factor) ?? {}).flatMap(([outer, homes]) => {
      const held = new Set(picked(outer));
      return held.size === 0 ? [] : Object.keys(homes).filter((group) => held.has(homes[group] ?? ""));
    });
  return {
    picked: (factor) => [...new Set([...picked(factor), ...within(factor)])],
    pick(factor, groups, add = false) {
      const entries = Object.entries(read()).filter(([name]) => name !== factor);
      const next = combine(picked(factor), groups, add);
      if (next.length > 0) entries.push([factor, next]);
      write(Object.fromEntries(entries));
    },
    clear() {
      if (Object.keys(read()).length > 0) write({});
    },
    changed(listener, signal) {
      if (signal.aborted) return;
      model.on("change:picked", listener);
      signal.addEventListener("abort", () => model.off("change:picked", listener), { once: true });
    },
  };
}

export function combine(before: string[], groups: string[], add: boolean): string[] {
  const [only] = groups;
  if (!add) return [...new Set(groups)];
  if (groups.length === 1 && only !== undefined && before.includes(only)) {
    return before.filter((group) => group !== only);
  }
  return [...new Set([...before, ...groups])];
}

/** The selection of a view that has none of its own: kept in this page only. */
export function loneModel(): Model {
  let picked: unknown = {};
  const listeners = new Set<() => void>();
  return {
    get: <T>(key: string) => (key === "picked" ? picked : undefined) as T,
    set(key, value) {
      if (key !== "picked") return;
      picked = value;
      for (const listener of [...listeners]) listener();
    },
    save_changes() {},
    on: (_event, listener) => void listeners.add(listener),
    off: (_event, listener) => void listeners.delete(listener),
    send() {},
  };
}
