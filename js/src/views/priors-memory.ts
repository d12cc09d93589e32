import type { Model } from "../host/types.js";
import type { PriorsData } from "./priors-data.js";
import type { Lab } from "./priors-lab.js";
import { type Kept, MOST_PINS, type Pin, type Tried } from "./priors-pins.js";
import type { PriorRows } from "./priors-rows.js";
import type { QuantitiesTable } from "./priors-table.js";

export interface MemoryOptions {
  model: Model;
  data: PriorsData;
  lab: Lab;
  table: QuantitiesTable;
  rows: PriorRows;
}

export interface Memory {
  list(list: Kept): void;
  pin(): void;
  remove(pin: number): void;
  /** The pool or what is drawn has changed: the pins anew. */
  refresh(): Promise<void>;
  /** The present setting was left alone for a moment. */
  tried(quantity: string): void;
  show(): void;
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** The settings that are pinned, and those that were tried, in order. */
export function memory({ model, data, lab, table, rows }: MemoryOptions): Memory {
  let pins: Pin[] = [];
  let kept: Kept | undefined;
  let count = 0;
  let last = "";

  const log = (): Tried[] => model.get<Tried[] | undefined>("tried") ?? [];
  const show = (): void => {
    kept?.pins(pins);
    kept?.log(log());
    table.pins(pins);
    rows.pins(pins.map(({ densities }) => densities));
  };
  return {
    list(list) {
      kept = list;
    },
    pin() {
      const { answer } = lab;
      if (!answer || lab.held) return;
      count += 1;
      const { summary, densities } = answer;
      pins = [...pins.slice(1 - MOST_PINS), { label: `Pin ${count}`, priors: lab.moved, summary, densities }];
      show();
    },
    remove(pin) {
      pins = pins.filter((_, i) => i !== pin);
      show();
    },
    async refresh() {
      for (const one of [...pins]) {
        const answer = await lab.weigh(one.priors, `pin ${one.label}`);
        if (answer) Object.assign(one, { summary: answer.summary, densities: answer.densities });
      }
      show();
    },
    tried(quantity) {
      const { answer } = lab;
      const key = JSON.stringify([lab.moved, data.pool.length, lab.moves]);
      if (!answer || key === last) return;
      last = key;
      const one = answer.summary[data.about.quantities.findIndex(({ name }) => name === quantity)];
      const trusted = lab.held ? undefined : one;
      const entry: Tried = {
        priors: lab.moved,
        verdict: answer.verdict,
        reason: answer.reason,
        khat: finite(answer.khat),
        ess: answer.ess,
        log_evidence: answer.evidenceReliable ? finite(answer.logEvidence) : null,
        quantity,
        mean: finite(trusted?.mean),
        mean_mcse: finite(trusted?.mcseMean),
        lower: finite(trusted?.lower),
        upper: finite(trusted?.upper),
        fits: data.pool.length,
      };
      model.set("tried", [...log(), entry]);
      model.save_changes();
      kept?.log(log());
    },
    show,
  };
}
