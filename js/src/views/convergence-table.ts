import { freshId } from "../controls/control.js";
import { adds, element } from "../host/dom.js";
import { short } from "../host/text.js";
import { worded } from "../host/words.js";
import type { Line } from "./convergence-rows.js";

export interface TableOptions {
  signal: AbortSignal;
  limits: { rhat: number; ess: number };
  chains: number;
  choose: (parameter: number, add: boolean) => void;
}

export interface Table {
  node: HTMLElement;
  /** Shows these rows; `lit` says which are chosen. */
  show(
    rows: { count: number; line: (place: number) => Line },
    lit: (parameter: number) => boolean,
    folded: boolean,
  ): void;
}

const ROW = 26;
const SPARE = 4;
const HEADS = ["R-hat", "bulk ESS", "tail ESS", "MCSE mean", "MCSE sd"];

/** The diagnostics of thousands of parameters, of which only those in sight are drawn. */
export function table({ signal, limits, chains, choose }: TableOptions): Table {
  const node = element("div", { className: "hw-convergence-table" });
  const head = element("div", { className: "hw-convergence-line hw-convergence-head" });
  const first = element("span");
  head.append(first);
  for (const text of HEADS) {
    const cell = element("span");
    cell.append(...worded(text));
    head.append(cell);
  }
  const box = element("div", { className: "hw-convergence-scroll", tabIndex: 0 });
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "diagnostics");
  const shelf = element("div", { className: "hw-convergence-shelf" });
  const empty = element("div", { className: "hw-note hw-convergence-empty" });
  empty.textContent = "No row has this in its name.";
  box.append(shelf, empty);
  node.append(head, box);

  const prefix = freshId();
  let count = 0;
  let line: (place: number) => Line = () => {
    throw new Error("The table has no rows yet.");
  };
  let lit: (parameter: number) => boolean = () => false;
  let active = 0;

  const figure = (value: number, digits: number | null, flagged: boolean, why: string): HTMLElement => {
    const cell = element("span", { className: "hw-convergence-figure" });
    const text = !Number.isFinite(value) ? "none" : digits === null ? short(value) : value.toFixed(digits);
    cell.textContent = flagged ? `! ${text}` : text;
    cell.classList.toggle("hw-flag", flagged);
    if (flagged) {
      cell.title = why;
      cell.append(element("span", { className: "hw-hidden", textContent: ` (${why})` }));
    }
    return cell;
  };

  const option = (place: number): HTMLElement => {
    const one = line(place);
    const row = element("div", { className: "hw-convergence-line", title: one.name });
    row.id = `${prefix}-${place}`;
    row.style.top = `${place * ROW}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(lit(one.parameter)));
    row.setAttribute("aria-setsize", String(count));
    row.setAttribute("aria-posinset", String(place + 1));
    row.classList.toggle("hw-active", place === active);
    const name = element("span", { className: "hw-convergence-name" });
    const own = element("span", { textContent: one.name });
    own.dir = "auto";
    name.append(own);
    if (one.note) name.append(element("small", { className: "hw-note", textContent: ` ${one.note}` }));
    const few = `below ${limits.ess}`;
    row.append(
      name,
      figure(
        one.rhat,
        3,
        one.failing && chains > 1 && !(one.rhat <= limits.rhat),
        `R-hat above ${limits.rhat}`,
      ),
      figure(one.ess_bulk, 0, one.failing && !(one.ess_bulk >= limits.ess), `bulk ESS ${few}`),
      figure(one.ess_tail, 0, one.failing && !(one.ess_tail >= limits.ess), `tail ESS ${few}`),
      figure(one.mcse_mean, null, false, ""),
      figure(one.mcse_sd, null, false, ""),
    );
    row.addEventListener("click", (event) => {
      active = place;
      choose(one.parameter, adds(event));
    });
    return row;
  };

  const draw = (): void => {
    const from = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
    const most = Math.ceil((box.clientHeight || 300) / ROW) + 2 * SPARE;
    shelf.style.height = `${count * ROW}px`;
    empty.hidden = count > 0;
    const places = Array.from({ length: Math.max(0, Math.min(most, count - from)) }, (_, i) => from + i);
    shelf.replaceChildren(...places.map(option));
    if (count > 0) box.setAttribute("aria-activedescendant", `${prefix}-${active}`);
    else box.removeAttribute("aria-activedescendant");
  };

  const move = (to: number): void => {
    active = Math.min(Math.max(to, 0), count - 1);
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
        End: count - 1,
      };
      const to = steps[event.key];
      if (to !== undefined) move(to);
      else if ((event.key === "Enter" || event.key === " ") && active < count)
        choose(line(active).parameter, adds(event));
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
    show(rows, chosen, folded) {
      const moved = rows.count !== count;
      ({ count, line } = rows);
      lit = chosen;
      first.textContent = folded ? "term (its worst; MCSE in sd)" : "parameter";
      box.style.height = `${Math.min(Math.max(count, 1), 11) * ROW + 2}px`;
      if (moved) {
        active = 0;
        box.scrollTop = 0;
      }
      draw();
    },
  };
}
