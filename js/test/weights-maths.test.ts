import { describe, expect, it } from "vitest";
import { complaint, logDensity, support } from "../src/weights/densities";
import { ess, inflation, mcse } from "../src/weights/errors";
import { density, moments, quantiles, ranked, spreadOf, sweep } from "../src/weights/estimates";
import { judge } from "../src/weights/gate";
import { mixture, normalisers, overlap, responsibilities } from "../src/weights/pool";
import { solvePool } from "../src/weights/pooled";
import { pareto, smooth, tailLength } from "../src/weights/smoothing";
import { hidden, scaleEss, supportObstacle } from "../src/weights/traps";
import type { Args, Setting, Size } from "../src/weights/types";
import densityCases from "./vectors/weights_densities.json";
import essCases from "./vectors/weights_ess.json";
import estimateCases from "./vectors/weights_estimates.json";
import gateCases from "./vectors/weights_gate.json";
import poolCases from "./vectors/weights_pool.json";
import smoothingCases from "./vectors/weights_smoothing.json";
import trapCases from "./vectors/weights_traps.json";

type Written = number | string;

const NAMED: Record<string, number> = {
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
};
const number = (value: Written): number => (typeof value === "number" ? value : (NAMED[value] as number));
const array = (values: readonly Written[]): Float64Array => Float64Array.from(values, number);
const sizesOf = (sizes: number[][]): Size[] =>
  sizes.map(([chains, draws]) => [chains as number, draws as number]);

function near(found: number, expected: Written, relative = 1e-6, absolute = 0): void {
  const wanted = number(expected);
  if (!Number.isFinite(wanted)) expect(found).toBe(wanted);
  else expect(Math.abs(found - wanted)).toBeLessThanOrEqual(relative * Math.abs(wanted) + absolute);
}

function allNear(
  found: ArrayLike<number>,
  expected: readonly Written[],
  relative = 1e-6,
  absolute = 0,
): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    near(found[i] as number, value, relative, absolute);
  });
}

describe("log densities", () => {
  it.each(densityCases)("are SciPy's: $family $args", (scene) => {
    const args = scene.args as unknown as Args;
    allNear(logDensity(scene.family, args, scene.x), scene.log_density as Written[]);
    expect(complaint(scene.family, args)).toBe("");
    if (scene.support) allNear(support({ family: scene.family, args }), scene.support as Written[]);
  });
});

describe("smoothing", () => {
  it.each(smoothingCases)("is ArviZ's: $name", (scene) => {
    const { weights, khat, logMean } = smooth(array(scene.log_weights), scene.r_eff);
    expect(tailLength(scene.log_weights.length, scene.r_eff)).toBe(scene.tail);
    near(khat, scene.khat);
    near(logMean, scene.log_mean);
    allNear(weights, scene.weights);
  });
});

describe("pareto", () => {
  const excesses = Float64Array.from({ length: 200 }, (_, i) =>
    Math.expm1(-0.4 * Math.log1p(-(i + 0.5) / 200)),
  );

  it("has the shape and scale of exact quantiles", () => {
    const { k, scale } = pareto(excesses);
    expect(Math.abs(k - 0.4)).toBeLessThan(0.05);
    expect(Math.abs(scale - 0.4)).toBeLessThan(0.05);
  });

  it("does not depend on the unit, however small", () => {
    const { k, scale } = pareto(excesses);
    for (const unit of [1e-250, 1e-30, 1e30]) {
      const other = pareto(excesses.map((excess) => excess * unit));
      near(other.k, k, 1e-9);
      near(other.scale / unit, scale, 1e-9);
    }
  });

  it.each([
    [0.39, 14.990259754893355],
    [0.5, 19.008846613303163],
  ])("is ArviZ's of a wild tail of %d decades an excess", (decades, expected) => {
    const wild = Float64Array.from({ length: 64 }, (_, i) => 10 ** (i * decades - 20));
    near(pareto(wild).k, expected, 1e-9);
  });

  it("fits no tail that is tied or without end", () => {
    expect(pareto(new Float64Array(50).fill(2)).k).toBeNaN();
    const endless = Float64Array.from({ length: 50 }, (_, i) => 10 ** (6 * i - 290));
    expect(pareto(endless).k).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("effective sample sizes", () => {
  it.each(essCases)("are ArviZ's of the mean: $name", ({ h, sizes, ess: expected }) => {
    allNear(ess(array(h), sizesOf(sizes)), expected);
  });
});

describe("estimates", () => {
  it.each(estimateCases)("are NumPy's with weights: $name", (scene) => {
    const weights = array(scene.weights);
    const draws = ranked(Float32Array.from(scene.values));
    const { mean, sd } = moments(weights, scene.values);
    near(mean, scene.mean);
    near(sd, scene.sd);
    allNear(quantiles(weights, draws, scene.probs), scene.quantiles);
    const swept = new Float64Array(2);
    sweep(weights, draws, spreadOf(weights), [], swept);
    near(swept[0] as number, scene.mean);
    near(swept[1] as number, scene.sd, 1e-6, 1e-12);
    const [innerLower = 0, innerUpper = 0] = quantiles(weights, draws, [0.25, 0.75]);
    const found = density(scene.values, weights, { sd, lower: innerLower, upper: innerUpper });
    allNear(found.x, scene.x);
    allNear(found.density, scene.density);
  });
});

describe("the pool", () => {
  it.each(poolCases)("has the Python twin's normalisers, overlap and errors: $name", (scene) => {
    const L = scene.L.map((row) => array(row as Written[]));
    const f = normalisers(L, scene.n);
    allNear(f, scene.normalisers, 1e-6, 1e-9);
    const D = mixture(L, scene.n, f);
    allNear(D, scene.mixture);
    near(overlap(responsibilities(L, scene.n, f, D), scene.n), scene.overlap, 1e-6, 1e-12);
    const weights = array(scene.weights);
    const pooled = solvePool(L, sizesOf(scene.sizes));
    const found = mcse(
      weights,
      scene.values,
      moments(weights, scene.values),
      pooled.sizes,
      scene.khat,
      pooled,
    );
    near(found.mean, scene.mcse_mean);
    near(found.sd, scene.mcse_sd);
    const { mean, sd } = moments(weights, scene.values);
    const ofMean = weights.map((w, i) => w * ((scene.values[i] as number) - mean));
    const ofSd = weights.map(
      (w, i) => (w * (((scene.values[i] as number) - mean) ** 2 - sd * sd)) / (2 * sd),
    );
    allNear([...inflation(ofMean, scene.khat), ...inflation(ofSd, scene.khat)], scene.inflation.flat());
  });
});

describe("the gate", () => {
  it.each(gateCases)("judges as the Python twin: $name", (scene) => {
    const L = scene.L.map((row) => array(row as Written[]));
    const pooled = solvePool(L, sizesOf(scene.sizes));
    const logWeights = array(scene.target as Written[]).map((l, i) => l - (pooled.D[i] as number));
    const quantities = scene.quantities.map((values, q) => ({
      name: `q${q}`,
      gate: true,
      ...ranked(Float32Array.from(values)),
    }));
    const found = judge(logWeights, pooled, quantities, scene.r_eff);
    const { expected } = scene;
    expect(found.verdict).toBe(expected.verdict);
    expect(found.reason).toBe(expected.reason);
    expect(found.ntail).toBe(expected.ntail);
    near(found.khat, expected.khat);
    near(found.ess, expected.ess);
    near(found.logEvidence, expected.log_evidence, 1e-6, 1e-9);
    near(found.evidenceSe, expected.evidence_se, 1e-6, 1e-9);
    expect(found.evidenceReliable).toBe(expected.evidence_reliable);
    const column = (key: "mean" | "sd" | "mcseMean" | "mcseSd") => found.summary.map((one) => one[key]);
    allNear(column("mean"), expected.mean, 1e-6, 1e-7);
    allNear(column("sd"), expected.sd);
    allNear(column("mcseMean"), expected.mcse_mean);
    allNear(column("mcseSd"), expected.mcse_sd);
  });
});

describe("traps", () => {
  it.each(trapCases)("are seen as by the Python twin: $name", (scene) => {
    const target = scene.target as unknown as Setting;
    const fitted = scene.fitted as unknown as Setting;
    const draws = Float32Array.from(scene.draws);
    const sizes = sizesOf(scene.sizes);
    const pool = { counts: [draws.length], f: new Float64Array(1) };
    const found = hidden(target, [fitted], 0, draws, scaleEss(draws, { sizes }), pool);
    near(found, scene.hidden, 2e-6);
    const tau = { parameter: "tau", kind: "positive" as const, labels: ["tau"], fixed: "" };
    const sentence = supportObstacle([tau], () => target, [() => fitted]);
    expect(found >= 1 ? "hidden" : sentence).toBe(
      scene.obstacle.includes("favours") ? "hidden" : scene.obstacle,
    );
  });
});
