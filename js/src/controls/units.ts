import { choice } from "./choice.js";

export type Units = "link" | "response";

export interface UnitsControl {
  node: HTMLElement;
  /** The units in use, and why the response's cannot be, or nothing. */
  update(units: Units, reason: string): void;
}

/** The scale of the linear predictor, or that of the response. */
export function unitsChoice(value: Units, change: (units: Units) => void): UnitsControl {
  const { node, update } = choice({
    label: "Units",
    options: ["link", "response"].map((one) => ({ value: one, label: one })),
    value,
    change: (units) => change(units as Units),
  });
  return {
    node,
    update(units, reason) {
      update(units);
      node.toggleAttribute("disabled", reason !== "");
      node.title = reason === "" ? "" : `No response scale: ${reason}`;
    },
  };
}
