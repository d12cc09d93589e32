"""Pareto-smoothed importance weights."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

__all__ = ["Smoothed", "pareto", "smooth", "tail_length"]

CONSTANT = 1e-4
FEWEST = 5
SMALLEST = 1e-200


class Smoothed(NamedTuple):
    """Weights that sum to 1, the Pareto k of their tail, and the log of their mean before."""

    weights: np.ndarray
    khat: float
    log_mean: float


def tail_length(draws: int, r_eff: float = 1.0) -> int:
    """
    How many draws the tail has: ``ceil(min(0.2 S, 3 sqrt(S / r_eff)))``.

    Examples
    --------
    >>> tail_length(4000), tail_length(100)
    (190, 20)
    """
    return math.ceil(min(0.2 * draws, 3 * math.sqrt(draws / r_eff)))


def pareto(tail: np.ndarray) -> tuple[float, float]:
    """
    Shape and scale of a generalised Pareto distribution.

    Parameters
    ----------
    tail : (n,) array
        Excesses over a threshold, ascending, not negative.

    Returns
    -------
    k, scale : float
        NaN when a quarter of the excesses is no larger than the smallest: they are no Pareto tail.

    References
    ----------
    Zhang and Stephens (2009), A new and efficient estimation method for the generalized Pareto
    distribution, Technometrics 51(3); with the weak prior of Vehtari, Simpson, Gelman, Yao and
    Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72), as ArviZ has it.

    Examples
    --------
    >>> import numpy as np
    >>> k, scale = pareto(-np.log1p(-(np.arange(200) + 0.5) / 200))
    >>> bool(abs(k) < 0.1), bool(abs(scale - 1) < 0.1)
    (True, True)
    """
    tail = np.asarray(tail, dtype=float)
    n = len(tail)
    quarter = tail[max(int(n / 4 + 0.5) - 1, 0)]
    if not quarter > tail[0]:
        return math.nan, math.nan
    count = 30 + int(math.sqrt(n))
    if tail[-1] < SMALLEST:
        k, scale = pareto(tail / tail[-1])
        return k, scale * float(tail[-1])
    if quarter < SMALLEST * tail[-1]:
        return math.inf, math.nan
    b = (1 - np.sqrt(count / (np.arange(count) + 0.5))) / (3 * quarter) + 1 / tail[-1]
    with np.errstate(all="ignore"):
        k = np.log1p(-b[:, None] * tail).mean(axis=1)
        logs = n * (np.log(-b / k) - k - 1)
        share = np.exp(logs - logs.max())
    share /= share.sum()
    kept = share >= 10 * np.finfo(float).eps
    best = float(b[kept] @ share[kept] / share[kept].sum())
    shape = float(np.log1p(-best * tail).mean())
    if math.isnan(shape):
        return math.inf, math.nan
    return (n * shape + 5) / (n + 10), -shape / best


def _tail(values: np.ndarray, count: int) -> np.ndarray:
    """Places of the largest values, ascending; of equal values the last places."""
    if count >= len(values):
        return np.argsort(values, kind="stable")
    least = np.partition(values, len(values) - count)[len(values) - count]
    above, tied = np.flatnonzero(values > least), np.flatnonzero(values == least)
    places = np.sort(np.concatenate([above, tied[len(above) + len(tied) - count :]]))
    return places[np.argsort(values[places], kind="stable")]


def smooth(
    log_weights: np.ndarray,
    r_eff: float = 1.0,
    tail: int | None = None,
    constant: float = CONSTANT,
) -> Smoothed:
    """
    Pareto-smoothed weights.

    Parameters
    ----------
    log_weights : (S,) array
        -inf is a weight of zero.
    r_eff : float
        Relative efficiency of the draws.
    tail : int, optional
        Draws in the tail; by default `tail_length`.
    constant : float
        Log weights whose tail spreads less than this are not smoothed.

    Returns
    -------
    weights : (S,) array
        Summing to 1.
    khat : float
        -inf when the tail's log weights differ by less than `constant`, so that there is nothing
        to smooth; inf when no Pareto distribution fits the tail.
    log_mean : float
        Logarithm of the mean of the smoothed weights before they are normalised.

    Raises
    ------
    ValueError
        No log weight is finite, or one is NaN or inf.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72).

    Examples
    --------
    >>> import numpy as np
    >>> weights, khat, log_mean = smooth(np.full(100, 3.0))
    >>> float(weights[0]), khat, log_mean
    (0.01, -inf, 3.0)
    """
    log_weights = np.asarray(log_weights, dtype=float)
    high = float(log_weights.max())
    if math.isnan(high) or high == math.inf:
        raise ValueError("A log weight is not a number below infinity, so there is no weighting.")
    if high == -math.inf:
        raise ValueError(
            "No draw has a finite weight, so there is nothing to reweight: refit under this prior."
        )
    weights = np.exp(log_weights - high)
    count = tail_length(len(weights), r_eff) if tail is None else tail
    khat = -math.inf
    if FEWEST <= count < len(weights):
        places = _tail(log_weights, count + 1)
        cutoff, places = weights[places[0]], places[1:]
        if high - log_weights[places[0]] >= constant:
            khat, scale = pareto(weights[places] - cutoff)
            if math.isfinite(khat):
                p = (np.arange(count) + 0.5) / count
                weights[places] = np.minimum(cutoff + _pareto_quantile(p, khat, scale), 1.0)
            else:
                khat = math.inf
    total = float(weights.sum())
    return Smoothed(weights / total, khat, high + math.log(total / len(weights)))


def _pareto_quantile(p: np.ndarray, k: float, scale: float) -> np.ndarray:
    if k == 0:
        return -scale * np.log1p(-p)
    return scale * np.expm1(-k * np.log1p(-p)) / k
