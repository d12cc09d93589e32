import { choice, menu } from "../controls/index.js";
import { numbers } from "../host/columns.js";
import { element } from "../host/dom.js";
import type { State } from "../host/state.js";
import type { Context, Row } from "../host/types.js";
import { worded } from "../host/words.js";
import { plot } from "./convergence-plot.js";
import type { ConvergenceAbout, ConvergenceState, Funnel, Parameters } from "./convergence-rows.js";
import type { Draws } from "./trace-draws.js";

const MOST = 1200;
const HEIGHT = 260;
const AXES = [
  { value: "sampled", label: "offsets" },
  { value: "effect", label: "effects" },
];
const FLOOR = 2.2250738585072014e-308;

/** Log scale against one group's effect, for every term, with what is to blame for divergences. */
export function funnelPanel(
  context: Context,
  draws: Draws,
  known: Parameters,
  reader: State<ConvergenceState>,
  about: ConvergenceAbout,
): { node: HTMLElement; show(): Promise<void> } {
  const { columns, selection } = context;
  const node = element("section", { className: "hw-convergence-funnel-panel" });
  node.setAttribute("aria-label", "funnel");
  const term = menu({
    label: "Term",
    options: about.ranking.map((value) => ({ value, label: marked(value, about.funnels[value]) })),
    value: reader.get("term") ?? "",
    change: (value) => reader.set({ term: value, group: null }),
  });
  const group = menu({
    label: "Group",
    options: [],
    value: "",
    change: (value) => {
      const one = reader.get("term") ?? "";
      reader.set({ group: value });
      selection.pick(factor(one), [value]);
    },
  });
  const axis = choice({
    label: "Against",
    options: AXES,
    value: reader.get("axis"),
    change: (value) => reader.set({ axis: value as ConvergenceState["axis"] }),
  });
  const bar = element("div", { className: "hw-bar" });
  bar.append(term.node, group.node, axis.node);
  const up = element("p", { className: "hw-note hw-convergence-up" });
  const across = element("p", { className: "hw-note hw-convergence-across" });
  const picture = plot(
    context,
    "funnel",
    "Log scale against an effect, divergent draws as triangles",
    HEIGHT,
  );
  const said = element("p", { className: "hw-convergence-said" });
  const code = element("div");
  const how = element("p", { className: "hw-note" });
  node.append(element("h4", { textContent: "Funnel" }), bar, up, picture.node, across, said, code, how);

  const scales = numbers(columns, "log_scale");
  const size = draws.chains * draws.length;
  const divergent = new Set(draws.divergent.map(({ chain, draw }) => chain * draws.length + draw));
  const factor = (one: string): string => about.factors[about.terms.indexOf(one)] ?? "";
  let last = "";
  let offered = "";

  const rows = (place: number, parameter: number, offsets: boolean): Row[] => {
    const values = draws.values(parameter);
    const step = Math.max(1, Math.ceil(size / MOST));
    const found: Row[] = [];
    for (let i = 0; i < size; i++) {
      const lost = divergent.has(i);
      if (!lost && i % step !== 0) continue;
      const log_scale = scales[place * size + i] ?? Number.NaN;
      const value = values[i] ?? Number.NaN;
      const across = offsets ? value / Math.max(Math.exp(log_scale), FLOOR) : value;
      if (!Number.isFinite(across) || !Number.isFinite(log_scale)) continue;
      found.push({ value: across, log_scale, diverging: lost ? 1 : 0 });
    }
    return found.sort((a, b) => Number(a.diverging) - Number(b.diverging));
  };

  const tell = (own: Funnel): void => {
    const mark = element("b", { textContent: own.accused ? "! To blame. " : "" });
    said.replaceChildren(mark, ...worded(own.said));
    code.replaceChildren(...own.next.map((line) => element("code", { textContent: line })));
    how.replaceChildren(...worded(own.how));
  };

  return {
    node,
    async show() {
      const { term: one, group: stated, axis: by } = reader.all;
      const own = one === null ? undefined : about.funnels[one];
      if (one === null || !own) return;
      const [first] = selection.picked(factor(one)).filter((label) => own.groups.includes(label));
      const chosen = first ?? stated ?? own.groups[own.loosest] ?? "";
      term.update(one);
      if (offered !== one) {
        group.offer(
          own.groups.map((value, i) => ({ value, label: own.shown[i] ?? value })),
          chosen,
        );
        offered = one;
      }
      group.update(chosen);
      axis.update(by);
      axis.node.hidden = own.parameterization === "centered";
      const now = JSON.stringify([one, chosen, by]);
      if (now === last) return;
      last = now;
      up.textContent = `↑ log ${own.scale}`;
      across.textContent = `→ ${by === "effect" ? own.effect : own.sampled} of ${chosen || "the unnamed group"}`;
      tell(own);
      const parameter = known.place(`${one}[${chosen}]`);
      try {
        await draws.fetch([parameter]);
      } catch (error) {
        if (now === last) picture.say(error instanceof Error ? error.message : String(error));
        return;
      }
      if (now !== last) return;
      const offsets = by === "sampled" && own.parameterization !== "centered";
      const place = about.terms.indexOf(one) - 1;
      await picture.show({ funnel: rows(place, parameter, offsets) });
    },
  };
}

function marked(term: string, own: Funnel | undefined): string {
  if (!own || own.chance === null) return term;
  return `${own.accused ? "! " : ""}${term} (${own.chance.toFixed(2)})`;
}
