import { element } from "../host/dom.js";

/** Something to put in the page, and a way to show another value in it without telling its listener. */
export interface Control<T> {
  node: HTMLElement;
  update(value: T): void;
}

let count = 0;

/** An id no other element of the page has, also across views. */
export function freshId(): string {
  count += 1;
  return `hw-${Math.random().toString(36).slice(2, 8)}-${count}`;
}

/** A visible label and its control, side by side. */
export function labelled(label: string, control: HTMLElement, kind: string): HTMLElement {
  const node = element("div", { className: `hw-control hw-${kind}` });
  const text = element("label", { textContent: label });
  control.id = freshId();
  text.htmlFor = control.id;
  node.append(text, control);
  return node;
}
