import { freshId } from "../controls/control.js";
import { adds, element } from "../host/dom.js";
import { word } from "../host/words.js";

export interface Line {
  name: string;
  rhat: number;
  bulk: number;
  tail: number;
  /** Whether it is beyond its limits by more than chance explains. */
  failing: boolean;
  /** Why it cannot be drawn, or nothing. */
  missing: string;
}

export interface ListOptions {
  signal: AbortSignal;
  limits: { rhat: number; ess: number };
  line: (parameter: number) => Line;
  choose: (parameter: number, add: boolean) => void;
}

export interface List {
  node: HTMLElement;
  /** Shows these parameters, in this order, some of them as chosen. */
  show(parameters: number[], chosen: ReadonlySet<number>): void;
}

export const ROW = 26;
const SPARE = 4;

/** A list of parameters that draws only the rows in sight; a listbox to a screen reader. */
export function list({ signal, limits, line, choose }: ListOptions): List {
  const node = element("div", { className: "hw-trace-list" });
  const head = element("div", { className: "hw-trace-line hw-trace-head" });
  head.append(
    element("span", { textContent: "parameter" }),
    ...["R-hat", "ESS bulk", "tail"].map((text) => word(text)),
  );
  const box = element("div", { className: "hw-trace-scroll", tabIndex: 0 });
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "parameters");
  box.setAttribute("aria-multiselectable", "true");
  const shelf = element("div", { className: "hw-trace-shelf" });
  const empty = element("div", {
    className: "hw-note hw-trace-empty",
    textContent: "No parameter has this in its name.",
  });
  box.append(shelf, empty);
  node.append(head, box);

  const prefix = freshId();
  let rows: number[] = [];
  let chosen: ReadonlySet<number> = new Set();
  let active = 0;

  const draw = (): void => {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
    const count = Math.ceil((box.clientHeight || 400) / ROW) + 2 * SPARE;
    shelf.style.height = `${rows.length * ROW}px`;
    empty.hidden = rows.length > 0;
    shelf.replaceChildren(
      ...rows.slice(first, first + count).map((parameter, i) => option(parameter, first + i)),
    );
    if (rows.length > 0) box.setAttribute("aria-activedescendant", `${prefix}-${active}`);
    else box.removeAttribute("aria-activedescendant");
  };

  const option = (parameter: number, place: number): HTMLElement => {
    const { name, rhat, bulk, tail, failing, missing } = line(parameter);
    const row = element("div", { className: "hw-trace-line" });
    row.id = `${prefix}-${place}`;
    row.style.top = `${place * ROW}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(chosen.has(parameter)));
    row.setAttribute("aria-setsize", String(rows.length));
    row.setAttribute("aria-posinset", String(place + 1));
    row.classList.toggle("hw-active", place === active);
    row.title = missing ? `${name}\n${missing}` : name;
    row.classList.toggle("hw-missing", missing !== "");
    const label = element("span", { textContent: name, className: "hw-trace-name" });
    label.dir = "auto";
    if (missing)
      label.append(element("span", { className: "hw-hidden", textContent: " (not in this page)" }));
    row.append(
      label,
      figure(rhat.toFixed(3), failing && !(rhat <= limits.rhat), `R-hat above ${limits.rhat}`),
      figure(bulk.toFixed(0), failing && !(bulk >= limits.ess), `bulk ESS below ${limits.ess}`),
      figure(tail.toFixed(0), failing && !(tail >= limits.ess), `tail ESS below ${limits.ess}`),
    );
    row.addEventListener("click", (event) => {
      active = place;
      choose(parameter, adds(event));
    });
    return row;
  };

  const move = (to: number): void => {
    active = Math.min(Math.max(to, 0), rows.length - 1);
    const top = active * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
    draw();
  };

  box.addEventListener("scroll", draw, { signal, passive: true });
  box.addEventListener(
    "keydown",
    (event) => {
      const page = Math.max(1, Math.floor(box.clientHeight / ROW) - 1);
      const steps: Record<string, number> = {
        ArrowDown: active + 1,
        ArrowUp: active - 1,
        PageDown: active + page,
        PageUp: active - page,
        Home: 0,
        End: rows.length - 1,
      };
      const to = steps[event.key];
      const parameter = rows[active];
      if (to !== undefined) move(to);
      else if ((event.key === "Enter" || event.key === " ") && parameter !== undefined)
        choose(parameter, adds(event));
      else return;
      event.preventDefault();
    },
    { signal },
  );
  const sized = new ResizeObserver(draw);
  sized.observe(box);
  signal.addEventListener("abort", () => sized.disconnect(), { once: true });

  return {
    node,
    show(parameters, selected) {
      const moved = parameters.length !== rows.length || parameters.some((p, i) => p !== rows[i]);
      rows = parameters;
      chosen = selected;
      if (moved) {
        active = 0;
        box.scrollTop = 0;
      }
      draw();
    },
  };
}

/** A number; one that calls for a look carries a mark, its weight and a spoken reason. */
function figure(text: string, flagged: boolean, why: string): HTMLElement {
  const cell = element("span", { className: "hw-trace-figure" });
  cell.classList.toggle("hw-flag", flagged);
  const said = Number.isNaN(Number(text)) ? "none" : text;
  cell.append(element("span", { textContent: flagged ? `! ${said}` : said }));
  if (flagged) {
    cell.title = why;
    cell.append(element("span", { className: "hw-hidden", textContent: ` (${why})` }));
  }
  return cell;
}
