import { button } from "../controls/index.js";
import { element } from "../host/dom.js";
import type { At, TermAbout } from "./shrinkage-data.js";

export interface PlaceBar {
  node: HTMLElement;
  /** What must be read with care here, and where else one can look; nothing on the response scale. */
  update(about: TermAbout, onResponse: boolean): void;
}

/** Why the weights mislead where the groups are looked at, and the way to another place. */
export function shrinkagePlace(move: (at: At) => void): PlaceBar {
  const node = element("div", { className: "hw-bar hw-place" });
  const said = element("p", { className: "hw-place-said" });
  said.setAttribute("role", "note");
  let mean: At = null;
  const there = button({ label: "Move to the mean", press: () => move(mean) });
  const zero = button({ label: "Back to zero", press: () => move(null) });
  node.append(said, there.node, zero.node);
  return {
    node,
    update({ caution, level, places, at }, onResponse) {
      const middle = level ? places[1] : undefined;
      mean = middle?.at ?? null;
      there.update(`Move to the mean, ${middle?.said ?? ""}`);
      const here = Object.entries(at ?? {});
      const atMean = here.length > 0 && here.every(([name, value]) => mean?.[name] === value);
      there.node.hidden = !middle || atMean;
      zero.node.hidden = at === null;
      said.textContent = caution;
      said.hidden = caution === "";
      node.hidden = onResponse || (caution === "" && !middle);
    },
  };
}
