"""Whether a reweighted posterior may be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hierwidgets.weights import errors, estimates
from hierwidgets.weights.pool import (
    correction,
    mixture,
    normalisers,
    overlap,
    responsibilities,
)
from hierwidgets.weights.smoothing import smooth
from hierwidgets.weights.traps import Change

__all__ = ["Change", "Judgement", "Verdict", "judge"]

Verdict = Literal["reliable", "doubtful", "needs a refit"]
KHAT = 0.7
RELIABLE = (0.25, 0.35, 10)
DOUBTFUL = (0.5, 0.7, 5)
EVIDENCE_SE = 0.1
EVIDENCE_OVERLAP = 0.03


@dataclass(frozen=True)
class Judgement:
    """
    A reweighted posterior and how far to believe it.

    Attributes
    ----------
    verdict : {"reliable", "doubtful", "needs a refit"}
    reason : str
        Why it is not reliable, in a sentence; nothing when it is.
    weights : (N,) array
        Pareto-smoothed, summing to 1.
    khat : float
        Their Pareto k; -inf when there is nothing to smooth.
    ess : float
        The least over the quantities of (sd / ordinary Monte Carlo error of the mean)^2.
    mean, sd, mcse_mean, mcse_sd : (Q,) arrays
        In each quantity's units; NaN when no draw has weight.
    ntail : int
        The fewest draws beyond the weighted 5 % or 95 % quantile of a quantity.
    log_evidence : float
        Log marginal likelihood less that of the first fit.
    evidence_se : float
    evidence_reliable : bool
    """

    verdict: Verdict
    reason: str
    weights: np.ndarray = field(repr=False)
    khat: float
    ess: float
    mean: np.ndarray
    sd: np.ndarray
    mcse_mean: np.ndarray
    mcse_sd: np.ndarray
    ntail: int
    log_evidence: float
    evidence_se: float
    evidence_reliable: bool
    sizes: list[tuple[int, int]] = field(repr=False)
    responsibilities: np.ndarray = field(repr=False)

    def mcse(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Monte Carlo errors of the mean and the sd of other draws under these weights.

        Parameters
        ----------
        values : (..., N) array

        Returns
        -------
        of_mean, of_sd : (...) arrays
            NaN when no draw has weight.
        """
        if not self.weights.any():
            missing = np.full(np.shape(values)[:-1], np.nan)
            return missing, missing
        return errors.mcse(self.weights, values, self.sizes, self.responsibilities, self.khat)


def judge(
    target: np.ndarray,
    L: np.ndarray,
    quantities: np.ndarray,
    sizes: errors.Sizes,
    r_eff: float = 1.0,
    *,
    change: Change | None = None,
) -> Judgement:
    """
    Reweight the draws of a pool to other priors, and say whether to believe the result.

    Reliable: khat < 0.7, every error of a mean < 0.25 sd and of an sd < 0.35 sd, 10 or more draws
    beyond every 5 % and 95 % quantile. Doubtful: 0.5 sd, 0.7 sd and 5 draws. These errors are the
    bounds of `hierwidgets.weights.errors.bounds`; stated are those of `mcse` there.

    Parameters
    ----------
    target : (N,) array
        Log density of the changed priors at every draw; draws stand fit after fit, chain after
        chain.
    L : (K, N) array
        The same under the priors of each fit. Priors that no fit and no target changes may be left
        out of both.
    quantities : (Q, N) array
        Draws of the scalars whose means and standard deviations must be right.
    sizes : list of (chains, draws)
        Of each fit.
    r_eff : float
        Relative efficiency of the draws, 0 to 1.
    change : Change, optional
        The priors themselves: without them neither a support that no fit allowed nor a mode hidden
        near zero can be seen.

    Returns
    -------
    Judgement

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(1).normal(size=4000)
    >>> judge(-0.1 * x**2, np.zeros((1, 4000)), x[None], [(4, 1000)]).verdict
    'reliable'
    """
    sizes = list(sizes)
    if not np.isfinite(quantities).all():
        raise ValueError("A quantity has draws that are not finite numbers, so it has no mean.")
    n = [chains * draws for chains, draws in sizes]
    f = normalisers(L, n)
    D = mixture(L, n, f)
    R = responsibilities(L, n, f, D)
    obstacle = change.obstacle(sizes, f) if change else ""
    if not (target > -np.inf).any():
        return _nothing(quantities, sizes, R, obstacle)

    weights, khat, log_mean = smooth(target - D, r_eff)
    mean, sd = estimates.moments(weights, quantities)
    h = np.stack(errors.influences(weights, quantities))
    raw = errors.spread(h + correction(h, R), sizes)
    varies = np.ptp(quantities, axis=1) > 0
    raw, sd = raw * varies, sd * varies
    (of_mean, of_sd), most = errors.raised(raw, h, khat)
    ntail = _fewest_beyond(weights, quantities[varies])
    stated, bound, ordinary = (
        np.where(sd > 0, e / np.where(sd > 0, sd, 1), np.where(varies, np.inf, 0)).max(axis=-1)
        for e in ([of_mean, of_sd], most, raw[0])
    )
    verdict, reason = _verdict(khat, bound, stated, ntail)
    if obstacle:
        verdict, reason = "needs a refit", obstacle
    with np.errstate(divide="ignore"):
        ess = float(min(1 / ordinary**2, len(weights)))
    log_evidence, se = log_mean + math.log(len(weights)), _evidence_se(weights, R, sizes)
    trusted = se < EVIDENCE_SE and overlap(L, n, f) >= EVIDENCE_OVERLAP
    return Judgement(
        verdict=verdict,
        reason=reason,
        weights=weights,
        khat=khat,
        ess=ess,
        mean=mean,
        sd=sd,
        mcse_mean=of_mean,
        mcse_sd=of_sd,
        ntail=ntail,
        log_evidence=log_evidence,
        evidence_se=se,
        evidence_reliable=bool(trusted and khat < KHAT and not obstacle),
        sizes=sizes,
        responsibilities=R,
    )


def _nothing(
    quantities: np.ndarray, sizes: list[tuple[int, int]], R: np.ndarray, obstacle: str
) -> Judgement:
    missing = np.full(len(quantities), np.nan)
    return Judgement(
        verdict="needs a refit",
        reason=obstacle or "This prior rules out every draw.",
        weights=np.zeros(quantities.shape[1]),
        khat=math.inf,
        ess=0.0,
        mean=missing,
        sd=missing,
        mcse_mean=missing,
        mcse_sd=missing,
        ntail=0,
        log_evidence=-math.inf,
        evidence_se=math.inf,
        evidence_reliable=False,
        sizes=sizes,
        responsibilities=R,
    )


def _fewest_beyond(weights: np.ndarray, quantities: np.ndarray) -> int:
    """Draws of any weight beyond the weighted 5 % or 95 % quantile, the fewest of any quantity."""
    kept = weights > 0
    fewest = int(kept.sum())
    for x in quantities:
        low, high = estimates.quantiles(weights, x, (0.05, 0.95))
        fewest = min(fewest, int((x[kept] < low).sum()), int((x[kept] > high).sum()))
    return fewest


def _verdict(khat: float, bound: np.ndarray, stated: np.ndarray, ntail: int) -> tuple[Verdict, str]:
    """Of the largest errors of a mean and of a standard deviation: at most, and as stated."""
    of_mean, of_sd = bound
    if khat < KHAT and of_mean < RELIABLE[0] and of_sd < RELIABLE[1] and ntail >= RELIABLE[2]:
        return "reliable", ""
    if khat >= KHAT:
        k = f"Pareto k is {khat:.2f}" if math.isfinite(khat) else "The weights have no Pareto tail"
        return "needs a refit", f"{k}: a few draws carry nearly all the weight."
    limit = DOUBTFUL
    fine = of_mean < limit[0] and of_sd < limit[1] and ntail >= limit[2]
    verdict: Verdict = "doubtful" if fine else "needs a refit"
    if ntail < RELIABLE[2]:
        return verdict, f"Draws beyond the new 5 % or 95 % quantile: {ntail}, where 10 are needed."
    if of_mean >= RELIABLE[0] and of_mean / RELIABLE[0] >= of_sd / RELIABLE[1]:
        error = f"The error of a mean is {stated[0]:.2g} standard deviations, at most {of_mean:.2g}"
    else:
        error = f"The error of a standard deviation is {100 * stated[1]:.0f} %, at most {100 * of_sd:.0f} %"
    return verdict, f"{error} if tails are worse than the draws show."


def _evidence_se(weights: np.ndarray, R: np.ndarray, sizes: list[tuple[int, int]]) -> float:
    h = weights - 1 / len(weights)
    raw = float(errors.spread(weights + correction(weights, R), sizes))
    return raw * errors.inflation(h).bound if raw > 0 else 0.0
