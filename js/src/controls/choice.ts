import { element } from "../host/dom.js";
import { explain } from "../host/words.js";
import { type Control, freshId } from "./control.js";
import type { Option } from "./menu.js";

export interface ChoiceOptions {
  label: string;
  options: Option[];
  value: string;
  change: (value: string) => void;
}

/** One of two or three things, all of them in sight. */
export function choice({ label, options, value, change }: ChoiceOptions): Control<string> {
  const node = element("fieldset", { className: "hw-control hw-choice" });
  const name = freshId();
  const inputs = options.map((option) => {
    const input = Object.assign(element("input"), { type: "radio", name, value: option.value });
    input.checked = option.value === value;
    input.addEventListener("change", () => change(option.value));
    const text = element("label");
    const said = element("span", { textContent: option.label });
    explain(said, input);
    text.append(input, said);
    node.append(text);
    return input;
  });
  node.prepend(element("legend", { className: "hw-hidden", textContent: label }));
  return {
    node,
    update: (next) => {
      for (const input of inputs) input.checked = input.value === next;
    },
  };
}
