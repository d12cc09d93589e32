import glossary from "../../../hierwidgets/words.json";
import { element, freshId } from "./dom.js";

interface Word {
  key: string;
  says: readonly string[];
  text: string;
}

const WORDS: readonly Word[] = Object.values(glossary).flat();
const BY_KEY = new Map(WORDS.map((word) => [word.key, word]));
const BY_PHRASE = new Map(WORDS.flatMap((word) => word.says.map((said) => [said.toLowerCase(), word])));
const ESCAPED = [...BY_PHRASE.keys()]
  .sort((a, b) => b.length - a.length)
  .map((phrase) => phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "[ \u00a0]"));
const PHRASE = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${ESCAPED.join("|")})(?![\\p{L}\\p{N}_-])`, "giu");
const GAP = 3;

function find(key: string): Word | undefined {
  return BY_KEY.get(key) ?? BY_PHRASE.get(key.toLowerCase());
}

/** A term of the field whose explanation shows on hover and on focus; `key` where the text is not its own. */
export function word(text: string, key = text): HTMLElement {
  const found = find(key);
  if (!found) throw new Error(`The glossary has no word ${key}.`);
  const node = element("span", { textContent: text, tabIndex: 0 });
  attach(node, found, node);
  return node;
}

/** Explains a label, if it is a term, on hover and as the keyboard comes to its control. */
export function explain(label: HTMLElement, control: HTMLElement): void {
  const found = find(label.textContent ?? "");
  if (found) attach(label, found, control);
}

function attach(node: HTMLElement, found: Word, control: HTMLElement): void {
  node.classList.add("hw-word");
  node.dataset.word = found.key;
  node.addEventListener("pointerenter", () => show(node, found, control));
  control.addEventListener("focus", () => {
    if (control === node || control.matches(":focus-visible")) show(node, found, control);
  });
}

/** A text with its terms explained, each of them once. */
export function worded(text: string): (string | HTMLElement)[] {
  const out: (string | HTMLElement)[] = [];
  const told = new Set<string>();
  let from = 0;
  for (const { 0: said, index } of text.matchAll(PHRASE)) {
    const found = BY_PHRASE.get(said.replaceAll("\u00a0", " ").toLowerCase());
    if (!found || told.has(found.key)) continue;
    told.add(found.key);
    if (index > from) out.push(text.slice(from, index));
    out.push(word(said, found.key));
    from = index + said.length;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

let shown: { node: HTMLElement; close: () => void } | undefined;

function show(node: HTMLElement, { text }: Word, control: HTMLElement): void {
  const root = node.closest<HTMLElement>(".hw-view");
  if (!root || shown?.node === node) return;
  shown?.close();
  const bubble = element("div", { className: "hw-tooltip hw-word-told" });
  bubble.setAttribute("role", "tooltip");
  bubble.id = freshId();
  bubble.append(...formatted(text));
  root.append(bubble);
  place(bubble, node, root);
  control.setAttribute("aria-describedby", bubble.id);
  const gone = new AbortController();
  const close = (): void => {
    gone.abort();
    bubble.remove();
    control.removeAttribute("aria-describedby");
    shown = undefined;
  };
  shown = { node, close };
  const options = { signal: gone.signal, capture: true };
  const focused = (): boolean => (node.getRootNode() as Document | ShadowRoot).activeElement === control;
  const left = (event: Event): void => {
    const path = event.composedPath();
    const inside = path.includes(node) || path.includes(control) || path.includes(bubble);
    if (!inside && !(node.isConnected && focused())) close();
  };
  document.addEventListener("pointerover", left, options);
  document.addEventListener("focusin", left, options);
  control.addEventListener("blur", () => node.matches(":hover") || close(), options);
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      close();
    },
    options,
  );
}

/** Above or below the word, where there is room, and inside the view from left to right. */
function place(bubble: HTMLElement, node: HTMLElement, root: HTMLElement): void {
  const frame = root.getBoundingClientRect();
  const line = node.getClientRects()[0] ?? node.getBoundingClientRect();
  const below = line.bottom - frame.top + GAP;
  const above = line.top - frame.top - bubble.offsetHeight - GAP;
  const fits = below + bubble.offsetHeight <= Math.min(frame.height, innerHeight - frame.top);
  const reaches = above >= Math.max(0, -frame.top);
  const most = frame.width - bubble.offsetWidth - 4;
  bubble.style.left = `${Math.max(4, Math.min(line.left - frame.left, most))}px`;
  bubble.style.top = `${fits || !reaches ? below : above}px`;
}

/** The glossary's own small marks: code, symbols and an index. */
function formatted(text: string): Node[] {
  return text.split(/(`[^`]+`|\*[^*]+\*)/).map((part) => {
    const inner = part.slice(1, -1);
    if (part.startsWith("`")) return element("code", { textContent: inner });
    if (!part.startsWith("*")) return document.createTextNode(part);
    const symbol = element("i", { textContent: inner.replace(/_.$/, "") });
    const index = /_(.)$/.exec(inner)?.[1];
    if (index) symbol.append(element("sub", { textContent: index }));
    return symbol;
  });
}

/** A table's first line, its words explained. */
export function headings(texts: readonly string[]): HTMLTableRowElement {
  const line = element("tr");
  for (const text of texts) {
    const cell = element("th");
    cell.append(...worded(text));
    line.append(cell);
  }
  return line;
}
