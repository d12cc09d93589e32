"""How much the groups differ, and what share of the variance that is."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt

from hierwidgets import checks
from hierwidgets.charts import variance as charts
from hierwidgets.charts.style import live_spec
from hierwidgets.tables import icc
from hierwidgets.tables import variance as tables
from hierwidgets.views import variance_rows as rows
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class VarianceView(View):
    """Every scale and correlation, shares of variance, and shares by a predictor.

    Made by `Fit.variance`.

    Examples
    --------
    >>> view = fit.variance("Subject")
    >>> view.data[["term", "mean", "share", "pooling"]]
    >>> view.save("variance.html")
    """

    method: ClassVar[str] = "variance"

    @override
    def defaults(self) -> dict[str, Any]:
        self.fit.effect()
        sloped = [factor for factor in self.fit.factors if self._predictors(factor)]
        return {"factor": [*sloped, *self.fit.factors][0], "predictor": None}

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        factor, predictor = state["factor"], state["predictor"]
        checks.one_of(factor, list(self.fit.factors), "a grouping factor of this model")
        known = self._predictors(factor)
        if predictor is not None:
            if not known:
                raise ValueError(
                    f"predictor={predictor!r}: no slope of a numeric column varies over {factor!r}, "
                    "so its share of the variance is the same everywhere. Leave predictor out."
                )
            checks.one_of(predictor, known, f"a predictor whose slope varies over {factor!r}")
        return state

    @override
    def content(self) -> Content:
        fit = self.fit
        frames: dict[str, pd.DataFrame] = {}
        panels: list[dict[str, Any]] = []
        for i, panel in enumerate(rows.panels(fit)):
            frames[f"scales/{i}"], frames[f"density/{i}"] = panel.rows, panel.density
            panels.append({"title": panel.title, "most": panel.most})
        if not self._reason():
            frames["shares"] = rows.share_rows(fit)
        factors: list[dict[str, Any]] = []
        for i, factor in enumerate(fit.factors):
            names = self._predictors(factor) if not self._reason() else []
            for j, name in enumerate(names):
                frames[f"curve/{i}/{j}"] = icc.curve(fit, factor, name)
            matrices = rows.cell_rows(fit, factor)
            for j, (_title, table) in enumerate(matrices):
                frames[f"cells/{i}/{j}"] = table
            factors.append(
                {
                    "factor": factor,
                    "hue": rows.hues(fit)[factor],
                    "predictors": names,
                    "matrices": [title for title, _table in matrices],
                    "independent": rows.independence(fit, factor),
                }
            )
        columns = {
            f"{name}/{column}": _column(frame[column])
            for name, frame in frames.items()
            for column in frame.columns
        }
        about = {
            "frames": {name: list(frame.columns) for name, frame in frames.items()},
            "panels": panels,
            "factors": factors,
            "statements": rows.statements(fit),
            "notes": rows.notes(fit),
            "reason": self._reason(),
        }
        return Content(_specs(), columns, about)

    @override
    def table(self) -> pd.DataFrame:
        return tables.scales(self.fit)

    @override
    def picture(self) -> alt.TopLevelMixin:
        fit, factor = self.fit, self.state["factor"]
        parts: dict[str, alt.LayerChart] = {}
        heights: dict[str, int] = {}
        for panel in rows.panels(fit):
            title = panel.title
            parts[title] = charts.scales(panel.rows, panel.density, most=panel.most, title=title)
            heights[title] = charts.ROW * len(panel.rows)
        if not self._reason():
            table = rows.share_rows(fit)
            parts["shares"] = charts.shares(table).properties(title="Shares of the variance")
            heights["shares"] = int(charts.SHARE_ROW * (len(table) + 0.8))
            known = self._predictors(factor)
            if known:
                name = self.state["predictor"] or known[0]
                drawn = charts.curve(
                    icc.curve(fit, factor, name), title=name, colour=rows.hues(fit)[factor]
                )
                title = f"Share between the groups of {factor}, by {name}"
                parts["curve"], heights["curve"] = drawn.properties(title=title), 170
        for title, table in rows.cell_rows(fit, factor)[:1]:
            parts["cells"] = charts.cells(table).properties(title=title)
            heights["cells"] = charts.CELL * (1 + int(table["down"].max()))
        return charts.variance(parts, heights)

    def _predictors(self, factor: str) -> list[str]:
        return icc.predictors(self.fit, factor) if factor in icc.levels(self.fit) else []

    def _reason(self) -> str:
        return icc.decompose(self.fit).reason


def _column(values: pd.Series) -> np.ndarray | list[str]:
    return values.to_numpy() if values.dtype.kind in "fiu" else [str(value) for value in values]


@cache
def _specs() -> dict[str, Any]:
    data = alt.NamedData
    return {
        "scales": live_spec(charts.scales(data("rows"), data("density"))),
        "shares": live_spec(charts.shares(data("rows"))),
        "curve": live_spec(charts.curve(data("rows"))),
        "cells": live_spec(charts.cells(data("rows"))),
    }
