import { element } from "./dom.js";

export interface Minimap {
  node: HTMLElement;
  /** To embed an overview in. */
  chart: HTMLElement;
  /** Where the window stands and how much it shows, as shares of all rows. */
  place(from: number, share: number): void;
  /** Pixels at the bottom that are not rows. */
  inset(pixels: number): void;
}

/** All rows at a glance, with a window over those in sight; a press or a drag moves the window. */
export function minimap({ signal, jump }: { signal: AbortSignal; jump: (share: number) => void }): Minimap {
  const node = element("div", { className: "hw-minimap", hidden: true });
  const chart = element("div", { className: "hw-chart hw-overview" });
  const pane = element("div", { className: "hw-window" });
  const field = element("div", { className: "hw-field" });
  node.setAttribute("aria-hidden", "true");
  field.append(chart, pane);
  node.append(field);

  const go = (event: PointerEvent): void => {
    const { top, height } = field.getBoundingClientRect();
    jump((event.clientY - top) / height);
  };
  let held = false;
  field.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      held = true;
      field.setPointerCapture(event.pointerId);
      event.preventDefault();
      go(event);
    },
    { signal },
  );
  field.addEventListener("pointermove", (event) => held && go(event), { signal });
  for (const name of ["pointerup", "pointercancel"] as const) {
    field.addEventListener(
      name,
      () => {
        held = false;
      },
      { signal },
    );
  }

  return {
    node,
    chart,
    place(from, share) {
      pane.style.top = `${100 * from}%`;
      pane.style.height = `${100 * Math.min(share, 1)}%`;
    },
    inset(pixels) {
      field.style.bottom = `${pixels}px`;
    },
  };
}
