import { element } from "../host/dom.js";

export interface Badge {
  check: string;
  verdict: string;
  /** Null where it could not be judged. */
  healthy: boolean | null;
  said: string;
  next: string;
  view: string;
}

const CHECKS = ["convergence", "divergences", "largest R-hat", "smallest ESS"];

/** The verdicts in a few words each; a press opens the view that shows why. */
export function badgeRow(open: (view: string) => void): {
  node: HTMLElement;
  update(badges: Badge[]): void;
  fail(error: unknown): void;
} {
  const node = element("ul", { className: "hw-dashboard-badges" });
  node.setAttribute("aria-label", "Verdicts");
  const put = (items: HTMLElement[]): void => {
    node.replaceChildren(
      ...items.map((item) => {
        const entry = element("li");
        entry.append(item);
        return entry;
      }),
    );
  };
  const waiting = (said: string): void =>
    put(CHECKS.map((check) => face(element("span"), { check, verdict: said })));
  return {
    node,
    update(badges) {
      if (badges.length === 0) waiting("…");
      else put(badges.map((badge) => button(badge, open)));
    },
    fail(error) {
      console.error(error);
      waiting("not known");
    },
  };
}

function button(badge: Badge, open: (view: string) => void): HTMLElement {
  const node = element("button");
  node.type = "button";
  node.title = badge.next ? `${badge.said}\nNext: ${badge.next}` : badge.said;
  node.addEventListener("click", () => open(badge.view));
  face(node, badge);
  if (badge.healthy !== null) node.classList.add(badge.healthy ? "hw-good" : "hw-bad");
  return node;
}

function face(node: HTMLElement, badge: Pick<Badge, "check" | "verdict"> & Partial<Badge>): HTMLElement {
  node.classList.add("hw-dashboard-badge");
  const sign = badge.healthy === true ? "✓ " : badge.healthy === false ? "! " : "";
  node.append(
    element("span", { textContent: badge.check }),
    " ",
    element("b", { textContent: sign + badge.verdict }),
  );
  return node;
}
