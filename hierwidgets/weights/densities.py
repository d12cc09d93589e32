"""Log densities of the priors that the lab offers, with PyMC's names for their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

__all__ = [
    "CORRELATION",
    "LOCATION",
    "POSITIVE",
    "arguments",
    "canonical",
    "complaint",
    "log_density",
    "quantile",
    "support",
]

LOCATION = ["Normal", "StudentT", "Cauchy", "Laplace", "Uniform", "Flat"]
POSITIVE = [
    "HalfNormal",
    "HalfStudentT",
    "HalfCauchy",
    "Exponential",
    "Gamma",
    "InverseGamma",
    "LogNormal",
    "Weibull",
    "Uniform",
]
CORRELATION = ["LKJ"]

LOG_TWO_PI = np.log(2 * np.pi)
Numbers = Mapping[str, Any]


def _normal(x: np.ndarray, mu: Any, sigma: Any) -> np.ndarray:
    return -0.5 * ((x - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * LOG_TWO_PI


def _student(x: np.ndarray, nu: Any, mu: Any, sigma: Any) -> np.ndarray:
    constant = -special.betaln(nu / 2, 0.5) - 0.5 * np.log(nu) - np.log(sigma)
    return constant - (nu + 1) / 2 * np.log1p(((x - mu) / sigma) ** 2 / nu)


def _cauchy(x: np.ndarray, alpha: Any, beta: Any) -> np.ndarray:
    return -np.log(np.pi) - np.log(beta) - np.log1p(((x - alpha) / beta) ** 2)


def _laplace(x: np.ndarray, mu: Any, b: Any) -> np.ndarray:
    return -np.log(2 * b) - np.abs(x - mu) / b


def _uniform(x: np.ndarray, lower: Any, upper: Any) -> np.ndarray:
    return np.zeros_like(x) - np.log(upper - lower)


def _exponential(x: np.ndarray, lam: Any) -> np.ndarray:
    return np.log(lam) - lam * x


def _gamma(x: np.ndarray, alpha: Any, beta: Any) -> np.ndarray:
    constant = special.xlogy(alpha, beta) - special.gammaln(alpha)
    return constant + special.xlogy(alpha - 1, x) - beta * x


def _inverse_gamma(x: np.ndarray, alpha: Any, beta: Any) -> np.ndarray:
    constant = special.xlogy(alpha, beta) - special.gammaln(alpha)
    inside = constant - (alpha + 1) * np.log(x) - beta / x
    return np.where(x > 0, inside, -np.inf)


def _lognormal(x: np.ndarray, mu: Any, sigma: Any) -> np.ndarray:
    return np.where(x > 0, _normal(np.log(x), mu, sigma) - np.log(x), -np.inf)


def _weibull(x: np.ndarray, alpha: Any, beta: Any) -> np.ndarray:
    constant = np.log(alpha) - np.log(beta)
    return constant + special.xlogy(alpha - 1, x / beta) - (x / beta) ** alpha


def _lkj(x: np.ndarray, eta: Any, size: Any) -> np.ndarray:
    """Lewandowski, Kurowicka and Joe (2009), equation 16."""
    rows = np.asarray(size).max()
    k = np.arange(1, int(rows))
    left = rows - k
    b = np.asarray(eta)[..., None] + (left - 1) / 2
    powers = (2 * b - 1) * np.log(2)
    constant = -(left * (powers + special.betaln(b, b))).sum(axis=-1)
    return constant + np.where(eta == 1, 0.0, (eta - 1) * x)


@dataclass(frozen=True)
class _Family:
    arguments: tuple[str, ...]
    positive: tuple[str, ...]
    log: Callable[..., np.ndarray]
    half: bool = False


_FAMILIES = {
    "Normal": _Family(("mu", "sigma"), ("sigma",), _normal),
    "StudentT": _Family(("nu", "mu", "sigma"), ("nu", "sigma"), _student),
    "Cauchy": _Family(("alpha", "beta"), ("beta",), _cauchy),
    "Laplace": _Family(("mu", "b"), ("b",), _laplace),
    "Uniform": _Family(("lower", "upper"), (), _uniform),
    "Flat": _Family((), (), np.zeros_like),
    "HalfNormal": _Family(
        ("sigma",), ("sigma",), lambda x, sigma: np.log(2) + _normal(x, 0, sigma), half=True
    ),
    "HalfStudentT": _Family(
        ("nu", "sigma"),
        ("nu", "sigma"),
        lambda x, nu, sigma: np.log(2) + _student(x, nu, 0, sigma),
        half=True,
    ),
    "HalfCauchy": _Family(
        ("beta",), ("beta",), lambda x, beta: np.log(2) + _cauchy(x, 0, beta), half=True
    ),
    "Exponential": _Family(("lam",), ("lam",), _exponential, half=True),
    "Gamma": _Family(("alpha", "beta"), ("alpha", "beta"), _gamma, half=True),
    "InverseGamma": _Family(("alpha", "beta"), ("alpha", "beta"), _inverse_gamma, half=True),
    "LogNormal": _Family(("mu", "sigma"), ("sigma",), _lognormal, half=True),
    "Weibull": _Family(("alpha", "beta"), ("alpha", "beta"), _weibull, half=True),
    "LKJ": _Family(("eta",), ("eta",), _lkj),
}


def _known(family: str) -> _Family:
    if family not in _FAMILIES:
        raise ValueError(
            f"{family!r} is no family of the prior lab; it has {', '.join(_FAMILIES)}."
        )
    return _FAMILIES[family]


def _arrays(family: str, args: Numbers) -> list[np.ndarray]:
    names = [*_known(family).arguments, *(["size"] if family == "LKJ" else [])]
    missing = [name for name in names if name not in args]
    if missing:
        raise ValueError(
            f"{family} needs {', '.join(missing)}; got {', '.join(args) or 'nothing'}."
        )
    return [np.asarray(args[name], dtype=float) for name in names]


def arguments(family: str) -> tuple[str, ...]:
    """
    The names of a family's arguments, in PyMC's order.

    Examples
    --------
    >>> arguments("StudentT")
    ('nu', 'mu', 'sigma')
    """
    return _known(family).arguments


def log_density(family: str, args: Numbers, x: Any) -> np.ndarray:
    """
    Log density of a prior at these values, with its constant.

    Parameters
    ----------
    family : str
        One of `LOCATION`, `POSITIVE`, `CORRELATION`.
    args : dict
        Arguments by PyMC's names; numbers, or arrays that broadcast against `x`. LKJ also needs
        ``size``, the number of rows of the correlation matrix.
    x : array
        Values; of LKJ, the logarithm of the matrix's determinant.

    Returns
    -------
    ndarray
        -inf outside the support; 0 everywhere for Flat. Arguments that cannot be give NaN: see
        `complaint`.

    Examples
    --------
    >>> float(log_density("Exponential", {"lam": 2.0}, 0.0).round(4))
    0.6931
    >>> log_density("HalfNormal", {"sigma": 1.0}, [-1.0]).tolist()
    [-inf]
    """
    x = np.asarray(x, dtype=float)
    values = _arrays(family, args)
    low, high = support(family, args)
    with np.errstate(all="ignore"):
        density = _known(family).log(x, *values)
    inside = (x >= low) & (x <= high)
    return np.where(inside, density, -np.inf) + np.zeros(np.broadcast(density, inside).shape)


def support(family: str, args: Numbers) -> tuple[Any, Any]:
    """
    The least and the greatest value that a parameter can have under this prior.

    Returns
    -------
    low, high : float, or arrays for arguments that are arrays

    Examples
    --------
    >>> support("Gamma", {"alpha": 2.0, "beta": 1.0})
    (0.0, inf)
    """
    if family == "Uniform":
        low, high = _arrays(family, args)
        return (low, high) if low.ndim or high.ndim else (float(low), float(high))
    if family == "LKJ":
        return -np.inf, 0.0
    return (0.0, np.inf) if _known(family).half else (-np.inf, np.inf)


def complaint(family: str, args: Numbers) -> str:
    """
    What is wrong with the arguments of a family, in a sentence; nothing when they can be.

    Examples
    --------
    >>> complaint("Normal", {"mu": 0.0, "sigma": -1.0})
    'sigma of Normal must be greater than 0; got -1.'
    >>> complaint("Normal", {"mu": 0.0, "sigma": 1.0})
    ''
    """
    names, positive = _known(family).arguments, _known(family).positive
    for name in names:
        if name not in args:
            return f"{family} needs {name}."
        for value in np.asarray(args[name], dtype=float).ravel():
            if not np.isfinite(value):
                return f"{name} of {family} must be a finite number."
            if name in positive and value <= 0:
                return f"{name} of {family} must be greater than 0; got {value:g}."
    allowed = {*names, *(["size"] if family == "LKJ" else [])}
    for name in args:
        if name not in allowed:
            return f"{family} has no {name}; it has {', '.join(names) or 'none'}."
    if family == "Uniform":
        for low, high in np.broadcast(args["lower"], args["upper"]):
            if not low < high:
                return (
                    f"lower of Uniform must be less than upper; got lower {low:g} and upper "
                    f"{high:g}."
                )
    return ""


def _from_precision(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def convert(a: dict[str, Any]) -> dict[str, Any]:
        precision = a.pop(name)
        return {**a, "sigma": precision**-0.5}

    return convert


def _gamma_of(a: dict[str, Any]) -> dict[str, Any]:
    mu, sigma = a.pop("mu"), a.pop("sigma")
    return {**a, "alpha": (mu / sigma) ** 2, "beta": mu / sigma**2}


def _inverse_gamma_of(a: dict[str, Any]) -> dict[str, Any]:
    mu, sigma = a.pop("mu"), a.pop("sigma")
    alpha = (mu / sigma) ** 2 + 2
    return {**a, "alpha": alpha, "beta": mu * (alpha - 1)}


def _exponential_of(a: dict[str, Any]) -> dict[str, Any]:
    scale = a.pop("scale")
    return {**a, "lam": 1 / scale}


_OTHER: dict[str, list[tuple[set[str], Callable[[dict[str, Any]], dict[str, Any]]]]] = {
    "Normal": [({"tau"}, _from_precision("tau"))],
    "HalfNormal": [({"tau"}, _from_precision("tau"))],
    "LogNormal": [({"tau"}, _from_precision("tau"))],
    "StudentT": [({"lam"}, _from_precision("lam"))],
    "HalfStudentT": [({"lam"}, _from_precision("lam"))],
    "Gamma": [({"mu", "sigma"}, _gamma_of)],
    "InverseGamma": [({"mu", "sigma"}, _inverse_gamma_of)],
    "Exponential": [({"scale"}, _exponential_of)],
}
_DEFAULTS = {
    "Normal": {"mu": 0.0, "sigma": 1.0},
    "StudentT": {"mu": 0.0, "sigma": 1.0},
    "Uniform": {"lower": 0.0, "upper": 1.0},
    "HalfNormal": {"sigma": 1.0},
    "HalfStudentT": {"sigma": 1.0},
    "LogNormal": {"mu": 0.0, "sigma": 1.0},
}


def canonical(family: str, args: Numbers) -> dict[str, Any]:
    """
    Arguments in PyMC's other parametrisations, turned into the ones that `arguments` names.

    A precision becomes a standard deviation, mean and standard deviation of a Gamma or an
    InverseGamma become alpha and beta, the scale of an Exponential becomes its rate, and what PyMC
    has a default for is filled in. Names that mean nothing are kept, so that `complaint` or the
    caller can say so.

    Examples
    --------
    >>> canonical("Gamma", {"mu": 2.0, "sigma": 1.0})
    {'alpha': 4.0, 'beta': 2.0}
    >>> canonical("Normal", {"tau": 4.0})
    {'mu': 0.0, 'sigma': 0.5}
    """
    out = {name: np.asarray(value, dtype=float) for name, value in args.items()}
    for given, convert in _OTHER.get(family, []):
        if given <= set(out):
            with np.errstate(all="ignore"):
                out = convert(out)
    for name, value in _DEFAULTS.get(family, {}).items():
        out.setdefault(name, np.asarray(value))
    order = [name for name in _known(family).arguments if name in out]
    order += [name for name in out if name not in order]
    return {name: np.asarray(out[name]).tolist() for name in order}


def quantile(family: str, args: Numbers, p: float | Sequence[float] | np.ndarray) -> np.ndarray:
    """
    Values below which a prior has this probability.

    Raises
    ------
    ValueError
        Of Flat, which is no distribution, and of LKJ, whose determinant has no simple one.

    Examples
    --------
    >>> float(quantile("HalfNormal", {"sigma": 2.0}, 0.5).round(3))
    1.349
    """
    if family not in _QUANTILES:
        raise ValueError(f"{family} has no quantiles: it is no distribution of one number.")
    return np.asarray(_QUANTILES[family](np.asarray(p, dtype=float), *_arrays(family, args)))


_QUANTILES: dict[str, Callable[..., Any]] = {
    "Normal": lambda p, mu, sigma: mu + sigma * special.ndtri(p),
    "StudentT": lambda p, nu, mu, sigma: mu + sigma * special.stdtrit(nu, p),
    "Cauchy": lambda p, alpha, beta: alpha + beta * np.tan(np.pi * (p - 0.5)),
    "Laplace": lambda p, mu, b: mu - b * np.sign(p - 0.5) * np.log1p(-2 * np.abs(p - 0.5)),
    "Uniform": lambda p, lower, upper: lower + p * (upper - lower),
    "HalfNormal": lambda p, sigma: sigma * special.ndtri((1 + p) / 2),
    "HalfStudentT": lambda p, nu, sigma: sigma * special.stdtrit(nu, (1 + p) / 2),
    "HalfCauchy": lambda p, beta: beta * np.tan(np.pi * p / 2),
    "Exponential": lambda p, lam: -np.log1p(-p) / lam,
    "Gamma": lambda p, alpha, beta: special.gammaincinv(alpha, p) / beta,
    "InverseGamma": lambda p, alpha, beta: beta / special.gammainccinv(alpha, p),
    "LogNormal": lambda p, mu, sigma: np.exp(mu + sigma * special.ndtri(p)),
    "Weibull": lambda p, alpha, beta: beta * (-np.log1p(-p)) ** (1 / alpha),
}
