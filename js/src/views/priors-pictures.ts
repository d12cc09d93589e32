import { choice, menu } from "../controls/index.js";
import { ask } from "../host/ask.js";
import { element, sighted } from "../host/dom.js";
import type { State } from "../host/state.js";
import type { Context } from "../host/types.js";
import { byName, order } from "../tables/caterpillar.js";
import type { PriorsData, PriorsState } from "./priors-data.js";
import { derived } from "./priors-derived.js";
import { endsOf, groupsPanel, type Scene } from "./priors-groups.js";
import type { Lab } from "./priors-lab.js";
import { type QuantitiesTable, quantitiesTable } from "./priors-table.js";

export interface PicturesOptions {
  context: Context;
  data: PriorsData;
  state: State<PriorsState>;
  lab: Lab;
}

export interface Pictures {
  node: HTMLElement;
  table: QuantitiesTable;
  /** Draws what the lab knows. */
  show(): void;
  /** The state has changed. */
  update(): void;
  /** Asks Python for the term's draws where they did not come with the view. */
  fetch(): Promise<void>;
}

/** What the posterior becomes: the groups, one group's numbers, and the table of quantities. */
export function picturesOf({ context, data, state, lab }: PicturesOptions): Pictures {
  const { specs, signal, selection, model, live } = context;
  const { about } = data;
  const node = element("div", { className: "hw-priors-pictures" });
  const grouped = about.terms.length > 0;
  const term = menu({
    label: "Term",
    options: about.terms.map(({ term: value }) => ({ value, label: value })),
    value: state.get("term") ?? "",
    change: (next) => state.set({ term: next, group: null }),
  });
  const which = choice({
    label: "Picture of the groups",
    options: [
      { value: "groups", label: "caterpillar" },
      { value: "pooling", label: "shrinkage" },
    ],
    value: "groups",
    change: (value) => {
      panels.dataset.shown = value;
    },
  });
  const bar = element("div", { className: "hw-bar hw-priors-terms" });
  bar.append(term.node, which.node);
  const missing = element("p", { className: "hw-note", hidden: true });
  const panels = element("div", { className: "hw-priors-panels" });
  panels.dataset.shown = "groups";
  const caterpillar = groupsPanel({
    kind: "groups",
    title: "Groups, before and after",
    spec: specs.groups,
    signal,
    selection,
  });
  const pooling = groupsPanel({
    kind: "pooling",
    title: "Shrinkage, before and after",
    spec: specs.pooling,
    signal,
    selection,
  });
  panels.append(caterpillar.node, pooling.node);
  const veil = element("div", { className: "hw-priors-veil", hidden: true });
  const numbers = derived({
    group: state.get("group"),
    top: state.get("top"),
    groups: offered(),
    pick: (group) => state.set({ group }),
    limit: (top) => state.set({ top }),
  });
  const table = quantitiesTable(about.quantities);
  const stage = element("div", { className: "hw-priors-stage" });
  if (grouped) stage.append(panels, numbers.node);
  stage.append(table.node, veil);
  if (grouped) node.append(bar, missing);
  node.append(stage);

  const seen = sighted([caterpillar.node, pooling.node], () => show(), signal);

  let offeredFor = state.get("term");
  const named = new Map<string, number[]>();
  let ends: { key: string; ends: Scene["ends"]; order: number[] } | undefined;

  function offered(): { value: string; label: string }[] {
    const known = data.term(state.get("term"));
    if (!known) return [];
    const shown = data.shown(known.factor);
    return data.labels(known.factor).map((value, i) => ({ value, label: shown[i] ?? value }));
  }

  /** What needs no measuring comes last, so that the page is laid out once. */
  function show(): void {
    showGroups();
    const { answer, before, good } = lab;
    if (!answer || !before || !good) return;
    veil.hidden = !lab.held;
    veil.textContent = lab.held
      ? `Withheld. ${answer.reason} What stands here is the last setting that could be trusted.`
      : "";
    stage.dataset.held = String(lab.held);
    table.update(before.summary, good.summary, lab.held);
  }

  function showGroups(): void {
    const { answer, before, good } = lab;
    if (!answer || !before || !good) return;
    const known = data.term(state.get("term"));
    const [was, now] = known ? [before.groups[known.term], good.groups[known.term]] : [];
    if (!known || !was || !now) return;
    const own = data.own(known.term);
    const labels = data.labels(known.factor);
    const key = `${known.term} ${data.pool.length}`;
    if (ends?.key !== key) {
      const byLabel = named.get(known.factor) ?? byName(labels);
      named.set(known.factor, byLabel);
      ends = {
        key,
        ends: endsOf(was, now, own),
        order: order("estimate", byLabel, { mean: was.mean, sd: was.sd, n: was.mean }),
      };
    }
    const weights = data.weights(known.term, good.summary);
    const beforeWeights = data.weights(known.term, before.summary);
    const scene: Scene = {
      term: known.term,
      factor: known.factor,
      labels,
      shown: data.shown(known.factor),
      briefs: data.brief(known.factor),
      order: ends.order,
      before: was,
      after: now,
      held: lab.held,
      own,
      weights,
      beforeWeights,
      errors: lab.held ? undefined : lab.errors,
      ends: ends.ends,
    };
    for (const panel of [caterpillar, pooling]) {
      if (seen(panel.node)) void panel.show(scene);
      else panel.reserve(scene.order.length);
    }
    const group = labels.indexOf(state.get("group") ?? "");
    const pair = group < 0 || !weights || !beforeWeights ? undefined : [weights[group], beforeWeights[group]];
    numbers.update({
      ...(pair ? { weight: pair as [number, number] } : {}),
      weightError: group < 0 ? Number.NaN : data.weightError(known.term, group, good.summary),
      rank: [good.rank, before.rank],
      ess: good.ess,
      held: lab.held,
    });
  }

  selection.changed(() => {
    const known = data.term(state.get("term"));
    const [only, ...more] = known ? selection.picked(known.factor) : [];
    if (only !== undefined && more.length === 0 && only !== state.get("group")) state.set({ group: only });
    else show();
  }, signal);

  return {
    node,
    table,
    show,
    update() {
      const now = state.get("term");
      term.update(now ?? "");
      if (now !== offeredFor) numbers.offer(offered(), state.get("group"));
      else numbers.choose(state.get("group"));
      offeredFor = now;
      numbers.top(state.get("top"));
    },
    async fetch() {
      const known = data.term(state.get("term"));
      missing.hidden = true;
      panels.hidden = false;
      if (!known || data.pool.every((member) => member.terms[known.term])) return;
      panels.hidden = true;
      missing.hidden = false;
      missing.textContent = `The draws of ${known.term} are too many to travel with this page; a notebook with a kernel asks for them.`;
      if (!live) return;
      const { buffers } = await ask(model, { term: known.term }, signal);
      data.add(
        known.term,
        buffers.map(
          ({ buffer, byteOffset, byteLength }) =>
            new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer),
        ),
      );
      lab.renew();
      missing.hidden = true;
      panels.hidden = false;
    },
  };
}
