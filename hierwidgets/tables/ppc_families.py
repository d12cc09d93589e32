"""How replicated responses are drawn, and their distribution functions, family by family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

HUGE = 1e15
_TINY = 1e-300


@dataclass(frozen=True)
class Family:
    """How a response is drawn and how its distribution function is reckoned.

    `draw(rng, trials, *parameters)` and `cdf(y, trials, *parameters)` give (draws, rows).
    """

    names: tuple[str, ...]
    discrete: bool
    draw: Callable[..., np.ndarray]
    cdf: Callable[..., np.ndarray]


def _safe(values: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(values, nan=HUGE, posinf=HUGE), _TINY, HUGE)


def _gaussian(rng: Any, _n: Any, mu: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return mu + sigma * rng.standard_normal(mu.shape)


def _t(rng: Any, _n: Any, mu: np.ndarray, sigma: np.ndarray, nu: np.ndarray) -> np.ndarray:
    return mu + sigma * rng.standard_t(np.broadcast_to(nu, mu.shape))


def _poisson(rng: Any, _n: Any, mu: np.ndarray) -> np.ndarray:
    return rng.poisson(_safe(mu)).astype(float)


def _negative_binomial(rng: Any, _n: Any, mu: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return rng.poisson(_safe(_gamma(rng, None, _safe(mu), alpha))).astype(float)


def _gamma(rng: Any, _n: Any, mu: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return rng.standard_gamma(np.broadcast_to(alpha, mu.shape)) * mu / alpha


def _beta(rng: Any, _n: Any, mu: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    inside = np.clip(mu, 1e-12, 1 - 1e-12)
    return rng.beta(np.maximum(inside * kappa, _TINY), np.maximum((1 - inside) * kappa, _TINY))


def _ordinal(rng: Any, _n: Any, p: np.ndarray) -> np.ndarray:
    return (rng.random(p.shape[:2])[:, :, None] > p).sum(axis=2).astype(float)


def _ordinal_cdf(y: np.ndarray, _n: Any, p: np.ndarray) -> np.ndarray:
    whole = np.concatenate([np.zeros_like(p[..., :1]), p, np.ones_like(p[..., :1])], axis=-1)
    at = np.broadcast_to((y + 1).astype(int)[None, :, None], (*p.shape[:2], 1))
    return np.take_along_axis(whole, at, axis=-1)[..., 0]


def _count(below: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A distribution function that is 0 below 0."""

    def cdf(y: np.ndarray, trials: Any, *parameters: np.ndarray) -> np.ndarray:
        return np.where(y < 0, 0.0, below(np.maximum(y, 0), trials, *parameters))

    return cdf


CUMULATIVE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "logit": special.expit,
    "probit": special.ndtr,
    "cloglog": lambda z: -np.expm1(-np.exp(z)),
}
FAMILIES = {
    "gaussian": Family(
        ("mu", "sigma"), False, _gaussian, lambda y, _n, mu, s: special.ndtr((y - mu) / s)
    ),
    "t": Family(
        ("mu", "sigma", "nu"), False, _t, lambda y, _n, mu, s, nu: special.stdtr(nu, (y - mu) / s)
    ),
    "bernoulli": Family(
        ("p",),
        True,
        lambda rng, _n, p: (rng.random(p.shape) < p).astype(float),
        lambda y, _n, p: np.where(y < 0, 0.0, np.where(y < 1, 1 - p, 1.0)),
    ),
    "binomial": Family(
        ("p",),
        True,
        lambda rng, n, p: rng.binomial(n.astype(int), np.clip(p, 0, 1)).astype(float),
        _count(lambda y, n, p: special.bdtr(np.minimum(y, n), n.astype(int), p)),
    ),
    "poisson": Family(("mu",), True, _poisson, _count(lambda y, _n, mu: special.pdtr(y, mu))),
    "negativebinomial": Family(
        ("mu", "alpha"),
        True,
        _negative_binomial,
        _count(lambda y, _n, mu, a: special.betainc(a, y + 1, a / (a + mu))),
    ),
    "gamma": Family(
        ("mu", "alpha"), False, _gamma, lambda y, _n, mu, a: special.gammainc(a, a * y / mu)
    ),
    "beta": Family(
        ("mu", "kappa"),
        False,
        _beta,
        lambda y, _n, mu, k: special.betainc(mu * k, (1 - mu) * k, y),
    ),
    "cumulative": Family(("p",), True, _ordinal, _ordinal_cdf),
}
