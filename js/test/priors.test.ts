import { describe, expect, it } from "vitest";
import { shades } from "../src/views/priors-curve";
import { moved, type Prior, type PriorsAbout, same } from "../src/views/priors-data";
import { alike, priorLine, within } from "../src/views/priors-density";
import { endsOf } from "../src/views/priors-groups";
import { gridOf, movedTo, rangeOf, shape, startOf } from "../src/views/priors-ranges";
import { compared } from "../src/views/priors-refits";
import { code, said, withError, written } from "../src/views/priors-words";
import { CORRELATION, LOCATION, logDensity, POSITIVE } from "../src/weights/densities";
import type { Curve, Setting, Summary, Verdict, Weighed } from "../src/weights/types";

const prior = (kind: Prior["kind"], setting: Setting, labels = ["p"]): Prior => ({
  parameter: "p",
  kind,
  labels,
  fixed: "",
  normalised: true,
  size: kind === "correlation" ? 3 : 0,
  ...setting,
});

const tau = prior("positive", { family: "HalfNormal", args: { sigma: 2 } });
const mu = prior("location", { family: "Normal", args: { mu: 1, sigma: 10 } });

describe("the range of a slider", () => {
  it("goes from a fiftieth to ten times a scale, and further where a value is", () => {
    expect(rangeOf(tau, tau, tau, "sigma", 1)).toEqual({ min: 0.04, max: 20, log: true });
    const far = movedTo(tau, "sigma", 100);
    expect(rangeOf(tau, tau, far, "sigma", 1).max).toBe(100);
  });
  it("turns round for a rate", () => {
    const base = { family: "Exponential", args: { lam: 2 } };
    expect(rangeOf(tau, base, base, "lam", 1)).toEqual({ min: 0.2, max: 100, log: true });
  });
  it("is linear about a place, and does not follow the value", () => {
    const at = rangeOf(mu, mu, mu, "mu", 1);
    expect(at.log).toBe(false);
    expect(at.max - 1).toBeCloseTo(1 - at.min);
    expect(rangeOf(mu, mu, movedTo(mu, "mu", 5), "mu", 1)).toEqual(at);
  });
  it("has even steps", () => {
    expect(gridOf({ min: 1, max: 100, log: true }, 3)).toEqual([1, 10, 100]);
    expect(gridOf({ min: -1, max: 1, log: false }, 3)).toEqual([-1, 0, 1]);
  });
});

describe("a moved argument", () => {
  it("moves a vector's elements alike", () => {
    const many: Setting = { family: "Normal", args: { mu: [0, 1], sigma: [2, 4] } };
    expect(movedTo(many, "sigma", 1).args).toEqual({ mu: [0, 1], sigma: [1, 2] });
    expect(movedTo(many, "mu", 3).args).toEqual({ mu: [3, 4], sigma: [2, 4] });
    expect(many.args).toEqual({ mu: [0, 1], sigma: [2, 4] });
  });
});

describe("another family", () => {
  const integral = (setting: Setting, to: number): number => {
    const n = 200_000;
    const x = Float64Array.from({ length: n }, (_, i) => ((i + 0.5) * to) / n);
    let sum = 0;
    for (const log of logDensity(setting.family, setting.args, x)) sum += Math.exp(log) * (to / n);
    return sum;
  };
  it.each([
    "HalfStudentT",
    "HalfCauchy",
    "Exponential",
    "Gamma",
    "InverseGamma",
    "LogNormal",
    "Weibull",
    "Uniform",
  ])("%s starts with about the same median", (family) => {
    const next = startOf(family, tau, tau, 1, 1);
    expect(integral(next, shape(tau).centre)).toBeCloseTo(0.5, 1);
  });
  it.each(["StudentT", "Cauchy", "Laplace", "Uniform"])("%s keeps its place and its quartiles", (family) => {
    const before = shape(mu);
    const after = shape(startOf(family, mu, mu, 0, 1));
    expect(after.centre).toBeCloseTo(before.centre, 1);
    expect(after.half / before.half).toBeCloseTo(1, 1);
  });
  it("comes home to the fitted prior, and leaves Flat by the posterior", () => {
    expect(startOf("HalfNormal", tau, startOf("Gamma", tau, tau, 1, 1), 1, 1)).toEqual({
      family: "HalfNormal",
      args: { sigma: 2 },
    });
    const flat: Setting = { family: "Flat", args: {} };
    expect(startOf("StudentT", mu, flat, 7, 2).args.mu).toBe(7);
  });
});

describe("words", () => {
  it("rounds a number to its Monte Carlo error", () => {
    expect(withError(26.97562, 0.3053)).toBe("26.98 ± 0.31");
    expect(withError(-0.00012, 0.1)).toBe("0.00 ± 0.10");
    expect(withError(-1.5, 0)).toBe("−1.5");
    expect(withError(0, 1e-17)).toBe("0");
    expect(withError(2.5061e-8, 1.2e-10)).toBe("(2.506 ± 0.012)e−8");
    expect(withError(2.50301e14, 2.9e12)).toBe("(2.503 ± 0.029)e14");
    expect(withError(6.13e-5, 1.5e-6)).toBe("(6.13 ± 0.15)e−5");
    expect(withError(Number.NaN, 1)).toBe("–");
  });
  it("writes priors for reading and for Python", () => {
    expect(said({ family: "Normal", args: { mu: -1, sigma: 2.5 } })).toBe("Normal(mu=−1, sigma=2.5)");
    expect(written({ family: "Normal", args: { mu: [0, -1.5], sigma: 2 } })).toBe(
      'hw.Prior("Normal", mu=[0.0, -1.5], sigma=2.0)',
    );
    expect(written({ family: "LKJ", args: { eta: 4, size: 3 } })).toBe("4.0");
  });
  it("writes the same Python as views/priors_code.py", () => {
    const about = {
      priors: [tau, prior("correlation", { family: "LKJ", args: { eta: 2, size: 3 } })].map((one, i) => ({
        ...one,
        parameter: ["1|g_sigma", "g_corr"][i],
      })),
      correlated: { g_corr: "g" },
      name: "fit",
    } as unknown as PriorsAbout;
    const setting = { family: "HalfNormal", args: { sigma: 1 } };
    const settings = { "1|g_sigma": setting, g_corr: { family: "LKJ", args: { eta: 2, size: 3 } } };
    const initial = { priors: {}, term: "1|g", quantity: "q", group: null, top: 3, auto: true };
    const state = { ...initial, priors: { "1|g_sigma": setting }, top: 5, auto: false };
    expect(code(about, settings, state, initial).split("\n")).toEqual([
      "priors = {",
      '    "1|g_sigma": hw.Prior("HalfNormal", sigma=1.0),',
      "}",
      'correlated = {"g": 2.0}',
      'fit.priors(priors={"1|g_sigma": hw.Prior("HalfNormal", sigma=1.0)}, top=5, auto=False)',
    ]);
  });
});

describe("settings", () => {
  it("are the same whatever the order of their numbers", () => {
    expect(same(mu, { family: "Normal", args: { sigma: 10, mu: 1 } })).toBe(true);
    expect(moved({ a: mu, b: tau }, { a: mu, b: movedTo(tau, "sigma", 1) })).toEqual({ b: tau });
  });
});

describe("pictures", () => {
  it("shades stretches to half-way of their neighbours", () => {
    const verdict: Verdict[] = ["needs a refit", "needs a refit", "doubtful", "reliable"];
    const curve = { values: Float64Array.from([1, 10, 100, 1000]), verdict } as unknown as Curve;
    const [first, second, ...more] = shades(curve, { min: 1, max: 1000, log: true });
    expect(more).toEqual([]);
    expect(first).toMatchObject({ x: 1, verdict: "needs a refit" });
    expect(first?.x2).toBeCloseTo(10 ** 1.5);
    expect(second?.x2).toBeCloseTo(10 ** 2.5);
  });
  it("draws an LKJ prior as that of one correlation", () => {
    const { density } = priorLine(
      { family: "LKJ", args: { eta: 1, size: 2 } },
      { ...tau, kind: "correlation", size: 2 },
      0,
      -0.9,
      0.9,
    );
    expect(new Set(Array.from(density, (y) => y.toFixed(6))).size).toBe(1);
    const { density: peaked } = priorLine(
      { family: "LKJ", args: { eta: 4, size: 3 } },
      { ...tau, kind: "correlation", size: 3 },
      0,
      -1,
      1,
    );
    expect(peaked[0]).toBe(0);
    expect(peaked[60]).toBeCloseTo(0.92);
  });
  it("draws no prior where it is not finite", () => {
    for (const [families, fitted] of [
      [LOCATION, mu],
      [POSITIVE, tau],
      [CORRELATION, prior("correlation", { family: "LKJ", args: { eta: 1, size: 3 } })],
    ] as const)
      for (const family of families)
        for (const [least, most] of [
          [0, 4],
          [-1, 1],
          [-1e3, 1e6],
        ] as const) {
          const { density } = priorLine(startOf(family, fitted, fitted, 1, 2), fitted, 0, least, most);
          expect(density.every((y) => Number.isFinite(y) && y >= 0 && y <= 0.92)).toBe(true);
        }
  });
  it("cuts a line at the ends of its axis", () => {
    const line = { x: Float64Array.from([0, 1, 2, 3]), density: Float64Array.from([0, 1, 1, 3]) };
    expect(within(line, 0, 3)).toEqual(line);
    expect(within(line, 0.25, 2.5)).toEqual({
      x: Float64Array.from([0.25, 1, 2, 2.5]),
      density: Float64Array.from([0.25, 1, 1, 2]),
    });
    expect(within(line, 1, 9).x).toEqual(Float64Array.from([1, 2, 3]));
    expect(within(line, 1.25, 1.75)).toEqual({
      x: Float64Array.from([1.25, 1.75]),
      density: Float64Array.from([1, 1]),
    });
    expect(within(line, 4, 5).x).toHaveLength(0);
    expect(within({ x: new Float64Array(), density: new Float64Array() }, 0, 1).x).toHaveLength(0);
  });
  it("draws a line anew once it moves by more than a tenth of a pixel", () => {
    const x = Float64Array.from([0, 1, 2]);
    const line = (y: number) => ({ x, density: Float64Array.from([0.1, y, 0.1]) });
    expect(alike([line(0.5)], [line(0.501)])).toBe(true);
    expect(alike([line(0.5)], [line(0.503)])).toBe(false);
    expect(alike([line(0.5)], [{ ...line(0.5), x: Float64Array.from([0, 1, 3]) }])).toBe(false);
    expect(alike([line(0.5)], [line(0.5), line(0.5)])).toBe(false);
    expect(alike([line(0.5)])).toBe(false);
  });
  it("has axes for every interval and the usual own estimates", () => {
    const group = (mean: number[]) =>
      ({ mean, lower: mean.map((x) => x - 1), upper: mean.map((x) => x + 1) }) as never;
    const { groups, pooling } = endsOf(group([0, 1]), group([2, 3]), [0.5, 1, 1.5, 1000]);
    expect(groups[0]).toBeLessThan(-1);
    expect(groups[1]).toBeGreaterThan(4);
    expect(pooling[1]).toBeLessThan(10);
  });
  it("compares a refit in Monte Carlo standard errors", () => {
    const one = (mean: number, mcseMean: number) => ({ mean, mcseMean, sd: 1, mcseSd: 0.1 }) as Summary;
    const weighed = (summary: Summary[]) => ({ summary }) as Weighed;
    expect(compared(weighed([one(1, 0.3)]), weighed([one(2, 0.4)]))).toContain("at most 2.0 Monte Carlo");
    expect(compared(weighed([one(1, 0.03)]), weighed([one(2, 0.04)]))).toContain("they disagree");
  });
});
