"""Group effects that are not Normal: whether they have a variance, and how far a Student t pulls each."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from hierwidgets import terms

if TYPE_CHECKING:
    import xarray as xr

    from hierwidgets.terms import Effect

__all__ = ["covariance", "mixture", "no_variance", "odd", "precisions", "standard"]


def odd(varying: list[Effect]) -> list[Effect]:
    """Those of some effects that are not Normal."""
    return [effect for effect in varying if effect.distribution != "Normal"]


def mixture(varying: list[Effect]) -> bool:
    """Whether all of these effects are Normal, or mixtures of Normals as a Student t is."""
    return all(effect.distribution in ("Normal", "StudentT") for effect in varying)


def no_variance(varying: list[Effect], posterior: xr.Dataset) -> str:
    """Why some of these effects have no known variance, or nothing."""
    for effect in odd(varying):
        if effect.distribution != "StudentT":
            return (
                f"the effects of {effect.term!r} have the prior {effect.prior}, whose variance is not "
                "computed here"
            )
        nu = effect.nu_draws(posterior)
        heavy = int((nu <= 2).sum())
        if heavy:
            where = f"2 or less in {heavy} of {nu.size} draws"
            where = where if isinstance(effect.nu, str) else f"{effect.nu:g}"
            return f"nu of the Student t of {effect.term!r} is {where}, and a t has no variance from 2 down"
    return ""


def standard(effect: Effect, posterior: xr.Dataset, rng: np.random.Generator) -> np.ndarray | None:
    """A new group's effect over its scale, for each draw, shape (chain, draw); None where unknown."""
    shape = effect.scale_draws(posterior).shape
    if effect.distribution == "Normal":
        return rng.standard_normal(shape)
    if effect.distribution == "StudentT":
        return rng.standard_t(effect.nu_draws(posterior))
    return None


def precisions(effect: Effect, posterior: xr.Dataset, group: int) -> np.ndarray:
    r"""Draws of lambda_j, shape (draws,): given it, u_j is Normal(0, sigma^2 / lambda_j).

    A Student t is such a mixture with lambda_j ~ Gamma(nu / 2, nu / 2), so that given u_j

    .. math:: \lambda_j \sim \mathrm{Gamma}((\nu + 1) / 2, (\nu + u_j^2 / \sigma^2) / 2).

    One value for each draw of the posterior, the same in every call; ones for a Normal.

    References
    ----------
    West (1987), On scale mixtures of normal distributions, Biometrika 74, 646-648.
    """
    u = effect.draws(posterior)[..., group].ravel()
    if effect.distribution == "Normal":
        return np.ones(len(u))
    sigma, nu = effect.scale_draws(posterior).ravel(), effect.nu_draws(posterior).ravel()
    rng = np.random.default_rng([zlib.crc32(effect.term.encode()), group])
    return rng.gamma((nu + 1) / 2, 2 / (nu + (u / sigma) ** 2))


def covariance(varying: list[Effect], posterior: xr.Dataset, group: int) -> np.ndarray:
    """Sigma of one group's effects given `precisions`, shape (draws, K, K)."""
    sds = [
        e.scale_draws(posterior).ravel() / np.sqrt(precisions(e, posterior, group)) for e in varying
    ]
    sd = np.stack(sds, axis=1)
    return sd[:, :, None] * terms.correlation_draws(varying, posterior) * sd[:, None, :]
