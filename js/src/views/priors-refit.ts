import { button } from "../controls/index.js";
import { element } from "../host/dom.js";
import { plural } from "../host/text.js";

/** What Python says of a refit. */
export interface Running {
  stage?: "waiting" | "compiling" | "sampling" | "joined" | "failed" | "cancelled";
  done?: number;
  total?: number;
  message?: string;
}

/** Whether a refit is under way. */
export const busy = ({ stage }: { stage?: Running["stage"] | undefined }): boolean =>
  stage === "waiting" || stage === "compiling" || stage === "sampling";

export interface RefitBar {
  node: HTMLElement;
  /** What is going on, and a way to stop it. */
  line: HTMLElement;
  running(event: Running): void;
  /** Whether the present setting needs a refit; a reliable one can be checked, unless a fit's `own` draws show it. */
  needed(needs: boolean, own: boolean): void;
  auto(on: boolean): void;
  /** How many fits the pool has. */
  pool(fits: number): void;
  say(text: string): void;
}

export interface RefitOptions {
  /** Why there can be no refit, or nothing. */
  reason: string;
  auto: boolean;
  refit: () => void;
  cancel: () => void;
  check: () => void;
  turn: (auto: boolean) => void;
}

/** The controls of refits: by itself, by button, checked; its progress, and a way to stop it. */
export function refitBar({ reason, auto, refit, cancel, check, turn }: RefitOptions): RefitBar {
  const node = element("div", { className: "hw-priors-refit" });
  const fit = button({ label: "Refit", press: refit }).node as HTMLButtonElement;
  const test = button({ label: "Check", press: check }).node as HTMLButtonElement;
  test.title =
    "Refits this setting, and compares it with what reweighting says; the draws of a fit need no check.";
  const stop = button({ label: "Cancel", press: cancel }).node as HTMLButtonElement;
  stop.hidden = true;
  const box = Object.assign(element("input"), { type: "checkbox", checked: auto });
  const label = element("label", { className: "hw-priors-auto" });
  label.append(box, "refit by itself");
  box.addEventListener("change", () => turn(box.checked));
  const pool = element("span", { className: "hw-note" });
  const progress = element("progress");
  progress.setAttribute("aria-label", "refit");
  progress.hidden = true;
  const message = element("span", { className: "hw-note hw-priors-message" });
  message.setAttribute("aria-live", "polite");
  node.append(fit, test, label, pool);
  const line = element("div", { className: "hw-priors-telling" });
  line.append(progress, stop, message);
  if (reason) {
    for (const one of [fit, test, box]) one.disabled = true;
    message.textContent = reason;
  }
  return {
    node,
    line,
    running({ stage, done = 0, total = 0, message: text = "" }) {
      stop.hidden = progress.hidden = !busy({ stage });
      node.dataset.stage = stage ?? "";
      if (total > 0) Object.assign(progress, { max: total, value: done });
      else progress.removeAttribute("value");
      if (!reason) message.textContent = text;
    },
    needed(needs, own) {
      fit.disabled = Boolean(reason) || !needs;
      test.disabled = Boolean(reason) || needs || own;
    },
    pool: (fits) => {
      pool.textContent = `${plural(fits, "fit")} in the pool`;
    },
    auto: (on) => {
      box.checked = on;
    },
    say: (text) => {
      if (!reason) message.textContent = text;
    },
  };
}
