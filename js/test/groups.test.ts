import { describe, expect, it } from "vitest";
import type { Column } from "../src/host/columns";
import type { Context } from "../src/host/types";
import { GroupsData } from "../src/views/groups-data";
import { strictModel } from "./model";

const LINES = [0, 1, -1, 0, 1, 2, 3, 4, 5, 6];
const ABOUT = {
  factors: [{ factor: "a:b", terms: ["1|a:b"], reasons: ["", "1 row for 2 effects"] }],
  blocks: [
    {
      factor: "a:b",
      x: "t",
      label: "t",
      at: [2000, 2010],
      levels: [],
      ends: [1999, 2011],
      bounds: { response: [90, 101] },
      centre: { x: 2005, response: 100 },
    },
    { factor: "a:b", x: "", label: "row", at: [1], levels: [], ends: [0, 2], bounds: {}, centre: {} },
  ],
  sorts: ["fit", "shrinkage", "name", "size"],
  scales: ["response"],
  page: 18,
  y: { response: "y", link: "" },
  misfit: "misfit",
};

function floats(...values: number[]): Column {
  return { dtype: "float32", shape: [values.length], values: new Float32Array(values) };
}

function ints(...values: number[]): Column {
  return { dtype: "int32", shape: [values.length], values: new Int32Array(values) };
}

function context(live: boolean) {
  const model = strictModel({ about: ABOUT });
  const columns: Record<string, Column> = {
    "labels/a:b": { dtype: "string", shape: [2], values: ["s:k", "s:l"] },
    "shown/a:b": { dtype: "string", shape: [2], values: ["s / k", "s / l"] },
    "n/a:b": ints(1, 2),
    "facts/a:b": floats(3, 4, 5, Number.NaN, 7, 8, 9, 10, 0.5, 0.6),
    "reason/a:b": ints(0, 1),
    "orders/a:b": ints(1, 0, 0, 1, 0, 1, 1, 0),
    "0/groups": ints(0),
    "0/lines": floats(...LINES),
    "0/x": floats(-5),
    "0/y": floats(-10),
    "0/starts": ints(0, 1),
  };
  const { signal } = new AbortController();
  return { model, data: new GroupsData({ model, columns, live, signal } as unknown as Context) };
}

const view = (values: Float32Array | Int32Array): DataView => new DataView(values.buffer);

describe("groups", () => {
  it("puts the centres back and marks each group's rows", () => {
    const { data } = context(true);
    const rows = data.rows(data.block("a:b", "t"), "response", [0]);
    expect(rows[0]).toEqual({ panel: "00000s / k", group: "s:k", title: "s / k", kind: "panel" });
    expect(rows[1]).toMatchObject({ kind: "point", x: 2000, y: 90 });
    const partial = rows.filter((row) => row.line === "partial pooling");
    expect(partial.map(({ x, y, lower, upper }) => [x, y, lower, upper])).toEqual([
      [2000, 100, 99, 101],
      [2010, 101, 100, 102],
    ]);
    const own = rows.filter((row) => row.line === "no pooling").map((row) => row.y);
    expect(own).toEqual([103, 104]);
  });

  it("asks once for the lines that are not here, and keeps them", async () => {
    const { data, model } = context(true);
    const block = data.block("a:b", "t");
    const both = [data.need(block, [0, 1]), data.need(block, [1])];
    expect(model.sent).toHaveLength(1);
    expect(model.sent[0]).toMatchObject({ kind: "lines", factor: "a:b", x: "t", groups: [1] });
    const nan = Number.NaN;
    const buffers = {
      groups: new Int32Array([1]),
      lines: new Float32Array([0, 0, -3, -3, 3, 3, nan, nan, 1, 1]),
      x: new Float32Array([0, 5]),
      y: new Float32Array([1, 2]),
      starts: new Int32Array([0, 2]),
    };
    const arrays = Object.fromEntries(
      Object.entries(buffers).map(([name, values]) => [
        name,
        { dtype: values instanceof Int32Array ? "int32" : "float32", shape: [values.length] },
      ]),
    );
    const { ask } = model.sent[0] as { ask: string };
    model.message({ answer: ask, arrays }, Object.values(buffers).map(view));
    await Promise.all(both);
    const rows = data.rows(block, "response", [1]);
    expect(rows.filter((row) => row.kind === "point").map((row) => row.x)).toEqual([2005, 2010]);
    expect(rows.filter((row) => row.line === "no pooling").map((row) => row.y)).toEqual([null, null]);
    await data.need(block, [0, 1]);
    expect(model.sent).toHaveLength(1);
    expect(data.ends(block, "response")[1]).toBeCloseTo(103 + 0.05 * 13);
  });

  it("says what Python says when it fails, and asks again", async () => {
    const { data, model } = context(true);
    const block = data.block("a:b", "t");
    const asked = data.need(block, [1]);
    model.message({ answer: (model.sent[0] as { ask: string }).ask, error: "ValueError: no" });
    await expect(asked).rejects.toThrow("ValueError: no");
    void data.need(block, [1]).catch(() => undefined);
    expect(model.sent).toHaveLength(2);
  });

  it("lists the groups in Python's orders, without a kernel those that are here", () => {
    const live = context(true).data;
    const block = live.block("a:b", "t");
    expect(live.listed(block, "fit", "")).toEqual([1, 0]);
    expect(live.listed(block, "shrinkage", "L")).toEqual([1]);
    expect(live.absent(block)).toBe(0);
    const { data } = context(false);
    expect(data.listed(block, "fit", "")).toEqual([0]);
    expect(data.absent(block)).toBe(1);
    expect(data.blocks("a:b").map(({ x }) => x)).toEqual(["t"]);
  });

  it("knows the facts of a group whose lines are not here", () => {
    const { data } = context(false);
    expect(data.effects("a:b", 1)[0]).toMatchObject({ noPooling: 8, partialPooling: 10 });
    expect(data.reason("a:b", 1)).toBe("1 row for 2 effects");
    expect(data.shrinkage("a:b", 1)).toBeNaN();
  });
});
