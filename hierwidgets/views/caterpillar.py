"""The caterpillar of a fit, living in the page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np

from hierwidgets import checks
from hierwidgets.charts import caterpillar as charts
from hierwidgets.charts.style import live_spec
from hierwidgets.tables import caterpillar as tables
from hierwidgets.tables import groups
from hierwidgets.views.search import matches
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ["mean", "sd", "lower", "inner_lower", "median", "inner_upper", "upper"]


class CaterpillarView(View):
    """Every group's effect with its 50 and 95 % intervals, in order.

    Made by `Fit.caterpillar`.

    Examples
    --------
    >>> view = fit.caterpillar("Days|Subject", sort="name")
    >>> view.data.columns
    >>> view.save("caterpillar.svg")
    """

    method: ClassVar[str] = "caterpillar"

    @override
    def defaults(self) -> dict[str, Any]:
        term = self.fit.effect().term
        return {"term": term, "sort": "estimate", "scale": "effect", "search": ""}

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        self.fit.effect(state["term"])
        checks.one_of(state["sort"], groups.SORTS, "an order of groups")
        checks.one_of(state["scale"], tables.SCALES, "a scale of the caterpillar")
        return {**state, "search": str(state["search"])}

    @override
    def content(self) -> Content:
        terms: list[dict[str, Any]] = []
        columns: dict[str, Any] = {}
        for i, effect in enumerate(self.fit.effects):
            population: dict[str, float] = {}
            for scale in tables.SCALES:
                table = tables.caterpillar(self.fit, effect.term, scale=scale)
                table = table.set_index("group").loc[effect.groups]
                columns[f"{i}/{scale}"] = np.ascontiguousarray(table[FIELDS].to_numpy(float).T)
                columns[f"n/{effect.factor}"] = table["n"].to_numpy(int)
                population[scale] = float(table["population"].iloc[0])
            columns[f"labels/{effect.factor}"] = effect.groups
            terms.append({"term": effect.term, "factor": effect.factor, "population": population})
        return Content(_specs(), columns, {"terms": terms})

    @override
    def table(self) -> pd.DataFrame:
        state = self.state
        table = tables.caterpillar(self.fit, state["term"], state["scale"], state["sort"])
        kept = [matches(label, state["search"]) for label in table["group"]]
        return table[np.array(kept, bool)].reset_index(drop=True)

    @override
    def picture(self) -> alt.TopLevelMixin:
        table = self.table()
        population = float(table["population"].iloc[0]) if len(table) else 0.0
        title = f"{self.state['term']}, {self.state['scale']} (dashed: population {population:.4g})"
        if len(table) > charts.MOST_ROWS:
            return charts.band(tables.band(table), population=population, title=title)
        factor = self.fit.effect(self.state["term"]).factor
        picked = self.groups_picked.get(factor, [])
        return charts.caterpillar(table, population=population, title=title, picked=picked)


@cache
def _specs() -> dict[str, Any]:
    overview = live_spec(charts.overview())
    overview.update(padding=0, autosize={"type": "none"})
    return {"rows": live_spec(charts.caterpillar(alt.NamedData("rows"))), "overview": overview}
