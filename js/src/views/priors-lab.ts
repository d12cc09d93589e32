import type { Context } from "../host/types.js";
import { type Client, createClient } from "../weights/client.js";
import type { Curve, GroupErrors, Setting, Settings, Weighed } from "../weights/types.js";
import { moved, type PriorsData } from "./priors-data.js";
import { movedTo } from "./priors-ranges.js";

const REST_MS = 800;

export interface Asked {
  /** Quantities whose densities are drawn, by their place. */
  densities: number[];
  term: string | null;
  ranks: { term: string; group: number; top: number } | null;
}

export interface LabOptions {
  context: Context;
  data: PriorsData;
  settings: Settings;
  /** What the pictures need now. */
  wants: () => Asked;
  /** A new answer, or another state before. */
  answered: () => void;
  /** The reader has let go for a moment. */
  rested: () => void;
  failed: (message: string) => void;
}

/** The settings in the reader's hand, and what the engine says of them; the latest wins. */
export class Lab {
  settings: Settings;
  /** Under the fitted priors. */
  before: Weighed | undefined;
  /** Of the present settings, or of those a moment ago. */
  answer: Weighed | undefined;
  /** The last answer that may be shown. */
  good: Weighed | undefined;
  errors: GroupErrors | undefined;
  #client: Client;
  #closing = new AbortController();
  /** How often the reader has moved something. */
  moves = 0;
  #timer = 0;
  #held = false;
  #goodAt: Settings = {};
  #asked = 0;
  readonly #options: LabOptions;

  constructor(options: LabOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#client = this.#made();
    options.context.signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  get moved(): Settings {
    return moved(this.settings, this.#options.data.fitted);
  }

  /** Whether the pictures keep the last reliable state. */
  get held(): boolean {
    return this.answer?.verdict === "needs a refit";
  }

  get draws(): number {
    return this.#options.data.pool.reduce((sum, { chains, draws }) => sum + chains * draws, 0);
  }

  /** The state under the fitted priors, and then the present one. */
  async start(): Promise<void> {
    this.before = (await this.#weigh({}, "before")) ?? this.before;
    this.good = (await this.#weigh(this.#goodAt, "good")) ?? this.good;
    await this.tick();
  }

  /** The reader moved something: a new answer soon, and rest a while after the last move. */
  move(settings: Settings, holding: boolean): void {
    this.settings = settings;
    this.moves += 1;
    this.#held = holding;
    this.errors = undefined;
    this.awake();
    void this.tick();
  }

  /** The pointer was let go. */
  released(): void {
    if (!this.#held) return;
    this.#held = false;
    this.awake();
  }

  awake(): void {
    clearTimeout(this.#timer);
    if (this.#held) return;
    this.#timer = window.setTimeout(() => this.#options.rested(), REST_MS);
  }

  async tick(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const settings = this.moved;
    const answer = await this.#weigh(settings, "now");
    if (!answer) return;
    this.answer = answer;
    if (answer.verdict !== "needs a refit") {
      this.good = answer;
      this.#goodAt = settings;
    }
    if (asked === this.#asked) this.#options.context.el.dataset.settled = String(asked);
    this.#options.answered();
  }

  /** What the pictures need has changed: both states again. */
  async again(): Promise<void> {
    await this.start();
    this.#options.answered();
  }

  weigh(settings: Settings, channel: string): Promise<Weighed | null> {
    return this.#weigh(settings, channel);
  }

  /** A quantity and the evidence over the values of an argument; a vector's elements move alike. */
  curve(parameter: string, argument: string, values: number[], quantity: number): Promise<Curve | null> {
    const setting = this.settings[parameter];
    const given = setting?.args[argument];
    if (setting && Array.isArray(given) && given.some((one) => one !== given[0]))
      return this.#vectorCurve(parameter, setting, argument, values, quantity);
    const question = { kind: "curve", settings: this.moved, parameter, argument, values, quantity } as const;
    return this.#guarded(this.#client.ask(question, `curve ${parameter} ${argument}`));
  }

  async #vectorCurve(
    parameter: string,
    setting: Setting,
    argument: string,
    values: number[],
    quantity: number,
  ): Promise<Curve | null> {
    const answers: Weighed[] = [];
    for (const value of values) {
      const settings = { ...this.moved, [parameter]: movedTo(setting, argument, value) };
      const answer = await this.#guarded(this.#client.ask({ kind: "weigh", settings }, "vector"));
      if (!answer) return null;
      answers.push(answer);
    }
    const column = (read: (answer: Weighed) => number | undefined): Float64Array =>
      Float64Array.from(answers, (answer) => read(answer) ?? Number.NaN);
    return {
      values: Float64Array.from(values),
      mean: column(({ summary }) => summary[quantity]?.mean),
      lower: column(({ summary }) => summary[quantity]?.lower),
      upper: column(({ summary }) => summary[quantity]?.upper),
      logEvidence: column(({ logEvidence }) => logEvidence),
      evidenceReliable: answers.map(({ evidenceReliable }) => evidenceReliable),
      khat: column(({ khat }) => khat),
      verdict: answers.map(({ verdict }) => verdict),
      place: null,
    };
  }

  async askErrors(term: string): Promise<void> {
    const errors = await this.#guarded(this.#client.ask({ kind: "errors", settings: this.moved, term }));
    if (errors) this.errors = errors;
  }

  /** Fits that came join the pool. */
  async join(): Promise<number> {
    const fresh = this.#options.data.arrived();
    for (const member of fresh) await this.#client.join(member);
    return fresh.length;
  }

  /** The engine anew, with draws that were not there before. */
  renew(): void {
    this.#closing.abort();
    this.#closing = new AbortController();
    this.#client = this.#made();
  }

  #made(): Client {
    const { context, data } = this.#options;
    return createClient(data.engine(), AbortSignal.any([context.signal, this.#closing.signal]));
  }

  #weigh(settings: Settings, channel: string): Promise<Weighed | null> {
    const { densities, term, ranks } = this.#options.wants();
    return this.#guarded(
      this.#client.ask(
        {
          kind: "weigh",
          settings,
          densities,
          ...(term === null ? {} : { terms: [term] }),
          ...(ranks === null ? {} : { ranks }),
        },
        channel,
      ),
    );
  }

  async #guarded<T>(asked: Promise<T | null>): Promise<T | null> {
    try {
      return await asked;
    } catch (error) {
      console.warn(error);
      this.#options.failed(error instanceof Error ? error.message : String(error));
      return null;
    }
  }
}
