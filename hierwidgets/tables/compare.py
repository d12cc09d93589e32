"""Several models of the same rows: which predicts best, by how much, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from hierwidgets import checks, terms
from hierwidgets.tables import loo

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

FEW_ROWS = 100
SMALL = 4.0
CAUTIONS = {
    "rows": "fewer than 100 rows: the error of the difference is too small",
    "small": "a difference below 4 is too small for its error to mean much",
}


def compare(fits: Mapping[str, Fit]) -> pd.DataFrame:
    """Models by their expected log predictive density, the best first.

    Parameters
    ----------
    fits : dict
        Two or more fits by name, of the same rows and response.

    Returns
    -------
    DataFrame
        ``model, rank`` (from 0), ``elpd, se, p_loo, elpd_diff`` (to the best; 0 for itself, below 0
        for the others), ``dse`` (its standard error over the rows, with their number in the variance, as ArviZ has it), ``p_worse`` (the chance that it
        is worse, by a normal approximation), ``weight`` (stacking), ``bad`` (rows whose Pareto k is
        too large) and ``caution``, in words. The numbers are those of ArviZ's `compare`.

    Raises
    ------
    TypeError, ValueError
        Fewer than two fits, or fits of other rows or another response.

    References
    ----------
    Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive
    distributions, Bayesian Analysis 13(3), 917-1007. Sivula, Magnusson, Matamoros and Vehtari (2025),
    Uncertainty in Bayesian leave-one-out cross-validation based model comparison, arXiv:2008.10296.

    Examples
    --------
    >>> compare({"slopes": fit, "intercepts": other})  # doctest: +SKIP
    """
    check(fits)
    rows = {name: loo.pointwise(fit)["elpd"].to_numpy() for name, fit in fits.items()}
    sums = {name: loo.total(fit) for name, fit in fits.items()}
    names = sorted(fits, key=lambda name: -sums[name].elpd)
    weights = stacking(np.column_stack([rows[name] for name in names]))
    best = rows[names[0]]
    table = []
    for rank, name in enumerate(names):
        found = sums[name]
        gap = rows[name] - best
        difference = float(gap.sum())
        error = float(np.sqrt(len(gap) * gap.var())) if rank else 0.0
        table.append(
            {
                "model": name,
                "rank": rank,
                "elpd": found.elpd,
                "se": found.se,
                "p_loo": found.p,
                "elpd_diff": difference,
                "dse": error,
                "p_worse": float(stats.norm.cdf(0, difference, error + 1e-12)) if rank else np.nan,
                "weight": float(weights[rank]),
                "bad": found.bad,
                "caution": caution(difference, rank, found),
            }
        )
    return pd.DataFrame(table)


def caution(difference: float, rank: int, found: loo.Estimate) -> str:
    """Why a model's line must be read with care, or nothing."""
    said = []
    if rank and found.rows < FEW_ROWS:
        said.append(CAUTIONS["rows"])
    elif rank and abs(difference) < SMALL:
        said.append(CAUTIONS["small"])
    if found.bad:
        said.append(
            f"{found.bad:,} row{checks.plural(found.bad)} with a Pareto k above {found.good_k:.2f}: "
            "its elpd may be too high"
        )
    return "; ".join(said)


def stacking(elpd: np.ndarray) -> np.ndarray:
    """The weights of the mixture of predictive distributions that predicts best.

    Parameters
    ----------
    elpd : ndarray, shape (rows, models)

    Returns
    -------
    ndarray, shape (models,)
        Not negative, summing to 1.

    Examples
    --------
    >>> stacking(np.log([[0.5, 0.1], [0.5, 0.1]])).round(6)
    array([1., 0.])
    """
    density = np.exp(elpd - elpd.max(axis=1, keepdims=True))
    models = density.shape[1]

    def minus_score(weights: np.ndarray) -> float:
        return -float(np.log(density @ weights).sum())

    def slope(weights: np.ndarray) -> np.ndarray:
        return -(density / (density @ weights)[:, None]).sum(axis=0)

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
        of both.

    Examples
    --------
    >>> differences(fits, "slopes", "intercepts").nlargest(5, "difference")  # doctest: +SKIP
    """
    check(fits)
    for name in (first, second):
        checks.one_of(name, list(fits), "a model compared here")
    one, other = (loo.pointwise(fits[name]) for name in (first, second))
    factors = {**loo.members(fits[second]), **loo.members(fits[first])}
    return pd.DataFrame(
        {
            "row": one["row"],
            **factors,
            "difference": one["elpd"] - other["elpd"],
            "khat": np.maximum(one["khat"], other["khat"]),
        }
    )


def by_group(
    fits: Mapping[str, Fit], first: str, second: str, factor: str | None = None
) -> pd.DataFrame:
    """Where `first` predicts better than `second`: the differences summed by group.

    Parameters
    ----------
    fits : dict
    first, second : str
    factor : str, optional
        A grouping factor of either model; the first one by default.

    Returns
    -------
    DataFrame
        ``group, n, difference`` (the sum over the group's rows), ``se`` (of that sum, over its rows;
        NaN for one row), ``lower, upper`` (two standard errors) and ``khat``, the largest.

    Raises
    ------
    ValueError
        Neither model has groups, or not this factor.

    Examples
    --------
    >>> by_group(fits, "slopes", "intercepts").nlargest(3, "difference")  # doctest: +SKIP
    """
    rows = differences(fits, first, second)
    known = factors(fits, first, second)
    if not known:
        raise ValueError("Neither model has group terms, so there are no groups to compare by.")
    name = next(iter(known)) if factor is None else factor
    checks.one_of(name, list(known), "a grouping factor of these models")
    grouped = rows.groupby(name, sort=False)
    n = grouped.size()
    found = pd.DataFrame(
        {
            "n": n,
            "difference": grouped["difference"].sum(),
            "se": grouped["difference"].std(ddof=1) * np.sqrt(n),
            "khat": grouped["khat"].max(),
        }
    )
    found.insert(3, "lower", found["difference"] - 2 * found["se"])
    found.insert(4, "upper", found["difference"] + 2 * found["se"])
    present = [group for group in known[name] if group in found.index]
    return found.loc[present].rename_axis("group").reset_index()


def factors(fits: Mapping[str, Fit], first: str, second: str) -> dict[str, list[str]]:
    """The groups of every factor of either model."""
    return {**fits[second].factors, **fits[first].factors}


def check(fits: Any) -> None:
    """Refuse what cannot be compared."""
    from hierwidgets.fit import Fit

    if not isinstance(fits, Mapping) or not all(isinstance(fit, Fit) for fit in fits.values()):
        raise TypeError(
            'compare() takes fits by name, such as {"slopes": fit, "intercepts": other}.'
        )
    if len(fits) < 2:
        raise ValueError(f"compare() needs two fits or more; got {len(fits)}.")
    (name, first), *others = fits.items()
    here = terms.response(first.model)
    kind = terms.shown_name(first.model.response_term)
    for other, fit in others:
        there = terms.response(fit.model)
        if terms.shown_name(fit.model.response_term) != kind:
            raise ValueError(
                f"{name!r} is a model of {kind!r} and {other!r} of "
                f"{terms.shown_name(fit.model.response_term)!r}: densities of different responses cannot "
                "be compared. Fit both to the same response."
            )
        if len(there) != len(here):
            raise ValueError(
                f"{name!r} was fitted to {len(here):,} rows and {other!r} to {len(there):,}: elpd is a sum "
                "over rows, so both need the same. Rows with missing values may have been left out of one."
            )
        if here.shape != there.shape or not np.array_equal(here, there):
            raise ValueError(
                f"{name!r} and {other!r} were fitted to other values of {kind!r}, or to rows in another "
                "order. Fit both to the same data."
            )
