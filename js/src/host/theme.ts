import palettes from "./palette.json";

export type Theme = "light" | "dark";
export const PALETTE: Record<Theme, Record<string, string>> = palettes;

const EVENT = "hw-theme";

/** The host's theme: what it declares, else how dark the ground behind the view is, else the system's. */
export function detect(el: Element): Theme {
  const { body, documentElement: html } = document;
  const declared =
    el.parentElement?.closest("[data-theme]")?.getAttribute("data-theme") ?? html.dataset.theme;
  if (declared === "light" || declared === "dark") return declared;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "true" ? "light" : "dark";
  const kind = body.dataset.vscodeThemeKind ?? body.className;
  if (/vscode-(dark|high-contrast(?!-light))/.test(kind)) return "dark";
  if (/vscode-(light|high-contrast-light)/.test(kind)) return "light";
  const marked = `${html.className} ${body.className} ${html.getAttribute("theme") ?? ""}`.split(/\s+/);
  if (marked.includes("dark") || marked.includes("dark-theme")) return "dark";
  if (marked.includes("light") || marked.includes("light-theme")) return "light";
  return ground(el) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function ground(el: Element): Theme | undefined {
  for (let at: Element | null = el; at; at = at.parentElement) {
    const parts =
      getComputedStyle(at)
        .backgroundColor.match(/[\d.]+/g)
        ?.map(Number) ?? [];
    const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
    if (parts.length >= 3 && alpha > 0.5)
      return 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
  }
  return undefined;
}

/** The theme a view is drawn in now. */
export function theme(el: Element): Theme {
  return el.closest<HTMLElement>(".hw-view")?.dataset.theme === "dark" ? "dark" : "light";
}

/** Calls the listener when the theme of the view around `el` changes. */
export function onTheme(el: Element, listener: (theme: Theme) => void, signal: AbortSignal): void {
  el.closest(".hw-view")?.addEventListener(EVENT, () => listener(theme(el)), { signal });
}

/** Keeps the root in the host's theme, live. */
export function followTheme(root: HTMLElement, signal: AbortSignal): void {
  const apply = (): void => {
    const next = detect(root);
    if (root.dataset.theme === next) return;
    root.dataset.theme = next;
    for (const [name, value] of Object.entries(PALETTE[next])) root.style.setProperty(`--hw-${name}`, value);
    root.dispatchEvent(new CustomEvent(EVENT));
  };
  apply();
  const attributeFilter = ["class", "data-theme", "theme", "data-jp-theme-light", "data-vscode-theme-kind"];
  const observer = new MutationObserver(apply);
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  observer.observe(document.body, { attributes: true, attributeFilter });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal });
  requestAnimationFrame(apply);
}
