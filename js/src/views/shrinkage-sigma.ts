import { labelled } from "../controls/control.js";
import { element } from "../host/dom.js";
import { short } from "../host/text.js";

export interface SigmaOptions {
  term: string;
  /** Posterior mean and 95 % interval of the scale. */
  mean: number;
  lower: number;
  upper: number;
  /** Called as the reader moves it; `settled` when it is let go. */
  move: (scale: number, settled: boolean) => void;
  /** Called by a double-click or Escape. */
  back: () => void;
}

export interface SigmaSlider {
  node: HTMLElement;
  /** Shows a scale and the mean weight; whether that is by the formula, and whether this scale was moved. */
  update(scale: number, weight: number, sliding: boolean, moved: boolean): void;
}

const STEPS = 240;
const LEAST = 1 / 50;
const MOST = 10;
/** A scale so large, against the posterior's, that it pools nothing. */
export const FREE = 1e4;

/** Where a scale, relative to the posterior's mean, stands: 0 is complete pooling, the end is no pooling. */
export function toStep(relative: number): number {
  if (relative <= 0) return 0;
  if (relative >= FREE) return STEPS;
  const share = Math.log(relative / LEAST) / Math.log(MOST / LEAST);
  return Math.min(Math.max(1 + Math.round(share * (STEPS - 2)), 1), STEPS - 1);
}

export function fromStep(step: number): number {
  if (step <= 0) return 0;
  if (step >= STEPS) return FREE;
  return LEAST * (MOST / LEAST) ** ((step - 1) / (STEPS - 2));
}

/** The group scale of one term, on a log scale that ends in complete pooling and in no pooling. */
export function sigmaSlider({ term, mean, lower, upper, move, back }: SigmaOptions): SigmaSlider {
  const input = Object.assign(element("input"), { type: "range", min: "0", max: String(STEPS), step: "1" });
  const node = labelled(`${term} sigma`, input, "sigma");
  const label = node.querySelector("label");
  if (label) label.title = `${term} sigma`;

  const track = element("div", { className: "hw-sigma-track" });
  const range = element("div", {
    className: "hw-sigma-range",
    title: `posterior: ${short(mean)}, 95 % from ${short(lower)} to ${short(upper)}`,
  });
  const share = (scale: number): number => toStep(scale / mean) / STEPS;
  range.style.left = `calc(8px + ${share(lower)} * (100% - 16px))`;
  range.style.width = `calc(${share(upper) - share(lower)} * (100% - 16px))`;
  const mark = element("div", { className: "hw-sigma-mean" });
  mark.style.left = `calc(8px + ${share(mean)} * (100% - 16px))`;
  const ends = element("div", { className: "hw-sigma-ends" });
  ends.ariaHidden = "true";
  for (const textContent of ["complete pooling", "no pooling"]) {
    ends.append(element("span", { textContent }));
  }
  track.append(range, mark, input, ends);
  const output = element("output");
  node.append(track, output);

  let from = mean;
  const scale = (): number => mean * fromStep(Number(input.value));
  input.addEventListener("input", () => move(scale(), false));
  input.addEventListener("change", () => move(scale(), true));
  input.addEventListener("dblclick", back);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    back();
  });

  return {
    node,
    update(next, weight, sliding, moved) {
      if (next !== from || Number(input.value) !== toStep(next / mean))
        input.value = String(toStep(next / mean));
      from = next;
      const relative = next / mean;
      const said = relative >= FREE ? "σ without limit" : `σ ${short(next)}`;
      const kind = moved ? "moved" : "posterior mean";
      const by = sliding ? "mean weight by the formula" : "mean weight";
      output.textContent = `${said}, mean weight w ${weight.toFixed(2)}`;
      input.setAttribute("aria-valuetext", `${said}, ${kind}, ${by} ${weight.toFixed(2)}`);
      node.classList.toggle("hw-sliding", moved);
    },
  };
}
