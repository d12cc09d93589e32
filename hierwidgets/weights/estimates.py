"""Weighted means, standard deviations, quantiles and densities of draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["density", "moments", "quantiles"]

FINE = 1024
NEGLIGIBLE = 1e-6
# The squares of smaller differences are 0 in float64.
NARROW = 1e-150


def moments(weights: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Weighted mean and standard deviation.

    Parameters
    ----------
    weights : (N,) array
        Summing to 1.
    values : (..., N) array

    Returns
    -------
    mean, sd : (...) arrays

    Examples
    --------
    >>> import numpy as np
    >>> mean, sd = moments(np.array([0.5, 0.5, 0.0]), np.array([1.0, 3.0, 99.0]))
    >>> float(mean), float(sd)
    (2.0, 1.0)
    """
    values = np.asarray(values, dtype=float)
    mean = np.asarray(values @ weights)
    return mean, np.sqrt((values - mean[..., None]) ** 2 @ weights)


def quantiles(
    weights: np.ndarray,
    values: np.ndarray,
    probs: Sequence[float],
    order: np.ndarray | None = None,
) -> np.ndarray:
    """
    Weighted quantiles, linear between draws; with equal weights those of `numpy.quantile`.

    The draw x_i stands at (C_i - w_i / 2 - v / 2) / (1 - v), where C is the running sum of the
    weights and v the sum of their squares. Draws of no weight do not count.

    Parameters
    ----------
    weights : (N,) array
        Summing to 1.
    values : (N,) array
    probs : sequence of float
    order : (N,) int array, optional
        ``argsort(values)``, where it is known.

    Returns
    -------
    (len(probs),) array

    Examples
    --------
    >>> import numpy as np
    >>> quantiles(np.full(5, 0.2), np.arange(5.0), [0.25, 0.5]).round(6).tolist()
    [1.0, 2.0]
    """
    values = np.asarray(values, dtype=float)
    order = np.argsort(values, kind="stable") if order is None else order
    w = np.asarray(weights, dtype=float)[order]
    kept = w > 0
    x, w = values[order][kept], w[kept]
    squares = float((w**2).sum())
    if len(x) == 1 or squares >= 1:
        return np.full(len(probs), x[np.argmax(w)])
    at = (np.cumsum(w) - w / 2 - squares / 2) / (1 - squares)
    return np.interp(np.asarray(probs, dtype=float), at, x)


def density(
    values: np.ndarray, weights: np.ndarray, grid: int = 128
) -> tuple[np.ndarray, np.ndarray]:
    """
    Density of weighted draws between the lowest and the highest that has weight.

    A weight of a millionth of the average or less is none here, so that the wide fits of a pool do
    not stretch the picture of a narrow posterior.

    `hierwidgets.tables.curves.kde` with weights: a Gaussian kernel of Silverman's bandwidth, from
    the weighted standard deviation and interquartile range and 1 / sum w^2 draws, on 1,024 linear
    bins, reflected at both ends.

    Parameters
    ----------
    values : (N,) array
    weights : (N,) array
        Summing to 1.
    grid : int

    Returns
    -------
    x, density : (grid,) arrays
        Integrates to 1 by the trapezoidal rule; ``([value], [1])`` when all values are equal, or within
        1e-150 of each other.

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis, equation 3.31.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = density(np.arange(9.0), np.full(9, 1 / 9), grid=3)
    >>> x.tolist(), bool(np.isclose(np.trapezoid(y, x), 1))
    ([0.0, 4.0, 8.0], True)
    """
    values, weights = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    kept = weights > NEGLIGIBLE / len(weights)
    low, high = float(values[kept].min()), float(values[kept].max())
    if high - low < NARROW:
        return np.array([low]), np.array([1.0])
    squares = float((weights**2).sum())
    sd = float(moments(weights, values)[1]) / np.sqrt(1 - squares)
    quarter, three_quarters = quantiles(weights, values, (0.25, 0.75))
    spread = float(three_quarters - quarter) / 1.349
    width = 0.9 * (min(sd, spread) if spread > 0 else sd) * squares**0.2

    values, weights = values[kept], weights[kept]
    step = (high - low) / (FINE - 1)
    at = (values - low) / step
    left = np.minimum(at.astype(int), FINE - 2)
    right = (at - left) * weights
    mass = np.bincount(left, weights - right, FINE) + np.bincount(left + 1, right, FINE)

    x = np.linspace(low, high, grid)
    bins = low + step * np.arange(FINE)
    out = np.zeros(grid)
    for mirrored in (bins, 2 * low - bins, 2 * high - bins):
        out += np.exp(-0.5 * ((x[:, None] - mirrored) / width) ** 2) @ mass
    return x, out / np.trapezoid(out, x)
