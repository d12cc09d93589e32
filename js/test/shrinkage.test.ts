import { describe, expect, it } from "vitest";
import { ellipse, slide } from "../src/tables/shrinkage";
import { meanWeight, widened } from "../src/views/shrinkage-scene";
import { FREE, fromStep, toStep } from "../src/views/shrinkage-sigma";
import cases from "./vectors/slide.json";

function near(found: ArrayLike<number>, expected: number[]) {
  expect(found).toHaveLength(expected.length);
  expected.forEach((v, i) => {
    expect(Math.abs((found[i] as number) - v)).toBeLessThan(1e-6);
  });
}

describe("slide", () => {
  it.each(cases)("is generalised least squares and BLUP: $name", (scene) => {
    const information = {
      groups: scene.score.length,
      effects: scene.scales.length,
      precision: scene.precision.flat(2),
      score: scene.score.flat(),
      correlation: scene.correlation.flat(),
      free: scene.free,
      fixed: scene.fixed,
      place: scene.place.flat(),
    };
    const { estimates, weight, centre } = slide(information, scene.scales);
    near(estimates, scene.estimates.flat());
    near(weight, scene.weight.flat());
    near(centre, scene.centre);
  });

  const pair = { groups: 3, effects: 1, precision: [1, 1, Number.NaN], score: [0, 4, Number.NaN] };

  it("leaves a group without an estimate missing, and it moves nothing", () => {
    const { estimates, weight, centre } = slide(pair, [1]);
    expect(Array.from(estimates)).toEqual([1, 3, Number.NaN]);
    expect(Array.from(weight)).toEqual([0.5, 0.5, Number.NaN]);
    expect(centre).toEqual([2]);
  });

  it("takes scale 0 as complete pooling", () => {
    expect(Array.from(slide(pair, [0]).estimates)).toEqual([2, 2, Number.NaN]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses the scale %s", (scale) => {
    expect(() => slide(pair, [scale])).toThrow("finite and 0 or more");
  });

  it("says so when nothing determines the centre", () => {
    const flat = { groups: 1, effects: 1, precision: [0], score: [0] };
    expect(() => slide(flat, [1])).toThrow("do not determine");
  });
});

describe("ellipse", () => {
  it.each([-0.9, 0, 0.4])("is at the 95 %% distance of the population at correlation %s", (rho) => {
    for (const { x, y } of ellipse([10, -2], [3, 0.5], rho)) {
      const [a, b] = [(x - 10) / 3, (y + 2) / 0.5];
      expect((a * a - 2 * rho * a * b + b * b) / (1 - rho * rho)).toBeCloseTo(5.991464547, 8);
    }
  });
});

describe("the sigma slider", () => {
  it("ends in complete pooling and in no pooling", () => {
    expect(fromStep(0)).toBe(0);
    expect(fromStep(240)).toBe(FREE);
    expect(toStep(0)).toBe(0);
    expect(toStep(FREE)).toBe(240);
  });

  it("goes from a fiftieth to ten times the posterior's mean, in equal ratios", () => {
    expect(fromStep(1)).toBeCloseTo(1 / 50);
    expect(fromStep(239)).toBeCloseTo(10);
    expect(fromStep(101) / fromStep(100)).toBeCloseTo(fromStep(51) / fromStep(50));
  });

  it("stands where its value says", () => {
    for (let step = 0; step <= 240; step += 1) expect(toStep(fromStep(step))).toBe(step);
    expect(toStep(1e-9)).toBe(1);
    expect(toStep(500)).toBe(239);
  });
});

it("the mean weight leaves out groups without one", () => {
  expect(meanWeight([0.2, Number.NaN, 0.4])).toBeCloseTo(0.3);
});

it("an axis widens only as far as it must", () => {
  expect(widened([0, 10], [1, 9, Number.NaN])).toEqual([0, 10]);
  expect(widened([0, 10], [-5, 12])).toEqual([-5.2, 12.2]);
});
