"""What a group's line runs along, and what is held still while it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import checks, design
from hierwidgets.tables import groups

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

MOST_POINTS = 25
MOST_LEVELS = 40
ROWS = ""


@dataclass(frozen=True)
class Axis:
    """A predictor to draw groups along.

    Attributes
    ----------
    name : str
        A column of the data, or "" for the order of a group's rows.
    at : ndarray, shape (points,)
        Where the lines are computed; positions among `levels` for categories.
    values : ndarray, shape (rows,)
        Where each row of the data stands.
    levels : list of str
        The labels of categories, else empty.
    """

    name: str
    at: np.ndarray
    values: np.ndarray = field(repr=False)
    levels: list[str] = field(default_factory=list)


def columns(fit: Fit, effect: Effect) -> list[str]:
    """What the groups of `effect` can be drawn along, the default first and "" last.

    The numeric predictors, varying slopes' before others; the predictors of few levels; then other
    numeric columns without gaps. A column that is the same in all rows is not among them.
    """
    model = fit.model
    used = design.predictors(model, effect.component)
    data = fit.data
    apart = design.response_columns(model) | set(effect.factor.split(":"))
    numeric, few, more = [], [], []
    for name in map(str, [*used, *(c for c in data.columns if c not in used)]):
        if name in apart or data[name].nunique() < 2:
            continue
        if is_number(data[name]):
            if name in used:
                numeric.append(name)
            elif not checks.incomplete(data, [name]).any():
                more.append(name)
        elif name in used and data[name].nunique() <= MOST_LEVELS:
            few.append(name)
    return [*numeric, *few, *more, ROWS]


def axis(fit: Fit, effect: Effect, x: str | None = None) -> Axis:
    """The axis called `x`, or the default one.

    Raises
    ------
    ValueError
        If it is none of `columns`.
    """
    known = columns(fit, effect)
    name = known[0] if x is None else checks.one_of(x, known, "a column to draw groups along")
    if name == ROWS:
        place = pd.Series(effect.index).groupby(effect.index).cumcount().to_numpy() + 1
        return Axis(name, np.unique([1.0, float(place.max())]), place.astype(float))
    column = fit.data[name]
    if not is_number(column):
        codes, levels = coded(column)
        return Axis(
            name, np.arange(len(levels), dtype=float), codes.astype(float), [str(v) for v in levels]
        )
    values = column.to_numpy(float)
    if design.predictors(fit.model, effect.component).get(name) == "category":
        return Axis(name, np.unique(values), values)
    return Axis(name, np.linspace(values.min(), values.max(), MOST_POINTS), values)


def settings(fit: Fit, effect: Effect, along: Axis, positions: np.ndarray) -> pd.DataFrame:
    """The predictors at every point of the axis for each group, (groups * points) rows.

    Numeric predictors stand at the group's mean, categories at its most frequent level.
    """
    data, points = fit.data, len(along.at)
    used = design.predictors(fit.model, effect.component)
    out: dict[str, object] = {}
    n = groups.sizes(effect)
    for name, kind in used.items():
        column = data[name]
        if name == along.name and along.levels:
            codes, _ = coded(column)
            first = np.unique(codes, return_index=True)[1]
            out[name] = column.iloc[np.tile(first, len(positions))].reset_index(drop=True)
        elif name == along.name:
            dtype = column.dtype if kind == "category" else float
            out[name] = np.tile(along.at.astype(dtype), len(positions))
        elif kind == "numeric":
            means = np.bincount(effect.index, column.to_numpy(float), len(n)) / n
            out[name] = np.repeat(means[positions], points)
        else:
            row = most_frequent(effect.index, coded(column)[0])[positions]
            out[name] = column.iloc[np.repeat(row, points)].reset_index(drop=True)
    return pd.DataFrame(out, index=range(points * len(positions)))


def most_frequent(index: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """For each group a row that has its most frequent level; the first level of equals.

    Examples
    --------
    >>> most_frequent(np.array([0, 0, 0, 1]), np.array([2, 1, 2, 0])).tolist()
    [0, 3]
    """
    width = int(codes.max()) + 1
    pairs, rows, counts = np.unique(
        index.astype(np.int64) * width + codes, return_index=True, return_counts=True
    )
    order = np.lexsort((pairs % width, -counts, pairs // width))
    _, first = np.unique(pairs[order] // width, return_index=True)
    return rows[order][first]


def coded(column: pd.Series) -> tuple[np.ndarray, list[object]]:
    """Codes of the levels that occur, and the levels in their order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return column.cat.codes.to_numpy(int), list(column.cat.categories)
    codes, levels = pd.factorize(column, sort=True)
    return np.asarray(codes, int), list(levels)


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers, which truth values are not."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
