"""Several models of the same rows: which predicts best, by how much, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats

from hierwidgets import checks
from hierwidgets.tables import loo
from hierwidgets.tables.comparable import check
from hierwidgets.tables.loo_groups import LIMITS, Grouping, impossible, loo_groups, totals

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

FEW = 100
SMALL = 4.0
SMALL_SAID = "a difference below 4 is too small for its error to mean much"
AGAIN = ", until refit() has fitted the model without"
NAMED = "a model compared here"
UNITS = ("observation", "group")


class Scores(NamedTuple):
    """How one model predicts every unit left out.

    Attributes
    ----------
    elpd : ndarray, shape (units,)
    total, se : float
        Its sum over the units, and the standard error of that.
    rest : dict
        Further columns of the model's line.
    bad : int
        Units whose Pareto k is too large.
    said : str
        What that means for the sum, or nothing.
    impossible : str
        Which units have no density at some draws, or nothing.
    """

    elpd: np.ndarray
    total: float
    se: float
    rest: dict[str, float]
    bad: int
    said: str
    impossible: str = ""


def compare(
    fits: Mapping[str, Fit], *, unit: str = "observation", factor: str | None = None
) -> pd.DataFrame:
    """Models by their expected log predictive density, the best first.

    Parameters
    ----------
    fits : dict
        Two or more fits by name, of the same rows and response.
    unit : {"observation", "group"}
        What is left out: a row, or all rows of a group, whose own effects are then integrated out.
        A model without the factor is compared too: its rows have no effects that are new.
    factor : str, optional
        The grouping factor of ``unit="group"``; the first of any model by default.

    Returns
    -------
    DataFrame
        ``model, rank`` (from 0), ``elpd, se, p_loo, elpd_diff`` (to the best; 0 for itself, below 0
        for the others), ``dse`` (its standard error over the rows, with their number in the
        variance, as ArviZ has it), ``p_worse`` (the chance that it is worse, by a normal
        approximation), ``weight`` (stacking), ``bad`` (rows whose Pareto k is too large) and
        ``caution``, in words. The numbers are those of ArviZ's `compare`. With ``unit="group"``
        rows are groups, variances have their number less 1, and ``mcse``, the Monte Carlo error of
        the elpd, stands for ``p_loo``. A model with a row whose density is zero at some draw has an elpd
        of -inf and comes after all that have none; ``caution`` names the row. The difference of two such
        models is NaN.

    Raises
    ------
    TypeError, ValueError
        Fewer than two fits, fits of other rows or another response, or groups that some model
        cannot leave out.

    References
    ----------
    Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive
    distributions, Bayesian Analysis 13(3), 917-1007. Sivula, Magnusson, Matamoros and Vehtari (2025),
    Uncertainty in Bayesian leave-one-out cross-validation based model comparison, arXiv:2008.10296.

    Examples
    --------
    >>> compare({"slopes": fit, "intercepts": other}, unit="group")  # doctest: +SKIP
    """
    check(fits)
    checks.one_of(unit, UNITS, "a unit to leave out")
    if unit == "observation":
        scores = {name: _of_rows(fit) for name, fit in fits.items()}
        missing, lost = "", 0
    else:
        scores, missing = _of_groups(fits, factor)
        lost = 1
    names = sorted(fits, key=lambda name: _order(scores[name].elpd))
    weights = stacking(np.column_stack([scores[name].elpd for name in names]))
    best = scores[names[0]].elpd
    table = []
    for rank, name in enumerate(names):
        found = scores[name]
        with np.errstate(invalid="ignore"):
            gap = found.elpd - best if rank else np.zeros(len(best))
            n, difference = len(gap), float(gap.sum())
            error = float(np.sqrt(n * gap.var(ddof=lost))) if rank and n > lost else 0.0
        never = found.impossible or (scores[names[0]].impossible if rank else "")
        doubt = "" if never or not rank else _uncertain(difference, n, unit)
        said = [_without(found.impossible), doubt, found.said, missing]
        table.append(
            {
                "model": name,
                "rank": rank,
                "elpd": found.total,
                "se": found.se,
                **found.rest,
                "elpd_diff": difference,
                "dse": error,
                "p_worse": _chance(difference, error) if rank else np.nan,
                "weight": float(weights[rank]),
                "bad": found.bad,
                "caution": "; ".join(filter(None, said)),
            }
        )
    return pd.DataFrame(table)


def _order(elpd: np.ndarray) -> tuple[int, float]:
    """By units without density, then by the sum of the others, the highest first."""
    finite = np.isfinite(elpd)
    return int((~finite).sum()), -float(elpd[finite].sum())


def _chance(difference: float, error: float) -> float:
    """That a model is worse, by a normal approximation; certain where a unit has no density."""
    if not np.isfinite(difference):
        return float(difference < 0) if difference < 0 else np.nan
    return float(stats.norm.cdf(0, difference, error + 1e-12))


def _without(impossible: str) -> str:
    return f"elpd is minus infinity: {impossible}" if impossible else ""


def grouping(fits: Mapping[str, Fit], factor: str | None = None) -> Grouping:
    """A factor of any of the models, its rows by group.

    Raises
    ------
    ValueError
        No model has groups, or none this factor.
    """
    known: dict[str, Fit] = {}
    for fit in fits.values():
        for name in fit.factors:
            known.setdefault(name, fit)
    if not known:
        raise ValueError(
            "None of these models has group terms, so there are no groups to leave out."
        )
    chosen = next(iter(known)) if factor is None else factor
    checks.one_of(chosen, list(known), "a grouping factor of these models")
    return Grouping.of(known[chosen], chosen)


def _of_rows(fit: Fit) -> Scores:
    found = loo.total(fit)
    elpd = loo.pointwise(fit)["elpd"].to_numpy()
    said = _too_large(found.bad - found.impossible, "row", found.good_k)
    never = loo.impossible(fit)
    return Scores(elpd, found.elpd, found.se, {"p_loo": found.p}, found.bad, said, never)


def _of_groups(fits: Mapping[str, Fit], factor: str | None) -> tuple[dict[str, Scores], str]:
    """The groups that every model can leave out, and which are missing."""
    left = grouping(fits, factor)
    tables = {name: loo_groups(fit, left, progress=False) for name, fit in fits.items()}
    there = np.logical_and.reduce([t["elpd"].notna().to_numpy() for t in tables.values()])
    reasons = {
        f"{name}: {reason}"
        for name, table in tables.items()
        for reason in table["reason"][table["elpd"].isna()]
    }
    why = "; ".join(sorted(reasons))
    if not there.any():
        raise ValueError(f"No group of {left.factor!r} can be left out of every model ({why}).")
    count = int((~there).sum())
    missing = f"{count} group{checks.plural(count)} left out of all sums ({why})" if count else ""
    scores = {}
    for name, table in tables.items():
        found = totals(table[there])
        never = impossible(table[there])
        flagged = found.flagged - int((table.loc[there, "elpd"] == -np.inf).sum())
        said = _too_large(flagged, "group", LIMITS[1]) + AGAIN * bool(flagged)
        elpd = table.loc[there, "elpd"].to_numpy(float)
        rest = {"mcse": found.mcse}
        scores[name] = Scores(elpd, found.elpd, found.se, rest, found.flagged, said, never)
    return scores, missing


def _too_large(bad: int, unit: str, limit: float) -> str:
    if not bad:
        return ""
    what = f"{bad:,} {unit}{checks.plural(bad)}"
    return f"{what} with a Pareto k above {limit:.2f}: its elpd may be too high"


def _uncertain(difference: float, n: int, unit: str) -> str:
    if n < FEW:
        what = "rows" if unit == "observation" else "groups"
        return f"fewer than {FEW} {what}: the error of the difference is too small"
    return SMALL_SAID if abs(difference) < SMALL else ""


def stacking(elpd: np.ndarray) -> np.ndarray:
    """The weights of the mixture of predictive distributions that predicts best.

    Parameters
    ----------
    elpd : ndarray, shape (rows, models)

    Returns
    -------
    ndarray, shape (models,)
        Not negative, summing to 1. A row that no model gives a density lowers the score of every mixture
        alike, and has no part in them.

    Examples
    --------
    >>> stacking(np.log([[0.5, 0.1], [0.5, 0.1]])).round(6)
    array([1., 0.])
    """
    some = elpd[elpd.max(axis=1) > -np.inf]
    density = np.exp(some - some.max(axis=1, keepdims=True))
    models = density.shape[1]

    def minus_score(weights: np.ndarray) -> float:
        return -float(np.log(np.maximum(density @ weights, 1e-300)).sum())

    def slope(weights: np.ndarray) -> np.ndarray:
        return -(density / np.maximum(density @ weights, 1e-300)[:, None]).sum(axis=0)

    found = optimize.minimize(
        minus_score,
        np.full(models, 1 / models),
        jac=slope,
        bounds=[(0.0, 1.0)] * models,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        method="SLSQP",
        options={"ftol": 1e-10, "maxiter": 1000},
    )
    weights = np.clip(found.x, 0, 1)
    return weights / weights.sum()


def differences(fits: Mapping[str, Fit], first: str, second: str) -> pd.DataFrame:
    """How much better `first` predicts each row than `second`.

    Returns
    -------
    DataFrame
        ``row``, the grouping factors of both models, ``difference`` in elpd, and ``khat``, the larger
        of both. The difference is NaN where neither gives the row a density at every draw.

    Examples
    --------
    >>> differences(fits, "slopes", "intercepts").nlargest(5, "difference")  # doctest: +SKIP
    """
    check(fits)
    for name in (first, second):
        checks.one_of(name, list(fits), NAMED)
    one, other = (loo.pointwise(fits[name]) for name in (first, second))
    factors = {**loo.members(fits[second]), **loo.members(fits[first])}
    with np.errstate(invalid="ignore"):
        difference = one["elpd"].to_numpy() - other["elpd"].to_numpy()
    return pd.DataFrame(
        {
            "row": one["row"],
            **factors,
            "difference": difference,
            "khat": np.maximum(one["khat"], other["khat"]),
        }
    )


def by_group(
    fits: Mapping[str, Fit],
    first: str,
    second: str,
    factor: str | None = None,
    *,
    unit: str = "observation",
) -> pd.DataFrame:
    """Where `first` predicts better than `second`: the differences summed by group.

    Parameters
    ----------
    fits : dict
    first, second : str
    factor : str, optional
        A grouping factor of any of the models; the first one by default.
    unit : {"observation", "group"}
        What is left out: one row after the other, or a group as a whole.

    Returns
    -------
    DataFrame
        ``group, n, difference`` (the sum over the group's rows; NaN where one of the two has no
        elpd), ``se`` (of that sum, over its rows, NaN for one row; with ``unit="group"`` the Monte
        Carlo error of both), ``lower, upper`` (two standard errors) and ``khat``, the largest.

    Raises
    ------
    ValueError
        No model has groups, or none this factor.

    Examples
    --------
    >>> by_group(fits, "slopes", "intercepts").nlargest(3, "difference")  # doctest: +SKIP
    """
    check(fits)
    pair = [fits[checks.one_of(name, list(fits), NAMED)] for name in (first, second)]
    left = grouping(fits, factor)
    checks.one_of(unit, UNITS, "a unit to leave out")
    if unit == "group":
        one, other = (loo_groups(fit, left, progress=False) for fit in pair)
        found = pd.DataFrame(
            {
                "group": left.groups,
                "n": left.sizes,
                "difference": one["elpd"] - other["elpd"],
                "se": np.hypot(one["se"], other["se"]),
                "khat": np.fmax(one["khat"], other["khat"]),
            }
        )
    else:
        rows = differences(fits, first, second)
        grouped = rows.groupby(pd.Categorical.from_codes(left.index, left.groups), observed=False)
        n = grouped.size()
        sums = np.bincount(left.index, rows["difference"], len(left.groups))
        with np.errstate(invalid="ignore"):
            se = grouped["difference"].std(ddof=1) * np.sqrt(n)
        found = pd.DataFrame(
            {
                "n": n,
                "difference": sums,
                "se": se.where(np.isfinite(sums)),
                "khat": grouped["khat"].max(),
            }
        )
        found = found.rename_axis("group").reset_index()
        found["group"] = found["group"].astype(object)
    found = found[found["n"] > 0].reset_index(drop=True)
    found.insert(4, "lower", found["difference"] - 2 * found["se"])
    found.insert(5, "upper", found["difference"] + 2 * found["se"])
    return found
