import { ask } from "../host/ask.js";
import { numbers } from "../host/columns.js";
import type { Context } from "../host/types.js";

/** What leaving out whole groups of a factor found: Python's words, and its numbers. */
export interface Whole<Told> {
  told: Told;
  values: Float32Array | Float64Array;
}

export interface WholeGroups<Told> {
  has(factor: string): boolean;
  /** From the page, or from Python, which may take long. */
  of(factor: string): Promise<Whole<Told>>;
}

/** Leaving out whole groups, which Python does when it is first asked for. */
export function wholeGroups<Told>(
  { columns, model, signal, live }: Context,
  known: Record<string, Told>,
  read: (content: Record<string, unknown>) => Told,
  code: string,
): WholeGroups<Told> {
  const found = new Map<string, Whole<Told>>();
  for (const [factor, told] of Object.entries(known))
    found.set(factor, { told, values: numbers(columns, `group/${factor}`) as Float32Array });
  return {
    has: (factor) => found.has(factor),
    async of(factor) {
      const there = found.get(factor);
      if (there) return there;
      if (!live)
        throw new Error(
          `Leaving out whole groups needs Python: this page was saved without it. Open ${code} and save that.`,
        );
      const { content, buffers } = await ask(model, { kind: "groups", factor }, signal, 600_000);
      const bytes = buffers[0];
      if (!bytes) throw new Error("Python sent no groups.");
      const end = bytes.byteOffset + bytes.byteLength;
      const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, end));
      const whole = { told: read(content), values };
      found.set(factor, whole);
      return whole;
    },
  };
}

/** The units that can be left out. */
export const UNITS = [
  { value: "observation", label: "one observation" },
  { value: "group", label: "a whole group" },
];
