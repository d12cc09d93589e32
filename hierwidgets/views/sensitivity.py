"""Whether the posterior follows its priors, its data, or both."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt

from hierwidgets import checks
from hierwidgets.charts import sensitivity as charts
from hierwidgets.charts.style import live_spec
from hierwidgets.tables import sensitivity as tables
from hierwidgets.views import sensitivity_rows as rows
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class SensitivityView(View):
    """How much every quantity moves when priors or likelihood are made stronger or weaker.

    Made by `Fit.sensitivity`.

    Examples
    --------
    >>> view = fit.sensitivity("prior")
    >>> view.data[["quantity", "scaled", "prior", "likelihood", "diagnosis", "next"]]
    """

    method: ClassVar[str] = "sensitivity"

    @override
    def defaults(self) -> dict[str, Any]:
        return {"by": "all", "sort": "model"}

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        checks.one_of(state["by"], tables.BY, "a way to scale the priors")
        checks.one_of(state["sort"], rows.SORTS, "an order of the quantities")
        return state

    @override
    def content(self) -> Content:
        columns: dict[str, Any] = {}
        ends: list[float] = []
        for by in tables.BY:
            found = rows.frame(self.fit, by)
            ends.append(rows.most(found))
            columns |= {f"{by}/{name}": _column(found[name]) for name in found.columns}
        about = {
            "columns": list(rows.frame(self.fit, "all").columns),
            "most": max(ends),
            "statement": rows.statement(self.fit),
            "findings": rows.findings(self.fit),
            "notes": rows.notes(self.fit),
        }
        return Content(_specs(), columns, about)

    @override
    def table(self) -> pd.DataFrame:
        return tables.sensitivity(self.fit, self.state["by"])

    @override
    def picture(self) -> alt.TopLevelMixin:
        found = rows.arranged(rows.frame(self.fit, self.state["by"]), self.state["sort"])
        return charts.sensitivity(found, most=rows.most(found), limit=tables.LIMIT)


def _column(values: pd.Series) -> np.ndarray | list[str]:
    return values.to_numpy() if values.dtype.kind in "fiu" else [str(value) for value in values]


@cache
def _specs() -> dict[str, Any]:
    return {"dots": live_spec(charts.sensitivity(alt.NamedData("rows"), limit=tables.LIMIT))}
