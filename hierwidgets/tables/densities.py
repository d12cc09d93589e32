"""Log densities of the response, family by family, in numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

Rowwise = Callable[[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray], Any], np.ndarray]


def rowwise(family: str, links: dict[str, str]) -> Rowwise:
    """Log density of rows by linear predictors and constants.

    Parameters
    ----------
    family : str
        One of `DENSITIES`, or cumulative.
    links : dict
        The link of each modelled parameter, the response's own first.

    Returns
    -------
    callable
        Of the response, linear predictors (draws, rows) by name, constants (draws, 1) by name, and the modelled
        parameters; gives (draws, rows).
    """
    link = next(iter(links.values()))
    if family in {"bernoulli", "binomial"} and link == "logit":
        return lambda y, etas, _c, _p: _logit(y, etas["p"])
    if family == "poisson" and link == "log":
        return lambda y, etas, _c, _p: y * etas["mu"] - np.exp(etas["mu"]) - special.gammaln(y + 1)
    if family == "cumulative":
        return lambda y, etas, constants, _p: _ordered(
            y, next(iter(etas.values())), constants["threshold"], link
        )
    names, density = DENSITIES[family]

    def by_parameters(
        y: np.ndarray, etas: dict[str, np.ndarray], constants: dict[str, np.ndarray], parts: Any
    ) -> np.ndarray:
        values = [
            parts[name].inverse(etas[name].copy()) if name in etas else constants[name]
            for name in names
        ]
        return density(y, *values)

    return by_parameters


def _logit(y: np.ndarray, eta: np.ndarray) -> np.ndarray:
    if y.ndim == 1:
        return y * eta - np.logaddexp(0, eta)
    k, n = y[:, 0], y[:, 1]
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return ways + k * eta - n * np.logaddexp(0, eta)


def _ordered(y: np.ndarray, eta: np.ndarray, thresholds: np.ndarray, link: str) -> np.ndarray:
    from hierwidgets.tables.likelihoods import _LATENT

    latent = _LATENT[link]
    ends = np.full((len(thresholds), 1), np.inf)
    cuts = np.concatenate([-ends, thresholds, ends], axis=1)
    k = y.astype(int)
    low, high = cuts[:, k] - eta, cuts[:, k + 1] - eta
    p = np.where(
        low + high < 0,
        latent.cdf(high) - latent.cdf(low),
        latent.rest(low) - latent.rest(high),
    )
    return np.log(p)


def _gaussian(y: np.ndarray, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)


def _t(y: np.ndarray, mu: np.ndarray, sigma: np.ndarray, nu: np.ndarray) -> np.ndarray:
    constant = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    return constant - np.log(sigma) - (nu + 1) / 2 * np.log1p(((y - mu) / sigma) ** 2 / nu)


def _bernoulli(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.where(y == 1, np.log(p), np.log1p(-p))


def _binomial(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    k, n = y[:, 0], y[:, 1]
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return ways + special.xlogy(k, p) + special.xlog1py(n - k, -p)


def _poisson(y: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return special.xlogy(y, mu) - mu - special.gammaln(y + 1)


def _negative_binomial(y: np.ndarray, mu: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    ways = special.gammaln(y + alpha) - special.gammaln(alpha) - special.gammaln(y + 1)
    return ways + alpha * np.log(alpha / (alpha + mu)) + special.xlogy(y, mu / (alpha + mu))


def _gamma(y: np.ndarray, mu: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    rate = alpha / mu
    return alpha * np.log(rate) - special.gammaln(alpha) + (alpha - 1) * np.log(y) - rate * y


def _beta(y: np.ndarray, mu: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    a, b = mu * kappa, (1 - mu) * kappa
    return (a - 1) * np.log(y) + (b - 1) * np.log1p(-y) - special.betaln(a, b)


DENSITIES: dict[str, tuple[tuple[str, ...], Callable[..., np.ndarray]]] = {
    "gaussian": (("mu", "sigma"), _gaussian),
    "t": (("mu", "sigma", "nu"), _t),
    "bernoulli": (("p",), _bernoulli),
    "binomial": (("p",), _binomial),
    "poisson": (("mu",), _poisson),
    "negativebinomial": (("mu", "alpha"), _negative_binomial),
    "gamma": (("mu", "alpha"), _gamma),
    "beta": (("mu", "kappa"), _beta),
}
