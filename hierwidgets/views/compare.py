"""Several fits of the same rows: which predicts best, and for which groups."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np

from hierwidgets import checks
from hierwidgets.charts import compare as charts
from hierwidgets.charts import style
from hierwidgets.tables import compare as tables
from hierwidgets.tables import groups
from hierwidgets.views import caterpillar, scores
from hierwidgets.views.search import found
from hierwidgets.views.selection import follow
from hierwidgets.views.view import Content, View, literal

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.fit import Fit


class CompareView(View):
    """Models by elpd with stacking weights and cautions, and their differences group by group.

    Made by `hierwidgets.compare`. A factor that fits share, with the same groups, shares what is
    picked in the views of each of them.

    Attributes
    ----------
    fits : dict
    models : DataFrame
        Of `hierwidgets.tables.compare.compare`.

    Examples
    --------
    >>> view = hw.compare({"slopes": fit, "intercepts": other})
    >>> view.models[["model", "elpd_diff", "dse", "weight", "caution"]]
    """

    method: ClassVar[str] = "compare"

    def __init__(self, fits: Mapping[str, Fit], **state: Any) -> None:
        self.models = tables.compare(fits)
        self.fits = dict(fits)
        self.named = self.models["model"].tolist()
        every = [fit.selection for fit in self.fits.values()]
        follow(every)
        widest = max(self.fits.values(), key=lambda fit: len(fit.factors))
        if state.get("first") == self.named[1] and state.get("second") is None:
            state["second"] = self.named[0]
        super().__init__(widest, **state)

    @override
    def defaults(self) -> dict[str, Any]:
        best, second = self.named[:2]
        known = tables.factors(self.fits, best, second)
        return {
            "first": best,
            "second": second,
            "factor": next(iter(known), None),
            "sort": "estimate",
            "search": "",
        }

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        for name in (state["first"], state["second"]):
            checks.one_of(name, self.named, "a model compared here")
        if state["first"] == state["second"]:
            raise ValueError(
                f"first and second are both {state['first']!r}: name two of {checks.listed(self.named)}."
            )
        checks.one_of(state["sort"], groups.SORTS, "an order of groups")
        known = list(self.factors)
        if known:
            checks.one_of(state["factor"], known, "a grouping factor of these models")
        elif state["factor"] is not None:
            raise ValueError("None of these models has group terms, and so no factor to choose.")
        return {**state, "search": str(state["search"])}

    @property
    def factors(self) -> dict[str, list[str]]:
        """The groups of every factor that the view can list: those of the model with the most."""
        return self.fit.factors

    @override
    def content(self) -> Content:
        columns: dict[str, Any] = {}
        for factor, labels in self.factors.items():
            columns[f"labels/{factor}"] = labels
            shown = list(scores.shown(self.fit, factor).values())
            if shown != labels:
                columns[f"shown/{factor}"] = shown
            rows = [self.by_group(self.named[0], name, factor) for name in self.named[1:]]
            columns[f"n/{factor}"] = (
                rows[0].set_index("group").reindex(labels)["n"].fillna(0).to_numpy(np.int32)
            )
            for i, one in enumerate(self.named):
                for j, other in enumerate(self.named):
                    if i != j:
                        table = self.by_group(one, other, factor).set_index("group").reindex(labels)
                        columns[f"{i}-{j}/{factor}"] = scores.matrix(table)
        about = {
            "heading": "Models compared",
            "title": f"Comparison of {' and '.join(self.named)}",
            "description": f"Comparison of {' and '.join(self.named)}: {self.said()}",
            "homes": [],
            "factors": list(self.factors),
            "models": style.records(self.models),
            "formulas": {name: fit.formula for name, fit in self.fits.items()},
            "drawn": style.records(self._drawn()),
            "said": self.said(),
        }
        return Content(_specs(), columns, about)

    def said(self) -> str:
        """Which predicts best, and whether by more than its error, in a sentence."""
        best, second = (self.models.iloc[i] for i in range(2))
        gap, error = -second["elpd_diff"], second["dse"]
        clear = gap > 2 * error and gap >= tables.SMALL
        lead = f"{best['model']} predicts best, by {gap:.1f} ± {error:.1f} elpd before {second['model']}"
        if clear:
            return f"{lead}."
        return f"{lead}: too little to tell them apart."

    @override
    def table(self) -> pd.DataFrame:
        if self.state["factor"] is None:
            return self.models.copy()
        state = self.state
        table = self.by_group(state["first"], state["second"], state["factor"])
        columns = (table[name].to_numpy() for name in ("mean", "n", "sd"))
        table = table.iloc[groups.order(state["sort"], table["group"].tolist(), *columns)]
        kept = found(table["group"], table["label"], state["search"])
        return table[kept].reset_index(drop=True)

    @override
    def picture(self) -> alt.TopLevelMixin:
        factor = self.state["factor"]
        return charts.compare(
            self._drawn(),
            self.table() if factor else None,
            title=f"elpd of {self.state['first']} less that of {self.state['second']}, by {factor}",
            picked=self.groups_picked.get(factor, []) if factor else [],
        )

    @property
    @override
    def code(self) -> str:
        named = {fit.name for fit in self.fits.values()}
        distinct = len(named) == len(self.fits)
        fits = ", ".join(
            f"{literal(name)}: {fit.name if distinct else _variable(name)}"
            for name, fit in self.fits.items()
        )
        changed = [
            f"{name}={literal(value)}"
            for name, value in self.state.items()
            if value != self.initial[name]
        ]
        return f"hw.compare({', '.join(['{' + fits + '}', *changed])})"

    def by_group(self, first: str, second: str, factor: str) -> pd.DataFrame:
        """The difference of each group with its intervals, as a caterpillar's rows."""
        table = tables.by_group(self.fits, first, second, factor)
        spread = scores.intervals(table["difference"], table["se"])
        rest = table[["group", "n", "khat"]]
        rest.insert(1, "label", rest["group"].map(scores.shown(self.fit, factor)))
        return rest.join(spread)

    def _drawn(self) -> pd.DataFrame:
        rows = self.models[["model", "elpd_diff"]].copy()
        rows["low"] = rows["elpd_diff"] - 2 * self.models["dse"]
        rows["high"] = rows["elpd_diff"] + 2 * self.models["dse"]
        rows["told"] = [
            f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}" if row["rank"] else "the best"
            for _, row in self.models.iterrows()
        ]
        return rows

    def __repr__(self) -> str:
        return f"<compare of {', '.join(self.named)}>"


def compare(
    fits: Mapping[str, Fit],
    first: str | None = None,
    second: str | None = None,
    *,
    factor: str | None = None,
    sort: str = "estimate",
    search: str = "",
) -> CompareView:
    """Models of the same rows by how well they predict rows left out, and where they differ.

    Parameters
    ----------
    fits : dict
        Two or more fits by name.
    first, second : str, optional
        The pair whose difference is shown by group; the best two by default.
    factor : str, optional
        The grouping factor whose groups are listed; the first one by default.
    sort : {"estimate", "name", "size", "uncertainty"}
        The smallest difference first, or by label, rows or standard error.
    search : str
        Narrows the groups.

    Returns
    -------
    CompareView

    Raises
    ------
    TypeError, ValueError
        Fewer than two fits, fits of other rows or another response, or an unknown name.

    Examples
    --------
    >>> hw.compare({"slopes": fit, "intercepts": other}).models
    """
    return CompareView(fits, first=first, second=second, factor=factor, sort=sort, search=search)


def _variable(name: str) -> str:
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"fits[{literal(name)}]"


@cache
def _specs() -> dict[str, Any]:
    return {
        **caterpillar.specs(),
        "elpd": style.live_spec(charts.elpd(alt.NamedData("models")), 600, 120),
    }
