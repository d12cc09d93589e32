/** The page's side of the engine: questions in, answers out, the latest of each channel wins. */

import { joinedCurve, partsOf } from "./curve";
import { type Desk, hereDesk, workerDesk } from "./desk";
import type { AnswerTo, Curve, CurveQuestion, EngineData, Joined, Member, Question } from "./types";
import workerCode from "./worker.ts?raw";

type Asked = Exclude<Question, { kind: "join" }>;

export interface Client {
  /**
   * The answer, or null when a newer question of the same channel came before this one's turn, or
   * the client is closed. A question that is being answered already is answered, so that a picture
   * follows a slider that never rests; a curve is answered in parts and gives way between them. Channels do not disturb each other; a question's channel is
   * its kind unless another is named.
   */
  ask<Q extends Asked>(question: Q, channel?: string): Promise<AnswerTo<Q> | null>;
  /** Let a fit join the pool; never superseded. Null when the client is closed. */
  join(member: Member): Promise<Joined | null>;
  /** Questions that are asked or wait. */
  readonly pending: number;
}

export interface ClientOptions {
  /** The code of the worker; when empty, or without workers, questions are answered here. */
  code?: string;
}

interface Waiting {
  question: Question;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

interface Channel {
  asked: Waiting | null;
  waiting: Waiting | null;
}

/** A client of an engine that holds these draws, until the signal aborts. */
export function createClient(data: EngineData, signal: AbortSignal, options: ClientOptions = {}): Client {
  const { code = workerCode } = options;
  const channels = new Map<string, Channel>();
  const joining = new Set<Waiting>();
  let desk: Desk | null = signal.aborted ? null : (code && workerDesk(data, code)) || hereDesk(data);

  /** A curve, part by part, until a newer question of its channel waits. */
  const along = async (question: CurveQuestion, channel: Channel): Promise<Curve | null> => {
    const parts: Curve[] = [];
    for (const part of partsOf(question)) {
      if (!desk || channel.waiting) return null;
      parts.push((await desk.answer(part)) as Curve);
    }
    return joinedCurve(parts);
  };

  const run = (name: string, channel: Channel): void => {
    const asked = channel.waiting;
    channel.asked = asked;
    channel.waiting = null;
    if (!asked || !desk) {
      channels.delete(name);
      return;
    }
    const next = (): void => run(name, channel);
    const { question } = asked;
    const answer = question.kind === "curve" ? along(question, channel) : desk.answer(question);
    settle(answer, asked, next);
  };

  signal.addEventListener(
    "abort",
    () => {
      desk?.close();
      desk = null;
      for (const { asked, waiting } of channels.values()) {
        asked?.resolve(null);
        waiting?.resolve(null);
      }
      for (const one of joining) one.resolve(null);
      channels.clear();
      joining.clear();
    },
    { once: true },
  );

  return {
    ask<Q extends Asked>(question: Q, name: string = question.kind) {
      return new Promise<AnswerTo<Q> | null>((resolve, reject) => {
        if (!desk) {
          resolve(null);
          return;
        }
        const channel = channels.get(name) ?? { asked: null, waiting: null };
        channels.set(name, channel);
        channel.waiting?.resolve(null);
        channel.waiting = { question, resolve: resolve as (answer: unknown) => void, reject };
        if (!channel.asked) run(name, channel);
      });
    },
    join(member) {
      return new Promise<Joined | null>((resolve, reject) => {
        const one: Waiting = {
          question: { kind: "join", member },
          resolve: resolve as (answer: unknown) => void,
          reject,
        };
        if (!desk) {
          resolve(null);
          return;
        }
        joining.add(one);
        settle(desk.answer(one.question), one, () => joining.delete(one));
      });
    },
    get pending() {
      let count = joining.size;
      for (const { asked, waiting } of channels.values()) count += Number(!!asked) + Number(!!waiting);
      return count;
    },
  };
}

/** Tidy up, then pass the answer on. */
function settle(answer: Promise<unknown>, asked: Waiting, tidy: () => void): void {
  answer.then(
    (value) => {
      tidy();
      asked.resolve(value);
    },
    (error: Error) => {
      tidy();
      asked.reject(error);
    },
  );
}
