"""The raw rows of each group, how well the model fits them, and the order to look at them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import xlogy

from hierwidgets import checks, design, terms
from hierwidgets.tables import groups
from hierwidgets.tables.lines import Own, factors, own, scales

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

SORTS = ("fit", "shrinkage", "name", "size")


def trellis(fit: Fit, factor: str | None = None, sort: str = "fit") -> pd.DataFrame:
    """Every group of a factor with how badly it is fitted and how far it is shrunken.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        A grouping factor; the first by default.
    sort : {"fit", "shrinkage", "name", "size"}
        The worst fitted, the most shrunken, natural order of labels, the most rows first. What is
        missing comes last, ties go by name.

    Returns
    -------
    DataFrame
        factor, group, n, and

        misfit
            The mean over the group's rows of the squared residual in standard deviations (Gaussian),
            of the deviance (bernoulli, binomial, poisson, gamma, negative binomial), or of the
            squared residual over that of all rows (other families); at the posterior mean of the
            linear predictor and of the family's own parameters. NaN for ordered categories.
        shrinkage
            Of the first effect that varies over the factor, the distance of no pooling from partial
            pooling over the sampling sd of no pooling at the model's residual scale.
        reason
            Why ``shrinkage`` is missing, else "".

    Raises
    ------
    ValueError
        An unknown factor or order, or a family without one curve a group.

    Examples
    --------
    >>> trellis(fit, "Subject")[["group", "misfit", "shrinkage"]].head(3)
    """
    known = factors(fit)
    chosen = known[0] if factor is None else checks.one_of(factor, known, "a grouping factor")
    table = facts(fit, own(fit, chosen))
    return table.iloc[order(table, sort)].reset_index(drop=True)


def facts(fit: Fit, own: Own) -> pd.DataFrame:
    """The table of `trellis` in the posterior's order of groups."""
    effect, first = own.effects[0], own.tables[0]
    n = groups.sizes(effect)
    each = misfit(fit)
    return pd.DataFrame(
        {
            "factor": effect.factor,
            "group": effect.groups,
            "n": n,
            "misfit": np.bincount(effect.index, each, len(n)) / n,
            "shrinkage": (
                (first["no_pooling"] - first["partial_pooling"]).abs() / first["sampling_sd"]
            ).to_numpy(),
            "reason": first["reason"].to_numpy(),
        }
    )


def order(table: pd.DataFrame, sort: str) -> np.ndarray:
    """Positions of the rows of `facts` in an order."""
    checks.one_of(sort, SORTS, "an order of groups")
    key = {"fit": "misfit", "shrinkage": "shrinkage"}.get(sort, "n")
    how = {"fit": "uncertainty", "shrinkage": "uncertainty"}.get(sort, sort)
    values = table[key].to_numpy(float)
    return groups.order(how, table["group"].tolist(), values, table["n"].to_numpy(), values)


def misfit(fit: Fit) -> np.ndarray:
    """What `trellis` averages, for each row."""
    model, posterior, component = fit.model, fit.posterior, terms.parent(fit.model)
    y = terms.response(model)
    if fit.family in checks.ORDERED:
        return np.full(len(y), np.nan)
    population = terms.common(model, component)
    eta = population.offset + population.X @ population.draws(posterior).mean(axis=(0, 1))
    for effect in fit.effects:
        if effect.component == component:
            eta = eta + effect.draws(posterior).mean(axis=(0, 1))[effect.index] * effect.predictor
    mu = design.inverse(model, component, eta)
    scale = terms.residual_scale(model, posterior)
    if scale is not None:
        return ((y - mu) / scale.mean(axis=(0, 1))) ** 2
    known = deviance(fit, y, mu)
    if known is not None:
        return known
    squared = (proportion(y) - mu) ** 2
    return squared / np.nanmean(squared)


def deviance(fit: Fit, y: np.ndarray, mu: np.ndarray) -> np.ndarray | None:
    """Twice the log likelihood that each row loses to a perfect fit; None for other families."""
    if fit.family in ("bernoulli", "binomial"):
        hits, trials = (y, np.ones(len(y))) if y.ndim == 1 else (y[:, 0], y[:, 1])
        lost = trials - hits
        with np.errstate(divide="ignore", invalid="ignore"):
            gained = xlogy(hits, hits / (trials * mu)) + xlogy(lost, lost / (trials * (1 - mu)))
        return np.where(trials > 0, 2 * gained, 0.0)
    if fit.family == "poisson":
        return 2 * (xlogy(y, y / mu) - (y - mu))
    if fit.family == "gamma":
        return 2 * ((y - mu) / mu - np.log(y / mu))
    alpha = terms.auxiliary(fit.model, fit.posterior, "alpha")
    if fit.family == "negativebinomial" and alpha is not None:
        return 2 * (xlogy(y, y / mu) - (y + alpha) * np.log((y + alpha) / (mu + alpha)))
    return None


def proportion(y: np.ndarray) -> np.ndarray:
    """The response as one number a row: a share where it is successes and trials, NaN of none."""
    if y.ndim == 1:
        return y
    with np.errstate(invalid="ignore"):
        return y[:, 0] / np.where(y[:, 1] > 0, y[:, 1], np.nan)


def raw(fit: Fit, scale: str) -> np.ndarray:
    """Where each row's response is drawn; NaN where the scale has no place for it.

    On the link scale shares get 0.5 successes and 0.5 failures more, counts 0.5 more (empirical
    logits and their like: Cox and Snell (1989), Analysis of Binary Data), and single
    successes and failures have none.
    """
    y, component = terms.response(fit.model), terms.parent(fit.model)
    if fit.family in checks.ORDERED:
        return np.full(len(y), np.nan)
    if scale == "response" or scales(fit) == ["response"]:
        return proportion(y)
    if fit.family == "bernoulli":
        return np.full(len(y), np.nan)
    if y.ndim == 2:
        trials = np.where(y[:, 1] > 0, y[:, 1], np.nan)
        y = (y[:, 0] + 0.5) / (trials + 1)
    elif fit.family in checks.COUNTS:
        y = y + 0.5
    return design.forward(fit.model, component, y)


def points(fit: Fit, effect: Effect, values: np.ndarray, scale: str) -> pd.DataFrame:
    """The rows of the data as points: group, x and y, in the order of the data."""
    return pd.DataFrame(
        {
            "group": np.array(effect.groups, object)[effect.index],
            "x": values,
            "y": raw(fit, scale),
        }
    )
