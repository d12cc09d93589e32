import { describe, expect, it } from "vitest";
import { finite, fixed, pm, short } from "../src/host/text.js";
import said from "./vectors/short.json";

describe("numbers in words", () => {
  it.each(said)("has $value to $digits digits as Python has it", ({ value, digits, expected }) => {
    expect(short(Number(value === "inf" ? "Infinity" : value), digits)).toBe(expected);
  });

  it("has a sign for what is not finite", () => {
    expect(fixed(-1.25, 1)).toBe("−1.3");
    expect(fixed(Number.POSITIVE_INFINITY, 2)).toBe("∞");
    expect(fixed(Number.NEGATIVE_INFINITY, 2)).toBe("−∞");
    expect(fixed(null, 2)).toBe("−∞");
  });

  it("leaves out an error that there is not", () => {
    expect(pm(-859.97, 22.04)).toBe("−860.0 ± 22.0");
    expect(pm(null, null)).toBe("−∞");
  });

  it("draws finite numbers only", () => {
    expect([finite(0.5), finite(Number.POSITIVE_INFINITY), finite(Number.NaN), finite(undefined)]).toEqual([
      0.5,
      null,
      null,
      null,
    ]);
  });
});
