"""R-hat, effective sample sizes and Monte Carlo errors of many parameters at once.

Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis 16(2), 667-718. The
numbers are ArviZ's; computing parameters together makes thousands of them quick.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy import fft, special

from hierwidgets.tables.curves import power
from hierwidgets.tables.groups import quantiles

BLOCK = 64
TAIL = (0.05, 0.95)


class Diagnostics(NamedTuple):
    """Arrays of shape (parameters,)."""

    rhat: np.ndarray
    ess_bulk: np.ndarray
    ess_tail: np.ndarray


def diagnostics(draws: np.ndarray) -> Diagnostics:
    """Rank-normalised split R-hat, bulk and tail effective sample size.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, parameters)

    Returns
    -------
    Diagnostics
        NaN where there are fewer than four draws, or values that are not finite; R-hat also needs
        two chains.

    Examples
    --------
    >>> import numpy as np
    >>> diagnostics(np.random.default_rng(0).normal(size=(4, 500, 3))).rhat.shape
    (3,)
    """
    return described(draws, ())[0]


def described(draws: np.ndarray, levels: Sequence[float]) -> tuple[Diagnostics, np.ndarray]:
    """`diagnostics`, and quantiles from the same sorting.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, parameters)
    levels : sequence of float
        Between 0 and 1.

    Returns
    -------
    Diagnostics, ndarray of shape (levels, parameters)
        The quantiles are NumPy's linear ones; NaN where values are not finite.

    Examples
    --------
    >>> described(np.arange(8.0).reshape(2, 4, 1), [0.5])[1]
    array([[3.5]])
    """
    chains, length, count = draws.shape
    out = Diagnostics(*(np.full(count, np.nan) for _ in Diagnostics._fields))
    marks = np.full((len(levels), count), np.nan)
    columns = np.moveaxis(draws, -1, 0)

    def mark(at: np.ndarray, whole: np.ndarray) -> None:
        for row, values in zip(marks, quantiles(whole, levels), strict=True):
            row[at] = values

    def block(start: int) -> None:
        part = np.ascontiguousarray(columns[start : start + BLOCK], dtype=float)
        fine = np.isfinite(part).all(axis=(1, 2))
        at = start + np.flatnonzero(fine)
        if not fine.any():
            return
        part = part[fine]
        size = power(np.abs(part).max(axis=(1, 2)))
        part /= size[:, None, None]
        describe(at, part)
        marks[:, at] *= size

    def describe(at: np.ndarray, part: np.ndarray) -> None:
        if length < 4:
            mark(at, np.sort(part.reshape(len(part), -1), axis=1))
            return
        halves = split(part)
        flat = halves.reshape(len(halves), -1)
        order = np.argsort(flat, axis=1)
        ordered = np.take_along_axis(flat, order, axis=1)
        ranked = _normal_scores(order, ordered).reshape(halves.shape)
        out.ess_bulk[at] = _ess(ranked)
        whole = ordered if length % 2 == 0 else np.sort(part.reshape(len(part), -1), axis=1)
        mark(at, whole)
        limits = quantiles(whole, TAIL)
        tails = [_ess(split((part <= q[:, None, None]).astype(float))) for q in limits]
        out.ess_tail[at] = np.minimum(*tails)
        if chains > 1:
            (middle,) = quantiles(ordered, [0.5])
            folded = _folded_scores(order, ordered, middle).reshape(halves.shape)
            out.rhat[at] = np.maximum(_rhat(ranked), _rhat(folded))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(block, range(0, count, BLOCK)))
    return out, marks


def ess_mean(draws: np.ndarray) -> np.ndarray:
    """Effective sample size of the mean of each parameter, of draws as they are.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, parameters)

    Returns
    -------
    ndarray, shape (parameters,)
        NaN where values are not finite.

    Examples
    --------
    >>> ess_mean(np.random.default_rng(0).normal(size=(4, 500, 3))).shape
    (3,)
    """
    columns = np.moveaxis(draws, -1, 0)
    parts = (
        _ess(split(np.ascontiguousarray(columns[start : start + BLOCK], dtype=float)))
        for start in range(0, len(columns), BLOCK)
    )
    return np.concatenate([np.empty(0), *parts])


def moments(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and standard deviation of each parameter.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, parameters)

    Returns
    -------
    mean, sd : ndarray, shape (parameters,)
        NaN where values are not finite; the standard deviation also of a single draw.

    Examples
    --------
    >>> moments(np.array([[[1e300], [3e300]]]))[0] / 1e300
    array([2.])
    """
    total = draws.shape[0] * draws.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = draws.mean(axis=(0, 1))
        sd = draws.std(axis=(0, 1), ddof=1) if total > 1 else np.full(len(mean), np.nan)
    hard = (power(sd) != 1) | (power(np.abs(mean)) != 1) | ~np.isfinite(sd)
    for column in np.flatnonzero(hard & (total > 1)):
        values = draws[:, :, column].astype(float)
        size = power(np.abs(values).max()) if np.isfinite(values).all() else np.nan
        mean[column] = (values / size).mean() * size
        sd[column] = (values / size).std(ddof=1) * size
    return mean, sd


class Errors(NamedTuple):
    """Arrays of shape (parameters,), in the parameters' own units."""

    mcse_mean: np.ndarray
    mcse_sd: np.ndarray


def mcse(draws: np.ndarray) -> Errors:
    """Monte Carlo standard errors of the posterior mean and standard deviation.

    The mean's is sd / sqrt(ESS); the standard deviation's is by the delta method from the error of
    the mean square about the mean, with the effective sample size of the squares.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, parameters)

    Returns
    -------
    Errors
        NaN where there are fewer than four draws, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> mcse(np.random.default_rng(0).normal(size=(4, 500, 3))).mcse_mean.shape
    (3,)
    """
    _, length, count = draws.shape
    out = Errors(*(np.full(count, np.nan) for _ in Errors._fields))
    if length < 4 or count == 0:
        return out
    columns = np.moveaxis(draws, -1, 0)

    def block(start: int) -> None:
        part = np.ascontiguousarray(columns[start : start + BLOCK], dtype=float)
        fine = np.isfinite(part).all(axis=(1, 2))
        at = start + np.flatnonzero(fine)
        if not fine.any():
            return
        part = part[fine]
        first = power(np.abs(part).max(axis=(1, 2), keepdims=True))
        part = part / first
        part -= part.mean(axis=(1, 2), keepdims=True)
        second = power(np.abs(part).max(axis=(1, 2), keepdims=True))
        centred = part / second
        size = (first * second)[:, 0, 0]
        squares = centred**2
        variance = squares.mean(axis=(1, 2))
        spread = (squares**2).mean(axis=(1, 2)) - variance**2
        out.mcse_mean[at] = size * centred.std(axis=(1, 2), ddof=1) / np.sqrt(_ess(split(centred)))
        with np.errstate(divide="ignore", invalid="ignore"):
            out.mcse_sd[at] = size * np.sqrt(spread / _ess(split(squares)) / variance / 4)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(block, range(0, count, BLOCK)))
    return out


def split(draws: np.ndarray) -> np.ndarray:
    """Each chain as its two halves, of draws of shape (parameters, chain, draw)."""
    half = draws.shape[2] // 2
    return np.concatenate([draws[:, :, :half], draws[:, :, -half:]], axis=1)


def _folded_scores(order: np.ndarray, ordered: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Normal scores of the distances from the middle, whose order merges two that are known."""
    distances = np.abs(ordered - middle[:, None])
    merged = np.argsort(distances, axis=1, kind="stable")
    return _normal_scores(
        np.take_along_axis(order, merged, axis=1), np.take_along_axis(distances, merged, axis=1)
    )


def _normal_scores(order: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of each row, given its values in order and where they stand."""
    count, size = ordered.shape
    places = np.broadcast_to(_scores(np.arange(1.0, size + 1)), (count, size))
    new = np.ones((count, size), bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=new[:, 1:])
    tied = ~new.all(axis=1)
    if tied.any():
        places = places.copy()
        places[tied] = _scores(_shared(new[tied]))
    scores = np.empty((count, size))
    np.put_along_axis(scores, order, places, axis=1)
    return scores


def _scores(ranks: np.ndarray) -> np.ndarray:
    return special.ndtri((ranks - 0.375) / (ranks.shape[-1] + 0.25))


def _shared(new: np.ndarray) -> np.ndarray:
    """Ranks of ordered values, the mean rank for each run of ties; `new` says where a run begins."""
    size = new.shape[1]
    place = np.arange(1.0, size + 1)
    first = np.maximum.accumulate(np.where(new, place, 0.0), axis=1)
    ends = np.ones_like(new)
    ends[:, :-1] = new[:, 1:]
    last = np.minimum.accumulate(np.where(ends, place, np.inf)[:, ::-1], axis=1)[:, ::-1]
    return (first + last) / 2


def _rhat(draws: np.ndarray) -> np.ndarray:
    length = draws.shape[2]
    between = length * draws.mean(axis=2).var(axis=1, ddof=1)
    within = draws.var(axis=2, ddof=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((between / within + length - 1) / length)


def covariances(draws: np.ndarray) -> np.ndarray:
    """Autocovariances about each chain's mean, averaged over chains: (parameters, lag)."""
    length = draws.shape[2]
    padded = fft.next_fast_len(2 * length, True)
    spectrum = fft.rfft(draws - draws.mean(axis=2)[:, :, None], n=padded, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    return fft.irfft(power, n=padded, axis=1)[:, :length] / length


def normal_scores(draws: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks over all chains, of draws of shape (parameters, chain, draw)."""
    flat = draws.reshape(len(draws), -1)
    order = np.argsort(flat, axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    return _normal_scores(order, ordered).reshape(draws.shape)


def _ess(draws: np.ndarray) -> np.ndarray:
    _, chains, length = draws.shape
    means = draws.mean(axis=2)
    covariance = covariances(draws)
    within = covariance[:, 0] * length / (length - 1.0)
    total = covariance[:, 0] + (means.var(axis=1, ddof=1) if chains > 1 else 0.0)
    constant = np.ptp(draws, axis=(1, 2)) < np.finfo(float).resolution
    total = np.where(constant, 1.0, total)
    rho = 1.0 - (within[:, None] - covariance) / total[:, None]
    rho[:, 0] = 1.0
    tau = geyer(rho)
    size = chains * length
    return np.where(constant, float(size), size / np.maximum(tau, 1.0 / np.log10(size)))


def geyer(rho: np.ndarray) -> np.ndarray:
    """Integrated autocorrelation time by Geyer's initial monotone sequence of pair sums."""
    length = rho.shape[1]
    last = max((length - 1) // 2 - 1, 0)
    even, odd = rho[:, 0 : 2 * last + 1 : 2], rho[:, 1 : 2 * last + 2 : 2]
    pairs = even + odd
    ended = pairs <= 0
    ended[:, -1] = True
    stop = ended.argmax(axis=1)
    rows = np.arange(len(rho))
    final, total = even[rows, stop], pairs[rows, stop]
    tail = np.where((final > 0) | (total >= 0), final, 0.0)
    monotone = np.minimum.accumulate(pairs, axis=1)
    before = np.arange(pairs.shape[1]) < stop[:, None]
    return -1.0 + 2.0 * np.where(before, monotone, 0.0).sum(axis=1) + tail
