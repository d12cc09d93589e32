import { button } from "../controls/index.js";
import { ask } from "../host/ask.js";
import { type Chart, embed } from "../host/chart.js";
import { decodeAll } from "../host/columns.js";
import { element, laidOut, onWidth } from "../host/dom.js";
import { plural, short } from "../host/text.js";
import type { Context, Row } from "../host/types.js";
import { worded } from "../host/words.js";
import css from "./live.css";
import { chainText, lineRows, type Now, type Plan, progressOf, running, timeText } from "./live-words.js";

const HEIGHT = 84;
const PATIENCE = 1500;
const BUSY = {
  stop: "The kernel is busy with a cell. Interrupt it (■): what waits for the draws then has those so far.",
  cancel: "The kernel is busy with a cell. The fit is cancelled when that ends.",
};

interface ChainLine {
  node: HTMLElement;
  show(chain: Now["chains"][number] | undefined): void;
}

/** The chains of a fit as they run. */
export async function watched(context: Context): Promise<void> {
  const { el, signal, model, specs, live } = context;
  const plan = model.get<Plan>("about");
  const spec = specs.lines;
  if (!spec) throw new Error("The live view lacks its picture.");

  const badge = element("span", { className: "hw-badge" });
  const said = element("span");
  const status = element("p", { className: "hw-live-status" });
  status.setAttribute("role", "status");
  status.append(badge, " ", said);
  const code = element("code", { hidden: true });
  const counts = element("p", { className: "hw-note hw-live-counts" });
  const request = (kind: "stop" | "cancel"): void => {
    for (const one of buttons) one.disabled = true;
    counts.textContent =
      kind === "stop" ? "Stopping; the draws so far are kept." : "Cancelling; no draws are kept.";
    asked = true;
    const busy = setTimeout(() => {
      if (running(model.get<Now>("now").stage)) counts.textContent = BUSY[kind];
    }, PATIENCE);
    signal.addEventListener("abort", () => clearTimeout(busy), { once: true });
    ask(model, { kind }, signal).catch((error: unknown) => {
      if (signal.aborted || !running(model.get<Now>("now").stage)) return;
      asked = false;
      for (const one of buttons) one.disabled = false;
      counts.textContent = `${error instanceof Error ? error.message : error}`;
    });
  };
  let asked = false;
  const stop = button({ label: "Stop, keep draws", press: () => request("stop") }).node as HTMLButtonElement;
  const cancel = button({ label: "Cancel", press: () => request("cancel") }).node as HTMLButtonElement;
  const buttons = [stop, cancel];
  const bar = element("div", { className: "hw-bar hw-live-bar" });
  bar.append(stop, cancel, counts);
  const chains = Array.from({ length: plan.chains }, (_, i) => chainLine(i, plan));
  const list = element("div", { className: "hw-live-chains" });
  list.append(...chains.map((line) => line.node));
  const heading = element("h4", { hidden: true });
  const panels = element("div", { className: "hw-live-panels" });
  el.append(element("style", { textContent: css }), status, code, bar, list, heading, panels);

  await laidOut(el, signal);
  const slots: { node: HTMLElement; head: HTMLElement; box: HTMLElement; chart: Chart }[] = [];

  const show = async (): Promise<void> => {
    const now = model.get<Now>("now");
    const going = running(now.stage);
    el.dataset.stage = now.stage;
    const words = badgeOf(now);
    if (badge.textContent !== words.text) badge.textContent = words.text;
    badge.className = `hw-badge ${words.kind}`;
    if (said.textContent !== now.said) said.replaceChildren(...worded(now.said));
    code.hidden = !now.next;
    code.textContent = now.next;
    stop.hidden = cancel.hidden = !going || !live;
    bar.hidden = !going;
    if (!asked) counts.textContent = going ? countsOf(now, plan) : "";
    for (const [i, line] of chains.entries()) line.show(now.chains[i]);
    list.hidden = now.chains.length === 0;
    heading.hidden = now.rows.length === 0;
    const title = now.warming ? "Warm-up" : "The slowest parameters: smallest ESS";
    if (heading.textContent !== title) heading.replaceChildren(...worded(title));
    const rows = lineRows(now, decodeAll(now.lines));
    for (const [i, row] of now.rows.entries()) {
      const slot = slots[i] ?? (await makeSlot(i));
      if (signal.aborted) return;
      slot.node.hidden = false;
      slot.head.replaceChildren(
        element("b", { textContent: row.parameter, title: row.parameter }),
        element("small", {
          className: "hw-note",
          textContent: now.warming
            ? "warm-up draws"
            : `R-hat ${row.rhat === null ? "–" : row.rhat.toFixed(3)} · ESS ${row.ess === null ? "–" : Math.round(row.ess).toLocaleString("en")}`,
        }),
      );
      const own: Row[] = rows[i] ?? [];
      const steps = own.map((one) => Number(one.draw));
      const first = now.warming ? Math.min(...steps) : 0;
      const [low, high] = row.span;
      slot.chart.set("window", [own.length > 0 ? first : 0, Math.max(1, ...steps)]);
      slot.chart.set("span", low < high ? [low, high] : [low - 0.5, high + 0.5]);
      slot.chart.data("lines", own);
      slot.chart.size(Math.floor(slot.box.clientWidth), HEIGHT);
      await slot.chart.run();
    }
    slots.forEach((slot, i) => {
      if (i >= now.rows.length) slot.node.hidden = true;
    });
  };

  async function makeSlot(i: number): Promise<(typeof slots)[number]> {
    const node = element("section", { className: "hw-live-panel" });
    const head = element("div", { className: "hw-live-head" });
    const box = element("div", { className: "hw-chart" });
    box.style.height = `${HEIGHT}px`;
    node.append(head, box);
    panels.append(node);
    const description = `Draws of every chain, parameter ${i + 1} of the slowest`;
    const size = { width: Math.floor(box.clientWidth), height: HEIGHT };
    const chart = await embed(box, { ...spec, ...size }, { signal, description });
    const slot = { node, head, box, chart };
    slots.push(slot);
    return slot;
  }

  let drawing: Promise<void> | undefined;
  let again = false;
  const follow = (): Promise<void> => {
    again = true;
    drawing ??= (async () => {
      while (again && !signal.aborted) {
        again = false;
        await show();
      }
    })().finally(() => {
      drawing = undefined;
    });
    return drawing;
  };
  const heard = (): void => void follow();
  model.on("change:now", heard);
  signal.addEventListener("abort", () => model.off("change:now", heard), { once: true });
  onWidth(el, heard, signal);
  await follow();
}

function chainLine(i: number, plan: Plan): ChainLine {
  const node = element("div", { className: "hw-live-chain" });
  const bar = element("div", { className: "hw-live-progress" });
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", `chain ${i}`);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", String(plan.tune + plan.draws));
  const warm = element("span", { className: "hw-live-warm" });
  const kept = element("span", { className: "hw-live-kept" });
  const edge = element("span", { className: "hw-live-edge" });
  edge.style.left = `${(100 * plan.tune) / (plan.tune + plan.draws)}%`;
  bar.append(warm, kept, edge);
  const text = element("span", { className: "hw-live-done" });
  const figures = element("span", { className: "hw-note" });
  node.append(element("span", { textContent: `chain ${i}` }), bar, text, figures);
  return {
    node,
    show(chain) {
      const part = progressOf(chain, plan);
      warm.style.width = `${part.warm}%`;
      kept.style.width = `${part.kept}%`;
      kept.style.left = edge.style.left;
      const said = chainText(chain, plan);
      text.textContent = said;
      bar.setAttribute("aria-valuenow", String(chain?.[0] ?? 0));
      bar.setAttribute("aria-valuetext", said);
      const [, , divergences = 0, step = null] = chain ?? [];
      figures.textContent = chain?.[0]
        ? `step ${step === null ? "–" : short(Number(step.toPrecision(2)))} · ${plural(divergences, "divergence")}`
        : "";
      node.classList.toggle("hw-live-diverging", divergences > 0);
    },
  };
}

function badgeOf({ stage, said }: Now): { text: string; kind: string } {
  if (stage === "done") {
    const good = said.endsWith("No divergences.");
    return { text: good ? "✓ done" : "! done", kind: good ? "hw-good" : "hw-bad" };
  }
  if (stage === "failed") return { text: "! failed", kind: "hw-bad" };
  if (stage === "stopped" || stage === "cancelled") return { text: stage, kind: "" };
  if (stage === "compiling") return { text: "compiling the model", kind: "" };
  return { text: stage === "warm-up" ? "warming up" : "sampling", kind: "" };
}

function countsOf(now: Now, plan: Plan): string {
  if (now.stage === "compiling") return "This takes some seconds; the notebook stays usable.";
  const divergences = now.chains.reduce((sum, chain) => sum + chain[2], 0);
  const done = now.chains.reduce((sum, chain) => sum + chain[0], 0);
  const all = plan.chains * (plan.tune + plan.draws);
  return [
    `${Math.floor((100 * done) / all)} %`,
    plural(divergences, "divergence"),
    now.left === null ? "" : `about ${timeText(now.left)} left`,
  ]
    .filter(Boolean)
    .join(" · ");
}
