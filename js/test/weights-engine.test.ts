import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../src/weights/engine";
import type { Weighed } from "../src/weights/types";
import { data, logEvidence, member, normalPrior, posterior } from "./weights-made-up";

const first = () => member(0, 2, { seed: 1 });
const second = () => member(4, 1, { seed: 2, chains: 2, draws: 600 });

let one: Engine;
let two: Engine;

beforeAll(() => {
  one = new Engine(data([first()]));
  two = new Engine(data([first(), second()]));
});

const weigh = (engine: Engine, mu: number, sigma: number, more = {}): Weighed =>
  engine.answer({ kind: "weigh", settings: normalPrior(mu, sigma), ...more });

describe("weigh", () => {
  it.each([
    [0, 1],
    [1, 2],
    [0.5, 0.8],
  ])("agrees with the closed form under Normal(%d, %d)", (mu, sigma) => {
    for (const engine of [one, two]) {
      const found = weigh(engine, mu, sigma);
      const expected = posterior(mu, sigma);
      const [b] = found.summary;
      expect(found.verdict).toBe("reliable");
      expect(found.reason).toBe("");
      expect(b).toBeDefined();
      if (!b) return;
      expect(Math.abs(b.mean - expected.mean)).toBeLessThan(4 * b.mcseMean);
      expect(Math.abs(b.sd - expected.sd)).toBeLessThan(4 * b.mcseSd);
      expect(Math.abs(b.median - expected.mean)).toBeLessThan(0.1);
      expect(Math.abs(b.upper - expected.mean - 1.96 * expected.sd)).toBeLessThan(0.15);
      const wanted = logEvidence(mu, sigma) - logEvidence(0, 2);
      expect(found.evidenceReliable).toBe(true);
      expect(Math.abs(found.logEvidence - wanted)).toBeLessThan(4 * found.evidenceSe);
    }
  });

  it("withholds what one fit cannot say and the pool can", () => {
    expect(weigh(one, 4, 1.1).verdict).toBe("needs a refit");
    expect(weigh(one, 4, 1.1).reason).not.toBe("");
    expect(weigh(two, 4, 1.1).verdict).toBe("reliable");
  });

  it("shows a member's own draws under its own priors", () => {
    const found = weigh(two, 4, 1);
    const { quantities } = second();
    let mean = 0;
    for (let i = 0; i < 1200; i++) mean += (quantities[i] as number) / 1200;
    expect(found.own).toBe(1);
    expect(found.khat).toBe(Number.NEGATIVE_INFINITY);
    expect(found.summary[0]?.mean).toBeCloseTo(mean, 6);
    const wanted = logEvidence(4, 1) - logEvidence(0, 2);
    expect(found.evidenceSe).toBeLessThan(0.1);
    expect(Math.abs(found.logEvidence - wanted)).toBeLessThan(4 * found.evidenceSe);
    expect(weigh(two, 0, 2).own).toBe(0);
    expect(weigh(two, 0, 2).logEvidence).toBe(0);
  });

  it("makes nothing reliable of chains that disagree, unless a fit that mixed speaks", () => {
    const unmixed = "R-hat of b is 1.060.";
    const spoilt = new Engine(data([{ ...first(), unmixed }]));
    for (const sigma of [2, 1.8]) {
      const found = weigh(spoilt, 0, sigma);
      expect(found.verdict).toBe("doubtful");
      expect(found.reason).toBe(unmixed);
      expect(found.evidenceReliable).toBe(sigma === 2);
      expect(weigh(one, 0, sigma).verdict).toBe("reliable");
    }
    const far = weigh(spoilt, 4, 1.1);
    expect(far.verdict).toBe("needs a refit");
    expect(far.reason).toBe(`${unmixed} ${weigh(one, 4, 1.1).reason}`);
    const longer = new Engine(data([{ ...first(), unmixed }, member(0, 2, { seed: 3 })]));
    expect(weigh(longer, 0, 2)).toMatchObject({ own: 1, verdict: "reliable", reason: "" });
    expect(weigh(longer, 0, 1.8).verdict).toBe("doubtful");
    expect(weigh(new Engine(data([{ ...first(), unmixed }, second()])), 4, 1).verdict).toBe("reliable");
  });

  it("gates only the quantities that say so", () => {
    const { summary } = weigh(one, 1, 2);
    expect(summary[1]?.mcseMean).toBeGreaterThan(0);
    expect(summary[2]?.mcseMean).toBeNaN();
    expect(summary[2]?.mean).toBeGreaterThan(0);
  });

  it("gives densities, groups and ranks when asked", () => {
    const ranks = { term: "1|g", group: 4, top: 2 };
    const found = weigh(one, 1, 2, { terms: ["1|g"], densities: [0, 1], ranks });
    expect(found.densities).toHaveLength(2);
    for (const { x, density } of found.densities) {
      let area = 0;
      for (let i = 1; i < x.length; i++) {
        area +=
          (((density[i] as number) + (density[i - 1] as number)) / 2) *
          ((x[i] as number) - (x[i - 1] as number));
      }
      expect(area).toBeCloseTo(1, 6);
    }
    const groups = found.groups["1|g"];
    const b = found.summary[0];
    expect(groups?.mean).toHaveLength(5);
    expect((groups?.mean[3] as number) - (groups?.mean[0] as number)).toBeCloseTo(3, 1);
    expect(groups?.mean[0]).toBeCloseTo(b?.mean as number, 1);
    expect(groups?.lower[2]).toBeLessThan(groups?.innerLower[2] as number);
    expect(found.rank?.mean).toBeGreaterThan(1);
    expect(found.rank?.mean).toBeLessThan(1.3);
    expect(found.rank?.probability).toBeGreaterThan(0.95);
  });

  it("says why a wider support needs a refit, and reweights a narrower one", () => {
    const bounded = first();
    bounded.settings = { ...bounded.settings, b: { family: "Uniform", args: { lower: -9, upper: 9 } } };
    const engine = new Engine(data([bounded]));
    const wider = engine.answer({ kind: "weigh", settings: normalPrior(0, 2) });
    expect(wider.verdict).toBe("needs a refit");
    expect(wider.reason).toContain("The prior of b allows values from -inf to inf");
    const settings = { b: { family: "Uniform", args: { lower: -1, upper: 9 } } };
    const narrower = engine.answer({ kind: "weigh", settings, densities: [0] });
    expect(narrower.verdict).toBe("reliable");
    expect(narrower.densities[0]?.x[0]).toBeGreaterThanOrEqual(-1);
  });

  it("has nothing to show when no draw is left", () => {
    const settings = { b: { family: "Uniform", args: { lower: 50, upper: 60 } } };
    const found = one.answer({ kind: "weigh", settings, terms: ["1|g"], densities: [0] });
    expect(found.verdict).toBe("needs a refit");
    expect(found.summary[0]?.mean).toBeNaN();
    expect(found.groups).toEqual({});
    expect(found.densities).toEqual([]);
  });

  it("refuses what cannot be in a sentence", () => {
    expect(() => weigh(one, 0, -1)).toThrow(
      "The prior of b: sigma of Normal must be greater than 0; got -1.",
    );
    expect(() => one.answer({ kind: "weigh", settings: { c: { family: "Flat", args: {} } } })).toThrow(
      "There is no prior of c here.",
    );
    expect(() => weigh(one, 0, 1, { terms: ["x|g"] })).toThrow(
      "The draws of x|g were not sent to this page.",
    );
  });
});

describe("join", () => {
  it("gives what the same members give from the start", () => {
    const engine = new Engine(data([first()]));
    weigh(engine, 1, 1, { terms: ["1|g"] });
    expect(engine.answer({ kind: "join", member: second() })).toEqual({ members: 2, draws: 5200 });
    const more = { terms: ["1|g"], densities: [0, 1, 2], ranks: { term: "1|g", group: 1, top: 3 } };
    for (const [mu, sigma] of [
      [0, 2],
      [4, 1],
      [2, 1.5],
      [4, 1.1],
    ] as const) {
      expect(weigh(engine, mu, sigma, more)).toEqual(weigh(two, mu, sigma, more));
    }
  });

  it("refuses quantities that have no mean", () => {
    const infinite = second();
    infinite.quantities[1300] = Number.POSITIVE_INFINITY;
    const engine = new Engine(data([first()]));
    expect(() => engine.answer({ kind: "join", member: infinite })).toThrow(
      "tau has draws that are not finite numbers, so it has no mean.",
    );
  });

  it("leaves the pool as it was when a member does not fit", () => {
    const engine = new Engine(data([first()]));
    const before = weigh(engine, 1, 1);
    const broken = { ...second(), x: {} };
    expect(() => engine.answer({ kind: "join", member: broken })).toThrow(
      "A fit of the pool lacks the draws of b, tau.",
    );
    expect(weigh(engine, 1, 1)).toEqual(before);
  });
});

describe("curve", () => {
  const values = [0.2, 0.5, 1, 2, 4];
  const ask = (engine: Engine) =>
    engine.answer({
      kind: "curve",
      settings: {},
      parameter: "b",
      argument: "sigma",
      values,
      quantity: 2,
    });

  it("says at each value what weigh says there", () => {
    const curve = ask(one);
    values.forEach((sigma, i) => {
      const point = weigh(one, 0, sigma);
      expect(curve.verdict[i]).toBe(point.verdict);
      expect(curve.khat[i]).toBe(point.khat);
      expect(curve.mean[i]).toBe(point.summary[2]?.mean);
      expect(curve.lower[i]).toBe(point.summary[2]?.lower);
      expect(curve.upper[i]).toBe(point.summary[2]?.upper);
      expect(curve.logEvidence[i]).toBe(point.logEvidence);
      expect(curve.evidenceReliable[i]).toBe(point.evidenceReliable);
    });
  });

  it("moves one element of a vector argument, or all", () => {
    const both = first();
    const x = new Float32Array(8000);
    x.set(both.x.b as Float32Array);
    x.set(
      (both.x.b as Float32Array).map((v) => -v),
      4000,
    );
    const args = { mu: [0, 0], sigma: [2, 2] };
    const made = data([
      { ...both, x: { ...both.x, b: x }, settings: { ...both.settings, b: { family: "Normal", args } } },
    ]);
    made.priors[0] = { parameter: "b", kind: "location", labels: ["b[1]", "b[2]"], fixed: "" };
    const engine = new Engine(made);
    const question = { kind: "curve", settings: {}, parameter: "b", argument: "mu", quantity: 0 } as const;
    const meansOf = (values: number[], element?: number) =>
      engine.answer({ ...question, values, ...(element === undefined ? {} : { element }) }).mean;
    const [low = 0, high = 0] = meansOf([-1, 1], 0);
    const [other = 0] = meansOf([-1], 1);
    const [all = 0] = meansOf([1]);
    expect(low).toBeLessThan(-0.1);
    expect(high).toBeGreaterThan(0.1);
    expect(other).toBeCloseTo(high, 10);
    expect(Math.abs(all)).toBeLessThan(0.05);
  });

  it("places the next fit in the middle of the longest stretch that is not reliable", () => {
    const curve = one.answer({
      kind: "curve",
      settings: normalPrior(0, 1),
      parameter: "b",
      argument: "mu",
      values: [-9, -8, -1, 0, 1, 7, 8, 9],
      quantity: 0,
    });
    expect(curve.verdict.map((verdict) => verdict === "reliable")).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(curve.place).toBe(8);
    expect(ask(two).verdict[3]).toBe("reliable");
  });
});

describe("errors", () => {
  it("are those of each group's mean and standard deviation", () => {
    const found = two.answer({ kind: "errors", settings: normalPrior(2, 1.5), term: "1|g" });
    const own = two.answer({ kind: "errors", settings: {}, term: "1|g" });
    expect(found.mcseMean).toHaveLength(5);
    for (const error of [...found.mcseMean, ...found.mcseSd, ...own.mcseMean]) {
      expect(error).toBeGreaterThan(0.005);
      expect(error).toBeLessThan(0.2);
    }
  });
});
