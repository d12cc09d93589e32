"""How well a fit predicts what it has not seen, row by row and group by group."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np

from hierwidgets import checks
from hierwidgets.charts import loo as charts
from hierwidgets.charts import style
from hierwidgets.tables import groups, loo_groups
from hierwidgets.tables import loo as tables
from hierwidgets.views import caterpillar, listed, scores
from hierwidgets.views.search import found
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    import pandas as pd

    from hierwidgets.fit import Fit

UNITS = ("observation", "group")


class LooView(View):
    """Leave-one-out: a verdict, every row's Pareto k, and each group's elpd for each row.

    Made by `Fit.loo`.

    Attributes
    ----------
    rows : DataFrame
        Of `hierwidgets.tables.loo.pointwise`.
    total, waic : Estimate
        elpd, se, p, rows and the number of rows with too large a Pareto k.
    verdict : Verdict

    Examples
    --------
    >>> view = fit.loo()
    >>> view.total.elpd, view.rows.nlargest(3, "khat")
    """

    method: ClassVar[str] = "loo"

    def __init__(self, fit: Fit, **state: Any) -> None:
        self.rows = tables.pointwise(fit)
        self.total = tables.total(fit)
        self.waic = tables.waic(fit)
        self.verdict = tables.verdict(fit)
        self.whole: str | None = None
        super().__init__(fit, **state)

    @override
    def defaults(self) -> dict[str, Any]:
        return {
            "unit": "observation",
            "factor": next(iter(self.fit.factors), None),
            "sort": "estimate",
            "search": "",
            "by": None,
            "folded": [],
        }

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        checks.one_of(state["unit"], UNITS, "a unit to leave out")
        checks.one_of(state["sort"], groups.SORTS, "an order of groups")
        if not self.fit.factors:
            if state["unit"] == "group" or state["factor"] is not None:
                self.fit.effect()
            return state
        factor = checks.one_of(
            state["factor"], list(self.fit.factors), "a grouping factor of this model"
        )
        effect = next(effect for effect in self.fit.effects if effect.factor == factor)
        arranged = listed.arrangement(self.fit, effect, state)
        self.whole = factor if state["unit"] == "group" else None
        return {**state, **arranged, "search": str(state["search"])}

    @override
    def content(self) -> Content:
        columns: dict[str, Any] = {**listed.labels(self.fit)}
        within, homes = listed.homes(self.fit)
        shown = self.rows.iloc[tables.thinned(self.rows["khat"].to_numpy())]
        columns |= {
            "row": shown.index.to_numpy(np.int32),
            **scores.named(self.fit, shown.index.to_numpy()),
            "khat": shown["khat"].to_numpy(),
            "elpd": shown["elpd"].to_numpy(),
        }
        factors: list[dict[str, Any]] = []
        for factor, labels in self.fit.factors.items():
            place = {label: i for i, label in enumerate(labels)}
            columns[f"of/{factor}"] = shown[factor].map(place).to_numpy(np.int32)
            table = self.by_group("observation", factor).set_index("group").reindex(labels)
            columns[f"n/{factor}"] = table["n"].fillna(0).to_numpy(np.int32)
            columns[f"observation/{factor}"] = scores.matrix(table)
            factors.append({"factor": factor})
        said: dict[str, str] = {}
        if self.whole is not None:
            factor = self.whole
            table = self.by_group("group", factor).set_index("group")
            columns[f"group/{factor}"] = scores.matrix(table.reindex(self.fit.factors[factor]))
            said[factor] = self.groups_said(factor)
        about = {
            "heading": "Leave one out",
            "title": f"Leave one out of {self.fit.formula}",
            "description": f"Leave one out of {self.fit.formula}",
            "homes": homes,
            "factors": factors,
            "healthy": self.verdict.healthy,
            "badge": self.verdict.badge,
            "said": self.verdict.said,
            "findings": [finding._asdict() for finding in self.verdict.findings],
            "notes": self.verdict.notes,
            "rows": len(self.rows),
            "good": self.total.good_k,
            "average": self.average,
            "loo": scores.estimate(self.total._asdict()),
            "groups": said,
            "waic": scores.estimate(self.waic._asdict()),
        }
        return Content(_specs(), {**columns, **within}, about)

    @override
    def table(self) -> pd.DataFrame:
        if self.state["factor"] is None:
            return self.rows.copy()
        table = self.by_group(self.state["unit"], self.state["factor"])
        columns = (table[name].to_numpy() for name in ("mean", "n", "sd"))
        order = groups.order(self.state["sort"], table["group"].tolist(), *columns)
        table = table.iloc[order]
        return table[found(table["group"], table["label"], self.state["search"])].reset_index(
            drop=True
        )

    @override
    def picture(self) -> alt.TopLevelMixin:
        factor = self.state["factor"]
        rows = self.rows.iloc[tables.thinned(self.rows["khat"].to_numpy())]
        rows = rows.assign(
            group=rows[factor] if factor else "",
            bad=(rows["khat"] > self.total.good_k).astype(int),
        )
        return charts.loo(
            scores.placed(rows[["row", "khat", "elpd", "group", "bad"]]),
            scores.drawn(self.table()) if factor else None,
            good=self.total.good_k,
            title=f"elpd for each row of {factor}, by leaving out one {self.state['unit']}",
            average=self.average,
            picked=self.groups_picked.get(factor, []) if factor else [],
        )

    @override
    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if question.get("kind") != "groups":
            raise ValueError(f"loo is asked for groups only, not {question.get('kind')!r}.")
        asked = str(question.get("factor"))
        factor = checks.one_of(asked, list(self.fit.factors), "a grouping factor")
        table = self.by_group("group", factor)
        values = scores.matrix(table.set_index("group").reindex(self.fit.factors[factor]))
        return {"said": self.groups_said(factor)}, [values.astype("<f4").tobytes()]

    def refit(
        self,
        groups: bool | Sequence[str] = True,
        *,
        executor: Executor | None = None,
        progress: bool = True,
    ) -> LooView:
        """Fit the model again without each group that needs it; a new view with what that found.

        Parameters
        ----------
        groups : bool or list of str
            Those of the view's factor whose Pareto k is 0.7 or more, or these.
        executor : concurrent.futures.Executor, optional
            Where the refits run; the fit's, else this process, by default.
        progress : bool
            Say which are done. An interrupt keeps those.

        Raises
        ------
        ValueError
            A model without groups, an unknown group, or a model that cannot be built again.

        Examples
        --------
        >>> fit.loo(unit="group").refit().data  # doctest: +SKIP
        """
        loo_groups.loo_groups(
            self.fit, self.state["factor"], refit=groups, executor=executor, progress=progress
        )
        return LooView(self.fit, **{**self.state, "unit": "group"})

    @property
    def average(self) -> float:
        """Elpd for each row, over the rows that have one above minus infinity."""
        elpd = self.rows["elpd"].to_numpy()
        finite = elpd[np.isfinite(elpd)]
        return float(finite.mean()) if len(finite) else 0.0

    def by_group(self, unit: str, factor: str) -> pd.DataFrame:
        """Each group's elpd for each row, leaving out one observation or the whole group."""
        if unit == "observation":
            table = tables.by_group(self.fit, factor)
            spread = scores.intervals(table["mean"], table["se"])
            rest = table[["group", "n", "elpd", "p_loo", "khat", "bad"]]
        else:
            table = loo_groups.loo_groups(self.fit, factor, progress=False)
            spread = scores.intervals(table["elpd"] / table["n"], table["se"] / table["n"])
            rest = table.drop(columns="se")
        rest.insert(1, "label", rest["group"].map(scores.shown(self.fit, factor)))
        return rest.join(spread)

    def groups_said(self, factor: str) -> str:
        """What leaving out whole groups found, in a sentence."""
        table = loo_groups.loo_groups(self.fit, factor, progress=False)
        sums = loo_groups.totals(table)
        if not sums.groups:
            reasons = ", ".join(dict.fromkeys(table["reason"]))
            return f"No group of {factor} can be left out: {reasons}."
        never = loo_groups.impossible(table)
        value = "minus infinity" if never else f"{sums.elpd:.1f} ± {sums.se:.1f}"
        said = (
            f"Predicted is a whole new group of {factor}, its own effects integrated out: elpd "
            f"{value} over {sums.groups} groups." + (f" {never}." if never else "")
        )
        if sums.missing:
            said += f" {sums.missing} cannot be left out."
        if sums.flagged:
            said += (
                f" {sums.flagged} of them would move the posterior too far (Pareto k of 0.7 or more): "
                f"{self.fit.name}.loo(unit={'group'!r}, factor={factor!r}).refit() fits the model without each "
                "of these."
            )
        return said


@cache
def _specs() -> dict[str, Any]:
    return {
        **caterpillar.specs(),
        "khat": style.live_spec(charts.khat(alt.NamedData("points")), 600, 170),
    }
