"""Pareto smoothing of many rows of log weights at once."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from hierwidgets.weights.smoothing import FEWEST, SMALLEST, smooth

__all__ = ["LeftOut", "efficient_tail", "leave_one_out"]

BLOCK = 32


class LeftOut(NamedTuple):
    """Arrays of shape (rows,): log predictive densities without and with the row, and Pareto k."""

    elpd: np.ndarray
    lpd: np.ndarray
    khat: np.ndarray


def efficient_tail(draws: int, r_eff: float) -> int:
    """
    How many draws are smoothed when one observation is left out, as ArviZ counts them.

    Examples
    --------
    >>> efficient_tail(4000, 1.0), efficient_tail(100, 1.0)
    (189, 20)
    """
    if draws * r_eff > 225:
        return math.floor(3 * math.sqrt(draws / r_eff))
    return draws // 5


def leave_one_out(log_likelihood: np.ndarray, tail: int) -> LeftOut:
    """
    The log predictive density of each row from draws that have seen it, by smoothed weights 1 / p.

    Parameters
    ----------
    log_likelihood : (rows, draws) array
    tail : int
        Draws that are smoothed; of `efficient_tail`.

    Returns
    -------
    LeftOut
        A Pareto k of -inf where the likelihood of a row is the same at every draw. Where it is 0 at
        some draw, 1 / p is infinite there and the mean of 1 / p has no other limit: the elpd is -inf and
        the Pareto k inf. NaN where it is no number.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC, Statistics and Computing 27, 1413-1432.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.random.default_rng(0).normal(-1, 0.1, size=(3, 1000))
    >>> leave_one_out(values, 94).elpd.shape
    (3,)
    """
    rows = len(log_likelihood)
    out = LeftOut(*(np.full(rows, np.nan) for _ in LeftOut._fields))

    def block(start: int) -> None:
        part = log_likelihood[start : start + BLOCK]
        fine = np.isfinite(part).all(axis=1)
        at = start + np.flatnonzero(fine)
        whole = slice(start, start + len(part))
        out.khat[whole] = np.inf
        least = part.min(axis=1)
        out.elpd[whole] = np.where(least == -np.inf, -np.inf, np.nan)
        if not fine.all():
            out.lpd[whole] = _mean_density(part)
        if not fine.any():
            return
        for column, piece in zip(out, _block(part[fine], tail), strict=True):
            column[at] = piece

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(block, range(0, rows, BLOCK)))
    return out


def _mean_density(values: np.ndarray) -> np.ndarray:
    most = values.max(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        found = most[:, 0] + np.log(np.exp(values - most).mean(axis=1))
    return np.where(most[:, 0] == -np.inf, -np.inf, found)


def _block(values: np.ndarray, tail: int) -> LeftOut:
    rows, draws = values.shape
    least, most = values.min(axis=1), values.max(axis=1)
    lpd = most + np.log(np.exp(values - most[:, None]).mean(axis=1))
    weights = np.exp(least[:, None] - values)
    if not FEWEST <= tail < draws:
        elpd = np.log(draws) + least - np.log(weights.sum(axis=1))
        return LeftOut(elpd, lpd, np.full(rows, np.inf))
    places = np.argpartition(values, tail, axis=1)[:, : tail + 1]
    likely = np.take_along_axis(values, places, axis=1)
    order = np.argsort(-likely, axis=1, kind="stable")
    likely = np.take_along_axis(likely, order, axis=1)
    heavy = np.exp(least[:, None] - likely)
    cutoff, likely, heavy = heavy[:, 0], likely[:, 1:], heavy[:, 1:]
    np.put_along_axis(weights, np.take_along_axis(places, order[:, 1:], axis=1), 0, axis=1)
    rest = weights.sum(axis=1)
    khat, scale = _pareto(heavy - cutoff[:, None])
    p = -np.log1p(-(np.arange(tail) + 0.5) / tail)
    with np.errstate(all="ignore"):
        bend = np.where(khat == 0, 1.0, khat)[:, None]
        excess = np.where(khat[:, None] == 0, p, np.expm1(bend * p) / bend) * scale[:, None]
        smoothed = np.minimum(cutoff[:, None] + excess, 1.0)
        smoothed = np.where(np.isfinite(khat)[:, None], smoothed, heavy)
        mass = (draws - tail) + (smoothed * np.exp(likely - least[:, None])).sum(axis=1)
        elpd = least + np.log(mass) - np.log(rest + smoothed.sum(axis=1))
    for i in np.flatnonzero(~np.isfinite(khat) | ~np.isfinite(elpd)):
        elpd[i], khat[i] = _alone(values[i], tail)
    return LeftOut(elpd, lpd, khat)


def _alone(values: np.ndarray, tail: int) -> tuple[float, float]:
    """One row whose tail is no ordinary Pareto tail."""
    weights, khat, _ = smooth(-values, tail=tail)
    if not math.isfinite(khat):
        least = values.min()
        return float(np.log(len(values)) + least - np.log(np.exp(least - values).sum())), khat
    with np.errstate(divide="ignore"):
        logs = np.log(weights) + values
    most = logs.max()
    return float(most + np.log(np.exp(logs - most).sum())), khat


def _pareto(tails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`hierwidgets.weights.smoothing.pareto` of each row; NaN where that has a special case."""
    n = tails.shape[1]
    last = tails[:, -1:]
    quarter = tails[:, max(int(n / 4 + 0.5) - 1, 0)]
    fine = (quarter > tails[:, 0]) & (last[:, 0] >= SMALLEST) & (quarter >= SMALLEST * last[:, 0])
    count = 30 + int(math.sqrt(n))
    grid = (1 - np.sqrt(count / (np.arange(count) + 0.5))) / 3
    with np.errstate(all="ignore"):
        b = grid / quarter[:, None] + 1 / last
        k = np.log1p(-b[:, :, None] * tails[:, None, :]).mean(axis=2)
        logs = n * (np.log(-b / k) - k - 1)
        share = np.exp(logs - logs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        share[share < 10 * np.finfo(float).eps] = 0
        best = (b * share).sum(axis=1) / share.sum(axis=1)
        shape = np.log1p(-best[:, None] * tails).mean(axis=1)
        fine &= np.isfinite(shape)
        return np.where(fine, (n * shape + 5) / (n + 10), np.nan), -shape / best
