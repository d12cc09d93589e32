"""How well a model predicts rows it has not seen: leave one observation out, by row and by group.

What is predicted is a new observation in a known group: the group's other rows stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import checks, responses, terms
from hierwidgets.progress import bar
from hierwidgets.tables.convergence import HEALTHY, WRONG, Finding, Verdict
from hierwidgets.tables.diagnostics import ess_mean
from hierwidgets.tables.log_likelihood import brought, by_rows
from hierwidgets.weights.rows import efficient_tail, leave_one_out
from hierwidgets.weights.smoothing import FEWEST

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

MOST_POINTS = 2000
MOST_WORST = 500
FEWEST_DRAWS = 5 * FEWEST
WAIC_LIMIT = 0.4
_ROWS: WeakKeyDictionary[Fit, pd.DataFrame] = WeakKeyDictionary()


class Estimate(NamedTuple):
    """Sums over all rows.

    Attributes
    ----------
    elpd, se : float
        Expected log pointwise predictive density, and its standard error over the rows.
    p, p_se : float
        Effective number of parameters.
    rows : int
    good_k : float
        Pareto k up to which the estimate of a row is good: min(1 - 1 / log10(draws), 0.7).
    bad : int
        Rows beyond it; for WAIC rows whose variance is above 0.4.
    impossible : int
        Rows whose density is zero at some draw. With one of them elpd is -inf and p inf, and neither has
        a standard error.
    """

    elpd: float
    se: float
    p: float
    p_se: float
    rows: int
    good_k: float
    bad: int
    impossible: int = 0


def pointwise(fit: Fit) -> pd.DataFrame:
    """Every row's expected log predictive density with the row itself left out.

    By Pareto-smoothed importance sampling, as ArviZ's `loo` (Vehtari, Gelman and Gabry 2017,
    Statistics and Computing 27, 1413-1432). Computed once for a fit.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        One row a row of ``fit.data``, in its order: ``row`` (its name in the index of the data that were
        given), a column for each
        grouping factor, ``elpd, khat, p_loo``, ``elpd_waic, p_waic``, and ``zero``: at how many draws
        the row's density is zero. With one such draw the elpd is -inf: the draw has an infinite weight
        once the row is left out.

    Raises
    ------
    ValueError
        A row whose log likelihood is not a number at some draw.

    Examples
    --------
    >>> pointwise(fit).nlargest(3, "khat")  # doctest: +SKIP
    """
    if fit not in _ROWS:
        _ROWS[fit] = _computed(fit)
    return _ROWS[fit].copy()


def _computed(fit: Fit) -> pd.DataFrame:
    sizes = fit.posterior.sizes
    tail = efficient_tail(sizes["chain"] * sizes["draw"], efficiency(fit))
    found, spread, zero = [], [], []
    rows = len(terms.response(fit.model))
    with bar(f"elpd of {rows:,} rows", rows) as done:
        for some, block in by_rows(fit):
            _refuse_no_number(fit, some, block)
            found.append(leave_one_out(block, tail))
            with np.errstate(invalid="ignore"):
                spread.append(block.var(axis=1, ddof=1))
            zero.append((block == -np.inf).sum(axis=1))
            done(len(block))
    elpd, lpd, khat = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("elpd", "lpd", "khat")
    )
    never = np.concatenate(zero)
    variance = np.where(never > 0, np.inf, np.concatenate(spread))
    with np.errstate(invalid="ignore"):
        p_loo = np.where(never > 0, np.inf, lpd - elpd)
    return pd.DataFrame(
        {
            "row": responses.row_names(fit.data),
            **members(fit),
            "elpd": elpd,
            "khat": khat,
            "p_loo": p_loo,
            "elpd_waic": lpd - variance,
            "p_waic": variance,
            "zero": never,
        }
    )


def _refuse_no_number(fit: Fit, some: slice, block: np.ndarray) -> None:
    wrong = ~(block < np.inf)
    if wrong.any():
        first = int(np.flatnonzero(wrong.any(axis=1))[0])
        raise ValueError(
            f"The log likelihood of row {responses.row_text(responses.row_names(fit.data)[some.start + first])} is not a number at "
            f"{int(wrong[first].sum()):,} of {block.shape[1]:,} draws, so that leaving it out has no answer. "
            + (
                "That stands in the group 'log_likelihood' of the tree that was wrapped: compute it again, or leave it out, "
                "by del idata['log_likelihood'] before hw.wrap, and it is computed here."
                if brought(fit)
                else f"{fit.name}.convergence() shows which parameters are not finite."
            )
        )


def impossible(fit: Fit) -> str:
    """Which rows have no density at some draws, and at how many, in words; nothing where all have.

    Examples
    --------
    >>> impossible(fit)
    ''
    """
    rows = pointwise(fit)
    found = rows[rows["zero"] > 0]
    draws = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    named = [
        f"row {responses.row_text(row['row'])} has density zero at {row['zero']:,} of {draws:,} draws"
        for _, row in found.head(3).iterrows()
    ]
    more = f" and {len(found) - 3:,} more rows at some" if len(found) > 3 else ""
    return ", ".join(named) + more


def members(fit: Fit) -> dict[str, np.ndarray]:
    """The group of every row, by grouping factor."""
    return {e.factor: np.array(e.groups, dtype=object)[e.index] for e in reversed(fit.effects)}


def efficiency(fit: Fit) -> float:
    """Effective sample size of a mean over the number of draws, averaged over the model's parameters.

    1 for a single chain, as ArviZ has it. Parameters that are not finite at some draw are left out, and
    so is what a tree holds besides parameters, such as "mu" by row: the same draws have one answer.
    """
    sizes = fit.posterior.sizes
    if sizes["chain"] == 1:
        return 1.0
    found = []
    for name in terms.own_parameters(fit.model, fit.posterior):
        draws = fit.posterior[name].transpose("chain", "draw", ...).to_numpy().astype(float)
        flat = draws.reshape(*draws.shape[:2], -1)
        found.append(ess_mean(flat[:, :, np.isfinite(flat).all(axis=(0, 1))]))
    every = np.concatenate([np.empty(0), *found])
    return float(every.mean() / (sizes["chain"] * sizes["draw"])) if len(every) else 1.0


def good_k(fit: Fit) -> float:
    """Pareto k up to which a row's estimate is good with this many draws."""
    sizes = fit.posterior.sizes
    return min(1 - 1 / np.log10(sizes["chain"] * sizes["draw"]), 0.7)


def total(fit: Fit) -> Estimate:
    """The sum over all rows, as ArviZ's `loo`.

    Examples
    --------
    >>> total(fit).elpd  # doctest: +SKIP
    """
    rows = pointwise(fit)
    limit = good_k(fit)
    bad = int((rows["khat"] > limit).sum())
    return _sum(rows["elpd"], rows["p_loo"], limit, bad, int((rows["zero"] > 0).sum()))


def waic(fit: Fit) -> Estimate:
    """The widely applicable information criterion, on the same scale as `total`.

    Watanabe (2010), JMLR 11, 3571-3594. It has no diagnostic of its own but the variance of each
    row's log likelihood, and is no better than leave-one-out anywhere: above 0.4 it is not to be
    believed (Vehtari, Gelman and Gabry 2017).

    Examples
    --------
    >>> waic(fit).elpd  # doctest: +SKIP
    """
    rows = pointwise(fit)
    bad = int((rows["p_waic"] > WAIC_LIMIT).sum())
    never = int((rows["zero"] > 0).sum())
    return _sum(rows["elpd_waic"], rows["p_waic"], good_k(fit), bad, never)


def _sum(elpd: pd.Series, p: pd.Series, limit: float, bad: int, never: int) -> Estimate:
    n = len(elpd)
    sums = [float(one.sum(skipna=False)) for one in (elpd, p)]
    se, p_se = (np.nan if never else float(np.sqrt(n * one.var(ddof=1))) for one in (elpd, p))
    return Estimate(sums[0], se, sums[1], p_se, n, float(limit), bad, never)


def by_group(fit: Fit, factor: str | None = None) -> pd.DataFrame:
    """The rows summed by group.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        A grouping factor; the first one by default.

    Returns
    -------
    DataFrame
        ``group, n, elpd`` (the sum), ``mean`` (for each row), ``se`` (of that mean over the group's
        rows; NaN for one row), ``p_loo, khat`` (the largest), ``bad`` (rows beyond `good_k`).

    Examples
    --------
    >>> by_group(fit).sort_values("mean")  # doctest: +SKIP
    """
    known = fit.factors
    if not known:
        raise ValueError(f"The model {fit.formula!r} has no group terms to sum by.")
    name = (
        next(iter(known))
        if factor is None
        else checks.one_of(factor, list(known), "a grouping factor of this model")
    )
    rows = pointwise(fit)
    rows["bad"] = rows["khat"] > good_k(fit)
    grouped = rows.groupby(name, sort=False)
    n, elpd = grouped.size(), grouped["elpd"].sum()
    with np.errstate(invalid="ignore"):
        se = grouped["elpd"].sem()
    found = pd.DataFrame(
        {
            "n": n,
            "elpd": elpd,
            "mean": elpd / n,
            "se": se,
            "p_loo": grouped["p_loo"].sum(),
            "khat": grouped["khat"].max(),
            "bad": grouped["bad"].sum(),
        }
    )
    present = [group for group in known[name] if group in found.index]
    return found.loc[present].rename_axis("group").reset_index()


def thinned(matters: np.ndarray) -> np.ndarray:
    """The rows a picture shows, as positions: all, or those that matter most and every so many of the others.

    Parameters
    ----------
    matters : ndarray, shape (rows,)

    Examples
    --------
    >>> import numpy as np
    >>> thinned(np.zeros(3)).tolist()
    [0, 1, 2]
    """
    count = len(matters)
    if count <= MOST_POINTS:
        return np.arange(count)
    step = -(-count // (MOST_POINTS - MOST_WORST))
    worst = np.argsort(-matters, kind="stable")[:MOST_WORST]
    return np.union1d(np.arange(0, count, step), worst)


def verdict(fit: Fit) -> Verdict:
    """Whether the estimate can be believed, and what to do if not.

    Examples
    --------
    >>> verdict(fit).said  # doctest: +SKIP
    """
    rows, found = pointwise(fit), total(fit)
    notes = ["Predicted is a new observation in a known group: the group's other rows stay."]
    if found.bad == 0:
        said = f"Every Pareto k is at most {found.good_k:.2f}: elpd {found.elpd:.1f} ± {found.se:.1f} can be believed."
        return Verdict(True, HEALTHY, said, [], notes)
    if found.impossible:
        return _impossible(fit, notes)
    draws = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    if draws < FEWEST_DRAWS:
        few = (
            f"With {draws} draws the tail of the weights cannot be judged, so that every Pareto k counts as "
            f"infinite: {FEWEST_DRAWS} are the least, and some hundreds are wanted."
        )
        again = f"{fit.name}.refit(draws=1000)"
        return Verdict(
            False, WRONG, few.split(":", maxsplit=1)[0] + ".", [Finding(few, again)], notes
        )
    worst = rows.nlargest(min(found.bad, 3), "khat")
    named = ", ".join(_named(fit, row) for _, row in worst.iterrows())
    said = (
        f"{found.bad:,} of {found.rows:,} rows have a Pareto k above {found.good_k:.2f}, the largest "
        f"{rows['khat'].max():.2f}: without them the posterior is another, and their share of elpd is "
        f"too high. The most influential: {named}."
    )
    many = found.p > found.rows / 5
    line = f"{fit.name}.loo().rows.nlargest({min(found.bad, 20)}, 'khat')"
    findings = [Finding(said, line)]
    if many:
        findings.append(
            Finding(
                f"There are few rows for each effect (p_loo {found.p:.0f} of {found.rows:,} rows), so that "
                "leaving out one row moves its group: ask for whole groups.",
                f'{fit.name}.loo(unit="group")',
            )
        )
    return Verdict(False, WRONG, said.split(":")[0] + ".", findings, notes)


def _impossible(fit: Fit, notes: list[str]) -> Verdict:
    named = impossible(fit)
    said = f"elpd is minus infinity: {named}."
    why = (
        f"{named[0].upper()}{named[1:]}. Such a draw is impossible where the row is known, and weighs "
        "infinitely once it is left out. Either the log likelihood is not the one that was sampled, or a "
        "bound of the response lies within reach of the model."
    )
    line = f"{fit.name}.loo().rows.query('zero > 0')"
    return Verdict(False, WRONG, said, [Finding(why, line)], notes)


def _named(fit: Fit, row: pd.Series) -> str:
    groups = ", ".join(f"{factor} {row[factor]}" for factor in fit.factors)
    return f"row {responses.row_text(row['row'])}" + (f" ({groups})" if groups else "")
