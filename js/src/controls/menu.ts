import { element } from "../host/dom.js";
import { type Control, labelled } from "./control.js";

export interface Option {
  value: string;
  label: string;
}

export interface MenuOptions {
  label: string;
  options: Option[];
  value: string;
  change: (value: string) => void;
}

export interface Menu extends Control<string> {
  /** Replaces what can be chosen. */
  offer(options: Option[], value: string): void;
}

/** One of a few named things, as the browser's own menu. */
export function menu({ label, options, value, change }: MenuOptions): Menu {
  const select = element("select");
  const offer = (next: Option[], chosen: string): void => {
    select.replaceChildren(
      ...next.map((option) =>
        Object.assign(element("option", { textContent: option.label }), { value: option.value }),
      ),
    );
    select.value = chosen;
  };
  offer(options, value);
  select.addEventListener("change", () => change(select.value));
  return {
    node: labelled(label, select, "menu"),
    offer,
    update: (next) => {
      select.value = next;
    },
  };
}
