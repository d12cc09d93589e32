import type { View } from "vega";
import { adds, element } from "./dom.js";

export interface BrushOptions {
  /** The scale along the page's width, or null for a box over the whole width. */
  x?: string | null;
  /** The scale down the page, or null for a box over the whole height. */
  y?: string | null;
}

type Listener = (box: Record<string, [number, number]>, add: boolean) => void;
type Invertible = { invert(pixel: number): number };

const LEAST = 5;

/** Drags a box over a chart and reports it in data units when let go; then the box is gone. */
export function brush(
  el: HTMLElement,
  view: View,
  listener: Listener,
  signal: AbortSignal,
  { x = "x", y = "y" }: BrushOptions,
): void {
  const box = element("div", { className: "hw-brush", hidden: true });
  el.classList.add("hw-brushable");
  el.append(box);
  el.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      drag(event);
    },
    { signal },
  );

  function drag(start: PointerEvent): void {
    const frame = el.getBoundingClientRect();
    const [left, top] = view.origin();
    const pad = view.padding() as { left: number; top: number };
    const x0 = left + pad.left;
    const y0 = top + pad.top;
    const clampX = (pixel: number): number => Math.min(Math.max(pixel - frame.left - x0, 0), view.width());
    const clampY = (pixel: number): number => Math.min(Math.max(pixel - frame.top - y0, 0), view.height());
    const inside =
      start.clientX - frame.left - x0 <= view.width() && start.clientY - frame.top - y0 <= view.height();
    if (!inside) return;
    const over = new AbortController();
    const ended = { signal: AbortSignal.any([signal, over.signal]) };
    let extent = { x: [0, 0], y: [0, 0], far: false };

    const move = (event: PointerEvent): void => {
      const xs =
        x === null ? [0, view.width()] : [clampX(start.clientX), clampX(event.clientX)].sort(ascending);
      const ys =
        y === null ? [0, view.height()] : [clampY(start.clientY), clampY(event.clientY)].sort(ascending);
      const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) >= LEAST;
      extent = { x: xs, y: ys, far: extent.far || far };
      box.hidden = !extent.far;
      const [xa = 0, xb = 0] = xs;
      const [ya = 0, yb = 0] = ys;
      Object.assign(box.style, {
        left: `${x0 + xa}px`,
        top: `${y0 + ya}px`,
        width: `${xb - xa}px`,
        height: `${yb - ya}px`,
      });
      if (extent.far) event.preventDefault();
    };
    const end = (event: PointerEvent): void => {
      over.abort();
      box.hidden = true;
      if (event.type !== "pointerup" || !extent.far) return;
      const found: Record<string, [number, number]> = {};
      if (x !== null) found[x] = inverted(x, extent.x);
      if (y !== null) found[y] = inverted(y, extent.y);
      listener(found, adds(event));
    };
    window.addEventListener("pointermove", move, ended);
    window.addEventListener("pointerup", end, ended);
    window.addEventListener("pointercancel", end, ended);
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        over.abort();
        box.hidden = true;
      },
      ended,
    );
  }

  function inverted(name: string, pixels: number[]): [number, number] {
    const scale = view.scale(name) as Invertible;
    const ends = pixels.map((pixel) => scale.invert(pixel)).sort(ascending);
    return [ends[0] ?? Number.NaN, ends[1] ?? Number.NaN];
  }
}

const ascending = (a: number, b: number): number => a - b;
