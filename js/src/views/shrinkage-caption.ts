import { element } from "../host/dom.js";
import { plural, short } from "../host/text.js";
import { worded } from "../host/words.js";
import type { Pair, Term } from "./shrinkage-data.js";

export interface ShrinkageCaption {
  node: HTMLElement;
  update(terms: Term[], sliding: boolean, pair?: Pair): void;
}

function key(kind: string, text: string): HTMLElement {
  const item = element("span", { className: "hw-key" });
  const mark = element("span", { className: `hw-sample hw-sample-${kind}` });
  mark.ariaHidden = "true";
  item.append(mark, told(text));
  return item;
}

function told(text: string): HTMLElement {
  const node = element("span");
  node.append(...worded(text));
  return node;
}

/** What the marks mean, and what cannot be shown. */
export function shrinkageCaption(): ShrinkageCaption {
  const node = element("div", { className: "hw-caption" });
  return {
    node,
    update(terms, sliding, pair) {
      const sizes = Array.from(terms[0]?.n ?? []);
      const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
      const items = [
        element("span", {
          className: "hw-caption-axis",
          textContent: terms.map(({ title }) => title).join(" against "),
        }),
        key("ring", "no pooling: the group's rows alone"),
        key(sliding ? "ghost" : "dot", "partial pooling: the posterior"),
      ];
      if (sliding) items.push(key("diamond", "partial pooling: by the formula at this σ"));
      items.push(told("σ: group scale, w: shrinkage weight"));
      if (pair) items.push(key("ellipse", `95 % of the population's groups; ${correlation(pair)}`));
      const rows = least === most ? `${short(least)} each` : `${short(least)} to ${short(most)}`;
      items.push(element("span", { textContent: `dot area: rows of the group, ${rows}` }));
      const missing = sizes.filter((_, i) => terms.some(({ own }) => !Number.isFinite(own[i]))).length;
      if (missing > 0) {
        items.push(told(`${plural(missing, "group")} without an estimate of its own`));
      }
      const beyond = sizes.filter((_, i) => terms.some((term) => outside(term, i))).length;
      if (beyond > 0) {
        items.push(
          element("span", { textContent: `${plural(beyond, "own estimate")} beyond the axis, at its edge` }),
        );
      }
      node.replaceChildren(...items);
    },
  };
}

function correlation({ interval, rho, where }: Pair): string {
  if (where !== "") return `correlation ${rho.toFixed(2)} at ${where}`;
  if (!interval) return "the model takes the effects as independent";
  const [mean, from, to] = [rho, ...interval].map((value) => value.toFixed(2));
  return `correlation ${mean} (95 % interval ${from} to ${to})`;
}

function outside({ own, about }: Term, i: number): boolean {
  const value = own[i] ?? Number.NaN;
  return value < about.ends[0] || value > about.ends[1];
}
