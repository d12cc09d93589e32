/** Where questions are answered: in a worker, or here where workers are forbidden. */

import { Engine } from "./engine";
import type { FromWorker, ToWorker } from "./messages";
import type { Answer, EngineData, Question } from "./types";

export interface Desk {
  answer(question: Question): Promise<Answer>;
  close(): void;
}

/** Answers on the page's own thread, each in a turn of its own. */
export function hereDesk(data: EngineData): Desk {
  let engine: Engine | undefined;
  let closed = false;
  return {
    async answer(question) {
      await turn();
      if (closed) throw new Error("The prior lab is closed.");
      engine ??= new Engine(data);
      return engine.answer(question);
    },
    close() {
      closed = true;
      engine = undefined;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

interface Asked {
  question: Question | undefined;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

/**
 * Answers in a worker made from its code, or null where none can be made. A worker that a page's
 * rules stop before its first word is replaced by answers here, and nothing asked is lost.
 */
export function workerDesk(data: EngineData, code: string): Desk | null {
  if (typeof Worker === "undefined") return null;
  let worker: Worker;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    worker = new Worker(url);
  } catch {
    URL.revokeObjectURL(url);
    return null;
  }
  const asked = new Map<number, Asked>();
  const joined: EngineData["members"] = [];
  let next = 0;
  let heard = false;
  let here: Desk | null = null;

  const post = (message: Omit<ToWorker, "id">, one: Asked): void => {
    const id = next++;
    asked.set(id, one);
    worker.postMessage({ id, ...message } satisfies ToWorker);
  };
  const leave = (): void => {
    worker.terminate();
    worker.onmessage = null;
    worker.onerror = null;
    URL.revokeObjectURL(url);
  };
  const moveHere = (): void => {
    leave();
    const desk = hereDesk({ ...data, members: [...data.members, ...joined] });
    here = desk;
    for (const { question, resolve, reject } of asked.values()) {
      if (question) desk.answer(question).then(resolve, reject);
    }
    asked.clear();
  };

  worker.onmessage = ({ data: { id, answer, error } }: MessageEvent<FromWorker>) => {
    heard = true;
    const one = asked.get(id);
    asked.delete(id);
    if (error !== undefined) {
      one?.reject(new Error(error));
      return;
    }
    if (one?.question?.kind === "join") joined.push(one.question.member);
    one?.resolve(answer as Answer);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    if (heard) console.error("The prior lab's worker stopped; it goes on in the page.", event.message);
    moveHere();
  };

  const ready = new Promise<void>((resolve, reject) => {
    post({ data }, { question: undefined, resolve: () => resolve(), reject });
  });
  ready.catch(() => undefined);
  return {
    answer(question) {
      if (here) return here.answer(question);
      return new Promise<Answer>((resolve, reject) => {
        ready.catch(reject);
        post({ question }, { question, resolve, reject });
      });
    },
    close() {
      here?.close();
      if (!here) leave();
      asked.clear();
    },
  };
}
