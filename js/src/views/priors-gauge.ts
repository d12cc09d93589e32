import { element, say } from "../host/dom.js";
import { word } from "../host/words.js";
import type { Verdict, Weighed } from "../weights/types.js";
import { compact, signed, withError } from "./priors-words.js";

const SIGNS: Record<Verdict, string> = { reliable: "●", doubtful: "◐", "needs a refit": "○" };
const MOST_KHAT = 1;
const LIMIT_KHAT = 0.7;
const ENOUGH_ESS = 400;
const EVIDENCE =
  "The logarithm of how much better, or worse, the data are predicted under these priors than under the fitted ones.";

export interface Gauge {
  node: HTMLElement;
  /** `normalised`: whether the changed priors' densities have constants, so that there is evidence. */
  update(answer: Weighed, draws: number, normalised: boolean): void;
}

/** The verdict in words, the Pareto k and the effective sample size as meters, the evidence. */
export function gauge(): Gauge {
  const node = element("div", { className: "hw-priors-gauge" });
  const verdict = element("div", { className: "hw-priors-verdict" });
  verdict.setAttribute("role", "status");
  const strong = element("strong");
  const reason = element("span");
  verdict.append(strong, reason);
  const khat = meter("Pareto k", "pareto");
  const ess = meter("effective sample size", "ess");
  const evidence = element("div", { className: "hw-priors-evidence" });
  const ratio = element("span", { className: "hw-priors-number" });
  const name = element("span", { textContent: "log evidence ratio", title: EVIDENCE });
  evidence.append(name, ratio);
  const meters = element("div", { className: "hw-priors-meters" });
  meters.append(khat.node, ess.node, evidence);
  node.append(verdict, meters);

  return {
    node,
    update(answer, draws, normalised) {
      const name = answer.verdict;
      node.dataset.verdict = name.replaceAll(" ", "-");
      say(strong, `${SIGNS[name]} ${name.charAt(0).toUpperCase()}${name.slice(1)}`);
      say(reason, answer.reason || "Every number shown can be trusted to its Monte Carlo error.");
      const k = answer.khat;
      const shown = Number.isFinite(k) ? Math.min(Math.max(k, 0), MOST_KHAT) : k > 0 ? MOST_KHAT : 0;
      khat.update(
        shown / MOST_KHAT,
        shown,
        Number.isFinite(k) ? signed(k.toFixed(2)) : k > 0 ? "over 1" : "none",
      );
      khat.node.dataset.bad = String(k >= LIMIT_KHAT);
      ess.update(
        Math.min(answer.ess / draws, 1),
        Math.round(answer.ess),
        Math.round(answer.ess).toLocaleString("en"),
      );
      ess.most(draws);
      ess.node.dataset.bad = String(answer.ess < ENOUGH_ESS);
      const known = answer.evidenceReliable ? withError(answer.logEvidence, answer.evidenceSe) : "withheld";
      say(ratio, normalised ? known : "none: a prior has no constant");
      ratio.title = answer.evidenceReliable
        ? ""
        : `Its standard error is ${compact(answer.evidenceSe)}, or the fits overlap too little.`;
    },
  };
}

interface Meter {
  node: HTMLElement;
  update(share: number, value: number, text: string): void;
  most(value: number): void;
}

function meter(name: string, kind: string): Meter {
  const node = element("div", { className: `hw-priors-meter hw-priors-${kind}` });
  const bar = element("div", { className: "hw-priors-bar" });
  const fill = element("div");
  bar.append(fill);
  bar.setAttribute("role", "meter");
  bar.setAttribute("aria-label", name);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "1");
  const output = element("span", { className: "hw-priors-number" });
  node.append(word(name), bar, output);
  return {
    node,
    update(share, value, text) {
      fill.style.width = `${Math.round(1000 * share) / 10}%`;
      bar.setAttribute("aria-valuenow", String(value));
      bar.setAttribute("aria-valuetext", text);
      say(output, text);
    },
    most: (value) => bar.setAttribute("aria-valuemax", String(value)),
  };
}
