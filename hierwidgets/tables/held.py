"""What each chain holds: an interrupted sampler pads its short chains with NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hierwidgets.checks import plural
from hierwidgets.terms import MAIN_DIMS

if TYPE_CHECKING:
    from hierwidgets.fit import Fit


def held(fit: Fit) -> np.ndarray:
    """Which draws the chains hold, bool of shape (chain, draw).

    A draw whose every parameter is NaN is none.

    Examples
    --------
    >>> held(fit).sum(axis=1)  # doctest: +SKIP
    array([1000, 1000, 640, 1000])
    """
    posterior = fit.posterior
    empty = np.ones(tuple(posterior.sizes[dim] for dim in MAIN_DIMS), bool)
    numbers = [
        one
        for one in posterior.data_vars.values()
        if one.dtype.kind == "f" and set(MAIN_DIMS) <= set(one.dims)
    ]
    if not numbers:
        return empty
    for one in sorted(numbers, key=lambda values: values.size):
        values = one.transpose(*MAIN_DIMS, ...).to_numpy()
        empty[empty] = np.isnan(values[empty]).reshape(int(empty.sum()), -1).all(axis=1)
        if not empty.any():
            break
    return ~empty


def lengths(fit: Fit) -> str:
    """How many draws each chain holds where they are not all there, in words; or nothing.

    Examples
    --------
    >>> lengths(fit)  # doctest: +SKIP
    'chains of 1,000, 1,000, 640 and 1,000 draws'
    """
    there = held(fit)
    if there.all():
        return ""
    *before, last = [f"{count:,}" for count in there.sum(axis=1)]
    counts = f"{', '.join(before)} and {last}" if before else last
    return f"chain{plural(len(there))} of {counts} draws"


def rectangle(done: np.ndarray, least: int) -> tuple[np.ndarray, int] | None:
    """The chains and the length of the largest complete rectangle of draws; None below `least`.

    Parameters
    ----------
    done : ndarray of bool, shape (chain, draw)
        Which draws are there.
    least : int
        Draws of a chain.

    Examples
    --------
    >>> rectangle(np.arange(10) < np.array([[10], [9], [2]]), 4)
    (array([0, 1]), 9)
    """
    lengths = np.where(done.all(axis=1), done.shape[1], done.argmin(axis=1))
    kept = max(
        (int(n) for n in lengths),
        key=lambda n: (n * int((lengths >= n).sum()) if n >= least else 0, n),
    )
    return (np.flatnonzero(lengths >= kept), kept) if kept >= least else None
