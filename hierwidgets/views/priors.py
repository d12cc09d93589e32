"""The prior lab: sliders that move the real posterior, and say when not to believe them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np
import pandas as pd
import traitlets as t

from hierwidgets import background, checks, priors, sampling, terms
from hierwidgets.charts import priors as charts
from hierwidgets.charts.style import live_spec
from hierwidgets.priors import LKJ, Setting
from hierwidgets.tables import heavy, reweight, shrinkage
from hierwidgets.tables import priors as tables
from hierwidgets.views import listed, priors_code
from hierwidgets.views.columns import encode
from hierwidgets.views.priors_picture import picture
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

BUDGET = 24_000_000
MOST_TOP = 1000
LEAST_DRAWS = 250
TUNE = 1000


class PriorsView(View):
    """Every top-level prior with its sliders, and what the posterior becomes under them.

    Made by `Fit.priors`.

    Attributes
    ----------
    log : DataFrame
        Every setting that was tried, in order, with its diagnostics.

    Examples
    --------
    >>> lab = fit.priors({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)})
    >>> lab.data[["quantity", "before_mean", "mean", "mean_mcse"]]
    >>> lab.log
    >>> print(lab.code)
    """

    method: ClassVar[str] = "priors"

    running = t.Dict().tag(sync=True)
    members = t.Int(0).tag(sync=True)
    tried = t.List().tag(sync=True, echo_update=False)

    def __init__(self, fit: Fit, **state: Any) -> None:
        self._sent = list(tables.members(fit))
        super().__init__(fit, **state)
        for number, other in enumerate(self._sent[1:], 1):
            self._carry(number, other)

    @property
    @override
    def further(self) -> tuple[str, ...]:
        numbered = (f"member_{number}" for number in range(1, self.members + 1))
        return ("running", "members", "tried", *numbered)

    @override
    def defaults(self) -> dict[str, Any]:
        names = [one.name for one in tables.quantities(self.fit) if one.shown]
        scales = [effect.scale for effect in self.fit.effects]
        return {
            "priors": {},
            "term": self.fit.effects[0].term if self.fit.effects else None,
            "quantity": next((name for name in scales if name in names), names[0]),
            "group": None,
            "top": 3,
            "auto": True,
        }

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        tops = priors.top(self.fit)
        given = state["priors"]
        if isinstance(given, Mapping):
            given = {name: _prior(one) for name, one in given.items()}
        settled = priors.changed(tops, given)
        moved = [one for one in tops if settled[one.parameter] != one.setting]
        chosen = {one.parameter: _plain(settled[one.parameter]) for one in moved}
        names = [one.name for one in tables.quantities(self.fit) if one.shown]
        checks.one_of(state["quantity"], names, "a quantity of the prior lab")
        group = state["group"]
        if state["term"] is not None or self.fit.effects:
            effect = self.fit.effect(state["term"])
            if group is not None:
                group = checks.one_of(str(group), effect.groups, f"a group of {effect.factor!r}")
        elif group is not None:
            raise ValueError(f"The model has no groups, so group={group!r} cannot be shown.")
        if not isinstance(state["auto"], bool):
            raise TypeError(f"auto must be True or False; got {state['auto']!r}.")
        top = checks.positive_int(state["top"], "top")
        return {**state, "priors": chosen, "group": group, "top": min(top, MOST_TOP)}

    @property
    def settings(self) -> dict[str, Setting]:
        """Every top-level prior in the present state."""
        chosen = {name: _prior(one) for name, one in self.state["priors"].items()}
        return priors.changed(priors.top(self.fit), chosen)

    @property
    @override
    def log(self) -> pd.DataFrame:  # pyright: ignore[reportIncompatibleVariableOverride, reportIncompatibleMethodOverride]
        """Every setting that was tried, in order, with its diagnostics.

        Columns: priors (those that differ from the fitted ones, as text), verdict, reason, khat,
        ess, log_evidence (NaN where it cannot be estimated), quantity, mean, mean_mcse, lower, upper
        (NaN where a refit was needed), and fits: how many fits the pool had.
        """
        rows = [priors_code.logged(dict(one)) for one in self.tried]
        return pd.DataFrame(rows, columns=priors_code.LOGGED)

    @property
    @override
    def code(self) -> str:
        return priors_code.code(self.fit, self.settings, self.state, self.initial)

    @override
    def content(self) -> Content:
        fit = self.fit
        columns: dict[str, Any] = {**listed.labels(fit), **tables.member(fit)}
        room = BUDGET - 4 * sum(
            values.size for values in columns.values() if isinstance(values, np.ndarray)
        )
        sent: list[bool] = []
        for i, effect in enumerate(fit.effects):
            draws = tables.effects(fit, effect.term)
            room -= 4 * draws.size
            sent.append(i == 0 or room >= 0)
            if sent[-1]:
                columns[f"term/{i}"] = tables.majored(draws)
        pooled, factors = self._pooling()
        return Content(
            _specs(),
            {**columns, **pooled},
            {
                "priors": [_described(one) for one in priors.top(fit)],
                "quantities": [
                    {"name": one.name, "parameter": one.parameter, "shown": one.shown}
                    for one in tables.quantities(fit)
                ],
                "scales": list(dict.fromkeys(effect.scale for effect in fit.effects)),
                "terms": [
                    {"term": effect.term, "factor": effect.factor, "sent": here}
                    for effect, here in zip(fit.effects, sent, strict=True)
                ],
                "factors": factors,
                "rEff": reweight.pool(fit).r_eff,
                "unmixed": reweight.unmixed(fit),
                "shape": list(tables.quantities(fit)[0].draws.shape),
                "refit": tables.why_not(fit),
                "initial": self.initial,
                "heading": "Prior lab",
                "title": f"Prior lab of {fit.formula}",
                "description": f"Prior lab of {fit.formula}",
                **priors_code.names(fit),
            },
        )

    @override
    def table(self) -> pd.DataFrame:
        return tables.summary(self.fit, self.settings)

    @override
    def picture(self) -> alt.TopLevelMixin:
        return picture(self.fit, self.settings, self.state, self.groups_picked)

    @override
    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if "refit" in question:
            chosen = {name: _prior(one) for name, one in question["refit"].items()}
            settings = priors.changed(priors.top(self.fit), chosen)
            self.fit.background.start(settings, self._heard, self._plan())
            return {}, []
        if "cancel" in question:
            self.fit.background.cancel()
            return {}, []
        if "term" in question:
            found = [tables.effects(each, question["term"]) for each in self._sent]
            return {}, [encode(tables.majored(draws))["data"] for draws in found]
        return super().answer(question)

    def _plan(self) -> sampling.Plan:
        """As many draws and chains as the fit itself has, with a core left to the kernel."""
        sizes = self.fit.idata["posterior"].sizes
        draws = max(sizes["draw"], LEAST_DRAWS)
        return sampling.Plan(draws, TUNE, sizes["chain"], cores=background.cores())

    def _heard(self, event: dict[str, Any]) -> None:
        """What a refit says of itself, on a thread of its own."""
        if event["stage"] == "joined":
            for other in self.fit.pool:
                if not any(other is known for known in self._sent):
                    self._sent.append(other)
                    self._carry(len(self._sent) - 1, other)
        self.running = dict(event)

    def _carry(self, number: int, other: Fit) -> None:
        columns = tables.member(other)
        for i, effect in enumerate(self.fit.effects):
            if f"term/{i}" in self.columns:
                columns[f"term/{i}"] = tables.majored(tables.effects(other, effect.term))
        held = {
            "shape": list(tables.quantities(other)[0].draws.shape),
            "settings": {one.parameter: _plain(one.setting) for one in priors.top(other)},
            "unmixed": reweight.unmixed(other),
            "columns": {name: encode(values) for name, values in columns.items()},
        }
        self.add_traits(**{f"member_{number}": t.Dict(held).tag(sync=True)})
        self.members = number

    def _pooling(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What the shrinkage weights of each grouping of the main formula are computed from."""
        main = terms.parent(self.fit.model)
        place = {one.name: i for i, one in enumerate(tables.quantities(self.fit))}
        columns: dict[str, Any] = {}
        about: list[dict[str, Any]] = []
        for effect in self.fit.effects:
            if (
                effect.component != main
                or effect.response
                or any(effect.factor == one["factor"] for one in about)
            ):
                continue
            information = shrinkage.information(self.fit, effect.factor)
            near = self.fit.siblings(effect)
            if heavy.odd(near):
                continue
            names = [tables.scale_label(one) for one in near]
            if information.terms != [one.term for one in near] or any(
                name not in place for name in names
            ):
                continue
            columns[f"precision/{effect.factor}"] = information.precision
            columns[f"score/{effect.factor}"] = information.score
            about.append(
                {
                    "factor": effect.factor,
                    "terms": information.terms,
                    "scales": [place[name] for name in names],
                    "complete": information.complete.tolist(),
                    "correlation": information.correlation.ravel().tolist(),
                    "free": information.free.tolist(),
                }
            )
            for one in near:
                table = shrinkage.shrinkage(self.fit, one.term).set_index("group").loc[one.groups]
                columns[f"own/{one.term}"] = table["no_pooling"].to_numpy(float)
        return columns, about


def _prior(given: Any) -> Any:
    """A prior as the page writes it, or as a reader gives it."""
    if isinstance(given, Mapping) and set(given) == {"family", "args"}:
        return Setting(str(given["family"]), dict(given["args"]))
    return given


def _plain(setting: Setting) -> dict[str, Any]:
    return {"family": setting.family, "args": dict(setting.args)}


def _described(one: priors.Top) -> dict[str, Any]:
    return {
        "parameter": one.parameter,
        "kind": one.kind,
        "labels": one.labels,
        "fixed": one.fixed,
        "normalised": one.normalised,
        "size": one.setting.args["size"] if one.setting.family == LKJ else 0,
        **_plain(one.setting),
    }


@cache
def _specs() -> dict[str, Any]:
    rows = alt.NamedData("rows")
    return {
        "density": live_spec(charts.density(rows)),
        "linear": live_spec(charts.curve(rows, log=False)),
        "log": live_spec(charts.curve(rows, log=True)),
        "groups": live_spec(charts.groups(rows)),
        "pooling": live_spec(charts.pooling(rows)),
    }
