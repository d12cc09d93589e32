import type { Listener, Model } from "../src/host/types";

/**
 * A model that forgives less than a real one: it knows only the keys it was made with, gives out
 * frozen values, refuses to forget a listener it never had, and says whether all was saved.
 */
export interface StrictModel extends Model {
  readonly saved: boolean;
  readonly listening: number;
  readonly sent: unknown[];
  /** A change that comes from Python. */
  receive(key: string, value: unknown): void;
  /** A message that comes from Python. */
  message(content: unknown, buffers?: DataView[]): void;
}

function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const entry of Object.values(value)) frozen(entry);
  return Object.freeze(value);
}

export function strictModel(values: Record<string, unknown>): StrictModel {
  const held = new Map(Object.entries(structuredClone(values)));
  const listeners = new Map<string, Set<Listener>>();
  const sent: unknown[] = [];
  let dirty = false;
  const known = (key: string): void => {
    if (!held.has(key)) throw new Error(`no trait ${key}`);
  };
  const emit = (event: string, ...args: unknown[]): void => {
    for (const listener of [...(listeners.get(event) ?? [])]) listener(...args);
  };
  const put = (key: string, value: unknown): void => {
    known(key);
    const before = JSON.stringify(held.get(key));
    held.set(key, structuredClone(value));
    if (JSON.stringify(value) !== before) emit(`change:${key}`);
  };
  return {
    get saved() {
      return !dirty;
    },
    get listening() {
      return [...listeners.values()].reduce((count, set) => count + set.size, 0);
    },
    sent,
    get<T>(key: string): T {
      known(key);
      return frozen(held.get(key)) as T;
    },
    set(key, value) {
      dirty = true;
      put(key, value);
    },
    save_changes() {
      dirty = false;
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set();
      if (set.has(listener)) throw new Error(`listens to ${event} twice`);
      listeners.set(event, set.add(listener));
    },
    off(event, listener) {
      if (!listeners.get(event)?.delete(listener)) throw new Error(`never listened to ${event}`);
    },
    send: (content) => void sent.push(structuredClone(content)),
    receive: put,
    message: (content, buffers = []) => emit("msg:custom", content, buffers),
  };
}
