"""Likelihoods that are no generalised linear model, row by row, and their maximum in one group.

Each gives the log density of every row as a function of the linear predictor, with its first and
second derivative; further parameters are known numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
from scipy import optimize, special

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]
_CANDIDATES = 500
_STARTS = 4
_TIED = 1e-9


@dataclass(frozen=True)
class Likelihood:
    """Log density of rows by linear predictor.

    Attributes
    ----------
    at : callable
        ``at(eta, mine)`` -> log density, and its first and second derivative by eta, of the rows
        ``mine``, up to a constant of each row.
    working : ndarray, shape (rows,)
        The linear predictor that would fit each row alone, or about so.
    several : bool
        Whether it may have several maxima.
    """

    at: Callable[[np.ndarray, np.ndarray], Triple]
    working: np.ndarray
    several: bool = False


def student_t(y: np.ndarray, nu: np.ndarray, sigma: np.ndarray, link: Any) -> Likelihood:
    """Student t with known degrees of freedom and scale, each of shape (rows,)."""

    def by_mean(mu: np.ndarray, mine: np.ndarray) -> Triple:
        r, n = y[mine] - mu, nu[mine]
        whole = n * sigma[mine] ** 2
        rest = whole + r**2
        log = -(n + 1) / 2 * np.log1p(r**2 / whole)
        return log, (n + 1) * r / rest, (n + 1) * (r**2 - whole) / rest**2

    return Likelihood(_through(link, by_mean), _working(link, y), several=True)


def beta(y: np.ndarray, kappa: np.ndarray, link: Any) -> Likelihood:
    """Beta with mean mu and known sample size kappa of shape (rows,).

    Ferrari and Cribari-Neto (2004), Journal of Applied Statistics 31, 799-815.
    """
    odds = special.logit(y)

    def by_mean(mu: np.ndarray, mine: np.ndarray) -> Triple:
        k = kappa[mine]
        a, b = mu * k, (1 - mu) * k
        log = -special.gammaln(a) - special.gammaln(b) + a * odds[mine]
        first = k * (odds[mine] - special.digamma(a) + special.digamma(b))
        second = -(k**2) * (special.polygamma(1, a) + special.polygamma(1, b))
        return log, first, second

    return Likelihood(_through(link, by_mean), _working(link, y))


def cumulative(y: np.ndarray, thresholds: np.ndarray, link: str) -> Likelihood:
    """Ordered categories 0, 1, ...: P(Y <= k) = F(threshold_k - eta), the thresholds known.

    A larger eta makes higher categories likelier. McCullagh (1980), Journal of the Royal Statistical
    Society B 42, 109-142.
    """
    latent = _LATENT[link]
    cuts = np.concatenate([[-np.inf], thresholds, [np.inf]])
    k = y.astype(int)
    below, above = cuts[k], cuts[k + 1]

    def at(eta: np.ndarray, mine: np.ndarray) -> Triple:
        low, high = below[mine] - eta, above[mine] - eta
        lower = low + high < 0
        p = np.where(
            lower, latent.cdf(high) - latent.cdf(low), latent.rest(low) - latent.rest(high)
        )
        (f_low, g_low), (f_high, g_high) = latent.density(low), latent.density(high)
        first = (f_low - f_high) / p
        return np.log(p), first, (g_high - g_low) / p - first**2

    inside = np.clip((below + above) / 2, thresholds[0] - 1, thresholds[-1] + 1)
    return Likelihood(at, inside)


@dataclass(frozen=True)
class _Latent:
    """F, 1 - F, and the density with its derivative, both 0 at infinity."""

    cdf: Callable[[np.ndarray], np.ndarray]
    rest: Callable[[np.ndarray], np.ndarray]
    density: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _logistic(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    f = special.expit(x) * special.expit(-x)
    return f, -f * np.tanh(x / 2)


def _normal(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = np.clip(x, -1e3, 1e3)
    f = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return f, -x * f


def _gumbel(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = np.clip(x, -1e3, 1e2)
    f = np.exp(x - np.exp(x))
    return f, -f * np.expm1(x)


_LATENT = {
    "logit": _Latent(special.expit, lambda x: special.expit(-x), _logistic),
    "probit": _Latent(special.ndtr, lambda x: special.ndtr(-x), _normal),
    "cloglog": _Latent(lambda x: -np.expm1(-np.exp(x)), lambda x: np.exp(-np.exp(x)), _gumbel),
}


def _through(
    link: Any, by_mean: Callable[[np.ndarray, np.ndarray], Triple]
) -> Callable[[np.ndarray, np.ndarray], Triple]:
    """The same by linear predictor, for a statsmodels link."""

    def at(eta: np.ndarray, mine: np.ndarray) -> Triple:
        log, first, second = by_mean(link.inverse(eta), mine)
        d1, d2 = link.inverse_deriv(eta), link.inverse_deriv2(eta)
        return log, first * d1, second * d1**2 + first * d2

    return at


def _working(link: Any, y: np.ndarray) -> np.ndarray:
    return np.asarray(link(y), float)


@dataclass(frozen=True)
class Maximum:
    """A maximum-likelihood estimate (K,), its observed information (K, K), or why there is none."""

    estimate: np.ndarray
    information: np.ndarray
    reason: str = ""


def maximise(
    likelihood: Likelihood, Z: np.ndarray, offset: np.ndarray, mine: np.ndarray
) -> Maximum:
    """The highest maximum of the rows' likelihood over the K coefficients of Z.

    The search starts at least squares. Student's likelihood has several maxima where rows disagree,
    so there it starts at the best of the coefficients that fit K rows exactly as well.

    Parameters
    ----------
    likelihood : Likelihood
    Z : ndarray, shape (n, K)
        Of rank K.
    offset : ndarray, shape (n,)
    mine : ndarray of int, shape (n,)
        The rows.
    """
    norms = np.linalg.norm(Z, axis=0)
    X = Z / norms

    def loss(b: np.ndarray) -> float:
        return -float(likelihood.at(offset + X @ b, mine)[0].sum())

    def gradient(b: np.ndarray) -> np.ndarray:
        return -X.T @ likelihood.at(offset + X @ b, mine)[1]

    def hessian(b: np.ndarray) -> np.ndarray:
        return -(X.T * likelihood.at(offset + X @ b, mine)[2]) @ X

    def climbed(start: np.ndarray) -> np.ndarray | None:
        """The maximum above a start, or None."""
        if not np.isfinite(hessian(start)).all():
            return None
        try:
            near = optimize.minimize(
                loss, start, jac=gradient, hess=hessian, method="trust-exact"
            ).x
        except ValueError:  # SciPy's, of a step to where a mean rounds to 0 or 1
            return None
        exact = optimize.root(gradient, near, jac=hessian, options={"xtol": 1e-14})
        b = exact.x if loss(exact.x) <= loss(near) + _TIED else near
        return b if np.isfinite(b).all() and _is_maximum(gradient(b), hessian(b)) else None

    with np.errstate(all="ignore"):
        starts = _starts(X, likelihood.working[mine] - offset, loss, likelihood.several)
        found = [(loss(b), b) for start in starts if (b := climbed(start)) is not None]
        if not found:
            nearer = (climbed(starts[0] * share) for share in (0.5, 0.25, 0.0))
            found = [(loss(b), b) for b in nearer if b is not None]
    K = X.shape[1]
    nothing = np.full(K, np.nan), np.full((K, K), np.nan)
    if not found:
        return Maximum(*nothing, "its maximum likelihood did not converge")
    best, b = min(found, key=lambda pair: pair[0])
    apart = 1e-4 * (1 + np.abs(b).max())
    if any(abs(value - best) < _TIED and np.abs(other - b).max() > apart for value, other in found):
        return Maximum(*nothing, "its likelihood has two equally high maxima")
    return Maximum(b / norms, hessian(b) * np.outer(norms, norms))


def _is_maximum(gradient: np.ndarray, hessian: np.ndarray) -> bool:
    if not np.isfinite(hessian).all():
        return False
    curvature = np.linalg.eigvalsh(hessian)
    return curvature[0] > 1e-10 * max(curvature[-1], 1e-6) and bool(
        gradient @ np.linalg.solve(hessian, gradient) < 1e-12
    )


def _starts(
    X: np.ndarray, target: np.ndarray, loss: Callable[[np.ndarray], float], several: bool
) -> list[np.ndarray]:
    """Least squares, and the best of the coefficients that fit as many rows as there are effects."""
    usable = np.flatnonzero(np.isfinite(target))
    K = X.shape[1]
    if len(usable) < K:
        return [np.zeros(K)]
    starts = [np.linalg.lstsq(X[usable], target[usable], rcond=None)[0]]
    if not several:
        return starts
    rows = usable
    if len(rows) > 25:
        rows = rows[np.linspace(0, len(rows) - 1, 25).astype(int)]
    exact: list[tuple[float, int, np.ndarray]] = []
    for subset in islice(combinations(rows, K), _CANDIDATES):
        part = X[list(subset)]
        if np.linalg.cond(part) < 1e8:
            b = np.linalg.solve(part, target[list(subset)])
            exact.append((loss(b), len(exact), b))
    return starts + [b for _, _, b in sorted(exact)[:_STARTS]]
