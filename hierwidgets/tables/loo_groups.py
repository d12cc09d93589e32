"""Leave one group out: how well the model predicts the rows of a group that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.tables.left_out import Density, Draws
from hierwidgets.weights.errors import ess, mcse
from hierwidgets.weights.smoothing import smooth

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from hierwidgets import sampling
    from hierwidgets.fit import Fit

__all__ = ["DOUBTFUL", "NEEDS_REFIT", "RELIABLE", "Totals", "loo_groups", "rows_of", "totals"]

RELIABLE, DOUBTFUL, NEEDS_REFIT = "reliable", "doubtful", "needs a refit"
LIMITS = (0.5, 0.7)
COLUMNS = ["group", "n", "elpd", "se", "khat", "verdict", "refitted", "reason"]


class Totals(NamedTuple):
    """Sums over groups.

    Attributes
    ----------
    elpd : float
        The sum of the groups' elpd.
    se : float
        Its standard error over groups, sqrt(J var): how it would vary with other groups.
    mcse : float
        Its Monte Carlo error, of the draws.
    groups, missing, flagged : int
        Groups summed, groups without an elpd, and groups that still need a refit.
    """

    elpd: float
    se: float
    mcse: float
    groups: int
    missing: int
    flagged: int


@dataclass(frozen=True)
class Held:
    """One group's elpd, its Monte Carlo error, and the Pareto k of its weights."""

    elpd: float
    se: float
    khat: float
    reason: str = ""


class _Kept:
    """What was found for one factor of a fit: by weighting, and by refits."""

    def __init__(self, weighted: dict[str, Held]) -> None:
        self.weighted = weighted
        self.refits: dict[str, Held] = {}


_KEPT: WeakKeyDictionary[Fit, dict[str, _Kept]] = WeakKeyDictionary()


def loo_groups(
    fit: Fit,
    factor: str | None = None,
    *,
    refit: bool | Sequence[str] = False,
    executor: Executor | None = None,
    progress: bool = True,
    plan: sampling.Plan | None = None,
) -> pd.DataFrame:
    """Leave-one-group-out cross-validation.

    For each group j of `factor` the log predictive density of its rows together, given the rows of
    all other groups. What only its rows inform is integrated out: its own effects, and those of
    groups nested inside it. Effects of crossed factors, which other rows inform too, are conditioned
    on at their draws. Gaussian models with identity link have the integral in closed form; others by
    adaptive Gauss-Hermite quadrature, whose nodes are raised until it settles, over one or two
    effects. The draws are then Pareto-smoothed with log ratios -log p(y_j | draw).

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        Such as ``"Subject"``; that of the first group term by default.
    refit : bool or list of str
        Fit again without each group that needs it, or without these groups. What was found is kept
        with the fit.
    executor : concurrent.futures.Executor, optional
        Where refits run; `Fit.executor`, else this process, by default.
    progress : bool
        Say which refits are done.
    plan : hierwidgets.sampling.Plan, optional
        How long the refits sample; as many draws and chains as the fit has by default.

    Returns
    -------
    DataFrame
        One row a group, in the order of the posterior: ``group``; ``n``, its rows; ``elpd``, the log
        predictive density of all of them together; ``se``, its Monte Carlo standard error, with the
        autocorrelation of the draws and the unseen tail of the weights, widened for k; ``khat``;
        ``verdict``: "reliable" (k < 0.5), "doubtful" (k < 0.7) or "needs a refit"; ``refitted``;
        ``reason``, why there is no elpd or no refit. After a refit elpd and se are the refit's, khat
        stays that of the weights, and the verdict goes by the k of the density over the refit's
        draws, at worst "doubtful".

    Raises
    ------
    ValueError
        An unknown factor or group, or refits of a model that cannot be built again from text.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Statistics and Computing 27, 1413-1432; Merkle, Furr and
    Rabe-Hesketh (2019), Psychometrika 84, 802-829, on integrating the group's effects.

    Examples
    --------
    >>> loo_groups(fit, "Subject").sort_values("elpd").head(3)
    """
    if not fit.factors:
        fit.effect()
    chosen = checks.one_of(
        fit.effects[0].factor if factor is None else factor,
        list(fit.factors),
        "a grouping factor of this model",
    )
    kept = _kept(fit, chosen)
    wanted = _wanted(fit, chosen, kept, refit)
    if wanted:
        from hierwidgets.tables.loo_refits import refits

        refits(
            fit,
            chosen,
            wanted,
            into=kept.refits,
            executor=executor or fit.executor,
            plan=plan,
            progress=progress,
        )
    return _table(fit, chosen, kept)


def totals(table: pd.DataFrame) -> Totals:
    """The sums of a table of `loo_groups` over its groups.

    The standard error is ArviZ's: the root of the number of groups times the variance of their elpd.

    Examples
    --------
    >>> totals(loo_groups(fit)).elpd
    """
    there = table[np.isfinite(table["elpd"])]
    elpd = there["elpd"].to_numpy(float)
    count = len(elpd)
    return Totals(
        float(elpd.sum()) if count else np.nan,
        float(np.sqrt(count * elpd.var())) if count else np.nan,
        float(np.sqrt((there["se"] ** 2).sum())) if count else np.nan,
        count,
        len(table) - count,
        int((there["verdict"] == NEEDS_REFIT).sum()),
    )


def rows_of(fit: Fit, factor: str, group: str) -> np.ndarray:
    """The rows of one group, as positions."""
    effect = next(effect for effect in fit.effects if effect.factor == factor)
    return np.flatnonzero(effect.index == effect.groups.index(group))


def averaged(found: Density, draws: Draws, log_weights: np.ndarray | None = None) -> Held:
    """The log of the mean density over the draws of a refit, weighted or not."""
    if found.log is None:
        return Held(np.nan, np.nan, np.nan, found.reason)
    logs = np.zeros(draws.count) if log_weights is None else log_weights
    weights = np.exp(logs - logs.max())
    _, khat, _ = smooth(found.log + logs)
    return _mean(found.log, weights / weights.sum(), draws, khat)


def _kept(fit: Fit, factor: str) -> _Kept:
    by_factor = _KEPT.setdefault(fit, {})
    if factor not in by_factor:
        draws = Draws(fit)
        by_factor[factor] = _Kept(
            {
                group: _weighted(draws.density(rows_of(fit, factor, group)), draws)
                for group in fit.factors[factor]
            }
        )
    return by_factor[factor]


def _weighted(found: Density, draws: Draws) -> Held:
    if found.log is None:
        return Held(np.nan, np.nan, np.nan, found.reason)
    if not np.isfinite(found.log).all():
        return Held(np.nan, np.nan, np.nan, "its rows have no density at some draw")
    ratios = np.exp(found.log.min() - found.log)
    efficiency = float(np.clip(ess(ratios, [draws.sizes])[0] / draws.count, 0.01, 1.0))
    weights, khat, _ = smooth(-found.log, efficiency)
    return _mean(found.log, weights, draws, khat)


def _mean(log: np.ndarray, weights: np.ndarray, draws: Draws, khat: float) -> Held:
    high = float(log.max())
    density = np.exp(log - high)
    mean = float(weights @ density)
    error, _ = mcse(weights, density, [draws.sizes])
    return Held(high + float(np.log(mean)), float(error / mean), khat)


def _wanted(fit: Fit, factor: str, kept: _Kept, refit: bool | Sequence[str]) -> list[str]:
    if refit is True:
        chosen = [g for g, one in kept.weighted.items() if _verdict(one) == NEEDS_REFIT]
    elif refit is False:
        chosen = []
    else:
        given = [refit] if isinstance(refit, str) else list(refit)
        known = fit.factors[factor]
        chosen = [checks.one_of(group, known, f"a group of {factor!r}") for group in given]
    return [g for g in chosen if g not in kept.refits or kept.refits[g].reason]


def _verdict(held: Held) -> str:
    if not np.isfinite(held.elpd):
        return ""
    names = (RELIABLE, DOUBTFUL, NEEDS_REFIT)
    return names[int(np.searchsorted(LIMITS, held.khat, side="right"))]


def _table(fit: Fit, factor: str, kept: _Kept) -> pd.DataFrame:
    effect = next(effect for effect in fit.effects if effect.factor == factor)
    sizes = np.bincount(effect.index, minlength=len(effect.groups))
    rows = []
    for group, n in zip(effect.groups, sizes, strict=True):
        weighted, again = kept.weighted[group], kept.refits.get(group)
        done = again is not None and not again.reason
        shown = again if again is not None and done else weighted
        reason = again.reason if again is not None and not done else weighted.reason
        verdict = _verdict(shown)
        if done and verdict == NEEDS_REFIT:
            verdict = DOUBTFUL
        rows.append((group, int(n), shown.elpd, shown.se, weighted.khat, verdict, done, reason))
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS))
