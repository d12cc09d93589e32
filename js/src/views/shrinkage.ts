import { button, choice, menu, search } from "../controls/index.js";
import { eachFrame, element, laidOut } from "../host/dom.js";
import { state as makeState } from "../host/state.js";
import { plural } from "../host/text.js";
import type { Context } from "../host/types.js";
import type { Sort } from "../tables/caterpillar.js";
import css from "./shrinkage.css";
import { shrinkageCaption } from "./shrinkage-caption.js";
import { ShrinkageData, type Sigma } from "./shrinkage-data.js";
import { groupsPicture } from "./shrinkage-groups.js";
import { planePicture } from "./shrinkage-plane.js";
import { meanWeight, type Scene, standing } from "./shrinkage-scene.js";
import { type SigmaSlider, sigmaSlider } from "./shrinkage-sigma.js";

interface ShrinkageState {
  term: string;
  sort: Sort;
  picture: "groups" | "plane";
  sigma: Sigma | null;
  search: string;
}

const SORTS = ["estimate", "name", "size", "uncertainty"].map((value) => ({ value, label: value }));
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
        const lone = data.term(term).about.partner === null;
        state.set(lone ? { term, picture: "groups" } : { term });
      },
    }),
    picture: choice({
      label: "Picture",
      options: PICTURES,
      value: state.get("picture"),
      change: (picture) => state.set({ picture: picture as ShrinkageState["picture"] }),
    }),
    sort: menu({
      label: "Sort by",
      options: SORTS,
      value: state.get("sort"),
      change: (sort) => state.set({ sort: sort as Sort }),
    }),
    search: search({
      label: "Search groups",
      value: state.get("search"),
      change: (text) => state.set({ search: text }),
    }),
  };
  const count = element("span", { className: "hw-note" });
  count.setAttribute("role", "status");
  const show = button({ label: "", press: reveal });
  const bar = element("div", { className: "hw-bar" });
  if (data.terms.length > 1) bar.append(controls.term.node);
  if (data.terms.some(({ partner }) => partner !== null)) bar.append(controls.picture.node);
  bar.append(controls.sort.node, controls.search.node, count, show.node);

  const panel = element("div", { className: "hw-bar hw-sigma-panel" });
  const caption = shrinkageCaption();
  const pick = (groups: string[], add: boolean): void =>
    selection.pick(data.term(state.get("term")).about.factor, groups, add);
  const groups = groupsPicture(context, pick);
  const plane = planePicture(context, pick);
  groups.node.addEventListener("hw-scrolled", tellHidden, { signal });
  el.append(element("style", { textContent: css }), bar, panel, groups.node, plane.node, caption.node);

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
    const { term: name, sort, search: text, picture } = state.all;
    const term = data.term(name);
    const { factor, partner } = term.about;
    build(factor);
    const moved =
      held !== null && (data.factor(factor)?.terms.some((one) => held?.[one] !== undefined) ?? false);
    const formula = moved && held ? data.formula(factor, held) : new Map();
    const about = data.factor(factor);
    about?.terms.forEach((one, k) => {
      const weight = formula.get(one)?.weight ?? data.term(one).weight;
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
      y: picture === "plane" && partner ? standing(data.term(partner), formula.get(partner)) : undefined,
      pair: picture === "plane" && partner ? data.pair(factor, [name, partner], held ?? {}) : undefined,
      shown: data.shown(term, sort, text),
      picked: new Set(selection.picked(factor)),
      sliding: moved && formula.has(name),
      largest: Array.from(term.n).reduce((most, n) => Math.max(most, n), 1),
    };
  }

  const pickedShown = (): number => {
    const { labels } = scene.x.term;
    return scene.shown.filter((i) => scene.picked.has(labels[i] ?? "")).length;
  };

  function tellHidden(): void {
    const searched = scene.picked.size - pickedShown();
    const away = searched + (scene.y ? 0 : groups.hidden());
    show.node.hidden = away === 0;
    show.update(`Show ${plural(away, "picked group")} out of sight`);
  }

  function reveal(): void {
    if (pickedShown() === 0) state.set({ search: "" });
    groups.reveal();
  }

  async function draw(): Promise<void> {
    scene = arrange();
    const { x, y, shown } = scene;
    const all = x.term.labels.length;
    count.textContent =
      shown.length === all
        ? plural(all, "group")
        : `${shown.length.toLocaleString("en")} of ${plural(all, "group")}`;
    groups.node.hidden = y !== undefined;
    plane.node.hidden = y === undefined;
    controls.sort.node.hidden = y !== undefined;
    controls.picture.node.hidden = x.term.about.partner === null;
    caption.update(y ? [x.term, y.term] : [x.term], scene.sliding, scene.pair);
    tellHidden();
    await (y ? plane : groups).show(scene);
  }
  const redraw = eachFrame(() => void draw(), signal);

  selection.changed(redraw, signal);
  state.changed(() => {
    const { term, picture, sort, search: text, sigma } = state.all;
    held = sigma;
    controls.term.update(term);
    controls.picture.update(picture);
    controls.sort.update(sort);
    controls.search.update(text);
    const before = scene.shown.join();
    scene = arrange();
    if (scene.shown.join() !== before) groups.top();
    redraw();
  });
  await laidOut(el, signal);
  await draw();
}
