/** The engine in a thread of its own. Its code travels inside the bundle as text. */

import { Engine } from "./engine";
import type { FromWorker, ToWorker } from "./messages";
import { buffersOf, messageOf } from "./messages";

interface Scope {
  onmessage: ((event: { data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as Scope;
let engine: Engine | undefined;

scope.onmessage = ({ data: { id, data, question } }) => {
  try {
    if (data) engine = new Engine(data);
    if (!engine) throw new Error("The prior lab was asked before it had draws.");
    const answer = question ? engine.answer(question) : null;
    scope.postMessage({ id, answer }, buffersOf(answer));
  } catch (error) {
    scope.postMessage({ id, error: messageOf(error) }, []);
  }
};
