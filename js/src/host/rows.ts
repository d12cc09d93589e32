import { adds, eachFrame, element, onWidth } from "./dom.js";
import { minimap } from "./minimap.js";

export interface RowsOptions {
  signal: AbortSignal;
  /** What the rows are, for a screen reader. */
  label: string;
  /** At most so high, in pixels; more rows scroll. */
  most?: number;
  /** Draws the rows in sight. Called at most once a frame. */
  draw: () => void;
  /** Enter or Space on the row of the keyboard's cursor. */
  press: (row: number, add: boolean) => void;
  /** Left or Right on that row: folds it or unfolds it. */
  fold?: (row: number, folded: boolean) => void;
}

/** Which rows are in sight. A row's middle is its whole number. */
export interface Sight {
  /** Whole rows to draw: `from` up to, not with, `to`. */
  from: number;
  to: number;
  /** The ends of the scale of rows. */
  low: number;
  high: number;
}

/** Rows down the page in a frame that scrolls, of which only those in sight are drawn. */
export interface Rows {
  /** To be put in the page. */
  node: HTMLElement;
  /** To embed the chart of the rows in. */
  plot: HTMLElement;
  /** To embed an overview of all rows in; in sight when the rows scroll. */
  beside: HTMLElement;
  /** Pixels of one row. */
  readonly step: number;
  /** Pixels the chart may have, axis included. */
  readonly width: number;
  readonly height: number;
  readonly scrolls: boolean;
  /** The row of the keyboard's cursor, -1 when there is none. */
  readonly cursor: number;
  sight(): Sight;
  /** Says whether there are rows that fold. */
  folds(yes: boolean): void;
  /** Says how many rows there are, and how many pixels of the height are not rows but axis. */
  show(count: number, axis: number): void;
  /** Scrolls a row to the middle. */
  reveal(row: number): void;
  /** Back to the first row, with no cursor. */
  top(): void;
}

/** Pixels of a row: airy for few groups, close for many. */
export function stepFor(count: number, most: number): number {
  return Math.max(16, Math.min(24, Math.floor(most / Math.max(count, 1))));
}

export function inSight(scrolled: number, inner: number, step: number, count: number): Sight {
  const low = scrolled / step - 0.5;
  const high = low + inner / step;
  return { low, high, from: Math.max(0, Math.ceil(low)), to: Math.min(count, Math.floor(high) + 1) };
}

export function makeRows({ signal, label, most = 480, draw, press, fold }: RowsOptions): Rows {
  const node = element("div", { className: "hw-rows" });
  const scroll = element("div", { className: "hw-scroll", tabIndex: 0 });
  scroll.setAttribute("role", "group");
  const name = (folds: boolean): void => {
    const keys = `${folds ? "Left and Right fold, " : ""}Enter picks, Shift+Enter adds`;
    scroll.setAttribute("aria-label", `${label}: ${folds ? "Up and Down" : "arrow keys"} move, ${keys}`);
  };
  name(false);
  const tall = element("div", { className: "hw-tall" });
  const plot = element("div", { className: "hw-chart hw-plot" });
  const map = minimap({ signal, jump: (share) => scrollTo(share * count * step - inner() / 2) });
  tall.append(plot);
  scroll.append(tall);
  node.append(scroll, map.node);

  const mark = element("div", { className: "hw-cursor", hidden: true });

  let [count, axis, step, cursor, width] = [0, 0, 24, -1, 0];
  /** As the frame said last: asking it while drawing would lay out the page. */
  let scrolled = 0;
  const redraw = eachFrame(() => {
    place();
    draw();
  }, signal);
  const rowsHeight = (): number => Math.max(count, 1) * step;
  const height = (): number => Math.min(rowsHeight() + axis, most);
  const inner = (): number => height() - axis;
  const scrolls = (): boolean => rowsHeight() > inner();
  const sight = (): Sight => inSight(scrolled, inner(), step, count);
  const scrollTo = (pixels: number): void => {
    scroll.scrollTop = Math.max(0, pixels);
    followed();
  };
  const followed = (): void => {
    scrolled = scroll.scrollTop;
    redraw();
  };
  const place = (): void => {
    map.place(scrolled / rowsHeight(), inner() / rowsHeight());
    if (mark.parentElement !== plot) plot.append(mark);
    mark.hidden = cursor < 0;
    mark.style.height = `${step}px`;
    mark.style.top = `${(cursor - 0.5 - sight().low) * step}px`;
  };

  scroll.addEventListener("scroll", followed, { signal, passive: true });
  scroll.addEventListener("keydown", (event) => key(event), { signal });
  scroll.addEventListener("blur", () => setCursor(-1), { signal });
  onWidth(
    scroll,
    (next) => {
      width = next;
      redraw();
    },
    signal,
  );

  function setCursor(row: number): void {
    if (row === cursor) return;
    cursor = row;
    const { from, to } = sight();
    if (row >= 0 && row <= from) scrollTo(row * step);
    else if (row >= to - 1) scrollTo((row + 1) * step - inner());
    redraw();
  }

  function key(event: KeyboardEvent): void {
    if (event.target !== scroll || event.altKey || count === 0) return;
    const { from } = sight();
    if (event.key === "ArrowDown") setCursor(cursor < 0 ? from : Math.min(cursor + 1, count - 1));
    else if (event.key === "ArrowUp") setCursor(cursor < 0 ? from : Math.max(cursor - 1, 0));
    else if ((event.key === "Enter" || event.key === " ") && cursor >= 0) press(cursor, adds(event));
    else if (fold && (event.key === "ArrowLeft" || event.key === "ArrowRight") && cursor >= 0)
      fold(cursor, event.key === "ArrowLeft");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return {
    node,
    plot,
    beside: map.chart,
    get step() {
      return step;
    },
    get width() {
      return width;
    },
    get height() {
      return height();
    },
    get scrolls() {
      return scrolls();
    },
    get cursor() {
      return cursor;
    },
    sight,
    folds: name,
    show(nextCount, nextAxis) {
      const before = [count, axis].join();
      [count, axis] = [nextCount, nextAxis];
      if ([count, axis].join() === before) return;
      step = stepFor(count, most - axis);
      cursor = Math.min(cursor, count - 1);
      tall.style.height = `${rowsHeight() + axis}px`;
      for (const el of [scroll, plot, map.node]) el.style.height = `${height()}px`;
      map.node.hidden = !scrolls();
      map.inset(axis);
      place();
    },
    reveal: (row) => scrollTo((row + 0.5) * step - inner() / 2),
    top() {
      cursor = -1;
      scrollTo(0);
    },
  };
}
