/** An element with some of its properties set. Text goes in as `textContent`. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<Pick<HTMLElement, "className" | "textContent" | "hidden" | "title" | "tabIndex">> = {},
): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(tag), properties);
}

/** Makes this the text of `node`, which holds nothing else; the text node stays, so that little is laid out. */
export function say(node: Node, text: string): void {
  const { firstChild } = node;
  if (firstChild instanceof Text && firstChild === node.lastChild) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (firstChild || text) node.textContent = text;
}

/** Whether a click or a key with Shift, Control or Command adds to what is picked. */
export function adds({ shiftKey, ctrlKey, metaKey }: MouseEvent | KeyboardEvent): boolean {
  return shiftKey || ctrlKey || metaKey;
}

/** Calls `press` at a click and at Enter, with whether it adds to what is picked. */
export function pressed(one: HTMLElement, press: (add: boolean) => void): void {
  one.addEventListener("click", (event) => press(adds(event)));
  one.addEventListener("keydown", (event) => event.key === "Enter" && press(adds(event)));
}

const FOCUSABLE = "a[href],button,input,select,textarea,summary,[tabindex]";

/** Marks what can have the focus within `root`, now and later: JupyterLab leaves its keys alone. */
export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  const mark = (one: Element): void => one.setAttribute("data-lm-suppress-shortcuts", "true");
  const each = (node: Node): void => {
    if (!(node instanceof Element)) return;
    if (node.matches(FOCUSABLE)) mark(node);
    node.querySelectorAll(FOCUSABLE).forEach(mark);
  };
  mark(root);
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") each(target);
      else addedNodes.forEach(each);
    }
  });
  observer.observe(root, { childList: true, subtree: true, attributeFilter: ["tabindex"] });
  // A browser may also focus what scrolls, without a tabindex.
  root.addEventListener("focusin", ({ target }) => mark(target as Element), { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

let count = 0;

/** An id no other element of the page has, also across views. */
export function freshId(): string {
  count += 1;
  return `hw-${Math.random().toString(36).slice(2, 8)}-${count}`;
}

/** Calls `draw` at most once a frame, however often it is asked. */
export function eachFrame(draw: () => void, signal: AbortSignal): () => void {
  let asked = 0;
  signal.addEventListener("abort", () => cancelAnimationFrame(asked), { once: true });
  return () => {
    if (signal.aborted || asked) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
}

/** Calls `listener` with the width of `el` in whole pixels, first when it has one, then on each change. */
export function onWidth(el: HTMLElement, listener: (width: number) => void, signal: AbortSignal): void {
  let last = 0;
  const observer = new ResizeObserver(() => {
    const width = Math.floor(el.clientWidth);
    if (width === 0 || width === last) return;
    last = width;
    listener(width);
  });
  observer.observe(el);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

/**
 * Which of these elements are in sight, or nearly; asked without measuring, so that it costs no layout.
 * Calls `entered` as one comes into sight.
 */
export function sighted(
  elements: Element[],
  entered: (one: Element) => void,
  signal: AbortSignal,
): (one: Element) => boolean {
  const seen = new Set<Element>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) seen.add(target);
        else seen.delete(target);
        if (isIntersecting) entered(target);
      }
    },
    { rootMargin: "60px" },
  );
  for (const one of elements) observer.observe(one);
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  return (one) => seen.has(one);
}

/** The width of `el` once it is laid out. */
export function laidOut(el: HTMLElement, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const found = new AbortController();
    signal.addEventListener("abort", () => found.abort(), { once: true });
    onWidth(
      el,
      (width) => {
        found.abort();
        resolve(width);
      },
      found.signal,
    );
  });
}

/** Draws into `el` once it has a width, and again on each change of it and on each call. */
export function toWidth(
  el: HTMLElement,
  draw: (width: number) => Promise<void>,
  signal: AbortSignal,
): () => Promise<void> {
  let width = 0;
  const redraw = async (): Promise<void> => {
    if (width > 0 && !signal.aborted) await draw(width);
  };
  onWidth(
    el,
    (next) => {
      width = next;
      void redraw();
    },
    signal,
  );
  return redraw;
}
