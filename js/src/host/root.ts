import css from "../style.css";
import { element, keepKeys } from "./dom.js";
import { followTheme } from "./theme.js";

export interface About {
  title: string;
  description: string;
  /** Names the static picture beside the view, which is for where the view cannot live. */
  still: string;
  /** What stands under the view: reference levels, cautions about the design. */
  foot?: string[];
}

/** The element everything of one view is in: styled by itself, in the host's theme. */
export function makeRoot(el: HTMLElement, kind: string, about: About, signal: AbortSignal): HTMLElement {
  const picture = `[data-hw-still="${CSS.escape(about.still)}"]`;
  const hide = `.jp-OutputArea-child:has(${picture}), ${picture} { display: none }`;
  const style = element("style", { textContent: `${css}\n${hide}` });
  const root = element("div", { className: "hw-view" });
  root.dataset.view = kind;
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", about.title);
  el.replaceChildren(style, root);
  followTheme(root, signal);
  keepKeys(root, signal);
  return root;
}

/** What is said under the view, once it is drawn. */
export function addFoot(root: HTMLElement, { foot = [] }: About): void {
  root.append(...foot.map((said) => element("p", { className: "hw-caption", textContent: said })));
}

/** A readable message where the view would be, and the stack in the console. */
export function showError(root: HTMLElement, error: unknown): void {
  console.error(error);
  const box = element("div", { className: "hw-error" });
  box.setAttribute("role", "alert");
  const said = error instanceof Error ? error.message : String(error);
  box.append(
    element("strong", { textContent: "This view cannot be drawn. " }),
    element("span", { textContent: `${said} The browser's console has the details.` }),
  );
  root.replaceChildren(box);
}
