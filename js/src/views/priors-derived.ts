import { type Menu, menu } from "../controls/menu.js";
import { element, say } from "../host/dom.js";
import { short } from "../host/text.js";
import { word } from "../host/words.js";
import type { Weighed } from "../weights/types.js";
import { withError } from "./priors-words.js";

export interface DerivedOptions {
  group: string | null;
  top: number;
  groups: { value: string; label: string }[];
  pick: (group: string | null) => void;
  limit: (top: number) => void;
}

export interface Derived {
  node: HTMLElement;
  offer(groups: { value: string; label: string }[], group: string | null): void;
  choose(group: string | null): void;
  update(values: {
    weight?: [number, number];
    weightError: number;
    rank: [Weighed["rank"], Weighed["rank"]];
    ess: number;
    held: boolean;
  }): void;
  top(value: number): void;
}

/** One group's shrinkage weight, rank and chance to be among the first k. */
export function derived({ group, top, groups, pick, limit }: DerivedOptions): Derived {
  const node = element("div", { className: "hw-priors-derived" });
  const none = { value: "", label: "none" };
  const indexed = (list: DerivedOptions["groups"]) =>
    list.map(({ label }, i) => ({ value: String(i), label }));
  let known = groups;
  const at = (value: string | null): string => {
    const found = known.findIndex((one) => one.value === value);
    return found < 0 ? "" : String(found);
  };
  const which: Menu = menu({
    label: "Group",
    options: [none, ...indexed(groups)],
    value: at(group),
    change: (value) => pick(value === "" ? null : (known[Number(value)]?.value ?? null)),
  });
  const count = Object.assign(element("input"), { type: "number", min: "1", step: "1", value: String(top) });
  count.className = "hw-priors-top";
  count.setAttribute("aria-label", "the top k");
  count.addEventListener("change", () => {
    const value = Math.round(Number(count.value));
    if (value >= 1) limit(value);
    else count.value = String(top);
  });
  const weight = cell("shrinkage weight", "weight");
  const rank = cell("rank (1 is the largest)");
  const chance = element("div", { className: "hw-priors-cell" });
  const chanceOut = element("span", { className: "hw-priors-number" });
  const said = element("span");
  said.append("P(in the top ", count, ")");
  chance.append(said, chanceOut);
  node.append(which.node, weight.node, rank.node, chance);
  return {
    node,
    offer(next, value) {
      known = next;
      which.offer([none, ...indexed(next)], at(value));
    },
    choose: (value) => which.update(at(value)),
    update({ weight: w, weightError, rank: [now, was], ess, held }) {
      node.dataset.held = String(held);
      weight.say(w ? `${withError(w[0], weightError)} (before ${short(w[1])})` : "–");
      const reach = Math.sqrt(ess);
      rank.say(now && was ? `${withError(now.mean, now.sd / reach)} (before ${was.mean.toFixed(1)})` : "–");
      const p = now?.probability ?? 0;
      const error = Math.sqrt((p * (1 - p)) / ess);
      say(chanceOut, now && was ? `${withError(p, error)} (before ${was.probability.toFixed(3)})` : "–");
    },
    top: (value) => {
      count.value = String(value);
    },
  };
}

function cell(text: string, key?: string): { node: HTMLElement; say(value: string): void } {
  const node = element("div", { className: "hw-priors-cell" });
  const output = element("span", { className: "hw-priors-number" });
  node.append(key ? word(text, key) : element("span", { textContent: text }), output);
  return {
    node,
    say: (value) => say(output, value),
  };
}
