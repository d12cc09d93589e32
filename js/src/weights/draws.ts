/** The draws of all members one after another, with the orders and densities found so far. */

import { jointLogDensity } from "./densities";
import { type Ranked, ranked } from "./estimates";
import type { EngineData, Member, Setting, Settings, Size } from "./types";

const CACHED = 64;

/** Rows of all members side by side: row r of the result holds row r of each member in turn. */
function joined(parts: readonly Float32Array[], counts: readonly number[], rows: number): Float32Array[] {
  const total = counts.reduce((sum, n) => sum + n, 0);
  return Array.from({ length: rows }, (_, r) => {
    const row = new Float32Array(total);
    let at = 0;
    parts.forEach((part, m) => {
      const n = counts[m] as number;
      row.set(part.subarray(r * n, (r + 1) * n), at);
      at += n;
    });
    return row;
  });
}

export class Draws {
  readonly sizes: Size[];
  readonly counts: number[];
  readonly total: number;
  readonly quantities: Ranked[];
  readonly #data: EngineData;
  readonly #x = new Map<string, Float32Array>();
  readonly #densities = new Map<string, Float64Array>();
  readonly #terms = new Map<string, Ranked[]>();
  readonly #ranks = new Map<string, Uint16Array>();

  constructor(data: EngineData) {
    this.#data = data;
    this.sizes = data.members.map(({ chains, draws }) => [chains, draws] as const);
    this.counts = this.sizes.map(([chains, draws]) => chains * draws);
    this.total = this.counts.reduce((sum, n) => sum + n, 0);
    const rows = data.quantities.length;
    this.quantities = joined(
      data.members.map((member) => member.quantities),
      this.counts,
      rows,
    ).map(ranked);
  }

  #elements(parameter: string): number {
    const prior = this.#data.priors.find((one) => one.parameter === parameter);
    if (!prior) throw new Error(`There is no prior of ${parameter} here.`);
    return prior.labels.length;
  }

  /** Draws of a parameter as its prior sees them, one element after another. */
  x(parameter: string): Float32Array {
    const have = this.#x.get(parameter);
    if (have) return have;
    const elements = this.#elements(parameter);
    const rows = joined(
      this.#data.members.map((member) => member.x[parameter] as Float32Array),
      this.counts,
      elements,
    );
    const flat = new Float32Array(elements * this.total);
    rows.forEach((row, e) => {
      flat.set(row, e * this.total);
    });
    this.#x.set(parameter, flat);
    return flat;
  }

  /** The log density of a prior at every draw; kept for the settings asked last. */
  logPrior(parameter: string, setting: Setting): Float64Array {
    const key = JSON.stringify([parameter, setting]);
    let out = this.#densities.get(key);
    if (out) this.#densities.delete(key);
    else {
      if (this.#densities.size >= CACHED) out = this.#dropOldest();
      out ??= new Float64Array(this.total);
      jointLogDensity(setting, this.x(parameter), this.#elements(parameter), out);
    }
    this.#densities.set(key, out);
    return out;
  }

  #dropOldest(): Float64Array | undefined {
    for (const [key, array] of this.#densities) {
      this.#densities.delete(key);
      return array;
    }
    return undefined;
  }

  /** Every group's draws of a term, with their order. */
  term(name: string): Ranked[] {
    const have = this.#terms.get(name);
    if (have) return have;
    const parts = this.#data.members.map((member) => {
      const part = member.terms[name];
      if (!part) throw new Error(`The draws of ${name} were not sent to this page.`);
      return part;
    });
    const groups = (parts[0] as Float32Array).length / (this.counts[0] as number);
    const found = joined(parts, this.counts, groups).map(ranked);
    this.#terms.set(name, found);
    return found;
  }

  /** The rank of a group in every draw; 1 is the largest. */
  ranks(name: string, group: number): Uint16Array {
    const key = JSON.stringify([name, group]);
    const have = this.#ranks.get(key);
    if (have) return have;
    const rows = this.term(name);
    const own = rows[group]?.values;
    if (!own) throw new Error(`${name} has ${rows.length} groups; there is no group ${group}.`);
    const ranks = new Uint16Array(this.total).fill(1);
    for (const { values } of rows) {
      for (let i = 0; i < ranks.length; i++) {
        if ((values[i] as number) > (own[i] as number)) ranks[i] = (ranks[i] as number) + 1;
      }
    }
    this.#ranks.set(key, ranks);
    return ranks;
  }
}

/** Whether two priors are one and the same. */
export function same(a: Setting, b: Setting): boolean {
  if (a.family !== b.family) return false;
  const names = Object.keys(a.args);
  return (
    names.length === Object.keys(b.args).length &&
    names.every((name) => {
      const [x, y] = [a.args[name], b.args[name]].map((v) => (Array.isArray(v) ? v : [v]));
      const length = Math.max(x?.length ?? 0, y?.length ?? 0);
      const at = (v: (number | undefined)[] | undefined, i: number) => (v?.length === 1 ? v[0] : v?.[i]);
      return Array.from({ length }, (_, i) => at(x, i) === at(y, i)).every(Boolean);
    })
  );
}

/** The prior of a parameter in some settings, or else the first member's. */
export function settingOf(settings: Settings, first: Member, parameter: string): Setting {
  const setting = settings[parameter] ?? first.settings[parameter];
  if (!setting) throw new Error(`${parameter} has no prior in these settings.`);
  return setting;
}
