import { element } from "../host/dom.js";
import { worded } from "../host/words.js";

const KEYS = [
  ["no-pooling", "no pooling: the group's rows alone"],
  ["partial-pooling", "partial pooling: the model, with its 95 % band"],
  ["complete-pooling", "complete pooling: all rows as one group"],
] as const;

export interface Caption {
  node: HTMLElement;
  update(axes: string, note: string): void;
}

/** What the axes are, what the lines mean, and what is missing. */
export function groupsCaption(): Caption {
  const node = element("div", { className: "hw-caption" });
  const axes = element("span", { className: "hw-caption-axis" });
  const note = element("span");
  const dot = element("span", { className: "hw-sample hw-groups-dot" });
  dot.ariaHidden = "true";
  const data = element("span", { className: "hw-key" });
  data.append(dot, element("span", { textContent: "rows of the data" }));
  const keys = KEYS.map(([kind, text]) => {
    const item = element("span", { className: "hw-key" });
    const mark = element("span", { className: `hw-sample hw-groups-${kind}` });
    mark.ariaHidden = "true";
    const said = element("span");
    said.append(...worded(text));
    item.append(mark, said);
    return item;
  });
  node.append(axes, ...keys, data, note);
  return {
    node,
    update(said, more) {
      axes.textContent = said;
      note.textContent = more;
      note.hidden = more === "";
    },
  };
}
