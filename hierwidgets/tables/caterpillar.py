"""Every group's effect with its intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.tables import groups
from hierwidgets.tables import units as response

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

SCALES = ("effect", "deviation")


def caterpillar(
    fit: Fit,
    term: str | None = None,
    scale: str = "effect",
    sort: str = "estimate",
    units: str = "link",
) -> pd.DataFrame:
    """Every group's effect with its 50 and 95 % intervals.

    Parameters
    ----------
    fit : Fit
    term : str, optional
        Such as ``"1|Subject"``; the first by default.
    scale : {"effect", "deviation"}
        The whole effect mu + u_j, with the population's coefficient of the same draw added, or the
        deviation u_j.
    sort : {"estimate", "name", "size", "uncertainty"}
    units : {"link", "response"}
        The linear predictor's, or each draw carried to the response scale as
        `hierwidgets.tables.units.meaning` says: an expected response, or a ratio.

    Returns
    -------
    DataFrame
        One row a group: term, factor, group, label (the group as it is read), n, mean, sd, lower, inner_lower, median, inner_upper,
        upper, and population: the population's posterior mean, 0 for deviations (1 as a ratio).

    Raises
    ------
    ValueError
        An unknown term, scale, order or unit, or an effect without a meaning in these units.

    Examples
    --------
    >>> caterpillar(fit, "Days|Subject").head()
    """
    checks.one_of(scale, SCALES, "a scale of the caterpillar")
    checks.one_of(sort, groups.SORTS, "an order of groups")
    checks.one_of(units, response.UNITS, "units of the caterpillar")
    effect = fit.effect(term)
    if units == "response":
        draws, population = response.required(fit, effect, scale).draws(fit)
    else:
        draws = effect.draws(fit.posterior)
        population = np.zeros(draws.shape[:2])
        if scale == "effect":
            population = response.population_draws(fit, effect)
            draws = draws + population[..., None]
    table = groups.summarise(draws)
    table.insert(0, "term", effect.term)
    table.insert(1, "factor", effect.factor)
    table.insert(2, "group", effect.groups)
    table.insert(3, "label", effect.shown)
    table.insert(4, "n", groups.sizes(effect))
    table["population"] = population.mean()
    rows = groups.order(
        sort,
        effect.groups,
        table["mean"].to_numpy(),
        table["n"].to_numpy(),
        table["sd"].to_numpy(),
    )
    return table.iloc[rows].reset_index(drop=True)


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
