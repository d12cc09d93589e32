import { element } from "./dom.js";

export interface Tooltip {
  show(value: unknown, event: MouseEvent): void;
  hide(): void;
}

const GAP = 12;

/** A tooltip of names and values inside `root`; everything in it is text. */
export function tooltip(root: HTMLElement): Tooltip {
  const box = element("div", { className: "hw-tooltip", hidden: true });
  box.setAttribute("role", "tooltip");
  root.append(box);
  return {
    show(value, event) {
      box.replaceChildren(...content(value));
      box.hidden = false;
      const frame = root.getBoundingClientRect();
      const x = event.clientX - frame.left + GAP;
      const y = event.clientY - frame.top + GAP;
      const left = Math.min(x, frame.width - box.offsetWidth - 4);
      const above = y - box.offsetHeight - 2 * GAP;
      const below = y + box.offsetHeight <= Math.max(frame.height, innerHeight - frame.top);
      box.style.left = `${Math.max(4, left)}px`;
      box.style.top = `${below || above < 0 ? y : above}px`;
    },
    hide() {
      box.hidden = true;
    },
  };
}

function content(value: unknown): Node[] {
  if (typeof value !== "object" || value === null) return [element("div", { textContent: String(value) })];
  return Object.entries(value).map(([name, entry]) => {
    const row = element("div", { className: "hw-tooltip-row" });
    row.append(
      element("span", { className: "hw-tooltip-name", textContent: name }),
      element("span", { textContent: String(entry) }),
    );
    return row;
  });
}
