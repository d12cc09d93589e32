import { button, menu } from "../controls/index.js";
import { eachFrame, element, laidOut, onWidth } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import type { Context } from "../host/types.js";
import type { Settings } from "../weights/types.js";
import css from "./priors.css";
import { PriorsData, type PriorsState, same } from "./priors-data.js";
import { gauge } from "./priors-gauge.js";
import { type Asked, Lab } from "./priors-lab.js";
import { memory } from "./priors-memory.js";
import { picturesOf } from "./priors-pictures.js";
import { kept } from "./priors-pins.js";
import { busy, type Running, refitBar } from "./priors-refit.js";
import { refits } from "./priors-refits.js";
import { rowsOf } from "./priors-rows.js";
import { code } from "./priors-words.js";

export async function priors(context: Context): Promise<void> {
  const { el, signal, model, live } = context;
  const data = new PriorsData(context);
  const { about, fitted } = data;
  const state = makeState<PriorsState>(context);
  const initial: PriorsState = { ...state.all, ...model.get<{ initial: PriorsState }>("about").initial };
  const meters = gauge();

  const lab = new Lab({
    context,
    data,
    settings: { ...fitted, ...state.get("priors") },
    wants,
    answered: () => redraw(),
    rested: () => void rested(),
    failed: (message) => bar.say(message),
  });

  const rows = rowsOf({
    context,
    data,
    settings: lab.settings,
    change: (parameter, setting, settled) => {
      const before = lab.settings[parameter];
      if (settled && before && same(setting, before)) {
        lab.released();
        remember();
        return;
      }
      lab.move({ ...lab.settings, [parameter]: setting }, !settled);
      moved.add(parameter);
      if (settled) remember();
    },
    turned: () => void lab.again().then(() => notes.refresh()),
  });
  /** Rows whose words wait for the answer, so that a movement is drawn in one frame. */
  const moved = new Set<string>();
  const pictures = picturesOf({ context, data, state, lab });
  const notes = memory({ model, data, lab, table: pictures.table, rows });
  const list = kept({ remove: (pin) => notes.remove(pin) });
  notes.list(list);

  const reason = about.refit || (live ? "" : "Refits need Python: this page has no kernel.");
  const bar = refitBar({
    reason,
    auto: state.get("auto"),
    refit: () => void sampler.start("asked"),
    cancel: () => void sampler.cancel(),
    check: () => void sampler.start("check"),
    turn: (auto) => state.set({ auto }),
  });
  const sampler = refits({ context, lab, bar, told: (text) => bar.say(text) });

  const resetAll = button({ label: "Reset all", press: () => adopt(fitted) });
  const pin = button({ label: "Pin", press: () => notes.pin() });
  pin.node.title = "Keeps this setting to compare with, up to three.";
  const copy = button({ label: "Copy code", press: () => void copied() });
  const actions = element("div", { className: "hw-priors-actions" });
  actions.append(resetAll.node, pin.node, copy.node);
  const shelf = element("div", { className: "hw-priors-shelf" });
  shelf.append(bar.node, actions, bar.line);
  const top = element("div", { className: "hw-priors-top-bar" });
  top.append(meters.node, shelf);
  const left = element("div", { className: "hw-priors-left" });
  const shown = about.quantities.filter((one) => one.shown).map(({ name }) => ({ value: name, label: name }));
  const quantity = menu({
    label: "Curves show",
    options: shown,
    value: state.get("quantity"),
    change: (next) => state.set({ quantity: next }),
  });
  const legend = element("p", { className: "hw-note hw-priors-legend" });
  legend.append(...keys());
  left.append(quantity.node, legend, rows.node);
  const right = element("div", { className: "hw-priors-right" });
  right.append(pictures.node, list.node);
  const body = element("div", { className: "hw-priors-body" });
  body.append(left, right);
  const ground = element("div", { className: "hw-priors-ground" });
  ground.append(top, body);
  el.append(element("style", { textContent: css }), ground);

  function wants(): Asked {
    const term = state.get("term");
    const known = data.term(term);
    const here = known && data.pool.every((member) => member.terms[known.term]);
    const group = known ? data.labels(known.factor).indexOf(state.get("group") ?? "") : -1;
    return {
      densities: rows.drawn(),
      term: here ? term : null,
      ranks: here && term !== null && group >= 0 ? { term, group, top: state.get("top") } : null,
    };
  }

  const redraw = eachFrame(() => {
    const { answer, before } = lab;
    if (!answer || !before || signal.aborted) return;
    const begun = performance.now();
    for (const parameter of moved) rows.moved(parameter, lab.settings);
    moved.clear();
    pictures.show();
    rows.answered(lab);
    meters.update(
      answer,
      lab.draws,
      Object.keys(lab.moved).every((name) => data.prior(name).normalised),
    );
    (pin.node as HTMLButtonElement).disabled = lab.held;
    bar.needed(answer.verdict === "needs a refit", answer.own !== null);
    el.dataset.tick = (performance.now() - begun).toFixed(2);
  }, signal);

  function remember(): void {
    state.set({ priors: lab.moved });
  }

  function adopt(settings: Settings): void {
    lab.move({ ...settings }, false);
    rows.update(lab.settings);
    remember();
  }

  async function rested(): Promise<void> {
    remember();
    const term = wants().term;
    if (term !== null) await lab.askErrors(term);
    redraw();
    notes.tried(state.get("quantity"));
    if (lab.answer?.verdict === "needs a refit" && state.get("auto") && !reason) void sampler.start("itself");
    await curves();
  }

  async function curves(): Promise<void> {
    const place = about.quantities.findIndex(({ name }) => name === state.get("quantity"));
    await rows.curves(lab, place);
  }

  async function copied(): Promise<void> {
    const text = code(about, lab.settings, { ...state.all, priors: lab.moved }, initial);
    try {
      await navigator.clipboard.writeText(text);
      bar.say("The code is on the clipboard.");
    } catch {
      shownCode.hidden = false;
      shownCode.textContent = text;
    }
  }
  const shownCode = element("pre", { className: "hw-priors-code", hidden: true });
  shelf.after(shownCode);

  let last = state.all;
  state.changed(() => {
    const next = state.all;
    const before = last;
    last = next;
    bar.auto(next.auto);
    quantity.update(next.quantity);
    pictures.update();
    const wanted = { ...fitted, ...next.priors };
    const differs = Object.entries(wanted).some(([name, one]) => !same(one, lab.settings[name] ?? one));
    if (differs) {
      lab.move(wanted, false);
      rows.update(wanted);
    }
    if (next.quantity !== before.quantity) void curves();
    if (next.term !== before.term || next.group !== before.group || next.top !== before.top)
      void pictures.fetch().then(() => lab.again());
  });
  const heard = (): void => void joined();
  async function joined(): Promise<void> {
    const event = model.get<Running>("running") ?? {};
    bar.running(event);
    if (event.stage === "failed" || event.stage === "cancelled") sampler.ended();
    if ((await lab.join()) === 0) return;
    rows.widen();
    bar.pool(data.pool.length);
    await lab.again();
    await notes.refresh();
    sampler.joined();
    lab.awake();
  }
  for (const name of ["running", "members"]) model.on(`change:${name}`, heard);
  signal.addEventListener("abort", () => {
    for (const name of ["running", "members"]) model.off(`change:${name}`, heard);
  });
  addEventListener("pointerup", () => lab.released(), { signal });

  await laidOut(el, signal);
  await rows.draw();
  await pictures.fetch();
  await lab.start();
  notes.show();
  bar.pool(data.pool.length);
  const event = model.get<Running>("running") ?? {};
  if (live && busy(event)) bar.running(event);
  onWidth(el, () => rows.size(), signal);
  await curves();
}

function keys(): HTMLElement[] {
  return [
    ["fitted", "prior as fitted"],
    ["prior", "prior now"],
    ["before", "posterior before"],
    ["after", "posterior now"],
    ["evidence", "log evidence ratio, right axis"],
  ].map(([kind = "", text = ""]) => {
    const key = element("span", { className: "hw-key" });
    key.append(element("i", { className: `hw-priors-key hw-priors-key-${kind}` }), text);
    return key;
  });
}
