"""The caterpillar of a fit, living in the page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np

from hierwidgets import checks
from hierwidgets.charts import caterpillar as charts
from hierwidgets.charts.style import live_spec
from hierwidgets.numbers import short
from hierwidgets.tables import caterpillar as tables
from hierwidgets.tables import groups, nested, units
from hierwidgets.views import listed
from hierwidgets.views.search import found
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
        return {
            "term": term,
            "sort": "estimate",
            "scale": "effect",
            "search": "",
            "units": "link",
            "by": None,
            "folded": [],
        }

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        effect = self.fit.effect(state["term"])
        checks.one_of(state["sort"], groups.SORTS, "an order of groups")
        checks.one_of(state["scale"], tables.SCALES, "a scale of the caterpillar")
        listed.measured(self.fit, effect, state, state["scale"])
        arranged = listed.arrangement(self.fit, effect, state)
        return {**state, **arranged, "search": str(state["search"])}

    @override
    def content(self) -> Content:
        terms: list[dict[str, Any]] = []
        columns: dict[str, Any] = {**listed.labels(self.fit)}
        within, homes = listed.homes(self.fit)
        for i, effect in enumerate(self.fit.effects):
            columns[f"n/{effect.factor}"] = groups.sizes(effect)
            population: dict[str, float] = {}
            names: dict[str, str] = {}
            reasons: dict[str, str] = {}
            for scale in tables.SCALES:
                meant = units.meaning(self.fit, effect, scale)
                if isinstance(meant, str):
                    reasons[scale] = meant
                else:
                    names[scale] = meant.name
                for unit in ("link", "response")[: 1 if isinstance(meant, str) else 2]:
                    table = tables.caterpillar(self.fit, effect.term, scale=scale, units=unit)
                    table = table.set_index("group").loc[effect.groups]
                    values = np.ascontiguousarray(table[FIELDS].to_numpy(float).T)
                    columns[f"{i}/{scale}/{unit}"] = values
                    population[f"{scale}/{unit}"] = float(table["population"].iloc[0])
            terms.append(
                {
                    "term": effect.term,
                    "factor": effect.factor,
                    "population": population,
                    "response": names,
                    "reasons": reasons,
                }
            )
        return Content(specs(), {**columns, **within}, {"terms": terms, "homes": homes})

    @override
    def table(self) -> pd.DataFrame:
        table = self._listed()
        if self.state["by"] is not None:
            table = table[~table["parent"].isin(self.state["folded"])]
        return table.reset_index(drop=True)

    def _listed(self) -> pd.DataFrame:
        """The rows that the search finds, under their parents."""
        state = self.state
        table = tables.caterpillar(
            self.fit, state["term"], state["scale"], state["sort"], state["units"]
        )
        table = table[found(table["group"], table["label"], state["search"])]
        if state["by"] is None:
            return table
        home = nested.homes(self.fit, self.fit.effect(state["term"]).factor, state["by"])
        return nested.arrange(table, home, state["sort"])

    @override
    def picture(self) -> alt.TopLevelMixin:
        state = self.state
        table = self.table()
        every = self._listed()
        population = float(every["population"].iloc[0]) if len(every) else 0.0
        effect = self.fit.effect(state["term"])
        said = state["scale"]
        if state["units"] == "response":
            said = units.required(self.fit, effect, state["scale"]).name
        title = f"{state['term']}, {said} (dashed: population {short(population)})"
        if len(table) > charts.MOST_ROWS:
            return charts.band(tables.band(table), population=population, title=title)
        picked = self.groups_picked
        if state["by"] is not None:
            by = state["by"]
            read = dict(zip(self.fit.factors[by], listed.shown(self.fit, by), strict=True))
            table = nested.with_headings(every, state["folded"], read, picked=picked.get(by, []))
        return charts.caterpillar(
            table, population=population, title=title, picked=picked.get(effect.factor, [])
        )


@cache
def specs() -> dict[str, Any]:
    """The live rows of a caterpillar, and the overview beside those that scroll."""
    overview = live_spec(charts.overview())
    overview.update(padding=0, autosize={"type": "none"})
    return {"rows": live_spec(charts.caterpillar(alt.NamedData("rows"))), "overview": overview}
