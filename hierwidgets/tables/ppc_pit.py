"""Where each row lies in its own predictive distribution, and the band that even values keep."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from hierwidgets import responses
from hierwidgets.tables import ppc_draws
from hierwidgets.tables.agreement import PROBABILITY, SIMULATIONS, Bands
from hierwidgets.tables.altered import log_density
from hierwidgets.tables.densities import DENSITIES
from hierwidgets.tables.ppc_altered import places
from hierwidgets.weights.smoothing import smooth

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

POINTS = 100
MOST_ROWS = 2000
MOST_DRAWS = 2000
CHUNK = 100


class Pit(NamedTuple):
    """PIT and LOO-PIT of some rows, with the Pareto k of each; arrays of shape (rows taken,)."""

    rows: np.ndarray
    pit: np.ndarray
    loo_pit: np.ndarray
    khat: np.ndarray


def pit(fit: Fit, random_seed: int = ppc_draws.SEED) -> Pit:
    """The predictive probability of less than each observed value.

    The mean over draws of the distribution function F(y_i). A discrete response takes a random place
    between F(y_i - 1) and F(y_i). LOO-PIT weights draws as if the row had not been fitted, by
    Pareto-smoothed 1 / p(y_i | theta). Of a censored row a random place beyond its limit is taken, and a
    bounded one is placed within its bounds. Of more than 2,000 rows or draws, so many are taken.

    Parameters
    ----------
    fit : Fit
    random_seed : int

    Returns
    -------
    Pit

    Raises
    ------
    ValueError
        A family whose distribution function is not known here.

    References
    ----------
    Gelfand, Dey and Chang (1992), Bayesian Statistics 4, 147-167. Czado, Gneiting and Held (2009),
    Biometrics 65, 1254-1261. Vehtari, Gelman and Gabry (2017), Statistics and Computing 27.

    Examples
    --------
    >>> pit(fit).loo_pit.mean()
    """
    y, trials = ppc_draws.response(fit)
    family = ppc_draws.family(fit)
    if family is None:
        raise ValueError(
            f"The distribution function of the {fit.family} family is not known here, so there is no PIT."
        )
    rest = responses.altered(fit.model)
    rng = np.random.default_rng(random_seed)
    total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    chosen = ppc_draws.places(fit.posterior, min(MOST_DRAWS, total))
    taken = np.arange(len(y))
    if len(y) > MOST_ROWS:
        taken = np.sort(rng.choice(len(y), MOST_ROWS, replace=False))
    v = rng.random(len(taken))
    found: list[np.ndarray] = []
    for start in range(0, len(taken), CHUNK):
        rows = taken[start : start + CHUNK]
        n = None if trials is None else trials[rows]
        parameters = ppc_draws.Parameters(fit, fit.posterior, chosen, set(), rng, rows=rows).all()
        low = high = family.cdf(y[rows], n, *parameters)
        if family.discrete:
            low = family.cdf(y[rows] - 1, n, *parameters)
            place = low + v[start : start + CHUNK] * (high - low)
        else:
            place = high
        if fit.family == "cumulative":
            log = np.log(np.maximum(high - low, 1e-300))
        else:
            own = y[rows] if n is None else np.column_stack([y[rows], n])
            with np.errstate(divide="ignore"):
                log = DENSITIES[fit.family][1](own, *parameters)
        if rest is not None:
            some = rest.of(rows)
            log = log_density(fit.family, some, y[rows], log, parameters)
            if some.weights is None:
                place = places(fit.family, some, y[rows], v[start : start + CHUNK], parameters)
        smoothed = [_left_out(log[:, i]) for i in range(len(rows))]
        loo = [place[:, i] @ weights for i, (weights, _) in enumerate(smoothed)]
        found.append(np.stack([place.mean(axis=0), np.array(loo), [k for _, k in smoothed]]))
    each = np.concatenate(found, axis=1)
    return Pit(taken, np.clip(each[0], 0, 1), np.clip(each[1], 0, 1), each[2])


def _left_out(log: np.ndarray) -> tuple[np.ndarray, float]:
    """Smoothed weights 1 / p and their Pareto k; the draws where p is zero share them all."""
    never = log == -np.inf
    if never.any():
        return never / never.sum(), np.inf
    weights, khat, _ = smooth(-log)
    return weights, khat


def ecdf_difference(values: np.ndarray) -> np.ndarray:
    """The share of values up to each of 99 even points, less the point, shape (99,).

    Examples
    --------
    >>> float(np.abs(ecdf_difference((np.arange(1000) + 0.5) / 1000)).max()) < 0.001
    True
    """
    at = np.arange(1, POINTS) / POINTS
    return np.searchsorted(np.sort(values), at, side="right") / len(values) - at


@cache
def uniform_bands(count: int, probability: float = PROBABILITY) -> Bands:
    """Bounds that the ECDF difference of `count` independent even values keeps everywhere at once.

    The number of values up to a point is binomial. The tail probability of the pointwise bounds is
    the quantile of its smallest value over the points, found by simulation with a fixed seed.

    Returns
    -------
    Bands
        Of shape (99,).

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Statistics and Computing 32, 32, section 2.
    """
    at = np.arange(1, POINTS) / POINTS
    rng = np.random.default_rng(20220701)
    parts = rng.multinomial(count, np.full(POINTS, 1 / POINTS), size=SIMULATIONS)
    taken = np.cumsum(parts, axis=1)[:, :-1]
    below = stats.binom.cdf(taken, count, at)
    above = stats.binom.sf(taken - 1, count, at)
    smallest = 2 * np.minimum(below, above).min(axis=1)
    level = float(np.quantile(smallest, 1 - probability))
    lower = stats.binom.ppf(level / 2, count, at)
    upper = stats.binom.ppf(1 - level / 2, count, at)
    return Bands(at, lower / count - at, upper / count - at)
