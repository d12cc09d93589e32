"""The variance below the groups, on the scale of the linear predictor, with its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, polygamma

from hierwidgets import terms
from hierwidgets.tables.heavy import odd

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

__all__ = ["Residual", "residual"]

NAKAGAWA = (
    "Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society Interface 14, 20170213, "
    "doi:10.1098/rsif.2017.0213"
)
GOLDSTEIN = (
    "Goldstein, Browne and Rasbash (2002), Understanding Statistics 1, 223-231, "
    "doi:10.1207/S15328031US0104_02"
)
LATENT = {
    "logit": ("log odds", np.pi**2 / 3, "π²/3, the variance of the logistic distribution"),
    "probit": ("probit", 1.0, "1, the variance of the standard normal distribution"),
    "cloglog": ("complementary log-log", np.pi**2 / 6, "π²/6, the variance of the Gumbel"),
}
SMOOTH = "the model has a Gaussian process term, whose values only Bambi computes"
BINARY = {"bernoulli", "binomial", "cumulative"}
_BATCH = 4_000_000

type OfRows = Callable[[np.ndarray, np.ndarray, slice], np.ndarray]


@dataclass(frozen=True)
class Residual:
    """The variance below the groups.

    Attributes
    ----------
    variance : ndarray or None
        Shape (draws,); None where the family has no definition here.
    parameter : str
        The posterior's name of its square root, or "" where it is not a parameter.
    scale : str
        The scale on which variances are compared, in words.
    formula, source : str
        What it is, and where that comes from.
    exact : bool
        False for an approximation.
    reason : str
        Why it is missing, else "".
    """

    variance: np.ndarray | None
    parameter: str
    scale: str
    formula: str
    source: str
    exact: bool
    reason: str = ""


def residual(fit: Fit, levels: dict[str, list[terms.Effect]]) -> Residual:
    """The residual variance of a model on the scale of its linear predictor.

    Parameters
    ----------
    fit : Fit
    levels : dict
        The effects of the main formula by grouping factor.

    Returns
    -------
    Residual

    References
    ----------
    Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society Interface 14, 20170213.

    Examples
    --------
    >>> residual(fit, levels(fit)).formula
    """
    family = fit.family
    link = terms.link_name(fit.model, terms.parent(fit.model))
    if family in BINARY and link in LATENT:
        return _latent(fit, link)
    if family in ("gaussian", "t") and link == "identity":
        return _own_scale(fit)
    solved = {
        ("poisson", "log"): _counts,
        ("negativebinomial", "log"): _counts,
        ("gamma", "log"): _gamma,
        ("beta", "logit"): _beta,
    }.get((family, link))
    if solved is None:
        return _missing(
            f"no residual variance is defined here for the family {family!r} with the link {link!r}"
        )
    if terms.smooths(fit.model):
        return _missing(SMOOTH)
    heavy = odd([effect for varying in levels.values() for effect in varying])
    if solved is _counts and heavy:
        return _missing(
            "the mean count over new groups is infinite or unknown for effects that are not Normal, as those "
            f"of {heavy[0].term!r}"
        )
    return solved(fit, levels)


def _missing(reason: str) -> Residual:
    return Residual(None, "", "", "", "", exact=False, reason=reason)


def _count(fit: Fit) -> int:
    sizes = fit.posterior.sizes
    return int(sizes["chain"] * sizes["draw"])


def _latent(fit: Fit, link: str) -> Residual:
    name, variance, formula = LATENT[link]
    trial = " of one trial" if fit.family == "binomial" else ""
    return Residual(
        np.full(_count(fit), variance),
        "",
        f"the latent scale ({name}){trial}",
        formula,
        NAKAGAWA,
        exact=True,
    )


def _constant(fit: Fit, name: str) -> np.ndarray | None:
    """Draws of a constant parameter of the family, shape (draws,); None where it is modelled."""
    draws = terms.constant_draws(fit.model, fit.posterior, name)
    return None if draws is None else draws.ravel()


def _own_scale(fit: Fit) -> Residual:
    sigma = _constant(fit, "sigma")
    parameter, formula = "sigma", "sigma²"
    if sigma is None:
        if terms.smooths(fit.model):
            return _missing(SMOOTH)
        by_row = terms.linear_predictor(fit.model, fit.posterior, "sigma", inverse=True)
        variance = (by_row**2).mean(axis=-1).ravel()
        parameter, formula = "", "the mean over the rows of sigma², which is modelled"
    else:
        variance = sigma**2
    if fit.family == "t":
        nu = _constant(fit, "nu")
        if nu is None:
            return _missing("nu is modelled by row, and no residual variance is defined for that")
        heavy = int((nu <= 2).sum())
        if heavy:
            return _missing(
                f"nu is 2 or less in {heavy} of {len(nu)} draws, where a t has no variance"
            )
        variance = variance * nu / (nu - 2)
        parameter, formula = "", f"nu / (nu - 2) times {formula}"
    return Residual(
        variance, parameter, "the scale of the response", formula, GOLDSTEIN, exact=True
    )


def _counts(fit: Fit, levels: dict[str, list[terms.Effect]]) -> Residual:
    """ln(1 + 1/m), with 1/alpha for the negative binomial."""
    extra, formula = 0.0, "ln(1 + 1/m)"
    if fit.family == "negativebinomial":
        alpha = _constant(fit, "alpha")
        if alpha is None:
            return _missing(
                "alpha is modelled by row, and no residual variance is defined for that"
            )
        extra, formula = 1 / alpha, "ln(1 + 1/m + 1/alpha)"
    with np.errstate(over="ignore"):
        rate = _over_rows(fit, levels, lambda eta, half, _draws: np.exp(eta + half))
    return Residual(
        np.log1p(1 / rate + extra),
        "",
        "the log scale",
        f"{formula}, m the mean count over the rows and over new groups",
        NAKAGAWA,
        exact=False,
    )


def _gamma(fit: Fit, levels: dict[str, list[terms.Effect]]) -> Residual:
    del levels
    shape = _constant(fit, "alpha")
    if shape is None:
        return _missing("alpha is modelled by row, and no residual variance is defined for that")
    formula = "trigamma(alpha), the variance of the log of a gamma of shape alpha"
    return Residual(polygamma(1, shape), "", "the log scale", formula, NAKAGAWA, exact=True)


def _beta(fit: Fit, levels: dict[str, list[terms.Effect]]) -> Residual:
    kappa = _constant(fit, "kappa")
    if kappa is None:
        return _missing("kappa is modelled by row, and no residual variance is defined for that")

    def variance(eta: np.ndarray, _half: np.ndarray, draws: slice) -> np.ndarray:
        size = kappa[draws, None]
        mu = expit(eta)
        return polygamma(1, mu * size) + polygamma(1, (1 - mu) * size)

    return Residual(
        _over_rows(fit, levels, variance),
        "",
        "the log odds scale",
        "trigamma(mu kappa) + trigamma((1 - mu) kappa), the variance of the log odds of a beta, averaged over "
        "the rows at group effects of zero",
        "the variance of the difference of the logs of two independent gammas",
        exact=False,
    )


def _over_rows(fit: Fit, levels: dict[str, list[terms.Effect]], made: OfRows) -> np.ndarray:
    """The mean over rows of a function of the population's predictor, shape (draws,).

    The function is given eta (draws, rows), half the variance z_i' Sigma z_i of the group effects
    (draws, rows), and which draws these are.
    """
    posterior = fit.posterior
    design = terms.common(fit.model, terms.parent(fit.model))
    beta = design.draws(posterior).reshape(_count(fit), -1)
    blocks = [np.column_stack([e.predictor for e in varying]) for varying in levels.values()]
    every = np.column_stack([design.X, design.offset, *blocks])
    rows, counts = np.unique(every, axis=0, return_counts=True)
    p = design.X.shape[1]
    X, offset = rows[:, :p], rows[:, p]
    ends = np.cumsum([p + 1, *(Z.shape[1] for Z in blocks)])
    halves = [0.5 * terms.covariance_draws(v, posterior) for v in levels.values()]
    flat = np.concatenate([Sigma.reshape(len(beta), -1) for Sigma in halves], axis=1)
    squares = [
        (rows[:, low:high, None] * rows[:, None, low:high]).reshape(len(rows), -1)
        for low, high in pairwise(ends)
    ]
    products = np.concatenate(squares, axis=1)
    weight = counts / counts.sum()
    out = np.empty(len(beta))
    step = max(1, _BATCH // len(rows))
    for start in range(0, len(beta), step):
        draws = slice(start, start + step)
        half = flat[draws] @ products.T
        out[draws] = made(beta[draws] @ X.T + offset, half, draws) @ weight
    return out
