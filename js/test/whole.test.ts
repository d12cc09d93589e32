import { describe, expect, it } from "vitest";
import type { Context } from "../src/host/types.js";
import { wholeGroups } from "../src/views/whole.js";
import { type StrictModel, strictModel } from "./model.js";

const made = (live: boolean): { context: Context; model: StrictModel } => {
  const model = strictModel({});
  const columns = { "group/school": { values: Float32Array.of(1, 2), shape: [2] } };
  const signal = new AbortController().signal;
  return { model, context: { model, columns, signal, live } as unknown as Context };
};

const said = (content: Record<string, unknown>): string => String(content.said);
const whole = (context: Context) => wholeGroups(context, { school: "known" }, said, "fit.loo(unit=…)");
const bytes = (...values: number[]): DataView => new DataView(Float32Array.from(values).buffer);

describe("leaving out whole groups", () => {
  it("takes what the page holds without asking", async () => {
    const { context, model } = made(false);
    const groups = whole(context);
    expect(groups.has("school")).toBe(true);
    const found = await groups.of("school");
    expect([found.told, Array.from(found.values)]).toEqual(["known", [1, 2]]);
    expect(model.sent).toEqual([]);
  });

  it("says what a page without Python lacks", async () => {
    const { context } = made(false);
    await expect(whole(context).of("class")).rejects.toThrow("Open fit.loo(unit=…) and save that.");
  });

  it("asks Python once for each factor", async () => {
    const { context, model } = made(true);
    const groups = whole(context);
    const asked = groups.of("class");
    const [question] = model.sent as { ask: string; kind: string; factor: string }[];
    expect(question).toMatchObject({ kind: "groups", factor: "class" });
    model.message({ answer: question?.ask, said: "found" }, [bytes(3, 4, 5)]);
    expect(Array.from((await asked).values)).toEqual([3, 4, 5]);
    expect((await groups.of("class")).told).toBe("found");
    expect(model.sent.length).toBe(1);
    expect(model.listening).toBe(0);
  });

  it("passes on why Python could not, and may be asked again", async () => {
    const { context, model } = made(true);
    const groups = whole(context);
    const asked = groups.of("class");
    const [question] = model.sent as { ask: string }[];
    model.message({ answer: question?.ask, error: "ValueError: no group" });
    await expect(asked).rejects.toThrow("ValueError: no group");
    expect(groups.has("class")).toBe(false);
  });
});
