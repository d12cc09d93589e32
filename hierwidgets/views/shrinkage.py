"""How far each group is pulled to the population, with the group scale in the reader's hand."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets import checks, terms
from hierwidgets.charts import dots, plane
from hierwidgets.charts import shrinkage as charts
from hierwidgets.charts.caterpillar import MOST_ROWS
from hierwidgets.charts.style import live_spec
from hierwidgets.numbers import short
from hierwidgets.tables import groups, heavy, nested, place, units
from hierwidgets.tables import shrinkage as tables
from hierwidgets.tables.ellipse import ellipse
from hierwidgets.tables.slide import slide
from hierwidgets.views import listed
from hierwidgets.views.search import found
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

PICTURES = ["groups", "plane"]
FIELDS = [
    "no_pooling",
    "no_pooling_se",
    "partial_pooling",
    "partial_pooling_sd",
    "weight",
    "realised",
]
CARRIED = ["no_pooling", "no_pooling_lower", "no_pooling_upper", *FIELDS[2:]]
PLACED = ["no_pooling", "partial_pooling", "no_pooling_lower", "no_pooling_upper"]


class ShrinkageView(View):
    """Each group's own estimate, its partial-pooling estimate, and an arrow between.

    Made by `Fit.shrinkage`.

    Examples
    --------
    >>> view = fit.shrinkage("1|Subject", sigma={"1|Subject": 10.0})
    >>> view.data[["group", "no_pooling", "partial_pooling", "formula"]]
    >>> view.save("shrinkage.html")
    """

    method: ClassVar[str] = "shrinkage"

    def __init__(self, fit: Fit, **state: Any) -> None:
        self._information: dict[str, tables.Information] = {}
        self._given = state.get("at")
        self._places: dict[str, list[dict[str, float] | None]] = {}
        super().__init__(fit, **state)

    def defaults(self) -> dict[str, Any]:
        """The first term by the posterior, a row for each group."""
        return {
            "term": self.fit.effect().term,
            "sort": "estimate",
            "picture": "groups",
            "sigma": None,
            "search": "",
            "units": "link",
            "by": None,
            "folded": [],
            "at": None,
        }

    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        """A known term, order and picture, and scales that can be."""
        effect = self.fit.effect(state["term"])
        checks.one_of(state["sort"], groups.SORTS, "an order of groups")
        checks.one_of(state["picture"], PICTURES, "a picture of shrinkage")
        if state["picture"] == "plane" and partner(self.fit, effect) is None:
            raise ValueError(
                f'picture="plane" sets two effects of one grouping against each other, and '
                f'{effect.term!r} is the only one of {effect.factor!r}. Use picture="groups".'
            )
        sigma = self._sigma(state["sigma"])
        listed.measured(self.fit, effect, state)
        at = place.checked(self.fit, effect, state["at"])
        known = self._places.get(effect.term, [at])
        if at not in known:
            held = ", ".join("zero" if one is None else place.said(one) for one in known)
            raise ValueError(
                f"The page of this view holds the places {held}: open another view with "
                f"fit.shrinkage({effect.term!r}, at={at})."
            )
        if state["units"] == "response" and (sigma or at or state["picture"] == "plane"):
            what = "sigma" if sigma else "at"
            what = 'picture="plane"' if state["picture"] == "plane" else what
            raise ValueError(f'{what} works on the link scale: use it with units="link".')
        arranged = listed.arrangement(self.fit, effect, state)
        return {**state, **arranged, "sigma": sigma, "search": str(state["search"]), "at": at}

    def content(self) -> Content:
        """Every term's table, and what the formula needs of every factor."""
        within, homes = listed.homes(self.fit)
        columns: dict[str, Any] = {**listed.labels(self.fit), **within}
        about: list[dict[str, Any]] = []
        for i, effect in enumerate(self.fit.effects):
            table = tables.shrinkage(self.fit, effect.term).set_index("group").loc[effect.groups]
            columns[f"{i}/values"], placed = _sent(table, FIELDS)
            places: list[dict[str, Any]] = [{"at": None, "said": "", "turn": None, **placed}]
            for at in filter(None, self._placed(effect)):
                there = tables.shrinkage(self.fit, effect.term, at=at).set_index("group")
                name = f"{i}/at{len(places)}"
                columns[name], stands = _sent(there.loc[effect.groups], FIELDS)
                turn = place.turn(self.fit, effect, at).ravel().tolist()
                places.append({"at": at, "said": place.said(at), "turn": turn, **stands})
            reasons = list(dict.fromkeys(table["reason"]))
            columns[f"{i}/reason"] = table["reason"].map(reasons.index).to_numpy(dtype=int)
            columns[f"n/{effect.factor}"] = table["n"].to_numpy(dtype=int)
            other = partner(self.fit, effect)
            meant = units.meaning(self.fit, effect)
            carried = None
            if not isinstance(meant, str):
                table = tables.shrinkage(self.fit, effect.term, units="response")
                table = table.set_index("group").loc[effect.groups]
                columns[f"{i}/response"], carried = _sent(table, CARRIED)
                carried["name"] = meant.name
            about.append(
                {
                    "term": effect.term,
                    "factor": effect.factor,
                    "partner": other.term if other else None,
                    **places[0],
                    "places": places,
                    "level": self._titles([effect.term], places[-1]["at"]) != [effect.term],
                    "reasons": reasons,
                    "response": carried,
                    "unmeant": meant if isinstance(meant, str) else "",
                }
            )
        factors = {}
        for factor in self.fit.factors:
            found = self.information(factor)
            if found is None:
                continue
            scale = found.scale
            precision = found.precision * scale[:, None] * scale[None, :]
            for name, values in (("precision", precision), ("score", found.score * scale)):
                columns[f"{name}/{factor}"], columns[f"{name}-rest/{factor}"] = split(values)
            factors[factor] = {
                "terms": found.terms,
                "scale": scale.tolist(),
                "lower": found.scale_lower.tolist(),
                "upper": found.scale_upper.tolist(),
                "free": found.free.tolist(),
                "fixed": (found.fixed / scale).tolist(),
                "correlated": found.correlated,
                "correlation": [
                    matrix.ravel().tolist()
                    for matrix in (
                        found.correlation,
                        found.correlation_lower,
                        found.correlation_upper,
                    )
                ],
            }
        return Content(_specs(), columns, {"terms": about, "factors": factors, "homes": homes})

    def _placed(self, effect: terms.Effect) -> list[dict[str, float] | None]:
        """Where the page can look at an effect: zero, the mean of the rows, the place asked for."""
        found: list[dict[str, float] | None] = [None]
        known = place.columns(self.fit, effect)
        if known:
            found.append(place.mean(self.fit, effect))
        if self._given and set(self._given) <= set(known):
            found.append(place.checked(self.fit, effect, self._given))
        self._places[effect.term] = [one for i, one in enumerate(found) if one not in found[:i]]
        return self._places[effect.term]

    def information(self, factor: str) -> tables.Information | None:
        """What the formula needs of a factor; None where its groups have no own information.

        Nor where their effects are not Normal, since the formula is for those alone.
        """
        main = terms.parent(self.fit.model)
        if not any(e.factor == factor and e.component == main for e in self.fit.effects):
            return None
        if factor not in self._information:
            self._information[factor] = tables.information(self.fit, factor)
        found = self._information[factor]
        known = np.isfinite(found.precision).all(axis=(1, 2))
        normal = not heavy.odd([self.fit.effect(term) for term in found.terms])
        return found if normal and known.any() and (found.scale > 0).all() else None

    def table(self) -> pd.DataFrame:
        """The term's groups in their order, with the formula's estimates where sigma is set."""
        parts = [self._term_table(term) for term in self._terms()]
        if self.state["by"] is not None:
            folded = self.state["folded"]
            parts = [part[~part["parent"].isin(folded)].reset_index(drop=True) for part in parts]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def picture(self) -> alt.TopLevelMixin:
        """The groups, thinned evenly where there are very many, or the plane."""
        state = self.state
        shown = self._terms()
        effect = self.fit.effect(shown[0])
        picked = self.groups_picked.get(effect.factor, [])
        note = _note(state["sigma"])
        every = [self._term_table(term, search="") for term in shown]
        ends = [dots.domain(table, table.get("formula", ())) for table in every]
        if len(shown) == 2:
            both = plane.paired(*(self._term_table(term) for term in shown))
            ends = [
                dots.domain(table, np.append(table.get("formula", ()), fitted))
                for table, fitted in zip(every, self._ellipse(shown).T, strict=True)
            ]
            around = inside(self._ellipse(shown, state["sigma"], both[1]), ends)
            chart = plane.plane(
                *both, around, titles=self._titles(shown, state["at"]), ends=ends, picked=picked
            )
            return chart.properties(**note)
        table = self.table()
        total = len(table)
        if total > MOST_ROWS:
            kept = np.unique(np.linspace(0, total - 1, MOST_ROWS).round().astype(int))
            table = table[np.isin(np.arange(total), kept) | table["group"].isin(picked)]
            said = f"{len(table)} of {total:,} groups, evenly through their order"
            note = {"title": alt.Title(_joined(note, said), anchor="start")}
        elif state["by"] is not None:
            by = state["by"]
            read = dict(zip(self.fit.factors[by], listed.shown(self.fit, by), strict=True))
            above = self.groups_picked.get(by, [])
            table = self._term_table(shown[0])
            estimate = "formula" if "formula" in table else "partial_pooling"
            table = nested.with_headings(table, state["folded"], read, estimate, above)
        title = self._titles(shown, state["at"])[0]
        if state["units"] == "response":
            title += f", {units.required(self.fit, effect).name}"
        return charts.groups(
            table.reset_index(drop=True), title=title, ends=ends[0], picked=picked
        ).properties(**note)

    def _titles(self, shown: list[str], at: dict[str, float] | None) -> list[str]:
        """The names of axes, a level's with its place."""
        found: list[str] = []
        for term in shown:
            effect = self.fit.effect(term)
            beside = [one.term for one in self.fit.siblings(effect)]
            row = place.turn(self.fit, effect, at)[beside.index(term)]
            moved = np.count_nonzero(row) > 1
            found.append(f"{term} at {place.said(at)}" if at and moved else term)
        return found

    def _ellipse(
        self,
        shown: list[str],
        sigma: dict[str, float] | None = None,
        references: pd.DataFrame | None = None,
    ) -> np.ndarray:
        """Where 95 % of the population's groups lie, (points, 2); no points where it is unknown."""
        found = self.information(self.fit.effect(shown[0]).factor)
        if found is None or any(term not in found.terms for term in shown):
            return np.empty((0, 2))
        at = [found.terms.index(term) for term in shown]
        sd = np.array(
            [(sigma or {}).get(t, scale) for t, scale in zip(found.terms, found.scale, strict=True)]
        )
        turn = place.turn(self.fit, self.fit.effect(shown[0]), self.state["at"])
        covariance = turn @ (np.outer(sd, sd) * found.correlation) @ turn.T
        centre = (turn @ found.population)[at]
        if references is not None:
            centre = references.set_index("name").loc["population mean", ["x", "y"]].to_numpy(float)
        around = ellipse(centre, covariance[np.ix_(at, at)])
        return around[["x", "y"]].to_numpy()

    def _terms(self) -> list[str]:
        effect = self.fit.effect(self.state["term"])
        other = partner(self.fit, effect) if self.state["picture"] == "plane" else None
        return [effect.term] if other is None else [effect.term, other.term]

    def _term_table(self, term: str, search: str | None = None) -> pd.DataFrame:
        state = self.state
        word = state["search"] if search is None else search
        table = tables.shrinkage(self.fit, term, state["sort"], state["units"], state["at"])
        effect = self.fit.effect(term)
        known = self.information(effect.factor)
        if state["sigma"] and known is not None and term in known.terms:
            k = known.terms.index(term)
            scales = [
                state["sigma"].get(name, scale)
                for name, scale in zip(known.terms, known.scale, strict=True)
            ]
            estimates, weight, centre = slide(
                known.precision,
                known.score,
                np.array(scales),
                known.correlation,
                known.free,
                fixed=known.fixed,
                place=place.turn(self.fit, effect, state["at"]),
            )
            at = pd.Index(known.groups).get_indexer(table["group"])
            table["formula"] = estimates[at, k]
            table["formula_weight"] = weight[at, k]
            table["formula_centre"] = centre[k]
        table = table[found(table["group"], table["label"], word)].reset_index(drop=True)
        if state["by"] is None:
            return table
        home = nested.homes(self.fit, effect.factor, state["by"])
        return nested.arrange(table, home, state["sort"], "partial_pooling", "partial_pooling_sd")

    def _sigma(self, sigma: Any) -> dict[str, float] | None:
        if not sigma:
            return None
        if not isinstance(sigma, dict):
            raise TypeError(
                f"sigma must be a dictionary of term and scale, such as "
                f"{{{self.fit.effect().term!r}: 1.0}}; got {sigma!r}."
            )
        movable = [
            term
            for factor in self.fit.factors
            for term in getattr(self.information(factor), "terms", [])
        ]
        for term, scale in sigma.items():
            checks.one_of(term, movable, "a term whose group scale can be moved")
            number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
            if not number or not math.isfinite(scale) or scale < 0:
                raise ValueError(
                    f"sigma[{term!r}] must be a finite scale of 0 or more; got {scale!r}."
                )
        return {term: float(scale) for term, scale in sigma.items()}


def _sent(table: pd.DataFrame, fields: list[str]) -> tuple[np.ndarray, dict[str, Any]]:
    """A table as the page gets it, estimates less their centre, and what stands beside it."""
    centre = float(np.float32(table["partial_pooling"].mean()))
    values = table[fields].copy()
    placed = [name for name in PLACED if name in fields]
    values[placed] -= centre
    return np.ascontiguousarray(values.to_numpy(dtype=float).T), {
        "centre": centre,
        "population": float(table["population"].iloc[0]),
        "complete": _number(table["complete_pooling"].iloc[0]),
        "ends": list(dots.domain(table)),
        "caution": str(table["caution"].iloc[0]),
    }


def inside(points: np.ndarray, ends: list[tuple[float, float]]) -> pd.DataFrame:
    """An outline as a table, missing where it leaves the axes."""
    low, high = np.array(ends).T
    kept = np.where(((points >= low) & (points <= high)).all(axis=1, keepdims=True), points, np.nan)
    return pd.DataFrame({"step": np.arange(len(kept)), "x": kept[:, 0], "y": kept[:, 1]})


def partner(fit: Fit, effect: terms.Effect) -> terms.Effect | None:
    """The effect of the same grouping that `effect` is drawn against in the plane."""
    same = [e for e in fit.effects if (e.factor, e.component) == (effect.factor, effect.component)]
    if len(same) < 2:
        return None
    return same[(same.index(effect) + 1) % len(same)]


def split(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A number as the sum of two float32, which keeps 48 of its bits on the way to the page.

    Examples
    --------
    >>> first, rest = split(np.array([1 / 3]))
    >>> abs(float(first[0]) + float(rest[0]) - 1 / 3) < 1e-15
    True
    """
    first = values.astype(np.float32)
    return first, (values - first).astype(np.float32)


@cache
def _specs() -> dict[str, Any]:
    data = alt.NamedData
    rows = live_spec(charts.groups(data("rows")))
    pair = live_spec(plane.plane(data("rows"), data("references"), data("ellipse")))
    overview = live_spec(charts.overview())
    overview.update(padding=0, autosize={"type": "none"})
    return {"groups": rows, "plane": pair, "overview": overview}


def _note(sigma: dict[str, float] | None) -> dict[str, Any]:
    if not sigma:
        return {}
    scales = ", ".join(f"{term} sigma {short(scale)}" for term, scale in sigma.items())
    return {"title": alt.Title(f"Diamonds: by the formula at {scales}", anchor="start")}


def _joined(note: dict[str, Any], said: str) -> list[str]:
    return [*([note["title"].text] if note else []), said]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
