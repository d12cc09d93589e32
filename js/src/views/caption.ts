import { element } from "../host/dom.js";
import { short } from "../host/text.js";

export interface Caption {
  node: HTMLElement;
  update(term: string, scale: "effect" | "deviation", population: number): void;
}

function sample(kind: string, text: string): HTMLElement {
  const item = element("span", { className: "hw-key" });
  const mark = element("span", { className: `hw-sample hw-sample-${kind}` });
  mark.setAttribute("aria-hidden", "true");
  item.append(mark, element("span", { textContent: text }));
  return item;
}

/** What is measured along the axis, and what the marks mean. */
export function caption(): Caption {
  const node = element("div", { className: "hw-caption" });
  const axis = element("span", { className: "hw-caption-axis" });
  const line = sample("dashed", "");
  node.append(axis, sample("dot", "mean"), sample("thick", "50 %"), sample("thin", "95 %"), line);
  return {
    node,
    update(term, scale, population) {
      axis.textContent = scale === "effect" ? `${term}: population + deviation` : `${term}: deviation`;
      const said = line.lastElementChild;
      if (said) said.textContent = scale === "effect" ? `population ${short(population)}` : "population, 0";
    },
  };
}
