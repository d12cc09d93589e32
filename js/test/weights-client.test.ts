import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Client, createClient } from "../src/weights/client";
import { Engine } from "../src/weights/engine";
import type { FromWorker, ToWorker } from "../src/weights/messages";
import type { CurveQuestion, Weighed } from "../src/weights/types";
import { data, member, normalPrior } from "./weights-made-up";

const shape = { draws: 50, groups: 2 };
const first = () => member(0, 2, { seed: 1, ...shape });
const second = () => member(4, 1, { seed: 2, ...shape });

let code = "";

beforeAll(async () => {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: ["src/weights/worker.ts"],
    bundle: true,
    minify: true,
    format: "iife",
    write: false,
  });
  code = outputFiles[0]?.text as string;
});

interface Scope {
  onmessage?: (event: { data: ToWorker }) => void;
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
}

/** A worker that runs its code on this thread, copies what is sent, and lends no buffers twice. */
class MadeUpWorker {
  static alive = 0;
  static most = 0;
  static sent = 0;
  static stopsAfter = Number.POSITIVE_INFINITY;
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  #scope: Scope | null;

  constructor(url: string) {
    expect(url).toMatch(/^blob:/);
    MadeUpWorker.alive++;
    MadeUpWorker.most = Math.max(MadeUpWorker.most, MadeUpWorker.alive);
    const scope: Scope = {
      postMessage: (message: FromWorker, transfer: ArrayBuffer[]) => {
        const copy = structuredClone(message, { transfer });
        queueMicrotask(() => this.onmessage?.({ data: copy }));
      },
    };
    this.#scope = scope;
    new Function("globalThis", code)(scope);
  }

  postMessage(message: ToWorker): void {
    MadeUpWorker.sent++;
    const copy = structuredClone(message);
    setTimeout(() => {
      if (MadeUpWorker.sent > MadeUpWorker.stopsAfter) {
        this.onerror?.({ preventDefault: () => undefined, message: "forbidden" });
      } else this.#scope?.onmessage?.({ data: copy });
    });
  }

  terminate(): void {
    if (this.#scope) MadeUpWorker.alive--;
    this.#scope = null;
  }
}

function withWorkers(): void {
  MadeUpWorker.alive = 0;
  MadeUpWorker.most = 0;
  MadeUpWorker.sent = 0;
  MadeUpWorker.stopsAfter = Number.POSITIVE_INFINITY;
  vi.stubGlobal("Worker", MadeUpWorker);
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const weigh = (client: Client, mu: number): Promise<Weighed | null> =>
  client.ask({ kind: "weigh", settings: normalPrior(mu, 2), terms: ["1|g"], densities: [0] });

const expected = (mu: number): Weighed =>
  new Engine(data([first()])).answer({
    kind: "weigh",
    settings: normalPrior(mu, 2),
    terms: ["1|g"],
    densities: [0],
  });

describe.each(["in a worker", "without workers"])("the client %s", (place) => {
  const start = (): { client: Client; stop: AbortController } => {
    if (place === "in a worker") withWorkers();
    else vi.stubGlobal("Worker", undefined);
    const stop = new AbortController();
    return { client: createClient(data([first()]), stop.signal, { code }), stop };
  };

  it("answers as the engine does", async () => {
    const { client, stop } = start();
    expect(await weigh(client, 1)).toEqual(expected(1));
    expect(client.pending).toBe(0);
    stop.abort();
  });

  it("answers the first and the last of 10,000 questions, and leaves none behind", async () => {
    const { client, stop } = start();
    const listened = vi.spyOn(stop.signal, "addEventListener");
    const asked = Array.from({ length: 10_000 }, (_, i) => weigh(client, i / 10_000));
    expect(client.pending).toBe(2);
    const answers = await Promise.all(asked);
    expect(answers.filter(Boolean)).toHaveLength(2);
    expect(answers[0]).toEqual(expected(0));
    expect(answers.at(-1)).toEqual(expected(0.9999));
    expect(client.pending).toBe(0);
    expect(listened).not.toHaveBeenCalled();
    if (place === "in a worker") expect(MadeUpWorker.sent).toBe(3);
    stop.abort();
  });

  it("keeps channels apart", async () => {
    const { client, stop } = start();
    const settings = normalPrior(1, 2);
    const curve: CurveQuestion = {
      kind: "curve",
      settings,
      parameter: "b",
      argument: "mu",
      values: [0, 1],
      quantity: 0,
    };
    const [now, before, along] = await Promise.all([
      weigh(client, 1),
      client.ask({ kind: "weigh", settings: {} }, "before"),
      client.ask(curve),
    ]);
    expect(now?.own).toBeNull();
    expect(before?.own).toBe(0);
    expect(along?.verdict).toHaveLength(2);
    stop.abort();
  });

  it("answers a long curve as the engine does, and others in between", async () => {
    const { client, stop } = start();
    const values = Array.from({ length: 25 }, (_, i) => i - 12);
    const curve: CurveQuestion = {
      kind: "curve",
      settings: normalPrior(1, 2),
      parameter: "b",
      argument: "mu",
      values,
      quantity: 0,
    };
    const order: string[] = [];
    const [whole] = await Promise.all([
      client.ask(curve).then((answer) => {
        order.push("curve");
        return answer;
      }),
      weigh(client, 1).then(() => order.push("weigh")),
    ]);
    expect(order).toEqual(["weigh", "curve"]);
    expect(whole).toEqual(new Engine(data([first()])).answer(curve));
    const [given, last] = await Promise.all([client.ask(curve), client.ask({ ...curve, values: [0] })]);
    expect(given).toBeNull();
    expect(last?.values).toHaveLength(1);
    stop.abort();
  });

  it("lets a fit join, and then answers from both", async () => {
    const { client, stop } = start();
    expect(await client.join(second())).toEqual({ members: 2, draws: 400 });
    const both = new Engine(data([first(), second()]));
    const settings = normalPrior(2, 2);
    expect(await client.ask({ kind: "weigh", settings })).toEqual(both.answer({ kind: "weigh", settings }));
    stop.abort();
  });

  it("passes on what is wrong, and goes on", async () => {
    const { client, stop } = start();
    await expect(client.ask({ kind: "weigh", settings: normalPrior(0, -1) })).rejects.toThrow(
      "sigma of Normal must be greater than 0",
    );
    await expect(client.join({ ...second(), x: {} })).rejects.toThrow("lacks the draws of b, tau");
    expect(await weigh(client, 1)).toEqual(expected(1));
    stop.abort();
  });

  it("says null to everything once it is closed", async () => {
    const { client, stop } = start();
    const asked = [weigh(client, 0), weigh(client, 1), client.join(second())];
    stop.abort();
    expect(await Promise.all(asked)).toEqual([null, null, null]);
    expect(await weigh(client, 2)).toBeNull();
    expect(await client.join(second())).toBeNull();
    expect(client.pending).toBe(0);
    if (place === "in a worker") expect(MadeUpWorker.alive).toBe(0);
  });
});

it("the worker's code stays small beside the bundle", () => {
  expect(code.length).toBeGreaterThan(1000);
  expect(code.length).toBeLessThan(30_000);
});

describe("a worker that stops", () => {
  it("before its first word: all is answered here", async () => {
    withWorkers();
    MadeUpWorker.stopsAfter = 0;
    const stop = new AbortController();
    const client = createClient(data([first()]), stop.signal, { code });
    const joined = client.join(second());
    const [answer, members] = await Promise.all([weigh(client, 1), joined]);
    expect(answer?.verdict).toBeDefined();
    expect(members).toEqual({ members: 2, draws: 400 });
    expect(MadeUpWorker.alive).toBe(0);
    stop.abort();
  });

  it("later: the fits that joined are still there, and it is said once", async () => {
    withWorkers();
    const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const stop = new AbortController();
    const client = createClient(data([first()]), stop.signal, { code });
    await client.join(second());
    MadeUpWorker.stopsAfter = 0;
    const settings = normalPrior(4, 1);
    expect((await client.ask({ kind: "weigh", settings }))?.own).toBe(1);
    expect(said).toHaveBeenCalledTimes(1);
    said.mockRestore();
    stop.abort();
  });

  it("is not made where it is forbidden", async () => {
    vi.stubGlobal(
      "Worker",
      class {
        constructor() {
          throw new Error("forbidden");
        }
      },
    );
    const stop = new AbortController();
    const client = createClient(data([first()]), stop.signal, { code });
    expect(await weigh(client, 1)).toEqual(expected(1));
    stop.abort();
  });
});
