"""The maths of a trace, on bare arrays: thinned lines, densities and rank counts."""

from __future__ import annotations

import numpy as np

__all__ = ["decimate", "kde", "power", "rank_counts"]

GRID = 128
FINE = 1024
# Fourth powers of numbers between the two, and sums of them, are numbers in float64.
SMALL, LARGE = 1e-60, 1e60
# A density that is narrower than this is higher than float64 can say.
NARROW = 1e-290


def power(size: np.ndarray) -> np.ndarray:
    """
    The power of two next below each size, which divides without rounding; 1 for easy sizes.

    Parameters
    ----------
    size : array
        Of 0 or above; NaN and infinite ones give 1.

    Examples
    --------
    >>> power(np.array([3.0, 2.0**300 * 1.5])) == [1, 2.0**300]
    array([ True,  True])
    """
    size = np.asarray(size, float)
    hard = np.isfinite(size) & (((size > 0) & (size < SMALL)) | (size > LARGE))
    return np.exp2(np.floor(np.log2(np.where(hard, size, 1.0))))


def decimate(values: np.ndarray, pixels: int) -> np.ndarray:
    """
    Indices of the draws that a line of so many pixels can show.

    Each of ``pixels`` equal stretches keeps its lowest and its highest value, so no peak is lost;
    the first and the last draw are always kept.

    Parameters
    ----------
    values : (n,) array
    pixels : int
        Columns of the picture, 1 or more.

    Returns
    -------
    (m,) int array
        Ascending, without repeats; all indices when ``n <= 2 * pixels``.

    Examples
    --------
    >>> import numpy as np
    >>> decimate(np.array([0.0, 5, 1, 2, -3, 2, 1, 0]), 2).tolist()
    [0, 1, 4, 5, 7]
    """
    values = np.asarray(values)
    n = len(values)
    if pixels < 1:
        raise ValueError(f"A picture is at least 1 pixel wide; got {pixels}.")
    if n <= 2 * pixels:
        return np.arange(n)
    starts = np.arange(pixels) * n // pixels
    column = np.searchsorted(starts, np.arange(n), side="right")
    lowest = np.lexsort((values, column))[starts]
    highest = np.lexsort((-values, column))[starts]
    return np.unique(np.concatenate([[0, n - 1], lowest, highest]))


def kde(values: np.ndarray, grid: int = GRID) -> tuple[np.ndarray, np.ndarray]:
    """
    Density of draws between their lowest and highest value.

    A Gaussian kernel of Silverman's bandwidth on 1,024 linear bins, reflected at both ends so
    that no mass leaks out.

    Parameters
    ----------
    values : (n,) array
        Finite.
    grid : int
        Points, 2 or more.

    Returns
    -------
    x, density : (grid,) arrays
        The density integrates to 1 by the trapezoidal rule. Values that are all equal give the
        single point ``([value], [1])``; so do values all within 1e-290 of zero.

    References
    ----------
    Silverman (1986), Density Estimation for Statistics and Data Analysis, equation 3.31.

    Examples
    --------
    >>> import numpy as np
    >>> x, density = kde(np.arange(9.0), grid=3)
    >>> x.tolist(), bool(np.isclose(np.trapezoid(density, x), 1))
    ([0.0, 4.0, 8.0], True)
    """
    values = np.asarray(values, dtype=float)
    if not np.all(np.isfinite(values)):
        raise ValueError(
            f"{int((~np.isfinite(values)).sum())} of {len(values)} draws are not finite numbers, "
            "so they have no density."
        )
    size = float(power(np.abs(values).max()))
    if size != 1:
        x, density = kde(values / size, grid)
        point = len(x) == 1 or size < NARROW
        return (x[:1] * size, np.ones(1)) if point else (x * size, density / size)
    low, high = float(values.min()), float(values.max())
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if low == high or sd == 0:
        return np.array([low]), np.array([1.0])
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    spread = (three_quarters - quarter) / 1.349
    width = 0.9 * (min(sd, spread) if spread > 0 else sd) * len(values) ** -0.2

    step = (high - low) / (FINE - 1)
    at = (values - low) / step
    left = np.minimum(at.astype(int), FINE - 2)
    right_share = at - left
    mass = np.bincount(left, 1 - right_share, FINE) + np.bincount(left + 1, right_share, FINE)

    x = np.linspace(low, high, grid)
    bins = low + step * np.arange(FINE)
    density = np.zeros(grid)
    with np.errstate(over="ignore"):
        for mirrored in (bins, 2 * low - bins, 2 * high - bins):
            density += np.exp(-0.5 * ((x[:, None] - mirrored) / width) ** 2) @ mass
    return x, density / np.trapezoid(density, x)


def rank_counts(values: np.ndarray, bins: int) -> np.ndarray:
    """
    How many of each chain's draws fall in each stretch of the ranks over all chains.

    Chains that agree have about ``draws / bins`` in every bin.

    Parameters
    ----------
    values : (chain, draw) array
    bins : int

    Returns
    -------
    (chain, bins) int array
        Ties share their average rank; values that are not finite have none.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat, Bayesian Analysis 16(2).

    Examples
    --------
    >>> import numpy as np
    >>> rank_counts(np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]), 2).tolist()
    [[4, 0], [0, 4]]
    """
    values = np.asarray(values)
    chains = len(values)
    chain, draw = np.nonzero(np.isfinite(values))
    _, inverse, counts = np.unique(values[chain, draw], return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    average = (last - counts + 1 + last) / 2
    ranks = average[inverse.reshape(-1)]
    index = np.minimum(bins - 1, np.floor((ranks - 0.5) / max(len(chain), 1) * bins).astype(int))
    return np.bincount(chain * bins + index, minlength=chains * bins).reshape(chains, bins)
