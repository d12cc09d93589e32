import type { GroupMarks } from "../host/group-rows.js";
import { short } from "../host/text.js";
import type { Row } from "../host/types.js";
import { known, type Scene } from "./shrinkage-scene.js";

const BINS = 160;

/** A row for each group: its own estimate, an arrow, and where it stands now. */
export function shrinkageMarks(scene: Scene): GroupMarks {
  const { term, now, weight, population, complete, ends } = scene.x;
  const [least, most] = ends;
  const { sliding } = scene;
  return {
    listing: scene.listing,
    group: (i) => ({
      n: term.n[i],
      no_pooling: known(term.own[i]),
      no_pooling_se: known(term.ownSe?.[i]),
      no_pooling_lower: known(term.ownEnds?.[0][i]),
      no_pooling_upper: known(term.ownEnds?.[1][i]),
      partial_pooling: known(term.partial[i]),
      partial_pooling_sd: known(term.partialSd[i]),
      now: known(now[i]),
      weight: known(weight[i]),
      realised: known(sliding ? undefined : term.realised[i]),
      complete_pooling: known(complete),
      population,
      reason: term.reason(i),
    }),
    estimate: (i) => now[i] ?? Number.NaN,
    said(i) {
      const own = known(term.own[i]);
      return `no pooling ${own === null ? "none" : short(own)}, partial pooling ${short(now[i] ?? Number.NaN)}`;
    },
    settings: { least, most, population, complete: known(complete), largest: scene.largest, sliding },
    overview: (groups, place) => ({
      data: { stretches: stretches(scene, groups, place) },
      settings: { least, most, sliding },
    }),
  };
}

/** The means of equal stretches of rows; missing estimates are left out. */
function stretches({ x }: Scene, groups: number[], place: (row: number) => number): Row[] {
  const count = Math.min(BINS, groups.length);
  return Array.from({ length: count }, (_, b) => {
    const from = Math.floor((b * groups.length) / count);
    const to = Math.floor(((b + 1) * groups.length) / count);
    const part = groups.slice(from, to);
    const mean = (values: ArrayLike<number>): number | null => {
      const finite = part.map((i) => values[i] ?? Number.NaN).filter(Number.isFinite);
      return finite.length > 0 ? finite.reduce((sum, v) => sum + v, 0) / finite.length : null;
    };
    return { row: place((from + to - 1) / 2), no_pooling: mean(x.term.own), now: mean(x.now) };
  });
}
