import { describe, expect, it } from "vitest";
import type { Column } from "../src/host/columns.js";
import { chainText, lineRows, type Now, progressOf, running, timeText } from "../src/views/live-words.js";

const plan = { draws: 3000, tune: 1000, chains: 4 };

describe("a chain's bar", () => {
  it("is warm-up first, then draws, in shares of the whole", () => {
    expect(progressOf(undefined, plan)).toEqual({ warm: 0, kept: 0 });
    expect(progressOf([500, true, 0, 0.1], plan)).toEqual({ warm: 12.5, kept: 0 });
    expect(progressOf([1000, true, 0, 0.1], plan)).toEqual({ warm: 25, kept: 0 });
    expect(progressOf([4000, false, 0, 0.1], plan)).toEqual({ warm: 25, kept: 75 });
  });

  it("says in words what is done", () => {
    expect(chainText(undefined, plan)).toBe("waiting");
    expect(chainText([1000, true, 0, 0.1], plan)).toBe("warm-up 1,000 of 1,000");
    expect(chainText([1001, false, 2, 0.1], plan)).toBe("draws 1 of 3,000");
  });
});

describe("a time to go", () => {
  it("is coarser the longer it is", () => {
    expect([0.2, 89, 91, 5300, 5500].map(timeText)).toEqual(["1 s", "89 s", "2 min", "88 min", "1.5 h"]);
  });
});

describe("the stages", () => {
  it("know which of them go on", () => {
    const stages = ["compiling", "warm-up", "sampling", "done", "stopped", "cancelled", "failed"] as const;
    expect(stages.map(running)).toEqual([true, true, true, false, false, false, false]);
  });
});

describe("lines", () => {
  const column = (values: Int32Array | Float32Array): Column =>
    ({ values, shape: [values.length] }) as unknown as Column;
  const row = (parameter: string, centre: number): Now["rows"][number] => ({
    parameter,
    rhat: 1,
    ess: 100,
    centre,
    span: [0, 1],
  });

  it("go back to their parameters and their centres", () => {
    const now = { rows: [row("a", 10), row("b", -1)] } as unknown as Now;
    const lines = lineRows(now, {
      row: column(Int32Array.of(0, 1, 0)),
      chain: column(Int32Array.of(0, 1, 1)),
      draw: column(Int32Array.of(5, 6, 7)),
      value: column(Float32Array.of(0.5, 0.25, -0.5)),
    });
    expect(lines).toEqual([
      [
        { chain: 0, draw: 5, value: 10.5 },
        { chain: 1, draw: 7, value: 9.5 },
      ],
      [{ chain: 1, draw: 6, value: -0.75 }],
    ]);
  });

  it("may be missing", () => {
    expect(lineRows({ rows: [row("a", 0)] } as unknown as Now, {})).toEqual([[]]);
  });
});
