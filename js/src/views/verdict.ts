import { element } from "../host/dom.js";
import { worded } from "../host/words.js";

/** What a check found, as Python says it. */
export interface Verdict {
  healthy: boolean;
  badge: string;
  said: string;
  findings: { said: string; next: string }[];
  notes: string[];
}

/** What is wrong, and the lines of Python to go on with; or that nothing is. */
export function verdict(about: Verdict): HTMLElement {
  const node = element("div", { className: "hw-verdict" });
  node.setAttribute("role", "status");
  const line = element("p");
  const badge = element("span", {
    className: `hw-badge ${about.healthy ? "hw-good" : "hw-bad"}`,
    textContent: `${about.healthy ? "✓" : "!"} ${about.badge}`,
  });
  line.append(badge, " ", ...worded(about.said));
  const list = element("ol", { hidden: about.findings.length === 0 });
  const told = new Set<string>();
  for (const { said, next } of about.findings) {
    const item = element("li");
    item.append(...worded(said));
    if (!told.has(next)) item.append(element("code", { textContent: next }));
    told.add(next);
    list.append(item);
  }
  node.append(line, list);
  for (const text of about.notes) {
    const note = element("p", { className: "hw-note" });
    note.append(...worded(text));
    node.append(note);
  }
  return node;
}
