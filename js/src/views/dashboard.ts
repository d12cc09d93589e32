import { ask } from "../host/ask.js";
import { element } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import type { Context } from "../host/types.js";
import css from "./dashboard.css";
import { type Badge, badgeRow } from "./dashboard-badges.js";
import { panel } from "./dashboard-panel.js";
import { tabs } from "./dashboard-tabs.js";

interface DashboardState {
  view: string;
}

interface DashboardAbout {
  formula: string;
  facts: string[];
  tabs: string[];
}

const AN_HOUR = 3_600_000;

/** What was fitted, the verdicts on it, and its views as tabs; a view is made when its tab first opens. */
export async function dashboard(context: Context): Promise<void> {
  const { el, signal, model, live } = context;
  const about = model.get<DashboardAbout>("about");
  const reader = makeState<DashboardState>(context);
  const open = (view: string): void => reader.set({ view });

  const head = element("div", { className: "hw-dashboard-head" });
  const facts = element("div", {
    className: "hw-dashboard-facts",
    textContent: about.facts.map((fact) => fact.replaceAll(" ", "\u00a0")).join(" · "),
  });
  const badges = badgeRow((view) => {
    open(view);
    strip.focus(view);
  });
  head.append(element("code", { textContent: about.formula }), facts, badges.node);
  const panels = new Map(about.tabs.map((name) => [name, panel(context, name)]));
  const strip = tabs(
    about.tabs.map((name) => {
      const { node } = panels.get(name) as { node: HTMLElement };
      return { name, panel: node };
    }),
    open,
  );
  const ground = element("div", { className: "hw-dashboard-panels" });
  ground.append(...[...panels.values()].map(({ node }) => node));
  el.append(element("style", { textContent: css }), head, strip.node, ground);

  const show = async (): Promise<void> => {
    const name = reader.get("view");
    strip.update(name);
    for (const [of, one] of panels) one.show(of === name);
    await panels.get(name)?.fill();
  };
  const judge = (): void => badges.update(model.get<Badge[]>("badges"));
  model.on("change:badges", judge);
  signal.addEventListener("abort", () => model.off("change:badges", judge), { once: true });
  judge();
  reader.changed(() => void show());
  const first = show();
  if (live && model.get<Badge[]>("badges").length === 0) {
    ask(model, { what: "badges" }, signal, AN_HOUR).catch((error: unknown) => {
      if (!signal.aborted) badges.fail(error);
    });
  }
  if (!live) await first;
}
