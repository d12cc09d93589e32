import { ask } from "../host/ask.js";
import { element } from "../host/dom.js";
import type { Context } from "../host/types.js";
import { labelOf } from "./dashboard-tabs.js";

export interface Panel {
  node: HTMLElement;
  /** Out of sight a panel keeps its width and its place in what scrolls, so its view stays as it is. */
  show(shown: boolean): void;
  /** Puts the view in, the first time. */
  fill(): Promise<void>;
}

const PATIENCE = 8000;
const AN_HOUR = 3_600_000;

export function panel({ model, signal, live, mount }: Context, name: string): Panel {
  const node = element("div", { className: "hw-dashboard-away" });
  node.setAttribute("role", "tabpanel");
  const place = element("div");
  const wait = element("div", { className: "hw-dashboard-wait", hidden: true });
  wait.setAttribute("role", "status");
  node.append(wait, place);
  const at = (trait: string): string | undefined => model.get<Record<string, string>>(trait)[name];
  const say = (text: string): void => {
    wait.replaceChildren(text);
    wait.hidden = text === "";
  };
  let filling: Promise<void> | undefined;

  const made = async (): Promise<string> => {
    const known = at("opened");
    if (known) return known;
    if (!live) throw new Error(at("failed") ?? "This view is not in the page that was saved.");
    say(`${labelOf(name)} is being made …`);
    const slow = setTimeout(() => {
      say(
        `${labelOf(name)} is not here yet. Python is still at work, or it has stopped: a notebook whose kernel is gone shows only the tabs that were opened before; run the cell again to have the others.`,
      );
    }, PATIENCE);
    try {
      const { content } = await ask(model, { what: "view", view: name }, signal, AN_HOUR);
      if (typeof content.refused === "string") throw new Error(content.refused);
    } finally {
      clearTimeout(slow);
    }
    return at("opened") ?? "";
  };

  const put = async (): Promise<void> => {
    try {
      await mount(await made(), place);
      say("");
    } catch (error) {
      if (signal.aborted) return;
      filling = undefined;
      say(`${labelOf(name)} cannot be shown. ${error instanceof Error ? error.message : error}`);
      if (live) wait.append(again());
    }
  };
  const again = (): HTMLElement => {
    const retry = element("button", { textContent: "Try again" });
    retry.type = "button";
    retry.addEventListener("click", () => {
      filling ??= put();
    });
    return retry;
  };

  return {
    node,
    show(shown) {
      node.classList.toggle("hw-dashboard-away", !shown);
      node.inert = !shown;
    },
    fill() {
      filling ??= put();
      return filling;
    },
  };
}
