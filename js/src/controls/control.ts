import { element, freshId } from "../host/dom.js";
import { explain } from "../host/words.js";

export { freshId };

/** Something to put in the page, and a way to show another value in it without telling its listener. */
export interface Control<T> {
  node: HTMLElement;
  update(value: T): void;
}

/** A visible label and its control, side by side. */
export function labelled(label: string, control: HTMLElement, kind: string): HTMLElement {
  const node = element("div", { className: `hw-control hw-${kind}` });
  const text = element("label", { textContent: label });
  control.id = freshId();
  text.htmlFor = control.id;
  explain(text, control);
  node.append(text, control);
  return node;
}
