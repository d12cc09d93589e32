import { ask } from "../host/ask.js";
import type { Context } from "../host/types.js";
import type { Settings, Weighed } from "../weights/types.js";
import type { Lab } from "./priors-lab.js";
import type { RefitBar } from "./priors-refit.js";

export interface RefitsOptions {
  context: Context;
  lab: Lab;
  bar: RefitBar;
  told: (text: string) => void;
}

export interface Refits {
  /**
   * Refits the present setting: because the reader asked, by itself (once for a setting), or to check
   * what reweighting says of it.
   */
  start(why: "asked" | "itself" | "check"): Promise<void>;
  cancel(): Promise<void>;
  /** A refit is in the pool. */
  joined(): void;
  /** It is not: by itself the same setting is not tried again. */
  ended(): void;
}

/** Asks Python for refits; the latest wins. */
export function refits({ context, lab, bar, told }: RefitsOptions): Refits {
  const { model, signal } = context;
  let checking: { priors: string; answer: Weighed } | null = null;
  let started = "";

  async function tell(question: Record<string, unknown>): Promise<void> {
    try {
      await ask(model, question, signal);
    } catch (error) {
      if (!signal.aborted)
        bar.running({ stage: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  return {
    async start(why) {
      const priors: Settings = lab.moved;
      const key = JSON.stringify(priors);
      if (why === "itself" && key === started) return;
      checking = why === "check" && lab.answer ? { priors: key, answer: lab.answer } : null;
      started = key;
      bar.running({ stage: "waiting", message: "Asking for a refit." });
      await tell({ refit: priors });
    },
    async cancel() {
      await tell({ cancel: true });
    },
    ended() {
      checking = null;
    },
    joined() {
      started = "";
      const now = lab.answer;
      if (!checking || !now || checking.priors !== JSON.stringify(lab.moved)) return;
      told(compared(checking.answer, now));
      checking = null;
    },
  };
}

/** Reweighted against refitted: the largest difference of a mean, in Monte Carlo standard errors. */
export function compared(reweighted: Weighed, refitted: Weighed): string {
  let worst = 0;
  reweighted.summary.forEach((one, i) => {
    const other = refitted.summary[i];
    if (!other) return;
    for (const [a, b, s, t] of [
      [one.mean, other.mean, one.mcseMean, other.mcseMean],
      [one.sd, other.sd, one.mcseSd, other.mcseSd],
    ] as const) {
      const error = Math.hypot(s, t);
      if (error > 0) worst = Math.max(worst, Math.abs(a - b) / error);
    }
  });
  const fine = worst <= 4 ? "they agree" : "they disagree: sample both for longer";
  return `Checked: reweighted and refitted differ by at most ${worst.toFixed(1)} Monte Carlo standard errors; ${fine}.`;
}
