"""Log likelihoods of weighted, censored, truncated and constrained responses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from hierwidgets.responses import Altered

__all__ = ["DISTRIBUTIONS", "log_density", "log_mass"]

DISCRETE = {"poisson", "negativebinomial"}


def log_density(
    family: str, rest: Altered, y: np.ndarray, plain: np.ndarray, values: Sequence[np.ndarray]
) -> np.ndarray:
    """The log likelihood of rows as PyMC has it for what Bambi writes.

    Parameters
    ----------
    family : str
        One of `DISTRIBUTIONS`; any for weights.
    rest : Altered
    y : ndarray, shape (rows,)
    plain : ndarray, shape (draws, rows)
        The log density of the values.
    values : sequence of ndarray, shape (draws, rows) or (draws, 1)
        The family's parameters.

    Returns
    -------
    ndarray, shape (draws, rows)
        Of a weighted row the weight times the log density. Of a right-censored one the logarithm of
        the probability of its limit or more, of a left-censored one of its limit or less. Of a bounded
        one the log density less that of the mass between the bounds, both included; -inf outside.

    Examples
    --------
    >>> import numpy as np
    >>> from hierwidgets.responses import Altered
    >>> half = log_density("gaussian", Altered(status=np.array([1.0])), np.zeros(1), np.zeros((1, 1)),
    ...                    [np.zeros((1, 1)), np.ones((1, 1))])
    >>> float(np.exp(half[0, 0]))
    0.5
    """
    if rest.weights is not None:
        return plain * rest.weights
    if rest.status is not None:
        out = np.array(plain)
        for status in (-1, 1):
            some = rest.status == status
            if some.any():
                ends = (None, y[some]) if status < 0 else (y[some], None)
                out[:, some] = log_mass(family, *ends, _of(values, some))
        return out
    if rest.lower is None or rest.upper is None:
        return plain
    inside = (y >= rest.lower) & (y <= rest.upper)
    mass = log_mass(family, rest.lower, rest.upper, values)
    return np.where(inside, plain - mass, -np.inf)


def log_mass(
    family: str, lower: np.ndarray | None, upper: np.ndarray | None, values: Sequence[np.ndarray]
) -> np.ndarray:
    """The log probability between bounds, both included, shape (draws, rows).

    In the upper half by the survival function, so that far bounds do not cancel.
    """
    below, above = DISTRIBUTIONS[family]
    if lower is not None and family in DISCRETE:
        lower = np.floor(lower - 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if lower is None or np.all(lower == -np.inf):
            return _ended(below, np.asarray(upper), values, (-np.inf, 0.0))
        if upper is None or np.all(upper == np.inf):
            return _ended(above, lower, values, (0.0, -np.inf))
        a, b = (_ended(below, end, values, (-np.inf, 0.0)) for end in (lower, upper))
        c, d = (_ended(above, end, values, (0.0, -np.inf)) for end in (lower, upper))
        return np.where(a < -np.log(2), _difference(b, a), _difference(c, d))


def _difference(more: np.ndarray, less: np.ndarray) -> np.ndarray:
    return more + np.log(-np.expm1(less - more))


def _ended(
    log: Callable[..., np.ndarray],
    y: np.ndarray,
    values: Sequence[np.ndarray],
    ends: tuple[float, float],
) -> np.ndarray:
    found = log(np.where(np.isfinite(y), y, 0.0), *values)
    return np.where(y == -np.inf, ends[0], np.where(y == np.inf, ends[1], found))


def _of(values: Sequence[np.ndarray], some: np.ndarray) -> list[np.ndarray]:
    return [one[:, some] if one.shape[1] > 1 else one for one in values]


def _positive(log: Callable[..., np.ndarray], end: float) -> Callable[..., np.ndarray]:
    """The same of a response above 0, with its value below."""

    def of(y: np.ndarray, *values: np.ndarray) -> np.ndarray:
        return np.where(y < 0, end, log(np.maximum(y, 0), *values))

    return of


def _within(log: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """The same of a response between 0 and 1."""
    return lambda y, mu, k: log(np.clip(y, 0, 1), mu * k, (1 - mu) * k)


def _pair(
    cdf: Callable[..., np.ndarray], rest: Callable[..., np.ndarray]
) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    """The logarithms of a distribution function and of what it leaves, of a response above 0."""
    return (
        _positive(lambda y, *v: np.log(cdf(y, *v)), -np.inf),
        _positive(lambda y, *v: np.log(rest(y, *v)), 0.0),
    )


DISTRIBUTIONS: dict[str, tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]] = {
    "gaussian": (
        lambda y, mu, s: special.log_ndtr((y - mu) / s),
        lambda y, mu, s: special.log_ndtr((mu - y) / s),
    ),
    "t": (
        lambda y, mu, s, nu: np.log(special.stdtr(nu, (y - mu) / s)),
        lambda y, mu, s, nu: np.log(special.stdtr(nu, (mu - y) / s)),
    ),
    "poisson": _pair(
        lambda y, mu: special.gammaincc(y + 1, mu), lambda y, mu: special.gammainc(y + 1, mu)
    ),
    "negativebinomial": _pair(
        lambda y, mu, a: special.betainc(a, y + 1, a / (a + mu)),
        lambda y, mu, a: special.betainc(y + 1, a, mu / (a + mu)),
    ),
    "gamma": _pair(
        lambda y, mu, a: special.gammainc(a, a * y / mu),
        lambda y, mu, a: special.gammaincc(a, a * y / mu),
    ),
    "beta": (
        _within(lambda y, a, b: np.log(special.betainc(a, b, y))),
        _within(lambda y, a, b: np.log(special.betainc(b, a, 1 - y))),
    ),
}
