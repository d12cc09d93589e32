import { button } from "../controls/index.js";
import { element } from "../host/dom.js";
import type { Density, Settings, Summary } from "../weights/types.js";
import { said } from "./priors-words.js";

export const MOST_PINS = 3;

/** A setting that is kept to compare with. */
export interface Pin {
  label: string;
  priors: Settings;
  summary: Summary[];
  densities: Density[];
}

/** One setting that was tried and left alone for a moment, as Python's `log` has it. */
export interface Tried {
  priors: Settings;
  verdict: string;
  reason: string;
  khat: number | null;
  ess: number;
  log_evidence: number | null;
  quantity: string;
  mean: number | null;
  mean_mcse: number | null;
  lower: number | null;
  upper: number | null;
  fits: number;
}

export interface Kept {
  node: HTMLElement;
  pins(pins: Pin[]): void;
  log(tried: Tried[]): void;
}

export const textOf = (priors: Settings): string =>
  Object.entries(priors)
    .map(([name, setting]) => `${name}: ${said(setting)}`)
    .join(", ") || "as fitted";

/** The pins, each removable, and the log of every setting that was tried. */
export function kept({ remove }: { remove: (pin: number) => void }): Kept {
  const node = element("div", { className: "hw-priors-kept" });
  const list = element("ul", { className: "hw-priors-pins" });
  list.setAttribute("aria-label", "Pinned settings");
  const details = element("details", { className: "hw-priors-log" });
  const summary = element("summary");
  const lines = element("ol");
  details.append(summary, lines);
  node.append(list, details);
  let logged = 0;
  return {
    node,
    pins(pins) {
      list.replaceChildren(
        ...pins.map(({ label, priors }, i) => {
          const item = element("li");
          item.dataset.pin = String(i);
          const name = element("strong", { textContent: label });
          const text = element("span", { textContent: textOf(priors) });
          const drop = button({ label: "×", press: () => remove(i) }).node;
          drop.setAttribute("aria-label", `Remove ${label}`);
          item.append(name, text, drop);
          return item;
        }),
      );
    },
    log(tried) {
      summary.textContent = `Log of the priors tried: ${tried.length}`;
      if (tried.length < logged) {
        lines.replaceChildren();
        logged = 0;
      }
      for (const one of tried.slice(logged)) {
        const khat = one.khat === null ? "" : `, Pareto k ${one.khat.toFixed(2)}`;
        const line = element("li", {
          textContent: `${textOf(one.priors)}: ${one.verdict}${khat}, ESS ${Math.round(one.ess)}`,
          title: one.reason,
        });
        lines.append(line);
      }
      logged = tried.length;
    },
  };
}
