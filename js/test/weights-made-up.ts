import type { EngineData, Member, Settings } from "../src/weights/types";

/** Normal numbers that are the same in every run. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export interface Shape {
  seed: number;
  chains?: number;
  draws?: number;
  groups?: number;
}

/** The likelihood of `b` is normal around 0 with scale 1; with prior Normal(mu, sigma) so is the posterior. */
export function member(mu: number, sigma: number, shape: Shape): Member {
  const { seed, chains = 4, draws = 1000, groups = 5 } = shape;
  const normal = noise(seed);
  const n = chains * draws;
  const { mean, sd } = posterior(mu, sigma);
  const b = Float32Array.from({ length: n }, () => mean + sd * normal());
  const tau = Float32Array.from({ length: n }, () => Math.exp(0.3 * normal()));
  const effects = new Float32Array(groups * n);
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < n; i++) effects[g * n + i] = g + (b[i] as number) + 0.5 * normal();
  }
  const quantities = new Float32Array(3 * n);
  quantities.set(b);
  quantities.set(tau, n);
  quantities.set(
    b.map((v) => v * v),
    2 * n,
  );
  return {
    chains,
    draws,
    unmixed: "",
    settings: {
      b: { family: "Normal", args: { mu, sigma } },
      tau: { family: "HalfNormal", args: { sigma: 1 } },
    },
    x: { b, tau },
    quantities,
    terms: { "1|g": effects },
  };
}

/** Mean and sd of `b` under a prior, by the closed form. */
export function posterior(mu: number, sigma: number): { mean: number; sd: number } {
  const precision = 1 + 1 / sigma ** 2;
  return { mean: mu / sigma ** 2 / precision, sd: Math.sqrt(1 / precision) };
}

/** Log marginal likelihood under a prior, up to a constant, by the closed form. */
export const logEvidence = (mu: number, sigma: number): number =>
  -0.5 * Math.log(1 + sigma ** 2) - (0.5 * mu ** 2) / (1 + sigma ** 2);

export const normalPrior = (mu: number, sigma: number): Settings => ({
  b: { family: "Normal", args: { mu, sigma } },
});

export function data(members: Member[]): EngineData {
  return {
    priors: [
      { parameter: "b", kind: "location", labels: ["b"], fixed: "" },
      { parameter: "tau", kind: "positive", labels: ["tau"], fixed: "" },
    ],
    quantities: [
      { name: "b", gate: true },
      { name: "tau", gate: true },
      { name: "b squared", gate: false },
    ],
    scales: ["tau"],
    rEff: 1,
    members,
  };
}
