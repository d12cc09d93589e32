"""Log densities of the response, family by family, in numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from hierwidgets.tables.altered import log_density

if TYPE_CHECKING:
    from hierwidgets.responses import Altered

Rowwise = Callable[[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray], Any], np.ndarray]


def rowwise(family: str, links: dict[str, str], rest: Altered | None = None) -> Rowwise:
    """Log density of rows by linear predictors and constants.

    By the linear predictor where a parameter of the family could round to the edge of its range.

    Parameters
    ----------
    family : str
        One of `DENSITIES`, or cumulative.
    links : dict
        The link of each modelled parameter, the response's own first.
    rest : Altered, optional
        Weights, bounds or censoring of the rows.

    Returns
    -------
    callable
        Of the response, linear predictors (draws, rows) by name, constants (draws, 1) by name, and the modelled
        parameters; gives (draws, rows).
    """
    if rest is not None:
        plain, names, given = rowwise(family, links), DENSITIES[family][0], rest

        def changed(
            y: np.ndarray, etas: dict[str, np.ndarray], constants: dict[str, np.ndarray], parts: Any
        ) -> np.ndarray:
            values = [_value(name, etas, constants, parts) for name in names]
            return log_density(family, given, y, plain(y, etas, constants, parts), values)

        return changed
    link = next(iter(links.values()))
    if family == "cumulative":
        return lambda y, etas, constants, _p: _ordered(
            y, next(iter(etas.values())), constants["threshold"], link
        )
    if family in {"bernoulli", "binomial"} and link in _LOG_ODDS:
        both = _LOG_ODDS[link]
        return lambda y, etas, _c, _p: _successes(y, *both(next(iter(etas.values()))))
    if (family, link) in _BY_PREDICTOR:
        by_log = _BY_PREDICTOR[family, link]
        further = DENSITIES[family][0][1:]

        def by_predictor(
            y: np.ndarray, etas: dict[str, np.ndarray], constants: dict[str, np.ndarray], parts: Any
        ) -> np.ndarray:
            rest = [_value(name, etas, constants, parts) for name in further]
            return by_log(y, etas["mu"], *rest)

        return by_predictor
    names, density = DENSITIES[family]

    def by_parameters(
        y: np.ndarray, etas: dict[str, np.ndarray], constants: dict[str, np.ndarray], parts: Any
    ) -> np.ndarray:
        return density(y, *(_value(name, etas, constants, parts) for name in names))

    return by_parameters


def _value(
    name: str, etas: dict[str, np.ndarray], constants: dict[str, np.ndarray], parts: Any
) -> np.ndarray:
    return parts[name].inverse(etas[name].copy()) if name in etas else constants[name]


def _successes(y: np.ndarray, success: np.ndarray, failure: np.ndarray) -> np.ndarray:
    """By the logarithms of both probabilities, neither of which rounds to zero."""
    if y.ndim == 1:
        return np.where(y == 1, success, failure)
    k, n = y[:, 0], y[:, 1]
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    with np.errstate(invalid="ignore"):
        return ways + np.where(k > 0, k * success, 0) + np.where(n > k, (n - k) * failure, 0)


def _cloglog(eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(over="ignore", divide="ignore"):
        rate = np.exp(eta)
        return np.where(eta < -30, eta, np.log(-np.expm1(-rate))), -rate


_LOG_ODDS: dict[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "logit": lambda eta: (special.log_expit(eta), special.log_expit(-eta)),
    "probit": lambda eta: (special.log_ndtr(eta), special.log_ndtr(-eta)),
    "cloglog": _cloglog,
}


def _log_poisson(y: np.ndarray, eta: np.ndarray) -> np.ndarray:
    return y * eta - np.exp(eta) - special.gammaln(y + 1)


def _log_negative_binomial(y: np.ndarray, eta: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    ways = special.gammaln(y + alpha) - special.gammaln(alpha) - special.gammaln(y + 1)
    whole = np.logaddexp(np.log(alpha), eta)
    return ways + alpha * (np.log(alpha) - whole) + y * (eta - whole)


def _log_gamma(y: np.ndarray, eta: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    shape = alpha * np.log(alpha) - special.gammaln(alpha) + (alpha - 1) * np.log(y)
    with np.errstate(over="ignore"):
        return shape - alpha * eta - alpha * y * np.exp(-eta)


def _logit_beta(y: np.ndarray, eta: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    a, b = special.expit(eta) * kappa, special.expit(-eta) * kappa
    return (a - 1) * np.log(y) + (b - 1) * np.log1p(-y) - special.betaln(a, b)


_BY_PREDICTOR: dict[tuple[str, str], Callable[..., np.ndarray]] = {
    ("poisson", "log"): _log_poisson,
    ("negativebinomial", "log"): _log_negative_binomial,
    ("gamma", "log"): _log_gamma,
    ("beta", "logit"): _logit_beta,
}


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
