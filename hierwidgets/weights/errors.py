"""Effective sample sizes and Monte Carlo errors of weighted means and standard deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import fft

from hierwidgets.weights.pool import correction
from hierwidgets.weights.smoothing import pareto, tail_length

__all__ = ["Inflation", "Sizes", "bounds", "ess", "inflation", "influences", "mcse", "spread"]

Sizes = Sequence[tuple[int, int]]
MOST = 5.0


def parts(h: np.ndarray, sizes: Sizes) -> list[np.ndarray]:
    """The draws of each member: (..., N) -> one (..., chains, draws) each."""
    total = sum(chains * draws for chains, draws in sizes)
    if h.shape[-1] != total:
        raise ValueError(f"The sizes have {total} draws in all; the array has {h.shape[-1]}.")
    out: list[np.ndarray] = []
    at = 0
    for chains, draws in sizes:
        out.append(h[..., at : at + chains * draws].reshape(*h.shape[:-1], chains, draws))
        at += chains * draws
    return out


def ess(h: np.ndarray, sizes: Sizes) -> np.ndarray:
    """
    Effective sample size of the mean, of each member.

    Parameters
    ----------
    h : (..., N) array
        Draws in their order: member after member, chain after chain.
    sizes : list of (chains, draws)
        One for each member; 4 draws a chain or more.

    Returns
    -------
    (..., K) array
        ArviZ's ``method="mean"``: chains split in halves, Geyer's initial monotone sequence.
        Draws that are all equal count in full.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Bayesian Analysis 16(2).

    Examples
    --------
    >>> import numpy as np
    >>> h = np.random.default_rng(1).normal(size=4000)
    >>> bool(3000 < ess(h, [(4, 1000)])[0] < 5000)
    True
    """
    h = np.asarray(h, dtype=float)
    return np.stack([_ess(member) for member in parts(h, sizes)], axis=-1)


def _ess(x: np.ndarray) -> np.ndarray:
    """Of (..., chains, draws)."""
    half = x.shape[-1] // 2
    x = np.stack([x[..., :half], x[..., -half:]], axis=-2).reshape(*x.shape[:-2], -1, half)
    m, n = x.shape[-2:]
    width = np.ptp(x, axis=(-2, -1))
    constant = width == 0
    x = (x - x.min(axis=(-2, -1), keepdims=True)) / np.where(constant, 1, width)[..., None, None]
    means = x.mean(axis=-1)
    padded = fft.next_fast_len(2 * n, real=True)
    spectrum = fft.rfft(x - means[..., None], padded, axis=-1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=-2)
    autocovariance = fft.irfft(power, padded, axis=-1)[..., :n] / n
    within = autocovariance[..., 0] * n / (n - 1)
    total = autocovariance[..., 0] + (means.var(axis=-1, ddof=1) if m > 1 else 0.0)
    total = np.where(constant, 1.0, total)
    rho = 1 - (within[..., None] - autocovariance) / total[..., None]
    rho[..., 0] = 1
    flat = rho.reshape(-1, n)
    found = np.array([_time(r) for r in flat]).reshape(rho.shape[:-1])
    size = m * n
    return np.where(constant, size, size / np.maximum(found, 1 / math.log10(size)))


def _time(rho: np.ndarray) -> float:
    """Integrated autocorrelation time by Geyer's initial monotone sequence."""
    last = max((len(rho) - 3) // 2, 0)
    pairs = rho[0 : 2 * last + 1 : 2] + rho[1 : 2 * last + 2 : 2]
    ended = np.flatnonzero(pairs <= 0)
    stop = int(ended[0]) if len(ended) else last
    beyond = max(rho[2 * stop], 0.0) if len(ended) else rho[2 * stop]
    return float(-1 + 2 * np.minimum.accumulate(pairs)[:stop].sum() + beyond)


def spread(psi: np.ndarray, sizes: Sizes) -> np.ndarray:
    """Standard deviation of the sum of influences, autocorrelation included: shape (...)."""
    sizes = list(sizes)
    size = ess(psi, sizes)
    variances = np.stack([member.var(axis=(-2, -1)) for member in parts(psi, sizes)], axis=-1)
    n = np.array([chains * draws for chains, draws in sizes], dtype=float)
    return np.sqrt((n**2 * variances / size).sum(axis=-1))


class Inflation(NamedTuple):
    """By how much an ordinary Monte Carlo error is to be raised, to be stated and to bound it."""

    stated: float
    bound: float


def inflation(h: np.ndarray, khat: float = math.inf) -> Inflation:
    """
    By how much the ordinary Monte Carlo error of a sum of these influences can be too small.

    With k+ the Pareto shape of the largest of their absolute values, between 0 and 1, the error is
    stated ``1 + 2 min(k+, 0.3) + 2.8 max(k+ - 0.5, 0) t`` times as large, where t is khat / 0.3
    between 0 and 1: a heavy tail is less seen where the weights are unbounded. It is at most
    ``min(P (1 + 2 k+), 5)`` times as large, where P compares their second moment with the fitted
    tail's.

    Parameters
    ----------
    h : (N,) array
    khat : float
        Pareto k of the weights.

    Returns
    -------
    Inflation
        ``stated`` is 1 to 3 and ``bound`` 1 to 5; both 5 where no Pareto distribution fits.

    Examples
    --------
    >>> import numpy as np
    >>> inflation(np.ones(1000))
    Inflation(stated=1.0, bound=1.0)
    """
    S = len(h)
    M = tail_length(S)
    a = np.sort(np.abs(h))
    if a[-1] == 0:
        return Inflation(1.0, 1.0)
    a /= a[-1]
    u, tail = a[S - M - 1], a[S - M :] - a[S - M - 1]
    if tail[-1] <= 1e-10:
        return Inflation(1.0, 1.0)
    k, scale = pareto(tail / tail[-1])
    if not math.isfinite(k):
        return Inflation(MOST, MOST)
    scale *= tail[-1]
    plus = min(max(k, 0.0), 1.0)
    shape = min(k + (1 + plus) / math.sqrt(M), 0.48)
    fitted = u**2 + 2 * u * scale / (1 - shape) + 2 * scale**2 / ((1 - shape) * (1 - 2 * shape))
    squares = a**2
    second = squares[: S - M].sum() + M * fitted
    P = min(max(math.sqrt(second / squares.sum()), 1.0), 3.0)
    unbounded = min(max(khat / 0.3, 0.0), 1.0)
    stated = 1 + 2 * min(plus, 0.3) + 2.8 * max(plus - 0.5, 0.0) * unbounded
    return Inflation(stated, min(P * (1 + 2 * plus), MOST))


def influences(weights: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much each draw moves the weighted mean and standard deviation: (..., N) each."""
    centred = f - (f @ weights)[..., None]
    variance = (centred**2 @ weights)[..., None]
    safe = np.where(variance > 0, variance, 1.0)
    of_sd = weights * (centred**2 - variance) / (2 * np.sqrt(safe))
    return weights * centred, np.where(variance > 0, of_sd, 0.0)


def mcse(
    weights: np.ndarray,
    f: np.ndarray,
    sizes: Sizes,
    responsibilities: np.ndarray | None = None,
    khat: float = math.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """
    Monte Carlo standard errors of weighted means and standard deviations.

    They count autocorrelation, the unseen part of a heavy tail, and, for a pool, the uncertain
    normalisers.

    Parameters
    ----------
    weights : (N,) array
        Summing to 1.
    f : (..., N) array
        Draws of one quantity or several.
    sizes : list of (chains, draws)
    responsibilities : (K, N) array, optional
        Of a pool.
    khat : float
        Pareto k of the weights.

    Returns
    -------
    of_mean, of_sd : (...) arrays
        In the quantity's units.

    Examples
    --------
    >>> import numpy as np
    >>> f = np.random.default_rng(1).normal(size=4000)
    >>> of_mean, of_sd = mcse(np.full(4000, 1 / 4000), f, [(4, 1000)])
    >>> bool(0.01 < of_mean < 0.03), bool(0.01 < of_sd < 0.03)
    (True, True)
    """
    return _raised(weights, f, sizes, responsibilities, khat)[0]


def bounds(
    weights: np.ndarray,
    f: np.ndarray,
    sizes: Sizes,
    responsibilities: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """
    What the errors of `mcse` may be at most, should the tails be worse than the draws show.

    The gate waits for these.

    Examples
    --------
    >>> import numpy as np
    >>> f = np.random.default_rng(1).standard_t(3, size=4000)
    >>> even = np.full(4000, 1 / 4000)
    >>> bool(bounds(even, f, [(4, 1000)])[1] > mcse(even, f, [(4, 1000)])[1])
    True
    """
    return _raised(weights, f, sizes, responsibilities, math.inf)[1]


Pair = tuple[np.ndarray, np.ndarray]


def _raised(
    weights: np.ndarray,
    f: np.ndarray,
    sizes: Sizes,
    responsibilities: np.ndarray | None,
    khat: float,
) -> tuple[Pair, Pair]:
    weights, f = np.asarray(weights, dtype=float), np.asarray(f, dtype=float)
    both = np.stack(influences(weights, f))
    raw = spread(_with_pool(both, responsibilities), sizes)
    (stated_mean, stated_sd), (bound_mean, bound_sd) = raised(raw, both, khat)
    return (stated_mean, stated_sd), (bound_mean, bound_sd)


def raised(raw: np.ndarray, h: np.ndarray, khat: float) -> np.ndarray:
    """Ordinary errors of influences (..., N) as stated, and at most: (2, ...)."""
    return raw * np.moveaxis(np.apply_along_axis(inflation, -1, h, khat), -1, 0)


def _with_pool(h: np.ndarray, responsibilities: np.ndarray | None) -> np.ndarray:
    return h if responsibilities is None else h + correction(h, responsibilities)
