import { describe, expect, it } from "vitest";
import { fromShare, toShare } from "../src/controls/slider";
import { ask } from "../src/host/ask";
import { decode } from "../src/host/columns";
import { inSight, stepFor } from "../src/host/rows";
import { combine, loneModel, selection } from "../src/host/selection";
import { state } from "../src/host/state";
import { short } from "../src/host/text";
import { bytes, pageModel, revive } from "../src/standalone";
import { strictModel } from "./model";

describe("columns", () => {
  const floats = new Float32Array([0.5, -2, Number.NaN, 4]);

  it("reads float32 at an offset that is not aligned", () => {
    const buffer = new Uint8Array(16 + 3);
    buffer.set(new Uint8Array(floats.buffer), 3);
    const column = decode({ dtype: "float32", shape: [2, 2], data: new DataView(buffer.buffer, 3, 16) });
    expect([...column.values]).toEqual([...floats]);
  });

  it("reads a window of a longer buffer without copying it", () => {
    const whole = new Int32Array([1, 2, 3, 4]);
    const column = decode({ dtype: "int32", shape: [2], data: new DataView(whole.buffer, 4, 8) });
    expect([...column.values]).toEqual([2, 3]);
    expect((column.values as Int32Array).buffer).toBe(whole.buffer);
  });

  it("refuses a length that is not the shape's", () => {
    const data = new DataView(floats.buffer);
    expect(() => decode({ dtype: "float32", shape: [3], data })).toThrow("should hold 3 values");
    expect(() => decode({ dtype: "string", shape: [2], data: ["a"] })).toThrow("should hold 2 values");
  });

  it("refuses a dtype it does not know, even one every object has", () => {
    const data = new DataView(floats.buffer);
    expect(() => decode({ dtype: "constructor", shape: [4], data })).toThrow("constructor cannot be read");
  });
});

describe("selection", () => {
  it("replaces, adds, and drops what is added twice", () => {
    expect(combine(["a"], ["b", "b"], false)).toEqual(["b"]);
    expect(combine(["a"], ["b"], true)).toEqual(["a", "b"]);
    expect(combine(["a", "b"], ["a"], true)).toEqual(["b"]);
    expect(combine(["a"], ["a", "c"], true)).toEqual(["a", "c"]);
  });

  it("keeps factors apart and saves each change", () => {
    const model = strictModel({ picked: { school: ["1"] } });
    const picks = selection(model);
    picks.pick("pupil", ["1", "2"]);
    expect(model.get("picked")).toEqual({ school: ["1"], pupil: ["1", "2"] });
    picks.pick("school", []);
    expect(model.get("picked")).toEqual({ pupil: ["1", "2"] });
    picks.clear();
    expect(model.get("picked")).toEqual({});
    expect(model.saved).toBe(true);
  });

  it("takes factors by names every object has", () => {
    const picks = selection(strictModel({ picked: {}, nested: {} }));
    expect(picks.picked("constructor")).toEqual([]);
    expect(picks.picked("__proto__")).toEqual([]);
  });

  it("hears Python, until its view is gone", () => {
    const model = strictModel({ picked: {}, nested: {} });
    const gone = new AbortController();
    let heard = 0;
    selection(model).changed(() => {
      heard += 1;
    }, gone.signal);
    model.receive("picked", { g: ["a"] });
    gone.abort();
    model.receive("picked", {});
    expect([heard, model.listening]).toEqual([1, 0]);
  });

  it("lights the groups within a picked one, and toggles only what was picked", () => {
    const nested = { "a:b": { a: { "p:m": "p", "p:n": "p", "q:m": "q" } } };
    const model = strictModel({ picked: {}, nested });
    const picks = selection(model);
    picks.pick("a", ["p"]);
    expect(picks.picked("a:b")).toEqual(["p:m", "p:n"]);
    picks.pick("a:b", ["q:m"], true);
    expect(picks.picked("a:b")).toEqual(["q:m", "p:m", "p:n"]);
    expect(model.get("picked")).toEqual({ a: ["p"], "a:b": ["q:m"] });
    picks.clear();
    expect(picks.picked("a:b")).toEqual([]);
  });

  it("works alone in a view without a fit's selection", () => {
    const picks = selection(loneModel());
    picks.pick("g", ["a"]);
    expect(picks.picked("g")).toEqual(["a"]);
  });
});

describe("state", () => {
  it("writes what differs, saves it, and tells once", () => {
    const model = strictModel({ state: { sort: "name", search: "" } });
    const here = state<{ sort: string; search: string }>({ model, signal: new AbortController().signal });
    const heard: string[] = [];
    here.changed(() => heard.push(here.get("sort")));
    here.set({ sort: "name" });
    here.set({ sort: "size" });
    model.receive("state", { sort: "estimate", search: "" });
    expect(heard).toEqual(["size", "estimate"]);
    expect(model.saved).toBe(true);
  });
});

describe("ask", () => {
  const signal = new AbortController().signal;

  it("takes the answer to its own question", async () => {
    const model = strictModel({});
    const answer = ask(model, { what: "lines" }, signal);
    const [{ ask: id }] = model.sent as [{ ask: string }];
    model.message({ answer: "another", value: 1 });
    model.message({ answer: id, value: 2 });
    expect((await answer).content.value).toBe(2);
    expect(model.listening).toBe(0);
  });

  it("rejects with Python's sentence", async () => {
    const model = strictModel({});
    const answer = ask(model, {}, signal);
    const [{ ask: id }] = model.sent as [{ ask: string }];
    model.message({ answer: id, error: "ValueError: no such parameter" });
    await expect(answer).rejects.toThrow("no such parameter");
  });

  it("says so at once when there is no kernel to ask", async () => {
    const model = strictModel({});
    const send = (): never => {
      throw new Error("Cannot send");
    };
    const answer = ask(Object.assign(model, { send }), {}, signal);
    await expect(answer).rejects.toThrow("kernel has stopped");
    expect(model.listening).toBe(0);
  });

  it("gives up when the view goes away", async () => {
    const model = strictModel({});
    const gone = new AbortController();
    const answer = ask(model, {}, gone.signal);
    gone.abort();
    await expect(answer).rejects.toThrow("gone");
    expect(model.listening).toBe(0);
  });
});

describe("rows", () => {
  it("draws the rows whose middle is in sight", () => {
    expect(inSight(0, 100, 20, 50)).toEqual({ low: -0.5, high: 4.5, from: 0, to: 5 });
    expect(inSight(30, 100, 20, 50)).toEqual({ low: 1, high: 6, from: 1, to: 7 });
  });

  it("never draws rows that are not there", () => {
    expect(inSight(0, 100, 20, 2)).toMatchObject({ from: 0, to: 2 });
    expect(inSight(0, 100, 20, 0)).toMatchObject({ from: 0, to: 0 });
  });

  it("gives few groups air and keeps many readable", () => {
    expect([stepFor(3, 450), stepFor(22, 450), stepFor(5000, 450)]).toEqual([24, 20, 16]);
  });
});

describe("slider", () => {
  it.each([true, false])("goes there and back (log %s)", (log) => {
    for (const value of [0.01, 0.5, 20]) {
      expect(fromShare(toShare(value, 0.01, 20, log), 0.01, 20, log)).toBeCloseTo(value, 12);
    }
  });

  it("keeps to its ends", () => {
    expect(toShare(99, 1, 2, true)).toBe(1);
    expect(fromShare(-1, 1, 2, false)).toBe(1);
  });
});

describe("text", () => {
  it("writes numbers short", () => {
    expect([0, -1.23456, 251.405, 1e-9, Number.NaN].map((value) => short(value))).toEqual([
      "0",
      "−1.235",
      "251.4",
      "1e−9",
      "–",
    ]);
  });
});

describe("an exported page", () => {
  it("revives bytes at any depth, and nothing else", () => {
    const page = {
      columns: { a: { data: { $base64: btoa("\u0001\u0002") } } },
      text: "$base64",
      list: [1, null],
    };
    const { columns, text, list } = revive(page) as {
      columns: { a: { data: DataView } };
      text: string;
      list: unknown[];
    };
    expect([columns.a.data.getUint8(0), columns.a.data.getUint8(1)]).toEqual([1, 2]);
    expect([text, list]).toEqual(["$base64", [1, null]]);
    expect([...bytes(" AQI=\n")]).toEqual([1, 2]);
  });

  it("has models that tell of changes only", () => {
    const model = pageModel({ picked: {} });
    let heard = 0;
    const listener = (): void => {
      heard += 1;
    };
    model.on("change:picked", listener);
    const same = { g: ["a"] };
    model.set("picked", same);
    model.set("picked", same);
    model.off("change:picked", listener);
    model.set("picked", {});
    expect(heard).toBe(1);
  });
});
