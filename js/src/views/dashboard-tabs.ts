import { element, freshId } from "../host/dom.js";

interface Tab {
  name: string;
  panel: HTMLElement;
}

export interface Tabs {
  node: HTMLElement;
  update(name: string): void;
  focus(name: string): void;
}

const LABELS: Record<string, string> = { ppc: "Predictive checks", loo: "LOO" };

export const labelOf = (name: string): string =>
  LABELS[name] ?? name.slice(0, 1).toUpperCase() + name.slice(1);

/** Tabs as the ARIA practices have them: one stop of the Tab key, arrows, Home and End within. */
export function tabs(all: Tab[], open: (name: string) => void): Tabs {
  const node = element("div", { className: "hw-dashboard-tabs" });
  node.setAttribute("role", "tablist");
  node.setAttribute("aria-label", "Views");
  const buttons = new Map<string, HTMLButtonElement>();
  for (const { name, panel } of all) {
    const tab = element("button", { textContent: labelOf(name) });
    tab.type = "button";
    tab.id = freshId();
    tab.dataset.label = labelOf(name);
    tab.setAttribute("role", "tab");
    panel.id = freshId();
    panel.setAttribute("aria-labelledby", tab.id);
    tab.setAttribute("aria-controls", panel.id);
    tab.addEventListener("click", () => open(name));
    buttons.set(name, tab);
    node.append(tab);
  }
  const focus = (name: string): void => buttons.get(name)?.focus({ preventScroll: true });
  node.addEventListener("keydown", (event) => {
    const names = all.map(({ name }) => name);
    const at = names.findIndex((name) => buttons.get(name)?.tabIndex === 0);
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: names.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const name = names[(to + names.length) % names.length] as string;
    open(name);
    focus(name);
  });
  return {
    node,
    focus,
    update(name) {
      for (const [of, tab] of buttons) {
        tab.setAttribute("aria-selected", String(of === name));
        tab.tabIndex = of === name ? 0 : -1;
      }
      const tab = buttons.get(name);
      if (tab) reveal(node, tab);
    },
  };
}

/** Scrolls the strip, and nothing else of the page, until the tab is in sight. */
function reveal(strip: HTMLElement, tab: HTMLElement): void {
  const right = tab.offsetLeft + tab.offsetWidth;
  if (tab.offsetLeft < strip.scrollLeft) strip.scrollLeft = tab.offsetLeft;
  else if (right > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = right - strip.clientWidth;
}
