"""What the views of predictive densities share: a score for each group, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import responses
from hierwidgets.views.caterpillar import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hierwidgets.fit import Fit

INNER, OUTER = 0.6744897501960817, 1.959963984540054


def intervals(mean: pd.Series, se: pd.Series) -> pd.DataFrame:
    """Means with the normal 50 and 95 % intervals of their standard errors, as a caterpillar's rows."""
    error = se.where(np.isfinite(se), 0.0)
    table = pd.DataFrame(
        {
            "mean": mean,
            "sd": se,
            "lower": mean - OUTER * error,
            "inner_lower": mean - INNER * error,
            "median": mean,
            "inner_upper": mean + INNER * error,
            "upper": mean + OUTER * error,
        }
    )
    return table[FIELDS]


def matrix(table: pd.DataFrame) -> np.ndarray:
    """The fields of a caterpillar's rows one after another, as the page reads them."""
    return np.ascontiguousarray(drawn(table)[FIELDS].to_numpy(float).T)


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """The same table without scores of minus infinity, for which no axis has a place."""
    values = table[FIELDS]
    return table.assign(**values.where(np.isfinite(values)))


def placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as the picture takes them: `row` is the place, `name` what it is called."""
    names = [responses.row_text(one) for one in rows["row"]]
    return rows.assign(row=rows.index.to_numpy(), name=names)


def named(fit: Fit, shown: np.ndarray) -> dict[str, list[str]]:
    """The names of rows at these places for the page, where they are more than places."""
    if not responses.own_index(fit.data):
        return {}
    names = responses.row_names(fit.data)
    return {"named": [responses.row_text(names[i]) for i in shown]}


def estimate(one: Mapping[str, float]) -> dict[str, float | None]:
    """Numbers as JSON can hold them: None for one that is not finite."""
    return {name: value if np.isfinite(value) else None for name, value in one.items()}


def shown(fit: Fit, factor: str) -> dict[str, str]:
    """The groups of a factor as a reader sees them, by label."""
    effect = next(effect for effect in fit.effects if effect.factor == factor)
    return dict(zip(effect.groups, effect.shown, strict=True))
