"""Leave one group out: how well the model predicts the rows of a group that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.progress import bar
from hierwidgets.tables.left_out import Density, Draws
from hierwidgets.weights.errors import bounds, ess
from hierwidgets.weights.smoothing import smooth

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from hierwidgets import sampling
    from hierwidgets.fit import Fit

__all__ = ["DOUBTFUL", "NEEDS_REFIT", "RELIABLE", "Grouping", "Totals", "loo_groups", "totals"]

RELIABLE, DOUBTFUL, NEEDS_REFIT = "reliable", "doubtful", "needs a refit"
LIMITS = (0.5, 0.7)
_LARGEST = 300.0
COLUMNS = ["group", "n", "elpd", "se", "khat", "verdict", "refitted", "reason"]


@dataclass(frozen=True, eq=False)
class Grouping:
    """Rows by group, also for a model that does not know the factor.

    Attributes
    ----------
    factor : str
    groups : list of str
    index : ndarray of int, shape (rows,)
        The group of each row, as a position in `groups`.
    """

    factor: str
    groups: list[str]
    index: np.ndarray

    @classmethod
    def of(cls, fit: Fit, factor: str | None = None) -> Grouping:
        """That of a factor of the model; of its first group term by default."""
        first = fit.effect().factor if factor is None else factor
        checks.one_of(first, list(fit.factors), "a grouping factor of this model")
        effect = next(effect for effect in fit.effects if effect.factor == first)
        return cls(first, list(effect.groups), effect.index)

    @property
    def sizes(self) -> np.ndarray:
        """How many rows each group has."""
        return np.bincount(self.index, minlength=len(self.groups))

    def rows(self, group: str) -> np.ndarray:
        """The rows of one group, as positions."""
        return np.flatnonzero(self.index == self.groups.index(group))


class Totals(NamedTuple):
    """Sums over groups.

    Attributes
    ----------
    elpd : float
        The sum of the groups' elpd.
    se : float
        Its standard error over groups, sqrt(J var) with J - 1 in the variance: how it would vary
        with other groups; NaN for one group.
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


_KEPT: WeakKeyDictionary[Fit, dict[tuple[str, bytes], _Kept]] = WeakKeyDictionary()


def loo_groups(
    fit: Fit,
    factor: str | Grouping | None = None,
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
    factor : str or Grouping, optional
        Such as ``"Subject"``; that of the first group term by default. A `Grouping` may be of a
        factor that the model does not have: then nothing is integrated out.
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
        ``reason``, why there is no elpd or no refit. Rows whose density is zero at some draw have an
        elpd of -inf, and ``reason`` says at how many, until a refit without them gives its mean. After a
        refit elpd and se are the refit's, khat stays that of the weights, and the verdict goes by the k
        of the density over the refit's draws, at worst "doubtful".

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
    left = factor if isinstance(factor, Grouping) else Grouping.of(fit, factor)
    kept = _kept(fit, left)
    wanted = _wanted(left, kept, refit)
    if wanted:
        from hierwidgets.tables.loo_refits import refits

        refits(
            fit,
            left,
            wanted,
            into=kept.refits,
            executor=executor or fit.executor,
            plan=plan,
            progress=progress,
        )
    return _table(left, kept)


def totals(table: pd.DataFrame) -> Totals:
    """The sums of a table of `loo_groups` over its groups.

    The standard error is that of ArviZ's `loo`, with groups for rows. A group of elpd -inf counts: the sum
    is -inf, without errors.

    Examples
    --------
    >>> totals(loo_groups(fit)).elpd
    """
    there = table[table["elpd"].notna()]
    elpd = there["elpd"].to_numpy(float)
    count = len(elpd)
    finite = bool(np.isfinite(elpd).all())
    return Totals(
        float(elpd.sum()) if count else np.nan,
        float(np.sqrt(count * elpd.var(ddof=1))) if count > 1 and finite else np.nan,
        float(np.sqrt((there["se"] ** 2).sum())) if count and finite else np.nan,
        count,
        len(table) - count,
        int((there["verdict"] == NEEDS_REFIT).sum()),
    )


def impossible(table: pd.DataFrame) -> str:
    """Which groups of a table of `loo_groups` have an elpd of -inf, in words."""
    never = table[table["elpd"] == -np.inf]
    named = [f"{row['group']}: {row['reason']}" for _, row in never.head(3).iterrows()]
    more = f" and {len(never) - 3:,} more groups" if len(never) > 3 else ""
    return ", ".join(named) + more


def held_weights(log: np.ndarray, sizes: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Pareto-smoothed weights (draws,) of leaving out rows of this log density, and their k.

    Parameters
    ----------
    log : ndarray, shape (draws,)
    sizes : tuple of int
        Chains and draws of each, for the efficiency of the raw weights. Draws where the density is zero
        share all the weight, which is infinite, and k is inf.
    """
    never = log == -np.inf
    if never.any():
        return never / never.sum(), np.inf
    ratios = np.exp(log.min() - log)
    efficiency = float(np.clip(ess(ratios, [sizes])[0] / len(log), 0.01, 1.0))
    weights, khat, _ = smooth(-log, efficiency)
    return weights, khat


def averaged(found: Density, draws: Draws, log_weights: np.ndarray | None = None) -> Held:
    """The log of the mean density over the draws of a refit, weighted or not."""
    if found.log is None:
        return Held(np.nan, np.nan, np.nan, found.reason)
    logs = np.zeros(draws.count) if log_weights is None else log_weights
    if not (found.log < np.inf).all():
        return Held(np.nan, np.nan, np.nan, "its density is not a number at some draw")
    if (found.log == -np.inf).all():
        said = f"its rows have density zero at all {draws.count:,} draws of the refit"
        return Held(-np.inf, np.nan, np.inf, said)
    weights = np.exp(logs - logs.max())
    _, khat, _ = smooth(found.log + logs)
    return _mean(found.log, weights / weights.sum(), draws, khat)


def _kept(fit: Fit, left: Grouping) -> _Kept:
    found = _KEPT.setdefault(fit, {})
    key = (left.factor, left.index.tobytes())
    if key not in found:
        draws = Draws(fit)
        weighted = {}
        with bar(
            f"leaving out {len(left.groups):,} groups of {left.factor}", len(left.groups)
        ) as done:
            for group in left.groups:
                weighted[group] = _weighted(draws.density(left.rows(group)), draws)
                done(1)
        found[key] = _Kept(weighted)
    return found[key]


def _weighted(found: Density, draws: Draws) -> Held:
    if found.log is None:
        return Held(np.nan, np.nan, np.nan, found.reason)
    if not (found.log < np.inf).all():
        return Held(np.nan, np.nan, np.nan, "its density is not a number at some draw")
    never = int((found.log == -np.inf).sum())
    if never:
        said = f"its rows have density zero at {never:,} of {draws.count:,} draws"
        return Held(-np.inf, np.nan, np.inf, said)
    weights, khat = held_weights(found.log, draws.sizes)
    return _mean(found.log, weights, draws, khat)


def _mean(log: np.ndarray, weights: np.ndarray, draws: Draws, khat: float) -> Held:
    with np.errstate(divide="ignore"):
        logs = np.log(weights) + log
    high = float(logs.max())
    elpd = high + float(np.log(np.exp(logs - high).sum()))
    error, _ = bounds(weights, np.exp(np.minimum(log - elpd, _LARGEST)), [draws.sizes])
    return Held(elpd, float(error), khat)


def _wanted(left: Grouping, kept: _Kept, refit: bool | Sequence[str]) -> list[str]:
    if refit is True:
        chosen = [g for g, one in kept.weighted.items() if _verdict(one) == NEEDS_REFIT]
    elif refit is False:
        chosen = []
    else:
        given = [refit] if isinstance(refit, str) else list(refit)
        chosen = [checks.one_of(g, left.groups, f"a group of {left.factor!r}") for g in given]
    return [g for g in chosen if g not in kept.refits or kept.refits[g].reason]


def _verdict(held: Held) -> str:
    if np.isnan(held.elpd):
        return ""
    names = (RELIABLE, DOUBTFUL, NEEDS_REFIT)
    return names[int(np.searchsorted(LIMITS, held.khat, side="right"))]


def _table(left: Grouping, kept: _Kept) -> pd.DataFrame:
    rows = []
    for group, n in zip(left.groups, left.sizes, strict=True):
        weighted, again = kept.weighted[group], kept.refits.get(group)
        done = again is not None and not again.reason
        shown = again if again is not None and done else weighted
        last = weighted if again is None else again
        reason = "" if done else last.reason
        verdict = _verdict(shown)
        if done and verdict == NEEDS_REFIT:
            verdict = DOUBTFUL
        rows.append((group, int(n), shown.elpd, shown.se, weighted.khat, verdict, done, reason))
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS))
