import type { Column } from "./columns.js";
import type { Selection } from "./selection.js";

export type Listener = (...args: unknown[]) => void;

/** What a widget's front end sees of its model, in a notebook and in an exported page alike. */
export interface Model {
  get<T = unknown>(key: string): T;
  set(key: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
}

export type Row = Record<string, unknown>;

/** A Vega-Lite specification as Python wrote it. */
export type Spec = Record<string, unknown>;

/** Everything a view is given to draw itself. */
export interface Context {
  model: Model;
  /** The view's root, already in place, themed and labelled. */
  el: HTMLElement;
  /** Aborted when the view goes away. */
  signal: AbortSignal;
  selection: Selection;
  columns: Record<string, Column>;
  specs: Record<string, Spec>;
  /** Whether a kernel answers messages. */
  live: boolean;
  /** Draws another view, which Python refers to, inside `place`. */
  mount(reference: string, place: HTMLElement): Promise<void>;
}
