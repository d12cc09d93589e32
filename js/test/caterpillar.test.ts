import { describe, expect, it } from "vitest";
import { band, byName, extent, matcher, order, type Sort } from "../src/tables/caterpillar";
import orders from "./vectors/order.json";
import searches from "./vectors/search.json";

describe("order", () => {
  it.each(orders)("$name", ({ labels, sort, mean, sd, n, expected }) => {
    const numbers = mean.map((value) => value ?? Number.NaN);
    const found = order(sort as Sort, byName(labels), { mean: numbers, sd, n });
    expect(found.map((i) => labels[i])).toEqual(expected);
  });

  it("leaves the named order as it was", () => {
    const named = [2, 0, 1];
    order("estimate", named, { mean: [3, 2, 1], sd: [1, 1, 1], n: [1, 1, 1] });
    expect(named).toEqual([2, 0, 1]);
  });
});

describe("matcher", () => {
  it.each(searches)("$search in $label: $found", ({ search, label, found }) => {
    expect(matcher(search)(label)).toBe(found);
  });
});

describe("band", () => {
  const values = [10, 0, 20, 30, 40, 50, 60];
  const table = { lower: values, inner_lower: values, mean: values, inner_upper: values, upper: values };

  it("averages equal stretches of the rows in their order", () => {
    const bands = band(table, [1, 0, 2, 3, 4, 5, 6], 3);
    expect(bands.map((b) => b.row)).toEqual([0.5, 2.5, 5]);
    expect(bands.map((b) => b.mean)).toEqual([5, 25, 50]);
  });

  it("has a stretch a row when there are few", () => {
    expect(band(table, [3, 0], 160).map((b) => b.upper)).toEqual([30, 10]);
  });

  it("is empty without rows", () => {
    expect(band(table, [], 160)).toEqual([]);
  });
});

describe("extent", () => {
  it("holds every interval and the population, with a margin", () => {
    expect(extent([1, 2], [3, 5], 10, 0.1)).toEqual([1 - 0.9, 10 + 0.9]);
  });

  it("passes over what is missing, and never has no width", () => {
    expect(extent([Number.NaN, 2], [Number.NaN, 3], 2, 0)).toEqual([2, 3]);
    const [least, most] = extent([2], [2], 2);
    expect(most).toBeGreaterThan(least);
  });
});
