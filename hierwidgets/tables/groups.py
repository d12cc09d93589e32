"""What every table of groups shares: sizes, order, and five-number summaries of draws."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from hierwidgets import checks

if TYPE_CHECKING:
    from hierwidgets.terms import Effect

SORTS = ("estimate", "name", "size", "uncertainty")
Sort = Literal["estimate", "name", "size", "uncertainty"]
QUANTILES = {
    "lower": 0.025,
    "inner_lower": 0.25,
    "median": 0.5,
    "inner_upper": 0.75,
    "upper": 0.975,
}


def sizes(effect: Effect) -> np.ndarray:
    """n_j, the rows of each group, shape (groups,)."""
    return np.bincount(effect.index, minlength=len(effect.groups))


def name_key(label: str) -> list[tuple[int, int, str]]:
    """Natural order of labels: runs of digits by value, the rest by code point."""
    parts = re.split(r"([0-9]+)", label)
    return [(0, int(p), "") if p.isdecimal() and p.isascii() else (1, 0, p) for p in parts if p]


def order(
    sort: str, groups: list[str], estimate: np.ndarray, n: np.ndarray, sd: np.ndarray
) -> np.ndarray:
    """Positions of the groups in the order `sort`, ties by name.

    Estimate ascending; name in natural order; size and uncertainty descending. Missing values last.
    """
    checks.one_of(sort, SORTS, "an order of groups")
    named = np.array(
        sorted(range(len(groups)), key=lambda j: (name_key(groups[j]), groups[j])), int
    )
    if sort == "name":
        return named
    key = {"estimate": estimate, "size": -n, "uncertainty": -sd}[sort]
    return named[np.argsort(np.asarray(key, float)[named], kind="stable")]


def summarise(draws: np.ndarray) -> pd.DataFrame:
    """Mean, sd and quantiles of draws.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, groups)

    Returns
    -------
    DataFrame
        One row a group: mean, sd, lower and upper (95 %), inner_lower and inner_upper (50 %),
        median. Equal-tailed intervals.
    """
    flat = np.ascontiguousarray(draws.reshape(-1, draws.shape[-1]).T)
    columns = {"mean": flat.mean(axis=1), "sd": flat.std(axis=1, ddof=1)}
    flat.sort(axis=1)
    columns |= zip(QUANTILES, quantiles(flat, QUANTILES.values()), strict=True)
    return pd.DataFrame(columns)


def quantiles(ordered: np.ndarray, levels: Iterable[float]) -> list[np.ndarray]:
    """Quantiles of sorted rows, NumPy's linear kind: one array (rows,) for each level."""
    last = ordered.shape[1] - 1
    found: list[np.ndarray] = []
    for q in levels:
        below = int(np.floor(q * last))
        share = q * last - below
        above = min(below + 1, last)
        found.append(ordered[:, below] * (1 - share) + ordered[:, above] * share)
    return found
