import { describe, expect, it } from "vitest";
import { decimate, kde, quantile, rankCounts } from "../src/tables/trace";
import decimateCases from "./vectors/decimate.json";
import kdeCases from "./vectors/kde.json";
import rankCases from "./vectors/rank_counts.json";

describe("decimate", () => {
  it.each(decimateCases)("keeps the extremes: $name", ({ values, pixels, expected }) => {
    expect(decimate(values, pixels)).toEqual(expected);
  });
});

describe("kde", () => {
  it.each(kdeCases)("is SciPy's with reflection: $name", (scene) => {
    const { x, density } = kde(scene.values);
    expect(x).toHaveLength(scene.x.length);
    x.forEach((v, i) => {
      expect(v).toBeCloseTo(scene.x[i] as number, 9);
    });
    density.forEach((v, i) => {
      expect(Math.abs(v - (scene.density[i] as number))).toBeLessThan(1e-6);
    });
  });

  it("says how many draws are not finite", () => {
    expect(() => kde([1, 2, Number.NaN, Number.POSITIVE_INFINITY])).toThrow("2 of 4 draws are not finite");
  });

  it("reads float32 draws", () => {
    const { x, density } = kde(Float32Array.from([0, 1, 2, 3]), 16);
    expect(x[0]).toBe(0);
    expect(x[15]).toBe(3);
    expect(density.every((d) => d > 0)).toBe(true);
  });
});

describe("rankCounts", () => {
  it.each(rankCases)("bins SciPy's average ranks: $name", ({ values, bins, expected }) => {
    expect(rankCounts(values, bins)).toEqual(expected);
  });
});

it("quantile interpolates as NumPy does", () => {
  expect(quantile([1, 2, 4, 8], 0.25)).toBe(1.75);
  expect(quantile([1, 2, 4, 8], 1)).toBe(8);
});
