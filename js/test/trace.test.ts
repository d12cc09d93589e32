import { describe, expect, it } from "vitest";
import type { Column } from "../src/host/columns";
import type { Context } from "../src/host/types";
import { decimate, kde, quantile, rankCounts } from "../src/tables/trace";
import { inView } from "../src/tables/trace-view";
import { Draws } from "../src/views/trace-draws";
import { Zoom } from "../src/views/trace-zoom";
import decimateCases from "./vectors/decimate.json";
import kdeCases from "./vectors/kde.json";
import rankCases from "./vectors/rank_counts.json";

describe("decimate", () => {
  it.each(decimateCases)("keeps the extremes: $name", ({ values, pixels, expected }) => {
    expect(decimate(values, pixels)).toEqual(expected);
  });

  it("passes over what is not finite", () => {
    const far = Number.POSITIVE_INFINITY;
    expect(decimate([Number.NaN, 5, 1, far, -3, 2, 1, Number.NaN], 2)).toEqual([0, 1, 2, 4, 5, 7]);
    expect(decimate(new Array(6).fill(Number.NaN), 2)).toEqual([0, 3, 5]);
  });
});

describe("kde", () => {
  it.each(kdeCases)("is SciPy's with reflection: $name", (scene) => {
    const { x, density } = kde(scene.values);
    expect(x).toHaveLength(scene.x.length);
    x.forEach((v, i) => {
      expect(v).toBeCloseTo(scene.x[i] as number, 9);
    });
    density.forEach((v, i) => {
      expect(Math.abs(v - (scene.density[i] as number))).toBeLessThan(1e-6);
    });
  });

  it("says how many draws are not finite", () => {
    expect(() => kde([1, 2, Number.NaN, Number.POSITIVE_INFINITY])).toThrow("2 of 4 draws are not finite");
  });

  it("scales numbers whose squares are none", () => {
    const plain = kde([1, 2, 3, 5]);
    for (const size of [2 ** 950, 2 ** -950]) {
      const { x, density } = kde([size, 2 * size, 3 * size, 5 * size]);
      expect(x.map((value) => value / size)).toEqual(plain.x);
      density.forEach((height, i) => {
        expect(height * size).toBeCloseTo(plain.density[i] as number, 12);
      });
    }
    expect(kde([1e-320, 2e-320])).toEqual({ x: [1e-320], density: [1] });
  });

  it("reads float32 draws", () => {
    const { x, density } = kde(Float32Array.from([0, 1, 2, 3]), 16);
    expect(x[0]).toBe(0);
    expect(x[15]).toBe(3);
    expect(density.every((d) => d > 0)).toBe(true);
  });
});

describe("rankCounts", () => {
  it.each(rankCases)("bins SciPy's average ranks: $name", ({ values, bins, expected }) => {
    expect(rankCounts(values, bins)).toEqual(expected);
  });
});

it("quantile interpolates as NumPy does", () => {
  expect(quantile([1, 2, 4, 8], 0.25)).toBe(1.75);
  expect(quantile([1, 2, 4, 8], 1)).toBe(8);
});

describe("inView", () => {
  const places = {
    terms: [0, 1, 1, 2, 2],
    factors: ["", "g", "g", "g", "g"],
    groups: ["", "a", "b", "a", "b"],
  };
  it.each([
    { name: "nothing picked", chosen: [0, 2], picked: {}, shown: [0, 2] },
    { name: "the factor's first term", chosen: [0], picked: { g: ["b"] }, shown: [2, 0] },
    { name: "the term in view", chosen: [3, 0], picked: { g: ["b", "a"] }, shown: [4, 3, 0] },
    { name: "two terms in view", chosen: [1, 3], picked: { g: ["a"] }, shown: [1, 3] },
    { name: "an empty pick", chosen: [1], picked: { g: [] }, shown: [1] },
  ])("$name", ({ chosen, picked, shown }) => {
    expect(inView(places, chosen, new Map(Object.entries(picked)))).toEqual(shown);
  });
});

describe("Zoom", () => {
  it("stays inside the draws and above ten of them", () => {
    const zoom = new Zoom(999);
    zoom.to([-50, 100]);
    expect(zoom.window).toEqual([0, 150]);
    zoom.to([500, 501]);
    expect(zoom.window[1] - zoom.window[0]).toBe(10);
    zoom.move(1000);
    expect(zoom.window).toEqual([989, 999]);
    zoom.by(1000);
    expect(zoom.window).toEqual([0, 999]);
    expect(zoom.zoomed).toBe(false);
  });

  it("keeps the draw under the pointer where it is", () => {
    const zoom = new Zoom(1000);
    zoom.by(0.5, 250);
    expect(zoom.window).toEqual([125, 625]);
  });

  it("tells listeners once, and none after they are gone", () => {
    const zoom = new Zoom(99);
    const gone = new AbortController();
    let told = 0;
    zoom.changed(() => {
      told += 1;
    }, gone.signal);
    zoom.to([10, 50]);
    zoom.to([10, 50]);
    gone.abort();
    zoom.reset();
    expect(told).toBe(1);
  });
});

describe("Draws", () => {
  const raw = (
    dtype: "float32" | "float64" | "int32" | "uint8",
    shape: number[],
    values: number[],
  ): Column => {
    const Kind = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array }[
      dtype
    ];
    return { dtype, shape, values: Kind.from(values) };
  };
  const context = {
    live: false,
    columns: {
      centre: raw("float32", [2], [100, 0]),
      sent: raw("int32", [1], [0]),
      draws: raw("float32", [1, 2, 4], [0, 1, 2, 3, 4, 5, 6, 7]),
      divergent: raw("uint8", [2, 4], [0, 1, 0, 0, 0, 0, 0, 1]),
    },
  } as unknown as Context;
  const draws = new Draws(context, ["a", "b"], 8);

  it("adds the centre back", () => {
    expect(draws.span(0)).toEqual([100, 107]);
    expect(draws.lines(0, [0, 3], 100).map((row) => row.value)).toEqual([
      100, 101, 102, 103, 104, 105, 106, 107,
    ]);
  });

  it("draws the window and a draw on either side", () => {
    expect(draws.lines(0, [1.5, 1.9], 100).map((row) => [row.chain, row.draw])).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
      [1, 2],
    ]);
  });

  it("places the divergences in the window", () => {
    expect(draws.divergences(0, [0, 3])).toEqual([
      { chain: 0, draw: 1, value: 101 },
      { chain: 1, draw: 3, value: 107 },
    ]);
    expect(draws.divergences(0, [0, 2])).toHaveLength(1);
  });

  describe("of broken draws", () => {
    const lost = Number.NaN;
    const far = Number.POSITIVE_INFINITY;
    const broken = new Draws(
      {
        live: false,
        columns: {
          centre: raw("float64", [3], [1e286, 0, 0]),
          sent: raw("int32", [3], [0, 1, 2]),
          draws: raw(
            "float64",
            [3, 2, 4],
            [
              ...[-1e285, 0, 1e285, 2e285, 0, 1e285, lost, lost],
              ...[lost, 1, 3, 2, 4, far, lost, lost],
              ...new Array(8).fill(lost),
            ],
          ),
          divergent: raw("uint8", [2, 4], [1, 1, 0, 0, 0, 0, 0, 0]),
        },
      } as unknown as Context,
      ["huge", "gaps", "lost"],
      6,
    );

    it("draws what a float32 cannot hold", () => {
      expect(broken.span(0)).toEqual([1e286 - 1e285, 1e286 + 2e285]);
      const curve = broken.density(0).filter(({ chain }) => chain === 0);
      const gap = 3e285 / (curve.length - 1);
      const area = curve.reduce(
        (sum, { density }, i) => sum + Number(density) * (i === 0 || i === curve.length - 1 ? 0.5 : 1),
        0,
      );
      expect(area * gap).toBeCloseTo(1, 9);
    });

    it("leaves out what is not finite, and says so", () => {
      expect(broken.leftOut(0)).toBe("");
      expect(broken.leftOut(1)).toBe("2 of 6 draws not finite, left out");
      expect(broken.leftOut(2)).toBe("none of 6 draws is finite: nothing to draw");
      expect(broken.span(1)).toEqual([1, 4]);
      expect(broken.span(2)).toEqual([-0.5, 0.5]);
      expect(broken.lines(1, [0, 3], 100).map(({ value }) => value)).toEqual([
        ...[null, 1, 3, 2],
        ...[4, null, null, null],
      ]);
      expect(broken.divergences(1, [0, 3])).toEqual([{ chain: 0, draw: 1, value: 1 }]);
      expect(broken.density(2)).toEqual([]);
    });

    it("ranks finite draws alone", () => {
      const rows = broken.ranks(1);
      const sums = [0, 1].map((c) =>
        rows.filter(({ chain }) => chain === c).reduce((sum, { count }) => sum + Number(count), 0),
      );
      expect(sums).toEqual([3, 1]);
      expect(rows[0]).toMatchObject({ lower: 0, upper: 0.2, expected: 0.15 });
      expect(rows[20]).toMatchObject({ chain: 1, expected: 0.05 });
    });
  });

  it("counts every draw once in the ranks", () => {
    const rows = draws.ranks(0);
    expect(rows.reduce((sum, row) => sum + Number(row.count), 0)).toBe(8);
    expect(rows[0]).toMatchObject({ chain: 0, lower: 0, upper: 0.4, expected: 0.2 });
  });

  it("says why a parameter cannot be drawn where no kernel answers", async () => {
    expect(draws.missing(0)).toBe("");
    expect(draws.missing(1)).toContain("not in this page");
    await expect(draws.fetch([1])).rejects.toThrow("not in this page");
  });

  it("asks Python for the draws the page lacks, and keeps them", async () => {
    let listener: (message: unknown, buffers: unknown) => void = () => {};
    const asked: unknown[] = [];
    const model = {
      on: (_event: string, listen: typeof listener) => {
        listener = listen;
      },
      off: () => {},
      send: (question: { ask: string; parameters: string[] }) => {
        asked.push(question.parameters);
        const data = new DataView(Float32Array.from([9, 8, 7, 6, 5, 4, 3, 2]).buffer);
        const content = { answer: question.ask, shape: [1, 2, 4], dtype: "float32" };
        queueMicrotask(() => listener(content, [data]));
      },
    };
    const signal = new AbortController().signal;
    const connected = new Draws(
      { ...context, live: true, model, signal } as unknown as Context,
      ["a", "b"],
      8,
    );
    expect(connected.missing(1)).toBe("");
    await connected.fetch([0, 1]);
    await connected.fetch([1]);
    expect(asked).toEqual([["b"]]);
    expect(connected.span(1)).toEqual([2, 9]);
  });
});
