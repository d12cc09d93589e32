import { element } from "../host/dom.js";
import type { Control } from "./control.js";

/** A button; `update` changes what it says. */
export function button({ label, press }: { label: string; press: () => void }): Control<string> {
  const node = element("button", { className: "hw-button", textContent: label });
  node.type = "button";
  node.addEventListener("click", press);
  return {
    node,
    update: (next) => {
      node.textContent = next;
    },
  };
}
