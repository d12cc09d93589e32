import { bench, describe } from "vitest";
import { Engine } from "../src/weights/engine";
import { data, member, noise } from "./weights-made-up";

const QUANTITIES = 10;

function engine(): Engine {
  const one = member(0, 2, { seed: 1, groups: 100 });
  const n = one.chains * one.draws;
  const normal = noise(3);
  one.quantities = Float32Array.from({ length: QUANTITIES * n }, normal);
  one.quantities.set(one.x.b as Float32Array);
  const quantities = Array.from({ length: QUANTITIES }, (_, q) => ({ name: `q${q}`, gate: true }));
  return new Engine({ ...data([one]), quantities });
}

describe("a slider's tick: 4,000 draws, 10 gated quantities, 100 groups, 6 densities", () => {
  const made = engine();
  let tick = 0;
  bench("weigh", () => {
    const args = { sigma: 0.8 + 0.0005 * (tick++ % 500) };
    made.answer({
      kind: "weigh",
      settings: { tau: { family: "HalfNormal", args } },
      terms: ["1|g"],
      densities: [0, 1, 2, 3, 4, 5],
    });
  });
});
