"""Every group's effect with its intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import checks, terms
from hierwidgets.tables import groups

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

SCALES = ("effect", "deviation")


def caterpillar(
    fit: Fit, term: str | None = None, scale: str = "effect", sort: str = "estimate"
) -> pd.DataFrame:
    """Every group's effect with its 50 and 95 % intervals, on the link scale.

    Parameters
    ----------
    fit : Fit
    term : str, optional
        Such as ``"1|Subject"``; the first by default.
    scale : {"effect", "deviation"}
        The whole effect mu + u_j, with the population's coefficient of the same draw added, or the
        deviation u_j.
    sort : {"estimate", "name", "size", "uncertainty"}

    Returns
    -------
    DataFrame
        One row a group: term, factor, group, n, mean, sd, lower, inner_lower, median, inner_upper,
        upper, and population: the population's posterior mean, 0 for deviations.

    Raises
    ------
    ValueError
        An unknown term, scale or order.

    Examples
    --------
    >>> caterpillar(fit, "Days|Subject").head()
    """
    checks.one_of(scale, SCALES, "a scale of the caterpillar")
    checks.one_of(sort, groups.SORTS, "an order of groups")
    effect = fit.effect(term)
    posterior = fit.posterior
    draws = effect.draws(posterior)
    population = np.zeros(draws.shape[:2])
    if scale == "effect":
        population = population_draws(fit, effect)
        draws = draws + population[..., None]
    table = groups.summarise(draws)
    table.insert(0, "term", effect.term)
    table.insert(1, "factor", effect.factor)
    table.insert(2, "group", effect.groups)
    table.insert(3, "n", groups.sizes(effect))
    table["population"] = population.mean()
    rows = groups.order(
        sort,
        effect.groups,
        table["mean"].to_numpy(),
        table["n"].to_numpy(),
        table["sd"].to_numpy(),
    )
    return table.iloc[rows].reset_index(drop=True)


def population_draws(fit: Fit, effect: terms.Effect) -> np.ndarray:
    """The population's value of an effect, shape (chain, draw); 0 where it has none."""
    design = terms.common(fit.model, effect.component)
    beside = fit.siblings(effect)
    weights = terms.population_weights(design, beside)[beside.index(effect)]
    return design.draws(fit.posterior, effect.response) @ weights


def band(table: pd.DataFrame, bins: int = 200) -> pd.DataFrame:
    """A caterpillar of thousands in `bins` stretches of rows.

    Parameters
    ----------
    table : DataFrame
        Of `caterpillar`, in its order.
    bins : int
        At most so many stretches, of equal length.

    Returns
    -------
    DataFrame
        One row a stretch: row (its middle), lower, inner_lower, mean, inner_upper, upper, each the
        mean over the stretch.
    """
    count = len(table)
    edges = np.floor(np.linspace(0, count, min(bins, count) + 1)).astype(int)
    names = ["lower", "inner_lower", "mean", "inner_upper", "upper"]
    sums = np.add.reduceat(table[names].to_numpy(), edges[:-1], axis=0)
    out = pd.DataFrame(sums / np.diff(edges)[:, None], columns=names)
    out.insert(0, "row", (edges[:-1] + edges[1:] - 1) / 2)
    return out
