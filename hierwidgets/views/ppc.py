"""Does the model reproduce the data: a verdict, overlays, test statistics, and every group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.charts import ppc as charts
from hierwidgets.charts import style
from hierwidgets.tables import ppc as tables
from hierwidgets.tables import ppc_curves, ppc_draws, ppc_held, ppc_pit, ppc_verdict
from hierwidgets.tables.groups import name_key
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hierwidgets.fit import Fit

ORDERS = ("surprise", "name", "size")
FIELDS = ("observed", "lower", "median", "upper", "probability", "distance")
LISTED = 25
UP = {
    "density": "density",
    "ecdf": "share of rows",
    "bars": "share of rows",
    "rootogram": "\N{SQUARE ROOT} number of rows",
    "pit": "ECDF difference of PIT",
    "loo_pit": "ECDF difference of LOO-PIT",
}


class PpcView(View):
    """A verdict, the data over replications, test statistics, and groups by surprise.

    Made by `Fit.ppc`.

    Examples
    --------
    >>> view = fit.ppc()
    >>> view.verdict.said, view.statistics, view.data
    """

    method: ClassVar[str] = "ppc"

    def __init__(self, fit: Fit, **state: Any) -> None:
        given = state.get("statistic")
        self.function: Any = given if callable(given) else None
        if self.function is not None:
            state["statistic"] = tables.name(self.function)
        self.kind_of = checks.one_of(
            state.get("kind") or "posterior", ppc_draws.KINDS, "a kind of predictive check"
        )
        self.made = ppc_draws.replications(fit, self.kind_of)
        self.predictor = tables.predictor(fit)
        self.slope = self.predictor[1] if self.predictor else None
        self.khat: dict[str, np.ndarray] = {}
        self.by_factor = self._replicated(fit)
        self.places = (
            ppc_pit.pit(fit) if self.kind_of == "posterior" and ppc_draws.closed(fit) else None
        )
        self.statistics = tables.statistics(self.made, self.function, self.slope)
        self.known = self._known()
        self.curves = self._curves()
        self.tables = {
            key: {one: self._groups(fit, key, one) for one in self.known} for key in self.by_factor
        }
        first = self.replicates[0] if self.replicates else ""
        self.verdict = ppc_verdict.verdict(
            fit,
            self.statistics,
            {factor: self.tables[factor, first]["battery"] for factor in fit.factors},
            self.places,
            predictor=self.predictor[0] if self.predictor else "",
            kind=self.kind_of,
        )
        super().__init__(fit, **state)

    @override
    @classmethod
    def computes(cls, _state: Mapping[str, Any]) -> bool:
        return _state.get("kind") != "prior"

    @property
    def replicates(self) -> list[str]:
        """The ways groups can be replicated in this fit, the default first."""
        return list(dict.fromkeys(replicate for _, replicate in self.by_factor))

    @override
    def defaults(self) -> dict[str, Any]:
        factors = list(self.fit.factors)
        return {
            "kind": "posterior",
            "picture": next(iter(self.curves)),
            "statistic": "battery",
            "factor": factors[0] if factors else None,
            "replicate": self.replicates[0] if factors else "same",
            "order": "surprise",
            "search": "",
            "group": None,
        }

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        if state["kind"] != self.kind_of:
            raise ValueError(
                f"This view is of the {self.kind_of}; another kind of check is another view: "
                f'{self.fit.name}.ppc(kind="{state["kind"]}").'
            )
        checks.one_of(state["picture"], list(self.curves), "a picture of this response")
        checks.one_of(state["statistic"], self.known, "a statistic of this response")
        checks.one_of(state["order"], ORDERS, "an order of groups")
        if not isinstance(state["search"], str):
            raise TypeError(f"search must be text; got {state['search']!r}.")
        factors = self.fit.factors
        if not factors:
            if state["factor"] is not None or state["group"] is not None:
                raise ValueError("This model has no group terms, and so no groups to check.")
            return state
        checks.one_of(state["factor"], list(factors), "a grouping factor of this model")
        checks.one_of(state["replicate"], self.replicates, "a replication of this model's groups")
        if state["group"] is not None:
            checks.one_of(
                state["group"], factors[state["factor"]], f"a group of {state['factor']!r}"
            )
        return state

    @override
    def content(self) -> Content:
        y, _ = tables.units(self.made)
        columns: dict[str, Any] = {"y": y}
        if self.slope is not None:
            columns["x"] = self.slope
        for picture, table in self.curves.items():
            for field in table.columns:
                columns[f"{picture}_{field}"] = _small(table[field].to_numpy(float))
        factors = list(self.fit.factors)
        for i, factor in enumerate(factors):
            effect = next(e for e in self.fit.effects if e.factor == factor)
            columns[f"group_{i}"] = effect.groups
            columns[f"shown_{i}"] = effect.shown
            columns[f"index_{i}"] = effect.index.astype(np.int32)
            for replicate in self.replicates:
                made = self.by_factor[factor, replicate]
                reach = np.quantile(tables.units(made)[1], [0.025, 0.975], axis=0)
                columns[f"rows_{i}_{replicate}"] = _small(reach)
                for k, one in enumerate(self.known):
                    table = self._placed(factor, replicate, one)
                    values = table[list(FIELDS)].to_numpy(float).T
                    columns[f"table_{i}_{replicate}_{k}"] = _small(values)
                    columns[f"best_{i}_{replicate}_{k}"] = table["statistic"].tolist()
        across = self._response()
        named = alt.NamedData
        specs: dict[str, Any] = {}
        for picture in self.curves:
            made = self._picture(picture, named("rows"), named("lines"))
            specs[picture] = style.live_spec(made, 460, 220)
        if factors:
            x = self.predictor[0] if self.predictor else charts.ROWS
            panel = charts.group(named("rows"), across=x, up=across)
            specs["group"] = style.live_spec(panel, 460, 220)
        return Content(specs, columns, self._about(factors))

    @override
    def table(self) -> pd.DataFrame:
        state = self.state
        if state["factor"] is None:
            return self.statistics
        table = self.tables[state["factor"], state["replicate"]][state["statistic"]]
        word = state["search"].strip().lower()
        table = table[[word in group.lower() for group in table["group"]]]
        if state["order"] == "name":
            table = table.iloc[
                sorted(range(len(table)), key=lambda i: name_key(table["group"].iloc[i]))
            ]
        if state["order"] == "size":
            table = table.sort_values("n", ascending=False, kind="stable")
        return table.reset_index(drop=True)

    @override
    def picture(self) -> alt.TopLevelMixin:
        name = self.state["picture"]
        table = self.curves[name]
        lines = [
            pd.DataFrame({"line": i, "x": table["x"], "value": table[column]})
            for i, column in enumerate(c for c in table.columns if c.startswith("line_"))
        ]
        nothing = pd.DataFrame({"line": [], "x": [], "value": []})
        drawn = self._picture(name, table, pd.concat(lines) if lines else nothing)
        title = f"{self.kind_of.capitalize()} predictive check"
        if self.state["factor"] is None:
            return charts.ppc(drawn, title, pd.DataFrame(), "")
        listed = self.table()
        listed = listed[listed["reason"] == ""]
        if self.state["statistic"] == "battery" and len(listed):
            listed = listed[listed["statistic"] == listed["statistic"].iloc[0]]
        rows = listed.head(LISTED).assign(
            name=lambda t: t["group"], surprising=lambda t: (t["probability"] < 0.05).astype(int)
        )
        what = str(rows["statistic"].iloc[0]) if len(rows) else ""
        return charts.ppc(drawn, title, rows, f"{what} of the groups of {self.state['factor']}")

    @property
    @override
    def code(self) -> str:
        """The lines of Python that give this very state; a function by its name."""
        if self.function is None:
            return super().code
        name = tables.name(self.function)
        return super().code.replace(f'statistic="{name}"', f"statistic={name}")

    def _replicated(self, fit: Fit) -> dict[tuple[str, str], ppc_draws.Replications]:
        found: dict[tuple[str, str], ppc_draws.Replications] = {}
        new = ppc_draws.drawable(fit) and self.kind_of == "posterior"
        for factor in fit.factors:
            if new:
                held = ppc_held.held_out(fit, factor, self.slope)
                found[factor, "new"], self.khat[factor] = held
            found[factor, "same"] = self.made
        return found

    def _known(self) -> list[str]:
        parts = tables.battery(self.made, self.slope)
        more = (
            ["sd", "min", "max"] if self.made.observed.max() > 1 or not self.made.discrete else []
        )
        zeros = ["zeros"] if (self.made.observed == 0).any() else []
        own = [tables.name(self.function)] if self.function else []
        return list(dict.fromkeys(["battery", *parts, *more, *zeros, *own]))

    def _groups(self, fit: Fit, key: tuple[str, str], statistic: str) -> pd.DataFrame:
        effect = next(e for e in fit.effects if e.factor == key[0])
        own = self.function
        chosen = own if own is not None and tables.name(own) == statistic else statistic
        table = tables.groups(self.by_factor[key], effect, chosen, self.slope)
        if key[1] == "new":
            table["khat"] = pd.Series(self.khat[key[0]], effect.groups)[table["group"]].to_numpy()
        return table

    def _placed(self, factor: str, replicate: str, statistic: str) -> pd.DataFrame:
        table = self.tables[factor, replicate][statistic]
        return table.set_index("group").loc[self.fit.factors[factor]]

    def _curves(self) -> dict[str, pd.DataFrame]:
        found = {one: ppc_curves.curves(self.made, one) for one in ppc_curves.pictures(self.made)}
        if self.places is not None:
            band = ppc_pit.uniform_bands(len(self.places.rows))
            for name, values in (("pit", self.places.pit), ("loo_pit", self.places.loo_pit)):
                found[name] = pd.DataFrame(
                    {
                        "x": band.at,
                        "observed": ppc_pit.ecdf_difference(values),
                        "lower": band.lower,
                        "upper": band.upper,
                    }
                )
        return found

    def _picture(self, name: str, rows: Any, lines: Any) -> alt.LayerChart:
        if name in ("bars", "rootogram"):
            return charts.bars(rows, across=self._response(), up=UP[name])
        across = "probability" if name in ("pit", "loo_pit") else self._response()
        return charts.overlay(rows, lines, across=across, up=UP[name])

    def _response(self) -> str:
        name = str(self.fit.model.response_term.name)
        return f"share of {name}" if self.made.trials is not None else name

    def _about(self, factors: list[str]) -> dict[str, Any]:
        told = [
            {
                "statistic": str(row["statistic"]),
                "observed": float(row["observed"]),
                "lower": float(row["lower"]),
                "upper": float(row["upper"]),
                "probability": float(row["probability"]),
                "said": ppc_verdict.words(
                    row["probability"], row["observed"], row["lower"], row["upper"]
                ),
            }
            for _, row in self.statistics.iterrows()
        ]
        chances = {
            f"{i} {replicate} {k}": tables.chance(self.tables[factor, replicate][one])._asdict()
            for i, factor in enumerate(factors)
            for replicate in self.replicates
            for k, one in enumerate(self.known)
        }
        for one in chances.values():
            one["least"] = None if np.isnan(one["least"]) else one["least"]
        heading = f"{self.kind_of.capitalize()} predictive check"
        return {
            "heading": heading,
            "title": f"{heading} of {self.fit.formula}",
            "description": f"{heading} of {self.fit.formula}",
            "kind": self.kind_of,
            "badge": self.verdict.badge,
            "healthy": self.verdict.healthy,
            "said": self.verdict.said,
            "findings": [finding._asdict() for finding in self.verdict.findings],
            "notes": self.verdict.notes,
            "pictures": list(self.curves),
            "statistics": told,
            "known": self.known,
            "factors": factors,
            "replicates": self.replicates,
            "chances": chances,
            "floor": 1 / (len(self.made.replicated) + 1),
            "draws": len(self.made.replicated),
            "predictor": self.predictor[0] if self.predictor else "",
            "name": self.fit.name,
        }


def _small(values: np.ndarray) -> np.ndarray:
    """What float32 holds: replications of a wide prior can go beyond it."""
    return np.clip(values, -3e38, 3e38)
