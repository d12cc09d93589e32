import type { Model } from "./types.js";

export interface Answer {
  content: Record<string, unknown>;
  buffers: DataView[];
}

let asked = 0;

/** Asks Python and waits for its answer. Rejects when Python says what went wrong, or says nothing for `wait` ms. */
export function ask(
  model: Model,
  question: Record<string, unknown>,
  signal: AbortSignal,
  wait = 30_000,
): Promise<Answer> {
  const id = `${Date.now()}-${++asked}`;
  return new Promise((resolve, reject) => {
    const listener = (message: unknown, buffers: unknown): void => {
      const content = message as Record<string, unknown>;
      if (content?.answer !== id) return;
      done();
      if (typeof content.error === "string") reject(new Error(content.error));
      else resolve({ content, buffers: (buffers ?? []) as DataView[] });
    };
    const timer = setTimeout(() => fail(`Python did not answer within ${wait / 1000} s.`), wait);
    const gone = (): void => fail("The view is gone.");
    const fail = (why: string): void => {
      done();
      reject(new Error(why));
    };
    const done = (): void => {
      clearTimeout(timer);
      model.off("msg:custom", listener);
      signal.removeEventListener("abort", gone);
    };
    model.on("msg:custom", listener);
    signal.addEventListener("abort", gone, { once: true });
    try {
      model.send({ ask: id, ...question });
    } catch {
      fail("Python cannot be reached: this notebook's kernel has stopped. Start it and run the cell again.");
    }
  });
}
