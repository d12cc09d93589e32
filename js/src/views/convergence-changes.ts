import { element } from "../host/dom.js";
import { short } from "../host/text.js";
import { headings, worded } from "../host/words.js";
import type { Change } from "./convergence-rows.js";

/** What a refit made of its diagnostics; nothing to see for a fit that is no refit. */
export function changes(rows: readonly Change[]): HTMLElement {
  const table = element("table", { className: "hw-convergence-changes", hidden: rows.length === 0 });
  table.setAttribute("aria-label", "before and after the refit");
  table.append(headings(["", "before", "now"]));
  for (const { check, before, now } of rows) {
    table.append(line([check, short(before ?? Number.NaN), short(now ?? Number.NaN)]));
  }
  return table;
}

function line(texts: readonly string[]): HTMLElement {
  const row = element("tr");
  for (const text of texts) {
    const cell = element("td");
    cell.append(...worded(text));
    row.append(cell);
  }
  return row;
}
