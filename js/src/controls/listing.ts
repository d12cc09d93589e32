import { element } from "../host/dom.js";
import { type Listing, type ListState, parentsOf } from "../host/listing.js";
import type { State } from "../host/state.js";
import { plural } from "../host/text.js";
import type { Context } from "../host/types.js";
import type { Sort } from "../tables/caterpillar.js";
import { button } from "./button.js";
import { menu } from "./menu.js";
import { search } from "./search.js";

const SORTS = ["estimate", "name", "size", "uncertainty"].map((value) => ({ value, label: value }));

export interface ListControls {
  /** In their order: sort, group by, fold, search, and how many groups there are. */
  nodes: HTMLElement[];
  /** Shows how many picked groups are out of sight, and brings them there. */
  show: HTMLElement;
  /** What the state becomes with another factor, where its headings may not be. */
  moved(factor: string): Pick<ListState, "by" | "folded">;
  update(listing: Listing): void;
  hidden(count: number): void;
}

/** How groups are sorted, found, and put under their parents: what every list of groups has. */
export function listControls(context: Context, state: State<ListState>, reveal: () => void): ListControls {
  const set = (patch: Partial<ListState>): void => state.set(patch);
  const sort = menu({
    label: "Sort by",
    options: SORTS,
    value: state.get("sort"),
    change: (value) => set({ sort: value as Sort }),
  });
  const find = search({
    label: "Search groups",
    value: state.get("search"),
    change: (text) => set({ search: text }),
  });
  const by = menu({
    label: "Group by",
    options: [],
    value: "",
    change: (value) => set({ by: value === "" ? null : value.slice(1), folded: [] }),
  });
  const fold = button({ label: "", press: () => set({ folded: open() ? [...parents()] : [] }) });
  const count = element("span", { className: "hw-note" });
  count.setAttribute("role", "status");
  const show = button({ label: "", press: reveal });
  let last: Listing | undefined;
  const parents = (): string[] => last?.parents.keys ?? [];
  const open = (): boolean => parents().some((key) => !last?.folded.has(key));

  return {
    nodes: [sort.node, by.node, fold.node, find.node, count],
    show: show.node,
    moved(factor) {
      const before = state.get("by");
      const kept = before !== null && parentsOf(context, factor).includes(before);
      return kept ? { by: before, folded: state.get("folded") } : { by: null, folded: [] };
    },
    update(listing) {
      last = listing;
      sort.update(state.get("sort"));
      find.update(state.get("search"));
      const known = parentsOf(context, listing.factor);
      const options = known.map((name) => ({ value: `=${name}`, label: name }));
      by.offer(
        [{ value: "", label: "nothing" }, ...options],
        listing.by === undefined ? "" : `=${listing.by}`,
      );
      by.node.hidden = known.length === 0;
      fold.node.hidden = listing.by === undefined;
      fold.update(open() ? "Fold all" : "Unfold all");
      const all = listing.keys.length;
      const found = listing.found.length;
      count.textContent =
        found === all ? plural(all, "group") : `${found.toLocaleString("en")} of ${plural(all, "group")}`;
    },
    hidden(away) {
      show.node.hidden = away === 0;
      show.update(`Show ${plural(away, "picked group")} out of sight`);
    },
  };
}
