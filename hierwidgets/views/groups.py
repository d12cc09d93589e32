"""Each group's rows with its lines by no, partial and complete pooling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets import checks, responses, terms
from hierwidgets.charts import groups as charts
from hierwidgets.charts.style import live_spec
from hierwidgets.tables import lines, trellis
from hierwidgets.tables.settings import Axis, axis, columns
from hierwidgets.views import listed
from hierwidgets.views.columns import encode
from hierwidgets.views.search import found as searched
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

SHOWN = ["all", "picked"]
PAGE = 18
FIRST = 600
BUDGET = 40_000
STILL_COLUMNS = 6


@dataclass(frozen=True)
class Factor:
    """What is known of one grouping factor before any line is computed."""

    own: lines.Own
    facts: pd.DataFrame
    orders: dict[str, np.ndarray]
    axes: dict[str, Axis]

    @property
    def shown(self) -> dict[str, str]:
        """The groups as a reader sees them."""
        return dict(zip(self.labels, self.own.effects[0].shown, strict=True))

    @property
    def labels(self) -> list[str]:
        """The groups in the posterior's order."""
        return self.own.effects[0].groups


class GroupsView(View):
    """Small pictures of the groups, the worst fitted first, and one large; see `Fit.groups`.

    Examples
    --------
    >>> view = fit.groups(x="Days", sort="shrinkage")
    >>> view.data[["group", "x", "no_pooling", "partial_pooling"]]
    >>> view.save("groups.html")
    """

    method: ClassVar[str] = "groups"

    def __init__(self, fit: Fit, **state: Any) -> None:
        self.scales = lines.scales(fit)
        self._asked: dict[str, Any] = {}
        self.factors = {factor: _factor(fit, factor) for factor in lines.factors(fit)}
        super().__init__(fit, **state)

    def defaults(self) -> dict[str, Any]:
        """The first factor along its first predictor, the worst fitted first."""
        factor, known = next(iter(self.factors.items()))
        return {
            "factor": factor,
            "x": next(iter(known.axes)),
            "sort": "fit",
            "group": None,
            "scale": self.scales[0],
            "show": "all",
            "search": "",
            "page": 1,
        }

    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        """A known factor, predictor, order, scale and group, and a page of at least 1."""
        factor = checks.one_of(state["factor"], list(self.factors), "a grouping factor")
        known = self.factors[factor]
        x = state["x"]
        if x is None or (x not in known.axes and x == self.initial["x"]):
            x = next(iter(known.axes))
        checks.one_of(x, list(known.axes), "a column to draw groups along")
        checks.one_of(state["sort"], trellis.SORTS, "an order of groups")
        checks.one_of(state["scale"], self.scales, "a scale of this model")
        checks.one_of(state["show"], SHOWN, "a choice of groups")
        if state["group"] is not None:
            checks.one_of(state["group"], known.labels, f"a group of {factor!r}")
        page = checks.positive_int(state["page"], "page")
        self._asked = {**state, "x": x}
        return {**state, "x": x, "search": str(state["search"]), "page": page}

    def content(self) -> Content:
        """Every group's facts, and the lines of as many groups as are cheap to send."""
        sent: dict[str, Any] = dict(listed.labels(self.fit))
        about: list[dict[str, Any]] = []
        blocks: list[dict[str, Any]] = []
        for factor, known in self.factors.items():
            values = [known.facts["misfit"], known.facts["shrinkage"]]
            values += [
                table[name]
                for table in known.own.tables
                for name in ("no_pooling", "partial_pooling", "weight")
            ]
            reasons = list(dict.fromkeys(known.facts["reason"]))
            sent[f"n/{factor}"] = known.facts["n"].to_numpy(int)
            sent[f"facts/{factor}"] = np.array([column.to_numpy(float) for column in values])
            sent[f"reason/{factor}"] = known.facts["reason"].map(reasons.index).to_numpy(int)
            sent[f"orders/{factor}"] = np.array([known.orders[sort] for sort in trellis.SORTS])
            about.append(
                {
                    "factor": factor,
                    "terms": [effect.term for effect in known.own.effects],
                    "reasons": reasons,
                }
            )
            blocks += [self._about_block(factor, along) for along in known.axes.values()]
        for i, positions in self._to_send(blocks).items():
            found = self.block(blocks[i]["factor"], blocks[i]["x"], positions)
            sent |= {f"{i}/{name}": values for name, values in found.items()}
        component = terms.parent(self.fit.model)
        return Content(
            _specs(),
            sent,
            {
                "factors": about,
                "blocks": blocks,
                "sorts": list(trellis.SORTS),
                "scales": self.scales,
                "page": PAGE,
                "y": {"response": _response(self.fit), "link": self._link_label(component)},
                "misfit": _misfit(self.fit),
                "note": _note(self.fit),
            },
        )

    def block(self, factor: str, x: str, positions: np.ndarray) -> dict[str, np.ndarray]:
        """The lines and the rows of some groups, less the centres that `about` names.

        Returns
        -------
        dict
            groups (g,); lines (scales, kinds, g, points); the rows' x (rows,) and y (scales, rows),
            group by group; and where each group's rows begin, starts (g + 1,).
        """
        known = self.factors[factor]
        along = known.axes[x]
        found = lines.curves(self.fit, known.own, along, positions).values
        index = known.own.effects[0].index
        place = np.full(len(known.labels), -1)
        place[positions] = np.arange(len(positions))
        rows = np.flatnonzero(place[index] >= 0)
        rows = rows[np.argsort(place[index[rows]], kind="stable")]
        counts = np.bincount(place[index[rows]], minlength=len(positions))
        about = self._about_block(factor, along)
        centres = [about["centre"][scale] for scale in self.scales]
        return {
            "groups": np.asarray(positions, int),
            "lines": np.array(
                [
                    [found[scale][kind] - centre for kind in lines.KINDS]
                    for scale, centre in zip(self.scales, centres, strict=True)
                ]
            ),
            "x": along.values[rows] - about["centre"]["x"],
            "y": np.array(
                [
                    trellis.raw(self.fit, scale)[rows] - centre
                    for scale, centre in zip(self.scales, centres, strict=True)
                ]
            ),
            "starts": np.concatenate([[0], np.cumsum(counts)]).astype(int),
        }

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """The `block` of groups that were not sent at first."""
        if question.get("kind") != "lines":
            raise ValueError(f"The groups are asked for lines only, not {question.get('kind')!r}.")
        factor = checks.one_of(question["factor"], list(self.factors), "a grouping factor")
        known = self.factors[factor]
        x = checks.one_of(question["x"], list(known.axes), "a column to draw groups along")
        wanted = np.array(question["groups"], int)
        if wanted.size and not (wanted.min() >= 0 and wanted.max() < len(known.labels)):
            raise ValueError(f"{factor!r} has no such groups.")
        packed = {name: encode(value) for name, value in self.block(factor, x, wanted).items()}
        said = {
            name: {"dtype": one["dtype"], "shape": one["shape"]} for name, one in packed.items()
        }
        return {"arrays": said}, [one["data"] for one in packed.values()]

    def table(self) -> pd.DataFrame:
        """The lines of the groups in view, with how they are fitted."""
        state = self.state
        shown = self._in_view()
        found = lines.lines(self.fit, state["factor"], state["x"], shown, state["scale"])
        facts = self.factors[state["factor"]].facts.drop(columns="factor")
        return found.merge(facts, on="group", how="left")

    def picture(self) -> alt.TopLevelMixin:
        """The present page, or the one group that is large."""
        state = self.state
        factor, known = state["factor"], self.factors[state["factor"]]
        along = known.axes[state["x"]]
        shown = self._in_view()
        table = pd.DataFrame({"group": shown, "title": [known.shown[g] for g in shown]})
        found = lines.lines(self.fit, factor, state["x"], shown, state["scale"])
        found["x"] = np.tile(along.at, len(shown))
        seen = trellis.points(self.fit, known.own.effects[0], along.values, state["scale"])
        seen = seen[seen["group"].isin(shown)]
        rows = charts.rows_of(table, seen, found)
        ends = [
            padded([along.values, along.at]),
            padded([seen["y"], found["lower"], found["upper"]]),
        ]
        names = (x_label(state["x"]), self._y_label())
        if state["group"] is not None:
            large = charts.panel(rows, ends=ends, levels=along.levels, titles=names)
            said = f"{factor} {table['title'].iloc[0]}"
            return large.properties(title=alt.Title(said, anchor="start"))
        columns = max(1, min(STILL_COLUMNS, len(shown)))
        picked = self.groups_picked.get(factor, [])
        small = charts.grid(rows, columns=columns, ends=ends, levels=along.levels, picked=picked)
        total = len(self._listed())
        said = f"{names[1]} against {names[0]}: {len(shown)} of {total:,} groups of {factor}"
        return small.properties(title=alt.Title(said, anchor="start"))

    def _in_view(self) -> list[str]:
        if self.state["group"] is not None:
            return [self.state["group"]]
        listed = self._listed()
        last = max(1, -(-len(listed) // PAGE))
        start = PAGE * (min(self.state["page"], last) - 1)
        return listed[start : start + PAGE]

    def _listed(self) -> list[str]:
        state = self.state
        known = self.factors[state["factor"]]
        picked = set(self.groups_picked.get(state["factor"], []))
        ordered = [known.labels[i] for i in known.orders[state["sort"]]]
        if state["show"] == "picked" and picked:
            ordered = [group for group in ordered if group in picked]
        read = [known.shown[group] for group in ordered]
        kept = searched(ordered, read, state["search"])
        return [group for group, one in zip(ordered, kept, strict=True) if one]

    def _to_send(self, blocks: list[dict[str, Any]]) -> dict[int, np.ndarray]:
        """The groups of each block that go to the page at first; the one in view before others."""
        asked = self._asked
        out: dict[int, np.ndarray] = {}
        room = BUDGET
        present = [(b["factor"], b["x"]) for b in blocks].index((asked["factor"], asked["x"]))
        for i in [present, *(i for i in range(len(blocks)) if i != present)]:
            known = self.factors[blocks[i]["factor"]]
            count = len(known.labels)
            cost = count * len(blocks[i]["at"]) * len(self.scales)
            if i == present:
                first = known.orders[asked["sort"]][:FIRST]
                also = {*self.groups_picked.get(asked["factor"], []), asked["group"]}
                more = [j for j, label in enumerate(known.labels) if label in also]
                out[i] = np.array(list(dict.fromkeys([*first.tolist(), *more])), int)
            elif count <= FIRST and cost <= room:
                out[i] = np.arange(count)
            if i in out:
                room -= cost
        return out

    def _about_block(self, factor: str, along: Axis) -> dict[str, Any]:
        bounds = {}
        centre = {"x": _rounded(along.at)}
        for scale in self.scales:
            y = trellis.raw(self.fit, scale)
            y = y[np.isfinite(y)]
            bounds[scale] = [float(y.min()), float(y.max())] if y.size else None
            centre[scale] = _rounded(y) if len(self.scales) == 1 and y.size else 0.0
        return {
            "factor": factor,
            "x": along.name,
            "label": x_label(along.name),
            "at": along.at.tolist(),
            "levels": along.levels,
            "ends": list(padded([along.values, along.at])),
            "bounds": bounds,
            "centre": centre,
        }

    def _y_label(self) -> str:
        if self.state["scale"] == "response":
            return _response(self.fit)
        return self._link_label(terms.parent(self.fit.model))

    def _link_label(self, component: str) -> str:
        link = terms.link_name(self.fit.model, component)
        return f"linear predictor of {component}" if link == "identity" else f"{link} {component}"


def x_label(x: str) -> str:
    """What is written along the axis."""
    return x or "row of the group"


def padded(values: list[Any]) -> tuple[float, float]:
    """The ends of an axis that holds the values, with room beside them."""
    every = np.concatenate([np.asarray(one, float).ravel() for one in values])
    every = every[np.isfinite(every)]
    if not every.size:
        return 0.0, 1.0
    low, high = float(every.min()), float(every.max())
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _factor(fit: Fit, factor: str) -> Factor:
    own = lines.own(fit, factor)
    facts = trellis.facts(fit, own)
    orders = {sort: trellis.order(facts, sort) for sort in trellis.SORTS}
    effect = own.effects[0]
    return Factor(own, facts, orders, {x: axis(fit, effect, x) for x in columns(fit, effect)})


def _rounded(values: np.ndarray) -> float:
    return float(np.float32((values.min() + values.max()) / 2))


def _response(fit: Fit) -> str:
    name = str(fit.model.response_term.name)
    if fit.family.startswith(("zero_inflated", "hurdle")):
        return f"{name}; lines: {terms.parent(fit.model)} of the {fit.family} family"
    return name if terms.response(fit.model).ndim == 1 else f"share {name}"


def _note(fit: Fit) -> str:
    """What rows and lines of a response with bounds or censoring are."""
    rest = responses.altered(fit.model)
    if rest is None or rest.weights is not None:
        return ""
    if rest.status is not None:
        return f"{int((rest.status != 0).sum()):,} censored rows stand at their limits."
    return "Lines are those of the response without its bounds."


def _misfit(fit: Fit) -> str:
    if fit.family == "gaussian":
        return "mean squared standardised residual"
    if fit.family in ("bernoulli", "binomial", "poisson", "gamma", "negativebinomial"):
        return "mean deviance"
    return "mean squared residual, relative to all rows"


@cache
def _specs() -> dict[str, Any]:
    rows = alt.NamedData("rows")
    return {"grid": live_spec(charts.grid(rows)), "panel": live_spec(charts.panel(rows))}
