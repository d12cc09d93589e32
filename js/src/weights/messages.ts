/** What passes between the page and the engine's thread. */

import type { Answer, EngineData, Question } from "./types";

/** The first message carries the draws; every later one a question. */
export interface ToWorker {
  id: number;
  data?: EngineData;
  question?: Question;
}

export interface FromWorker {
  id: number;
  answer?: Answer | null;
  error?: string;
}

/** The buffers of an answer, which can be handed over instead of copied. */
export function buffersOf(answer: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(answer)) return [answer.buffer as ArrayBuffer];
  if (typeof answer !== "object" || answer === null) return [];
  return Object.values(answer).flatMap(buffersOf);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
