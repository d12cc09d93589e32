export interface Places {
  /** The term of each parameter by number, its factor and its group; empty for the population's. */
  terms: ArrayLike<number>;
  factors: string[];
  groups: string[];
}

/**
 * Parameters the picture shows: those of the picked groups, then the chosen others. A picked group
 * stands in for every chosen group of its factor, in the terms that are chosen, or in the factor's
 * first term. The same as hierwidgets.views.trace.in_view.
 */
export function inView(
  { terms, factors, groups }: Places,
  chosen: number[],
  picked: ReadonlyMap<string, string[]>,
): number[] {
  const active = new Map([...picked].filter(([, labels]) => labels.length > 0));
  const shown: number[] = [];
  for (const [factor, labels] of active) {
    const own = chosen.filter((i) => factors[i] === factor);
    const seen = own.length > 0 ? own : [factors.indexOf(factor)];
    for (const term of new Set(seen.map((i) => terms[i]))) {
      const members = new Map<string | undefined, number>();
      factors.forEach((_, i) => {
        if (terms[i] === term) members.set(groups[i], i);
      });
      shown.push(...labels.flatMap((label) => members.get(label) ?? []));
    }
  }
  return [...shown, ...chosen.filter((i) => !active.has(factors[i] ?? ""))];
}
