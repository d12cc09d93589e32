import { element, say } from "../host/dom.js";
import { worded } from "../host/words.js";
import type { Summary } from "../weights/types.js";
import type { Quantity } from "./priors-data.js";
import { compact, signed, withError } from "./priors-words.js";

export interface Pinned {
  label: string;
  summary: Summary[];
}

export interface QuantitiesTable {
  node: HTMLElement;
  /** After is missing where nothing reliable is known. */
  update(before: Summary[], after: Summary[], held: boolean): void;
  pins(pins: Pinned[]): void;
}

const COLUMNS = ["quantity", "mean ± MC error", "sd ± MC error", "95 % interval"];

/** Every quantity before and after, each with its Monte Carlo error. */
export function quantitiesTable(quantities: Quantity[]): QuantitiesTable {
  const node = element("div", { className: "hw-priors-table" });
  const table = element("table");
  table.setAttribute("aria-label", "Quantities before and after");
  const head = element("tr");
  const places = quantities.flatMap((one, i) => (one.shown ? [i] : []));
  const lines = places.map((place) => {
    const line = element("tr");
    const name = element("th");
    name.scope = "row";
    name.append(...worded(quantities[place]?.name ?? ""));
    const cells = COLUMNS.slice(1).map(() => element("td"));
    const spans = cells.map((cell) => {
      const [now, was] = [element("span"), element("span", { className: "hw-priors-was" })];
      cell.append(now, was);
      return [now, was] as const;
    });
    line.append(name, ...cells);
    line.dataset.quantity = quantities[place]?.name ?? "";
    return { place, line, cells, spans };
  });
  const headings = (more: string[]): void =>
    head.replaceChildren(
      ...[...COLUMNS, ...more].map((text) => {
        const cell = element("th", { textContent: text });
        cell.scope = "col";
        return cell;
      }),
    );
  headings([]);
  const top = element("thead");
  top.append(head);
  const body = element("tbody");
  body.append(...lines.map(({ line }) => line));
  table.append(top, body);
  node.append(table);

  return {
    node,
    update(before, after, held) {
      node.dataset.held = String(held);
      for (const { place, spans } of lines) {
        const [now, was] = [after[place], before[place]];
        if (!now || !was) continue;
        const write = (one: Summary): string[] => [
          withError(one.mean, one.mcseMean),
          withError(one.sd, one.mcseSd),
          interval(one),
        ];
        const texts = [write(now), write(was)];
        for (const [i, pair] of spans.entries())
          pair.forEach((span, j) => {
            const text = texts[j]?.[i] ?? "";
            say(span, text);
          });
      }
    },
    pins(pins) {
      headings(pins.map(({ label }) => label));
      for (const { place, line, cells } of lines) {
        line.replaceChildren(line.firstElementChild as Element, ...cells);
        pins.forEach(({ summary }, i) => {
          const one = summary[place];
          const cell = element("td", { textContent: one ? withError(one.mean, one.mcseMean) : "–" });
          cell.dataset.pin = String(i);
          line.append(cell);
        });
      }
    },
  };
}

const interval = ({ lower, upper }: Summary): string =>
  signed(`${compact(lower, 4)} to ${compact(upper, 4)}`);
