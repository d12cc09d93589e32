import { element } from "../host/dom.js";
import { short } from "../host/text.js";
import { worded } from "../host/words.js";

export interface Caption {
  node: HTMLElement;
  /** What is measured along the axis, and where the dashed line stands. */
  update(measured: string, at: number, line?: string): void;
}

function sample(kind: string, text: string): HTMLElement {
  const item = element("span", { className: "hw-key" });
  const mark = element("span", { className: `hw-sample hw-sample-${kind}` });
  mark.setAttribute("aria-hidden", "true");
  const said = element("span");
  said.append(...worded(text));
  item.append(mark, said);
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
    update(measured, at, name = "population") {
      axis.replaceChildren(...worded(measured));
      line.lastElementChild?.replaceChildren(...worded(`${name} ${short(at)}`));
    },
  };
}
