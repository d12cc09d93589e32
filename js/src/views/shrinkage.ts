import { button, choice, menu } from "../controls/index.js";
import { listControls } from "../controls/listing.js";
import { type Units, unitsChoice } from "../controls/units.js";
import { eachFrame, element, laidOut } from "../host/dom.js";
import { groupRows } from "../host/group-rows.js";
import { folding, type ListState } from "../host/listing.js";
import { state as makeState } from "../host/state.js";
import type { Context } from "../host/types.js";
import css from "./shrinkage.css";
import { shrinkageCaption } from "./shrinkage-caption.js";
import { type At, ShrinkageData, type Sigma } from "./shrinkage-data.js";
import { shrinkageMarks } from "./shrinkage-groups.js";
import { shrinkagePlace } from "./shrinkage-place.js";
import { planePicture } from "./shrinkage-plane.js";
import { meanWeight, type Scene, standing } from "./shrinkage-scene.js";
import { type SigmaSlider, sigmaSlider } from "./shrinkage-sigma.js";

interface ShrinkageState extends ListState {
  term: string;
  picture: "groups" | "plane";
  sigma: Sigma | null;
  units: Units;
  at: At;
}

const PICTURES = ["groups", "plane"].map((value) => ({ value, label: value }));

export async function shrinkage(context: Context): Promise<void> {
  const { el, signal, selection } = context;
  const data = new ShrinkageData(context);
  const state = makeState<ShrinkageState>(context);

  const controls = {
    term: menu({
      label: "Term",
      options: data.terms.map(({ term }) => ({ value: term, label: term })),
      value: state.get("term"),
      change: (term) => {
        const { partner, factor, response } = data.term(term).about;
        const picture = partner === null ? "groups" : state.get("picture");
        const units = response === null ? "link" : state.get("units");
        const at = factor === data.term(state.get("term")).about.factor ? state.get("at") : null;
        state.set({ term, picture, units, at, ...listed.moved(factor) });
      },
    }),
    picture: choice({
      label: "Picture",
      options: PICTURES,
      value: state.get("picture"),
      change: (picture) =>
        state.set(picture === "plane" ? { picture, units: "link" } : { picture: "groups" }),
    }),
    units: unitsChoice(state.get("units"), (units) => {
      if (units === "response") held = null;
      state.set(units === "response" ? { units, sigma: null, at: null } : { units });
    }),
  };
  const listed = listControls(context, state, reveal);
  const bar = element("div", { className: "hw-bar" });
  if (data.terms.length > 1) bar.append(controls.term.node);
  if (data.terms.some(({ partner }) => partner !== null)) bar.append(controls.picture.node);
  if (data.terms.some(({ response }) => response !== null)) bar.append(controls.units.node);
  bar.append(...listed.nodes, listed.show);

  const panel = element("div", { className: "hw-bar hw-sigma-panel" });
  const caption = shrinkageCaption();
  const placed = shrinkagePlace((at) => state.set({ at }));
  const pick = (groups: string[], add: boolean): void =>
    selection.pick(data.term(state.get("term")).about.factor, groups, add);
  const groups = groupRows(context, {
    spec: "groups",
    axis: [56, 110],
    fold: folding(state),
    moved: tellHidden,
  });
  const plane = planePicture(context, pick);
  el.append(
    element("style", { textContent: css }),
    bar,
    panel,
    placed.node,
    groups.node,
    plane.node,
    caption.node,
  );

  let sliders = new Map<string, SigmaSlider>();
  let sliding: { factor: string; verdict: HTMLElement; back: HTMLElement } | undefined;
  /** The scales under the reader's hand, before they are let go; the state's at other times. */
  let held: Sigma | null = state.get("sigma");
  let scene = arrange();

  function back(): void {
    held = null;
    state.set({ sigma: null });
    void draw();
  }

  function build(factor: string): void {
    if (sliding?.factor === factor) return;
    const about = data.factor(factor);
    sliders = new Map();
    const verdict = element("span", { className: "hw-sigma-verdict" });
    verdict.setAttribute("role", "status");
    const home = button({ label: "Back to the posterior", press: back }).node;
    panel.replaceChildren();
    about?.terms.forEach((term, k) => {
      const [mean = 0, lower = 0, upper = 0] = [about.scale[k], about.lower[k], about.upper[k]];
      const move = (scale: number, settled: boolean): void => {
        held = { ...held, [term]: scale };
        if (settled) state.set({ sigma: held });
        redraw();
      };
      const slider = sigmaSlider({ term, mean, lower, upper, move, back });
      sliders.set(term, slider);
      panel.append(slider.node);
    });
    const said = element("div", { className: "hw-sigma-said" });
    said.append(verdict, home);
    if (about) panel.append(said);
    sliding = { factor, verdict, back: home };
  }

  function arrange(): Scene {
    const { term: name, picture, units, at } = state.all;
    const term = data.term(name, units, at);
    const { factor, partner } = term.about;
    build(factor);
    const moved =
      held !== null && (data.factor(factor)?.terms.some((one) => held?.[one] !== undefined) ?? false);
    const formula = moved && held ? data.formula(factor, held, at) : new Map();
    const about = data.factor(factor);
    about?.terms.forEach((one, k) => {
      const weight = formula.get(one)?.weight ?? data.term(one, "link", at).weight;
      sliders
        .get(one)
        ?.update(held?.[one] ?? about.scale[k] ?? 0, meanWeight(weight), moved, held?.[one] !== undefined);
    });
    if (sliding) {
      sliding.verdict.textContent = moved
        ? "◆ Estimates by the formula; pale dots stay where the posterior has them."
        : "● Estimates of the posterior.";
      sliding.back.style.visibility = moved ? "visible" : "hidden";
    }
    return {
      x: standing(term, formula.get(name)),
      y:
        picture === "plane" && partner
          ? standing(data.term(partner, "link", at), formula.get(partner))
          : undefined,
      pair: picture === "plane" && partner ? data.pair(factor, [name, partner], held ?? {}, at) : undefined,
      listing: data.listing(term, state.all),
      picked: new Set(selection.picked(factor)),
      sliding: moved && formula.has(name),
      largest: Array.from(term.n).reduce((most, n) => Math.max(most, n), 1),
    };
  }

  function tellHidden(): void {
    const { keys, found } = scene.listing;
    const listedHere = found.filter((i) => scene.picked.has(keys[i] ?? "")).length;
    listed.hidden(scene.y ? scene.picked.size - listedHere : groups.hidden());
  }

  function reveal(): void {
    const { keys, entries, found } = scene.listing;
    const here = scene.y ? found : entries.map(({ group }) => group);
    if (!here.some((i) => scene.picked.has(keys[i] ?? ""))) state.set({ search: "", folded: [] });
    groups.reveal();
  }

  async function draw(): Promise<void> {
    scene = arrange();
    const { x, y, listing } = scene;
    listed.update(listing);
    const { units } = state.all;
    controls.units.update(units, y ? "the plane is on the link scale" : x.term.about.unmeant);
    panel.hidden = units === "response";
    placed.update(x.term.about, units === "response");
    groups.node.hidden = y !== undefined;
    plane.node.hidden = y === undefined;
    if (y) for (const node of listed.nodes.slice(0, 3)) node.hidden = true;
    else listed.nodes[0]?.removeAttribute("hidden");
    controls.picture.node.hidden = x.term.about.partner === null;
    caption.update(y ? [x.term, y.term] : [x.term], scene.sliding, scene.pair);
    tellHidden();
    await (y ? plane.show(scene) : groups.show(shrinkageMarks(scene)));
  }
  const redraw = eachFrame(() => void draw(), signal);

  selection.changed(redraw, signal);
  state.changed(() => {
    const { term, picture, sigma } = state.all;
    held = sigma;
    controls.term.update(term);
    controls.picture.update(picture);
    const before = scene.listing.found.join();
    scene = arrange();
    if (scene.listing.found.join() !== before) groups.top();
    redraw();
  });
  await laidOut(el, signal);
  await draw();
}
