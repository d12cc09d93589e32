"""Rows that a model was not fitted to: what they must have, and which groups they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import checks, design

if TYPE_CHECKING:
    from hierwidgets.fit import Fit


def new_rows(
    fit: Fit, data: pd.DataFrame, component: str, grouped: dict[str, list[str]]
) -> pd.DataFrame:
    """A copy of the used columns, categories as the model knows them.

    Parameters
    ----------
    fit : Fit
    data : DataFrame
    component : str
        The distributional parameter to predict.
    grouped : dict
        The columns of each grouping factor that are needed.

    Raises
    ------
    ValueError
        A missing column or value, text where the model has numbers, or a level that it has not.
    """
    predictors = design.predictors(fit.model, component)
    grouping = [name for columns in grouped.values() for name in columns]
    used = list(dict.fromkeys([*predictors, *grouping]))
    checks.columns(data, used)
    _complete(data, used)
    rows = data[used].copy()
    for name, kind in predictors.items():
        if kind == "category":
            rows[name] = _as_fitted(name, rows[name], fit.data[name])
        elif not pd.api.types.is_numeric_dtype(rows[name]):
            raise ValueError(
                f"The model reads {name!r} as numbers, but here it is {rows[name].dtype}."
            )
    return rows


def group_labels(rows: pd.DataFrame, columns: list[str]) -> list[str]:
    """The group of each row as the model labels it, such as ``"a0:b1"``."""
    return [":".join(map(str, values)) for values in zip(*(rows[c] for c in columns), strict=True)]


def _as_fitted(name: str, values: pd.Series, fitted: pd.Series) -> pd.Series:
    levels = {str(level): level for level in pd.unique(fitted)}
    texts = [str(value) for value in values]
    for text in texts:
        if text not in levels:
            raise ValueError(
                f"{name!r} has the level {text!r}, which the model was not fitted to."
                f"{checks.nearest(text, levels)} It knows {checks.listed(levels)}."
            )
    found = [levels[text] for text in texts]
    if isinstance(fitted.dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical(found, dtype=fitted.dtype), index=values.index)
    return pd.Series(np.array(found, fitted.dtype), index=values.index)


def _complete(data: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        bad = checks.incomplete(data, [name]).to_numpy()
        if bad.any():
            where = ", ".join(map(str, data.index[bad][:5]))
            raise ValueError(
                f"{name!r} has {int(bad.sum())} missing or infinite value{checks.plural(int(bad.sum()))} "
                f"(index {where}{', ...' if bad.sum() > 5 else ''}). Leave those rows out, or fill them."
            )
