"""Whether chains agree: differences of their empirical distributions, and autocorrelation.

Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity and its applications in
goodness-of-fit evaluation and multiple sample comparison, Statistics and Computing 32, 32.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import special

from hierwidgets.tables.curves import power, rank_counts

POINTS = 100
LAGS = 100
PROBABILITY = 0.95
SIMULATIONS = 2000


class Bands(NamedTuple):
    """Arrays of shape (points,): shares of all ranks, and the bounds of the differences there."""

    at: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def points(draws: int) -> int:
    """At how many shares the distributions of chains of this length are compared."""
    return min(POINTS, draws)


def ecdf_difference(values: np.ndarray) -> np.ndarray:
    """The empirical distribution of the ranks of each chain, less that of all chains together.

    Parameters
    ----------
    values : ndarray, shape (chain, draw)
        Ranks are taken over all chains together.

    Returns
    -------
    ndarray, shape (chain, points)
        At the shares of `bands`, the last of which is 1. Of finite values; NaN for a chain without any.

    Examples
    --------
    >>> ecdf_difference(np.arange(200.0).reshape(2, 100))[0, -1]
    np.float64(0.0)
    """
    count = points(values.shape[1])
    there = np.isfinite(values).sum(axis=1).astype(float)[:, None]
    there[there == 0] = np.nan
    reached = np.cumsum(rank_counts(values, count), axis=1) / there
    return reached - np.arange(1, count + 1) / count


@cache
def bands(chains: int, draws: int, probability: float = PROBABILITY) -> Bands:
    """Bounds that the differences of all chains keep everywhere at once, if the chains agree.

    The number of a chain's ranks up to a point is hypergeometric. The two-sided tail probability of
    the pointwise bounds is the quantile of its smallest value over points and chains, found by
    simulation of chains that agree, with a fixed seed.

    Parameters
    ----------
    chains, draws : int
    probability : float
        That no chain leaves the bounds anywhere.

    Returns
    -------
    Bands
        Of shape (points,); the bounds are 0 for one chain, which has nothing to differ from.
    """
    count = points(draws)
    total = chains * draws
    middle = (np.arange(1, total + 1) - 0.5) / total * count
    sizes = np.bincount(np.minimum(count - 1, middle.astype(int)), minlength=count)
    reached = np.cumsum(sizes)
    at = np.arange(1, count + 1) / count
    if chains == 1:
        return Bands(at, np.zeros(count), np.zeros(count))
    taken = _simulated(sizes, chains, draws)
    below = _hypergeometric(total, draws, reached)
    above = np.concatenate([np.ones((count, 1)), 1 - below[:, :-1]], axis=1)
    places = np.arange(count)[:, None, None]
    tail = 2 * np.minimum(below[places, taken], above[places, taken]).min(axis=(0, 1))
    level = float(np.quantile(tail, 1 - probability))
    lower = (below >= level / 2).argmax(axis=1)
    upper = (below >= 1 - level / 2).argmax(axis=1)
    return Bands(at, lower / draws - at, upper / draws - at)


def _hypergeometric(total: int, draws: int, reached: np.ndarray) -> np.ndarray:
    """P(at most k of a chain's draws are among the lowest `reached`), (points, draws + 1)."""
    k = np.arange(draws + 1.0)[None, :]
    n = reached[:, None].astype(float)
    possible = (k <= n) & (draws - k <= total - n)
    inside = np.where(possible, k, np.clip(draws - (total - n), 0, n))

    def choose(of: np.ndarray | float, some: np.ndarray) -> np.ndarray:
        return special.gammaln(of + 1) - special.gammaln(some + 1) - special.gammaln(of - some + 1)

    logs = choose(n, inside) + choose(total - n, draws - inside)
    weights = np.where(possible, np.exp(logs - logs.max(axis=1, keepdims=True)), 0.0)
    cumulative = np.cumsum(weights, axis=1)
    return cumulative / cumulative[:, -1:]


def _simulated(sizes: np.ndarray, chains: int, draws: int) -> np.ndarray:
    """Counts up to each point of chains that agree, (points, chains, simulations)."""
    rng = np.random.default_rng(20220701)
    room = np.full((chains, SIMULATIONS), draws)
    taken = np.zeros((len(sizes), chains, SIMULATIONS), dtype=np.int64)
    for point, size in enumerate(sizes):
        open_places = np.full(SIMULATIONS, size)
        for chain in range(chains):
            later = room[chain + 1 :].sum(axis=0)
            got = (
                open_places
                if chain == chains - 1
                else rng.hypergeometric(room[chain], later, open_places)
            )
            taken[point, chain] = got
            open_places = open_places - got
        room = room - taken[point]
    return np.cumsum(taken, axis=0)


def autocorrelation(values: np.ndarray, lags: int = LAGS) -> np.ndarray:
    """The autocorrelation of each chain about its own mean.

    Parameters
    ----------
    values : ndarray, shape (chain, draw)
    lags : int
        The largest lag; at most the number of draws less 1.

    Returns
    -------
    ndarray, shape (chain, lags + 1)
        1 at lag 0; NaN for a chain that does not move, and beyond its finite values, which alone count.

    Examples
    --------
    >>> autocorrelation(np.array([[1.0, -1.0, 1.0, -1.0]]), 1)
    array([[ 1.  , -0.75]])
    """
    last = min(lags, values.shape[1] - 1)
    found = np.full((len(values), last + 1), np.nan)
    for row, chain in zip(found, values, strict=True):
        own = chain[np.isfinite(chain)]
        if len(own) == 0 or own.min() == own.max():
            continue
        own = own / power(np.abs(own).max())
        centred = own - own.mean()
        size = (centred**2).sum()
        for lag in range(min(last + 1, len(own))):
            row[lag] = (centred[lag:] * centred[: len(own) - lag]).sum() / size
    return found
