import { describe, expect, it } from "vitest";
import { arranged, rowsOf } from "../src/views/sensitivity-rows.js";

const rows = [
  { block: 0, label: "a", whole_prior: 0.1, whole_likelihood: 0.3 },
  { block: 0, label: "by x", whole_prior: 0.1, whole_likelihood: 0.3 },
  { block: 1, label: "b", whole_prior: 0.4, whole_likelihood: 0.2 },
  { block: 1, label: "by x", whole_prior: 0.4, whole_likelihood: 0.2 },
  { block: 2, label: "c", whole_prior: 0.1, whole_likelihood: 0.5 },
];

describe("the order of quantities", () => {
  it("keeps the model's own, with places", () => {
    expect(arranged(rows, "model").map(({ row, block }) => [row, block])).toEqual([
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 2],
    ]);
  });

  it("puts the most sensitive first, each with its own rows, ties in the model's order", () => {
    expect(arranged(rows, "prior").map(({ label }) => label)).toEqual(["b", "by x", "a", "by x", "c"]);
    expect(arranged(rows, "likelihood").map(({ label }) => label)).toEqual(["c", "a", "by x", "b", "by x"]);
    expect(rows[0]).not.toHaveProperty("row");
  });
});

describe("rows from columns", () => {
  const number = (values: number[]) => ({
    dtype: "float32" as const,
    shape: [values.length],
    values: Float32Array.from(values),
  });
  const model = { get: () => ({ columns: ["label", "prior"] }) } as never;
  const columns = {
    "all/label": { dtype: "string" as const, shape: [2], values: ["a", "b"] },
    "all/prior": number([0.5, 0.25]),
  };

  it("joins names and numbers of one table", () => {
    expect(rowsOf({ columns, model }, "all")).toEqual([
      { label: "a", prior: 0.5 },
      { label: "b", prior: 0.25 },
    ]);
  });

  it("misses a table that was not sent", () => {
    expect(() => rowsOf({ columns, model }, "group")).toThrow();
  });
});
