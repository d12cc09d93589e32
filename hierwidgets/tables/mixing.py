"""Which parameters' chains disagree, are slow or stand still by more than chance explains.

R-hat and ESS are estimates: of thousands of parameters whose chains mix well, some pass any limit.
Gelman and Rubin (1992), Statistical Science 7(4), 457-472, for the F distribution of the variance
between chains; Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Bayesian Analysis 16(2), 667-718,
for the limits and the normal scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from hierwidgets.tables import diagnostics as estimates
from hierwidgets.tables.curves import power

RHAT = 1.01
ALWAYS = 1.1
ESS_PER_CHAIN = 100
APART_CHANCE, SLOW_CHANCE = 0.04, 0.01
APART_LOOKS = 2
APART_FREEDOM = 6.0
SLOW_FREEDOM = 18.0
STILL = 0.02
STRETCH = 20
STRETCHES = 40


class Evidence(NamedTuple):
    """Of each parameter, arrays of shape (parameters,).

    Attributes
    ----------
    apart, slow : ndarray
        How probable chains that agree, and an effective sample size that suffices, make what is seen;
        1 within the limits of R-hat and ESS, 0 where R-hat is above 1.1.
    still : ndarray of bool
        A chain does not move for a fortieth of its draws.
    unknown : ndarray of bool
        Values that are not finite, too few, or all the same.
    """

    apart: np.ndarray
    slow: np.ndarray
    still: np.ndarray
    unknown: np.ndarray


class Mixing(NamedTuple):
    """What is beyond chance, arrays of bool of shape (parameters,).

    Attributes
    ----------
    apart : ndarray
        Chains, or the halves of one, disagree in centre or spread.
    slow : ndarray
        The effective sample size within chains, of the bulk or a tail, is too small.
    still, unknown : ndarray
        As in `Evidence`.
    """

    apart: np.ndarray
    slow: np.ndarray
    still: np.ndarray
    unknown: np.ndarray

    @property
    def failing(self) -> np.ndarray:
        """Any of these."""
        return self.apart | self.slow | self.still | self.unknown


def judged(parts: Sequence[Evidence]) -> Mixing:
    """What of a whole family of parameters is beyond chance.

    Both kinds of probabilities are adjusted for how many there are (Benjamini and Hochberg 1995) and
    held against 4 and 1 %, so that a family that mixes well is called so in 95 %.
    """
    whole = Evidence(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    fine = ~whole.unknown
    apart, slow = (np.zeros(len(fine), bool) for _ in range(2))
    if fine.any():
        kinds = ((apart, whole.apart, APART_CHANCE), (slow, whole.slow, SLOW_CHANCE))
        for out, given, chance in kinds:
            out[fine] = stats.false_discovery_control(given[fine]) < chance
    return Mixing(apart, slow, whole.still, whole.unknown)


def mixing(draws: np.ndarray, found: estimates.Diagnostics) -> Mixing:
    """`judged` of these parameters alone.

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=(4, 500, 3))
    >>> mixing(draws, estimates.diagnostics(draws)).failing
    array([False, False, False])
    """
    return judged([evidence(draws, found)])


def evidence(draws: np.ndarray, found: estimates.Diagnostics) -> Evidence:
    """Hold diagnostics beyond their limits against what chance explains.

    `apart`, where R-hat is above 1.01: of the normal scores, and of those of the distances from the
    median, with K chains (or half chains) and an effective sample size N within chains, N / K times
    the variance of the chains' means, over the variance within, has the F distribution of K - 1 and
    N / 6 degrees of freedom. `slow`, where an ESS is below L, 100 a chain: L / N, of the scores or of
    a tail, is taken for a chi-square over its N / 18 degrees of freedom. The second degrees say how
    well N is known, found by simulation of autoregressive chains. The least probability of a kind is
    doubled: `slow` is the least of two, and `apart` of four that depend on one another so much that 4 would
    make it two to three times too large in such simulations.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, parameters)
    found : Diagnostics
        Of these draws.
    """
    chains, _, count = draws.shape
    least = ESS_PER_CHAIN * chains
    worst = np.minimum(found.ess_bulk, found.ess_tail)
    with np.errstate(over="ignore", invalid="ignore"):
        alike = np.ptp(draws, axis=(0, 1)) == 0
    unknown = np.isnan(worst) | ((chains > 1) & np.isnan(found.rhat)) | alike
    apart, slow, still = np.ones(count), np.ones(count), np.zeros(count, bool)
    known = np.flatnonzero(~unknown)
    for start in range(0, len(known), estimates.BLOCK):
        at = known[start : start + estimates.BLOCK]
        part = np.ascontiguousarray(np.moveaxis(draws[:, :, at], -1, 0), dtype=float)
        scores = estimates.normal_scores(part)
        still[at] = _still(scores) & (part != np.round(part)).any(axis=(1, 2))
        part /= power(np.abs(part).max(axis=(1, 2), keepdims=True))
        high = (found.rhat[at] > RHAT) & (chains > 1)
        low = worst[at] < least
        if low.any():
            ess = np.minimum(_within(scores[low]), _tail(part[low]))
            freedom = least / SLOW_FREEDOM
            slow[at[low]] = np.minimum(1, 2 * stats.chi2.sf(least / ess * freedom, freedom))
        if high.any():
            folded = np.abs(part[high] - np.median(part[high], axis=(1, 2), keepdims=True))
            chance = np.minimum(_chance(scores[high]), _chance(estimates.normal_scores(folded)))
            chance = np.where(found.rhat[at[high]] > ALWAYS, 0.0, chance)
            apart[at[high]] = np.minimum(1, APART_LOOKS * chance)
    return Evidence(apart, slow, still, unknown)


def _within(values: np.ndarray) -> np.ndarray:
    """Effective sample size by the autocorrelation within chains alone, shape (parameters,).

    Autocovariances about a chain's own mean fall short by the variance of that mean, which is put
    back once.
    """
    _, chains, length = values.shape
    covariance = estimates.covariances(values)
    variance = np.where(covariance[:, :1] > 0, covariance[:, :1], np.inf)
    rho = covariance / variance
    rho[:, 0] = 1.0
    first = np.maximum(estimates.geyer(rho), 0.0)[:, None] / length
    tau = estimates.geyer((rho + first) / (1 + first))
    size = chains * length
    return size / np.maximum(tau, 1.0 / np.log10(size))


def _tail(values: np.ndarray) -> np.ndarray:
    limits = np.quantile(values, estimates.TAIL, axis=(1, 2))
    ess = [_within((values <= limit[:, None, None]).astype(float)) for limit in limits]
    return np.minimum(*ess)


def _chance(values: np.ndarray) -> np.ndarray:
    """How probable means of chains, and of half chains, as far apart as these are."""
    ess = _within(values)
    within = values.var(axis=2).mean(axis=1)
    least = np.ones(len(values))
    for parts in (values, estimates.split(values)):
        count = parts.shape[1]
        between = parts.mean(axis=2).var(axis=1, ddof=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = between / within * ess / count
        chance = stats.f.sf(ratio, count - 1, np.maximum(ess / APART_FREEDOM, 2.0))
        least = np.minimum(least, np.nan_to_num(chance, nan=0.0))
    return least


def _still(scores: np.ndarray) -> np.ndarray:
    """Whether some chain stays within a fiftieth of a standard deviation for a stretch of draws."""
    _, _, length = scores.shape
    long = max(STRETCH, length // STRETCHES)
    count = length // long
    if count < 2:
        return np.zeros(len(scores), bool)
    parts = scores[:, :, : count * long].reshape(*scores.shape[:2], count, long)
    return (np.ptp(parts, axis=3) < STILL).any(axis=(1, 2))
