import { element } from "../host/dom.js";
import { type Control, labelled } from "./control.js";

export interface SliderOptions {
  label: string;
  min: number;
  max: number;
  value: number;
  /** Equal steps of the slider are equal ratios; `min` must then be above 0. */
  log?: boolean;
  /** Called as the reader drags. */
  change: (value: number) => void;
  format?: (value: number) => string;
}

const STEPS = 1000;

/** Where a value stands on the slider, 0 to 1. */
export function toShare(value: number, min: number, max: number, log: boolean): number {
  if (max === min) return 0;
  const share = log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.min(Math.max(share, 0), 1);
}

export function fromShare(share: number, min: number, max: number, log: boolean): number {
  if (share <= 0) return min;
  if (share >= 1) return max;
  return log ? min * (max / min) ** share : min + share * (max - min);
}

/** A number by dragging or by the arrow keys, written out beside it. */
export function slider(options: SliderOptions): Control<number> {
  const { label, min, max, value, log = false, change, format = (n) => n.toPrecision(3) } = options;
  const input = Object.assign(element("input"), { type: "range", min: "0", max: String(STEPS), step: "1" });
  const output = element("output");
  const show = (next: number): void => {
    output.textContent = format(next);
    input.setAttribute("aria-valuetext", format(next));
    input.setAttribute("aria-valuenow", String(next));
  };
  const update = (next: number): void => {
    input.value = String(Math.round(STEPS * toShare(next, min, max, log)));
    show(next);
  };
  input.addEventListener("input", () => {
    const next = fromShare(Number(input.value) / STEPS, min, max, log);
    show(next);
    change(next);
  });
  update(value);
  const node = labelled(label, input, "slider");
  node.append(output);
  return { node, update };
}
