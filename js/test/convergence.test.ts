import { describe, expect, it } from "vitest";
import { autocorrelation, ecdfDifference } from "../src/tables/convergence.js";

describe("ecdfDifference", () => {
  it("counts the ranks of each chain up to each point", () => {
    const found = ecdfDifference([Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)]);
    expect(found).toEqual([
      [0.25, 0.5, 0.25, 0],
      [-0.25, -0.5, -0.25, 0],
    ]);
  });

  it("is of finite draws", () => {
    const found = ecdfDifference([
      [1, Number.NaN, 2, Number.POSITIVE_INFINITY],
      [3, 4, Number.NaN, Number.NaN],
      new Array(4).fill(Number.NaN),
    ]);
    expect(found).toEqual([[0.25, 0.5, 0.25, 0], [-0.25, -0.5, -0.25, 0], []]);
  });

  it("is nothing for chains that alternate", () => {
    const found = ecdfDifference([Float32Array.of(1, 3, 5, 7), Float32Array.of(2, 4, 6, 8)]);
    expect(found.flat().every((value) => value === 0)).toBe(true);
  });
});

describe("autocorrelation", () => {
  it("falls off as by hand", () => {
    expect(autocorrelation([1, -1, 1, -1], 2)).toEqual([1, -0.75, 0.5]);
  });

  it("is of finite draws, however large or small", () => {
    for (const size of [1, 2 ** 950, 2 ** -950]) {
      expect(autocorrelation([size, -size, Number.NaN, size, -size, Number.NaN], 2)).toEqual([1, -0.75, 0.5]);
    }
    expect(autocorrelation(new Array(4).fill(Number.NaN))).toEqual([]);
  });

  it("ends with the chain, and is nothing for one that does not move", () => {
    expect(autocorrelation([1, 2, 4])).toHaveLength(3);
    expect(autocorrelation([3, 3, 3])).toEqual([]);
  });
});
