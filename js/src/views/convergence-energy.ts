import { numbers, strings } from "../host/columns.js";
import { element } from "../host/dom.js";
import type { Context, Row } from "../host/types.js";
import { headings, worded } from "../host/words.js";
import { plot } from "./convergence-plot.js";
import type { ConvergenceAbout } from "./convergence-rows.js";

const LIMIT = 0.3;
const ABSENT = "The sampler kept no record of its energy.";
const HEADS = ["chain", "draws", "E-BFMI", "divergences", "tree depth hits"];

/** The energy against its steps, and what the sampler kept of each chain. */
export function energyPanel(
  context: Context,
  about: ConvergenceAbout,
): { node: HTMLElement; draw(): Promise<void> } {
  const { columns } = context;
  const node = element("section", { className: "hw-convergence-energy-panel" });
  node.setAttribute("aria-label", "energy");
  const title = element("h4", { textContent: "Energy" });
  const picture = plot(context, "energy", "Densities of the energy and of its steps", 170);
  const caption = element("p", { className: "hw-note" });
  caption.append(...worded("Steps much narrower than the energy itself make a low E-BFMI."));
  const table = element("table");
  table.append(headings(HEADS));
  for (const { chain, draws, divergences, depth_limit, bfmi } of about.chains) {
    const row = element("tr");
    const low = bfmi !== null && bfmi < LIMIT;
    const held = draws.toLocaleString("en");
    const texts = [String(chain), held, bfmi === null ? "–" : `${low ? "! " : ""}${bfmi.toFixed(2)}`];
    for (const value of [divergences, depth_limit]) {
      texts.push(value === null ? "–" : `${value > 0 ? "! " : ""}${value}`);
    }
    for (const text of texts) {
      const cell = element("td", { textContent: text });
      cell.classList.toggle("hw-flag", text.startsWith("!"));
      row.append(cell);
    }
    table.append(row);
  }
  node.append(title, picture.node, table, caption);
  const kind = strings(columns, "energy_kind");
  const value = numbers(columns, "energy_value");
  const density = numbers(columns, "energy_density");
  const rows: Row[] = kind.map((one, i) => ({ kind: one, value: value[i], density: density[i] }));
  return {
    node,
    async draw() {
      if (rows.length === 0) picture.say(ABSENT);
      else await picture.show({ energy: rows });
    },
  };
}
