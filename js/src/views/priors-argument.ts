import { fromShare, toShare } from "../controls/slider.js";
import { element } from "../host/dom.js";
import { short } from "../host/text.js";
import type { Range } from "./priors-ranges.js";
import { compact, signed } from "./priors-words.js";

const STEPS = 400;

export interface Argument {
  node: HTMLElement;
  /** Where the curve of the slider's whole range goes. */
  plot: HTMLElement;
  readonly range: Range;
  update(value: number, range: Range): void;
  /** Marks the field as holding a number that cannot be. */
  refused(wrong: boolean): void;
}

export interface ArgumentOptions {
  parameter: string;
  argument: string;
  value: number;
  range: Range;
  /** Whether it moves every element of a vector parameter. */
  many: boolean;
  /** Called as the reader drags or types; not settled while the pointer is down. */
  change: (value: number, settled: boolean) => void;
  /** What was typed is no number. */
  wrong: (text: string) => void;
}

/** One argument of a prior: a slider, the exact number beside it, and below them room for its curve. */
export function argumentControl(options: ArgumentOptions): Argument {
  const { parameter, argument, many, change, wrong } = options;
  let { range } = options;
  const node = element("div", { className: "hw-priors-argument" });
  const name = element("span", { className: "hw-priors-name", textContent: argument });
  if (many) name.title = "Moves every element alike; the number is the first one's.";
  const slider = Object.assign(element("input"), { type: "range", min: "0", max: String(STEPS), step: "1" });
  slider.setAttribute("aria-label", `${parameter} ${argument}`);
  const field = Object.assign(element("input"), { type: "text", inputMode: "decimal" });
  field.className = "hw-priors-field";
  field.autocomplete = "off";
  field.setAttribute("aria-label", `${parameter} ${argument}, exact number`);
  const plot = element("div", { className: "hw-chart hw-priors-curve" });
  node.append(name, slider, field, plot);

  const say = (value: number): void => {
    slider.setAttribute("aria-valuenow", String(value));
    slider.setAttribute("aria-valuetext", compact(value, 4));
  };
  const read = (): number => fromShare(Number(slider.value) / STEPS, range.min, range.max, range.log);
  const slid = (settled: boolean): void => {
    const value = Number(read().toPrecision(4));
    say(value);
    field.value = entered = typed(value, 4);
    field.removeAttribute("aria-invalid");
    change(value, settled);
  };
  slider.addEventListener("input", () => slid(false));
  slider.addEventListener("change", () => slid(true));
  let entered = "";
  const enter = (): void => {
    const text = field.value.trim();
    if (text === entered) return;
    entered = text;
    const value = Number(text.replaceAll("−", "-"));
    if (text === "" || Number.isNaN(value)) wrong(signed(text));
    else change(value, true);
  };
  field.addEventListener("change", enter);
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") enter();
  });

  const update = (value: number, next: Range): void => {
    range = next;
    slider.value = String(Math.round(STEPS * toShare(value, range.min, range.max, range.log)));
    say(value);
    field.value = Number.isFinite(value) ? typed(value, 6) : "";
    field.title = String(value);
    entered = field.value;
    field.removeAttribute("aria-invalid");
  };
  update(options.value, range);
  return {
    node,
    plot,
    get range() {
      return range;
    },
    update,
    refused(is) {
      if (is) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    },
  };
}

/** A number as a reader would type it; one with a power of ten to as many digits as there is room for. */
function typed(value: number, digits: number): string {
  const text = short(value, digits);
  return (text.includes("e") ? short(value, Math.min(digits, 5)) : text).replaceAll("−", "-");
}
