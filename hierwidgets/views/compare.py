"""Several fits of the same rows: which predicts best, and for which groups."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np

from hierwidgets import checks
from hierwidgets.brief import told_apart
from hierwidgets.charts import compare as charts
from hierwidgets.charts import style
from hierwidgets.tables import compare as tables
from hierwidgets.tables import groups, loo, loo_groups
from hierwidgets.views import caterpillar, scores
from hierwidgets.views.search import found
from hierwidgets.views.selection import follow
from hierwidgets.views.view import Content, View, literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    import pandas as pd

    from hierwidgets.fit import Fit


class CompareView(View):
    """Models by elpd with stacking weights and cautions, and their differences group by group.

    What is left out is a row, or a whole group of the view's factor.

    Made by `hierwidgets.compare`. A factor that fits share, with the same groups, shares what is
    picked in the views of each of them.

    Attributes
    ----------
    fits : dict
    rows : DataFrame
        Of `hierwidgets.tables.compare.differences`, of the state's pair.
    models : DataFrame
        Of `hierwidgets.tables.compare.compare`, of the unit and factor of the state.

    Examples
    --------
    >>> view = hw.compare({"slopes": fit, "intercepts": other})
    >>> view.rows.nlargest(3, "difference")
    >>> view.models[["model", "elpd_diff", "dse", "weight", "caution"]]
    """

    method: ClassVar[str] = "compare"

    def __init__(self, fits: Mapping[str, Fit], **state: Any) -> None:
        self.by_rows = tables.compare(fits)
        self.fits = dict(fits)
        self.named = self.by_rows["model"].tolist()
        self.whole: str | None = None
        every = [fit.selection for fit in self.fits.values()]
        follow(every)
        widest = max(self.fits.values(), key=lambda fit: len(fit.factors))
        if state.get("first") == self.named[1] and state.get("second") is None:
            state["second"] = self.named[0]
        super().__init__(widest, **state)

    @override
    def defaults(self) -> dict[str, Any]:
        best, second = self.named[:2]
        return {
            "first": best,
            "second": second,
            "unit": "observation",
            "factor": next(iter(self.factors), None),
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
        checks.one_of(state["unit"], tables.UNITS, "a unit to leave out")
        if state["unit"] == "group" or state["factor"] is not None:
            tables.grouping(self.fits)
            checks.one_of(state["factor"], list(self.factors), "a grouping factor of these models")
        self.whole = state["factor"] if state["unit"] == "group" else None
        return {**state, "search": str(state["search"])}

    @property
    def factors(self) -> dict[str, list[str]]:
        """The groups of every factor that the view can list: those of the model with the most."""
        return self.fit.factors

    @property
    def models(self) -> pd.DataFrame:
        """The models, the best first; see `hierwidgets.tables.compare.compare`."""
        return self.ranked(self.state["unit"], self.state["factor"])

    def ranked(self, unit: str, factor: str | None) -> pd.DataFrame:
        """The same, of another unit or factor."""
        if unit == "observation":
            return self.by_rows.copy()
        return tables.compare(self.fits, unit=unit, factor=factor)

    @property
    def rows(self) -> pd.DataFrame:
        """How much better the state's first model predicts each row than its second.

        See `hierwidgets.tables.compare.differences`.
        """
        return tables.differences(self.fits, self.state["first"], self.state["second"])

    @override
    def content(self) -> Content:
        columns = self._by_row()
        for factor, labels in self.factors.items():
            columns[f"labels/{factor}"] = labels
            shown = list(scores.shown(self.fit, factor).values())
            if shown != labels:
                columns[f"shown/{factor}"] = shown
            columns[f"brief/{factor}"] = told_apart(shown)
            table = self.by_group(self.named[0], self.named[1], factor).set_index("group")
            columns[f"n/{factor}"] = table.reindex(labels)["n"].fillna(0).to_numpy(np.int32)
            columns[f"observation/{factor}"] = self._pairs(factor, "observation")
        rows = self.told("observation", None)
        said: dict[str, Any] = {}
        if self.whole is not None:
            columns[f"group/{self.whole}"] = self._pairs(self.whole, "group")
            said[self.whole] = self.told("group", self.whole)
        title = f"Comparison of {' and '.join(self.named)}"
        about = {
            "heading": "Models compared",
            "title": title,
            "description": f"{title}: {rows['said']}",
            "homes": [],
            "factors": list(self.factors),
            "named": self.named,
            "formulas": {name: fit.formula for name, fit in self.fits.items()},
            "rows": rows,
            "groups": said,
            "count": len(loo.pointwise(self.fit)),
            "good": self._good,
        }
        return Content(_specs(), columns, about)

    def told(self, unit: str, factor: str | None) -> dict[str, Any]:
        """What the page shows of the models: their table, their picture, and a sentence."""
        models = self.ranked(unit, factor)
        return {
            "models": style.records(models),
            "drawn": style.records(_drawn(models)),
            "said": sentence(models, factor),
        }

    def said(self) -> str:
        """Which predicts best, and whether by more than its error, in a sentence."""
        return sentence(self.models, self.whole)

    @override
    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if question.get("kind") != "groups":
            raise ValueError(f"compare is asked for groups only, not {question.get('kind')!r}.")
        asked = str(question.get("factor"))
        factor = checks.one_of(asked, list(self.factors), "a grouping factor of these models")
        values = self._pairs(factor, "group")
        return self.told("group", factor), [values.astype("<f4").tobytes()]

    def refit(
        self,
        groups: bool | Sequence[str] = True,
        *,
        executor: Executor | None = None,
        progress: bool = True,
    ) -> CompareView:
        """Fit each model again without the groups that need it; a new view with what that found.

        Parameters
        ----------
        groups : bool or list of str
            Those of the view's factor whose Pareto k is 0.7 or more in a model, or these.
        executor : concurrent.futures.Executor, optional
            Where the refits run; the fits' own, else this process, by default.
        progress : bool
            Say which are done. An interrupt keeps those.

        Raises
        ------
        ValueError
            Models without groups, an unknown group, or a model that cannot be built again.

        Examples
        --------
        >>> hw.compare(fits, unit="group").refit().models  # doctest: +SKIP
        """
        left = tables.grouping(self.fits, self.state["factor"])
        for fit in self.fits.values():
            loo_groups.loo_groups(fit, left, refit=groups, executor=executor, progress=progress)
        return CompareView(self.fits, **{**self.state, "unit": "group"})

    @override
    def table(self) -> pd.DataFrame:
        if self.state["factor"] is None:
            return self.models.copy()
        state = self.state
        table = self.by_group(state["first"], state["second"], state["factor"], state["unit"])
        columns = (table[name].to_numpy() for name in ("mean", "n", "sd"))
        table = table.iloc[groups.order(state["sort"], table["group"].tolist(), *columns)]
        kept = found(table["group"], table["label"], state["search"])
        return table[kept].reset_index(drop=True)

    @override
    def picture(self) -> alt.TopLevelMixin:
        factor = self.state["factor"]
        return charts.compare(
            _drawn(self.models),
            None if self.whole else self._shown_rows(),
            scores.drawn(self.table()) if factor else None,
            title=f"elpd of {self.state['first']} less that of {self.state['second']}, by {factor}"
            + (" left out as a whole" if self.whole else ""),
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

    def by_group(
        self, first: str, second: str, factor: str, unit: str = "observation"
    ) -> pd.DataFrame:
        """The difference of each group with its intervals, as a caterpillar's rows."""
        table = tables.by_group(self.fits, first, second, factor, unit=unit)
        spread = scores.intervals(table["difference"], table["se"])
        rest = table[["group", "n", "khat"]]
        rest.insert(1, "label", rest["group"].map(scores.shown(self.fit, factor)))
        return rest.join(spread)

    def _by_row(self) -> dict[str, Any]:
        """What every model says of the rows that the page shows, and their groups."""
        each = [loo.pointwise(self.fits[name]) for name in self.named]
        elpd = np.column_stack([one["elpd"] for one in each])
        with np.errstate(invalid="ignore"):
            shown = loo.thinned(np.nan_to_num(np.ptp(elpd, axis=1), nan=np.inf))
        columns: dict[str, Any] = {"row": shown.astype(np.int32)}
        columns |= scores.named(self.fit, shown)
        for i, one in enumerate(each):
            columns[f"elpd/{i}"] = elpd[shown, i]
            columns[f"khat/{i}"] = one["khat"].to_numpy()[shown]
        for factor in self.factors:
            index = loo_groups.Grouping.of(self.fit, factor).index
            columns[f"of/{factor}"] = index[shown].astype(np.int32)
        return columns

    @property
    def _good(self) -> float:
        """The Pareto k up to which a row's elpd can be believed in every model."""
        return max(loo.good_k(fit) for fit in self.fits.values())

    def _shown_rows(self) -> pd.DataFrame:
        """The rows of the picture: row, difference, group, bad."""
        rows, factor = self.rows, self.state["factor"]
        found = rows[["row", "difference"]].assign(
            group=loo.members(self.fit)[factor] if factor else "",
            bad=(rows["khat"] > self._good).astype(int),
        )
        found = scores.placed(found)
        return found.iloc[loo.thinned(np.nan_to_num(rows["difference"].abs(), nan=np.inf))]

    def _pairs(self, factor: str, unit: str) -> np.ndarray:
        """The differences of every pair, shape (models, models, fields, groups); NaN on the diagonal."""
        labels = self.factors[factor]
        count = len(self.named)
        out = np.full((count, count, len(caterpillar.FIELDS), len(labels)), np.nan)
        for i, one in enumerate(self.named):
            for j, other in enumerate(self.named):
                if i != j:
                    table = self.by_group(one, other, factor, unit).set_index("group")
                    out[i, j] = scores.matrix(table.reindex(labels))
        return out

    def __repr__(self) -> str:
        return f"<compare of {', '.join(self.named)}>"


def compare(
    fits: Mapping[str, Fit],
    first: str | None = None,
    second: str | None = None,
    *,
    unit: str = "observation",
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
    unit : {"observation", "group"}
        What is left out: a row, or a whole group with its own effects integrated out.
    factor : str, optional
        The grouping factor whose groups are listed, and left out; the first one by default.
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
    return CompareView(
        fits, first=first, second=second, unit=unit, factor=factor, sort=sort, search=search
    )


def sentence(models: pd.DataFrame, factor: str | None = None) -> str:
    """Which model predicts best, and whether by more than its error."""
    best, second = (models.iloc[i] for i in range(2))
    if not np.isfinite(best["elpd"]):
        never = best["caution"].split("; ")[0]
        return f"No model here has an elpd above minus infinity, so none predicts best. {best['model']}: {never}."
    if not np.isfinite(second["elpd"]):
        never = second["caution"].split("; ")[0]
        return f"{best['model']} predicts best. {second['model']}: {never}."
    gap, error = -second["elpd_diff"], second["dse"]
    clear = gap > 2 * error and gap >= tables.SMALL
    what = "best" if factor is None else f"a new group of {factor} best"
    lead = (
        f"{best['model']} predicts {what}, by {gap:.1f} ± {error:.1f} elpd before {second['model']}"
    )
    return f"{lead}." if clear else f"{lead}: too little to tell them apart."


def _drawn(models: pd.DataFrame) -> pd.DataFrame:
    rows = models[["model", "elpd_diff"]].copy()
    rows["low"] = rows["elpd_diff"] - 2 * models["dse"]
    rows["high"] = rows["elpd_diff"] + 2 * models["dse"]
    rows["told"] = [_told(row) if row["rank"] else "the best" for _, row in models.iterrows()]
    return rows.where(np.isfinite(models["elpd_diff"]), np.nan).assign(
        model=models["model"], told=rows["told"]
    )


def _told(row: pd.Series) -> str:
    if np.isnan(row["elpd_diff"]):
        return "no difference: neither has an elpd"
    if np.isinf(row["elpd_diff"]):
        return "minus infinity"
    return f"{row['elpd_diff']:.1f} ± {row['dse']:.1f}"


def _variable(name: str) -> str:
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"fits[{literal(name)}]"


@cache
def _specs() -> dict[str, Any]:
    return {
        **caterpillar.specs(),
        "elpd": style.live_spec(charts.elpd(alt.NamedData("models")), 600, 120),
        "observations": style.live_spec(charts.observations(alt.NamedData("points")), 600, 150),
    }
