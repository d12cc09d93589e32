import { describe, expect, it } from "vitest";
import { ascending, largest } from "../src/weights/select";
import { logGamma } from "../src/weights/special";
import { noise } from "./weights-made-up";

const normal = noise(7);
const draws = Float64Array.from({ length: 4000 }, normal);

describe("largest", () => {
  const walk = draws.slice();
  for (let i = 1; i < walk.length; i++) walk[i] = (walk[i - 1] as number) + (walk[i] as number);
  const cases: [string, Float64Array][] = [
    ["independent", draws],
    ["few", draws.slice(0, 50)],
    ["ascending", draws.slice().sort()],
    ["descending", draws.slice().sort().reverse()],
    ["a walk", walk],
    ["ties", draws.map(Math.round)],
    ["all equal", new Float64Array(4000)],
    ["nearly all without weight", draws.map((v, i) => (i % 500 ? Number.NEGATIVE_INFINITY : v))],
  ];
  it.each(cases)("is the end of the sorted values: %s", (_, values) => {
    const before = values.slice();
    for (const count of [1, 6, 191, 800]) {
      if (count > values.length) continue;
      expect([...largest(values, count)]).toEqual([...values.slice().sort().slice(-count)]);
    }
    expect(values).toEqual(before);
  });
});

describe("ascending", () => {
  it("sorts negative and positive values, ties by place", () => {
    const values = Float32Array.of(2, -1, 0, 2, -3e30, 1e-40, -0, 7);
    expect([...ascending(values)]).toEqual([4, 1, 2, 6, 5, 0, 3, 7]);
  });

  it("agrees with a stable sort", () => {
    const values = Float32Array.from(draws, (v) => Math.round(50 * v) / 50);
    const expected = Array.from(values, (_, i) => i).sort(
      (a, b) => (values[a] as number) - (values[b] as number) || a - b,
    );
    expect([...ascending(values)]).toEqual(expected);
  });
});

describe("special functions", () => {
  it("log gamma has factorials and halves", () => {
    let factorial = 0;
    for (let n = 1; n <= 170; n++) {
      expect(logGamma(n)).toBeCloseTo(factorial, 10);
      factorial += Math.log(n);
    }
    expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13);
    expect(logGamma(1e-8)).toBeCloseTo(8 * Math.log(10), 6);
    const x = 1e7;
    expect(logGamma(x * 1.0000001) / logGamma(x)).toBeCloseTo(1, 6);
  });
});
