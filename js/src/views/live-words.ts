import type { Column, Raw } from "../host/columns.js";
import type { Row } from "../host/types.js";

export type Stage = "compiling" | "warm-up" | "sampling" | "done" | "stopped" | "cancelled" | "failed";

/** Steps done, whether it warms up, divergences, step size. */
export type Chain = [number, boolean, number, number | null];

/** How a run stands, as Python says. */
export interface Now {
  stage: Stage;
  said: string;
  next: string;
  seconds: number;
  left: number | null;
  chains: Chain[];
  warming: boolean;
  rows: {
    parameter: string;
    rhat: number | null;
    ess: number | null;
    centre: number;
    span: [number, number];
  }[];
  lines: Record<string, Raw>;
}

export interface Plan {
  draws: number;
  tune: number;
  chains: number;
}

export const running = (stage: Stage): boolean =>
  stage === "compiling" || stage === "warm-up" || stage === "sampling";

/** The parts of a chain's bar that are warm-up and draws, in percent of the whole. */
export function progressOf(chain: Chain | undefined, { tune, draws }: Plan): { warm: number; kept: number } {
  const done = chain?.[0] ?? 0;
  const percent = (steps: number): number => (100 * steps) / (tune + draws);
  return { warm: percent(Math.min(done, tune)), kept: percent(Math.max(0, done - tune)) };
}

export function chainText(chain: Chain | undefined, { tune, draws }: Plan): string {
  const done = chain?.[0] ?? 0;
  const count = (n: number): string => n.toLocaleString("en");
  if (done === 0) return "waiting";
  if (done <= tune) return `warm-up ${count(done)} of ${count(tune)}`;
  return `draws ${count(done - tune)} of ${count(draws)}`;
}

/** A time to go, coarser the longer it is. */
export function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** The rows of each parameter's lines. */
export function lineRows({ rows }: Now, columns: Record<string, Column>): Row[][] {
  const out: Row[][] = rows.map(() => []);
  const values = (name: string): ArrayLike<number> => (columns[name]?.values ?? []) as ArrayLike<number>;
  const [row, chain, draw, value] = [values("row"), values("chain"), values("draw"), values("value")];
  for (let i = 0; i < row.length; i++) {
    const at = row[i] as number;
    const centre = rows[at]?.centre ?? 0;
    out[at]?.push({ chain: chain[i], draw: draw[i], value: centre + (value[i] as number) });
  }
  return out;
}
