import { describe, expect, it } from "vitest";
import { arrange, spread } from "../src/tables/arrange";
import type { Sort } from "../src/tables/caterpillar";

// tests/tables/test_nested.py has the same table and the same orders.
const HOME = { of: [0, 1, 0, 1, 2], keys: ["A", "B", "C"] };
const SUMMARY = { mean: [1, 2, 6, 8, 4], sd: [3, 1, 3, 1, 9], n: [1, 5, 1, 5, 3] };
const headings = (sort: Sort, folded: string[] = []) =>
  arrange([0, 1, 4, 2, 3], sort, SUMMARY, HOME, new Set(folded));

describe("arrange", () => {
  it.each([
    ["estimate", "ACB"],
    ["name", "ABC"],
    ["size", "BCA"],
    ["uncertainty", "CAB"],
  ])("puts parents in the order of their groups: %s", (sort, expected) => {
    const parents = headings(sort as Sort).filter(({ group }) => group < 0);
    expect(parents.map(({ parent }) => HOME.keys[parent]).join("")).toBe(expected);
  });

  it("keeps the order of groups below their heading, and folds", () => {
    expect(headings("name", ["B"]).map(({ group }) => group)).toEqual([-1, 0, 2, -1, -1, 4]);
    expect(headings("name", ["B"])[3]?.members).toEqual([1, 3]);
  });

  it("has no heading without groups", () => {
    expect(arrange([4], "name", SUMMARY, HOME, new Set()).map(({ parent }) => parent)).toEqual([2, 2]);
  });
});

describe("spread", () => {
  it("leaves out what is missing", () => {
    expect(spread([1, Number.NaN, 5])).toEqual({ centre: 3, least: 1, most: 5 });
  });
});
