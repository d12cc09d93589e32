import { element } from "../host/dom.js";
import { type Control, labelled } from "./control.js";

export interface SearchOptions {
  label: string;
  value: string;
  placeholder?: string;
  /** Called as the reader types. */
  change: (value: string) => void;
}

/** A search box. Escape in a filled one empties it and goes no further. */
export function search({ label, value, placeholder = "", change }: SearchOptions): Control<string> {
  const input = Object.assign(element("input"), { type: "search", value, placeholder });
  input.autocomplete = "off";
  input.spellcheck = false;
  input.addEventListener("input", () => change(input.value));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || input.value === "") return;
    event.stopPropagation();
    event.preventDefault();
    input.value = "";
    change("");
  });
  return {
    node: labelled(label, input, "search"),
    update: (next) => {
      if (input.value !== next) input.value = next;
    },
  };
}
