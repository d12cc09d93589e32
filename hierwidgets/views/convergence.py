"""Can the draws be trusted: a verdict, every parameter worst first, and the funnel to blame."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, override

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.charts import convergence as charts
from hierwidgets.charts import style
from hierwidgets.tables import agreement, energy, funnel, trace
from hierwidgets.tables import convergence as tables
from hierwidgets.tables.groups import name_key
from hierwidgets.views.trace import SENT_BYTES, answered, centres, held_by_chains, shown, to_send
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

SHOWS = ("terms", "parameters")
MOST_POINTS = 1200
NUMBERS = ("rhat", "ess_bulk", "ess_tail", "mcse_mean", "mcse_sd")


class ConvergenceView(View):
    """A verdict, a table of every parameter, pictures of one, and every term's funnel.

    Made by `Fit.convergence`.

    Examples
    --------
    >>> view = fit.convergence()
    >>> view.verdict.said, view.funnels[["term", "accused", "next"]]
    >>> fit.refit(target_accept=0.95).convergence().changes  # before and now
    """

    method: ClassVar[str] = "convergence"
    diagnoses: ClassVar[bool] = True

    def __init__(self, fit: Fit, **state: Any) -> None:
        self.parameters = tables.parameters(fit)
        self.centres = centres(fit, self.parameters)
        self.terms = tables.by_term(self.parameters)
        self.verdict = tables.verdict(fit, self.parameters)
        self.changes = tables.changes(fit, self.parameters)
        self.funnels = funnel.funnels(fit)
        self.orders = orders(self.parameters)
        super().__init__(fit, **state)

    @override
    def defaults(self) -> dict[str, Any]:
        first = self.funnels["term"].iloc[0] if len(self.funnels) else None
        return {
            "parameter": str(self.parameters["parameter"][self.orders["worst"][0]]),
            "term": first,
            "group": None,
            "show": "terms",
            "order": "worst",
            "search": "",
            "axis": "sampled",
        }

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        checks.one_of(
            state["parameter"], list(self.parameters["parameter"]), "a parameter of this fit"
        )
        checks.one_of(state["show"], SHOWS, "a kind of row")
        checks.one_of(state["order"], tables.ORDERS, "an order of parameters")
        checks.one_of(state["axis"], funnel.AXES, "an axis of the funnel")
        if not isinstance(state["search"], str):
            raise TypeError(f"search must be text; got {state['search']!r}.")
        if state["term"] is not None:
            groups = self.fit.effect(state["term"]).groups
            if state["group"] is not None:
                checks.one_of(state["group"], groups, f"a group of {state['term']!r}")
        elif state["group"] is not None:
            raise ValueError("This model has no group terms, and so no group to choose.")
        return state

    @override
    def content(self) -> Content:
        table = self.parameters
        diverging = trace.divergences(self.fit)
        chains, draws = diverging.shape
        loosest = {e.term: funnel.loosest(self.fit, e) for e in self.fit.effects}
        wanted = [f"{e.term}[{e.groups[loosest[e.term]]}]" for e in self.fit.effects]
        wanted += table["parameter"].iloc[self.orders["worst"][:50]].tolist()
        sent = to_send(table, wanted, SENT_BYTES // (4 * chains * draws))
        band = agreement.bands(chains, draws)
        scales = [funnel.log_scale(self.fit, effect) for effect in self.fit.effects]
        terms = [effect.term for effect in self.fit.effects]
        own = ["", *terms]
        curves = energy.curves(self.fit)
        columns: dict[str, Any] = {
            "parameter": table["parameter"].tolist(),
            "shown": shown(self.fit, table),
            "group": table["group"].tolist(),
            "term": table["term"].map(own.index).to_numpy(dtype=np.int32),
            "centre": self.centres,
            "sent": np.flatnonzero(sent).astype(np.int32),
            "draws": self._centred(table["parameter"][sent].tolist()),
            "divergent": diverging,
            "log_scale": np.array(scales).reshape(len(scales), chains, draws),
            "band_at": band.at,
            "band_lower": band.lower,
            "band_upper": band.upper,
            "energy_kind": curves["kind"].tolist(),
            "energy_value": curves["value"].to_numpy(float),
            "energy_density": curves["density"].to_numpy(float),
            "fold_name": self.terms["name"].tolist(),
            "fold_term": self.terms["term"].tolist(),
            "fold_worst": self.terms["worst"].tolist(),
            "fold_count": self.terms["count"].to_numpy(np.int32),
            "failing": table["failing"].to_numpy(np.int32),
            "fold_failing": self.terms["failing"].to_numpy(float),
            **{name: table[name].to_numpy() for name in NUMBERS},
            **{f"fold_{name}": self.terms[name].to_numpy() for name in NUMBERS},
            **{f"order_{name}": rows for name, rows in self.orders.items()},
        }
        specs = _specs(chains, draws)
        return Content(specs, columns, self._about(own, loosest, chains))

    @override
    def table(self) -> pd.DataFrame:
        word = self.state["search"].strip().lower()
        if self.state["show"] == "terms":
            found = [word in name.lower() for name in self.terms["name"]]
            return self.terms[found].reset_index(drop=True)
        listed = self.parameters.iloc[self.orders[self.state["order"]]]
        found = [word in name.lower() for name in listed["parameter"]]
        return listed[found].reset_index(drop=True)

    @override
    def picture(self) -> alt.TopLevelMixin:
        name = self.state["parameter"]
        values = trace.draws(self.fit, [name])[:, :, 0]
        chains, draws = values.shape
        rows, axes, title = self._funnel()
        return charts.convergence(
            charts.Tables(
                trace.ranks(self.fit, [name]),
                differences(values),
                pd.DataFrame(agreement.bands(chains, draws)._asdict()),
                correlations(values),
                energy.curves(self.fit),
                rows,
            ),
            chains=chains,
            draws=draws,
            parameter=name,
            axes=axes,
            title=title,
        )

    @override
    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if question.get("kind") != "draws":
            raise ValueError(f"Convergence is asked for draws only, not {question.get('kind')!r}.")
        return answered(self._centred([str(name) for name in question["parameters"]]))

    def group(self, effect: Effect) -> str:
        """Whose effect the funnel shows: the picked group, the state's, or the least known."""
        picked = [g for g in self.groups_picked.get(effect.factor, []) if g in effect.groups]
        chosen = self.state["group"] if self.state["term"] == effect.term else None
        return (picked or [chosen or effect.groups[funnel.loosest(self.fit, effect)]])[0]

    def _funnel(self) -> tuple[pd.DataFrame, tuple[str, str], str]:
        if self.state["term"] is None:
            return pd.DataFrame(), ("", ""), ""
        effect = self.fit.effect(self.state["term"])
        group = self.group(effect)
        place = effect.groups.index(group)
        value = funnel.sampled(self.fit, effect, self.state["axis"])[:, :, place].ravel()
        diverging = trace.divergences(self.fit).ravel()
        kept = diverging | thinned(len(value))
        rows = pd.DataFrame(
            {
                "value": value[kept],
                "log_scale": funnel.log_scale(self.fit, effect).ravel()[kept],
                "diverging": diverging[kept].astype(int),
            }
        )
        rows = rows[np.isfinite(rows[["value", "log_scale"]]).all(axis=1)]
        rows = rows.sort_values("diverging", kind="stable", ignore_index=True)
        across = across_title(effect, self.state["axis"])
        return rows, (across, f"log {effect.scale}"), f"{effect.term}[{group}]"

    def _about(self, own: list[str], loosest: dict[str, int], chains: int) -> dict[str, Any]:
        factors = {effect.term: effect.factor for effect in self.fit.effects}
        found = {str(row["term"]): row for _, row in self.funnels.iterrows()}
        return {
            "terms": own,
            "factors": [factors.get(term, "") for term in own],
            "rhat": tables.RHAT,
            "ess": tables.ESS_PER_CHAIN * chains,
            **held_by_chains(self.fit),
            "healthy": self.verdict.healthy,
            "badge": self.verdict.badge,
            "said": self.verdict.said,
            "findings": [finding._asdict() for finding in self.verdict.findings],
            "notes": self.verdict.notes,
            "changes": style.records(self.changes),
            "chains": style.records(energy.chains(self.fit)),
            "ranking": self.funnels["term"].tolist(),
            "funnels": {
                effect.term: _told(self.fit, effect, found[effect.term], loosest[effect.term])
                for effect in self.fit.effects
            },
        }

    def _centred(self, names: list[str]) -> np.ndarray:
        values = trace.draws(self.fit, names).transpose(2, 0, 1)
        own = pd.Series(self.centres, self.parameters["parameter"])[names]
        return values - own.to_numpy()[:, None, None]


def orders(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Rows of the parameters by each order, what has no diagnostic first."""
    ess = table[["ess_bulk", "ess_tail"]].min(axis=1, skipna=False)
    keys = [
        (term != "", name_key(name))
        for term, name in zip(table["term"], table["parameter"], strict=True)
    ]
    found = {
        "worst": np.argsort(-table["badness"].to_numpy(), kind="stable"),
        "rhat": np.argsort(-table["rhat"].fillna(np.inf).to_numpy(), kind="stable"),
        "ess": np.argsort(ess.fillna(-np.inf).to_numpy(), kind="stable"),
        "name": np.array(sorted(range(len(table)), key=keys.__getitem__)),
    }
    return {name: rows.astype(np.int32) for name, rows in found.items()}


def differences(values: np.ndarray) -> pd.DataFrame:
    """The rows of the ECDF picture, chain, at and difference, of draws (chain, draw)."""
    found = agreement.ecdf_difference(values)
    at = np.arange(1, found.shape[1] + 1) / found.shape[1]
    return _long(found, "at", at, "difference")


def correlations(values: np.ndarray) -> pd.DataFrame:
    """The rows of the autocorrelation picture, chain, lag and value, of draws (chain, draw)."""
    found = agreement.autocorrelation(values)
    return _long(found, "lag", np.arange(found.shape[1]), "value")


def thinned(count: int) -> np.ndarray:
    """Which of many draws a funnel shows: every so many, some 1,200 in all."""
    return np.arange(count) % max(1, -(-count // MOST_POINTS)) == 0


def across_title(effect: Effect, axis: str) -> str:
    """What a funnel's horizontal axis shows."""
    if axis == "effect" or effect.parameterization == "centered":
        return f"effect u of {effect.term}"
    return f"offset u / {effect.scale}"


def _long(found: np.ndarray, across: str, at: np.ndarray, value: str) -> pd.DataFrame:
    chains, count = found.shape
    return pd.DataFrame(
        {
            "chain": np.repeat(np.arange(chains), count),
            across: np.tile(at, chains),
            value: found.ravel(),
        }
    )


def _told(fit: Fit, effect: Effect, row: pd.Series, loosest: int) -> dict[str, Any]:
    """What the page says of one term's funnel."""
    if row["accused"]:
        said = f"{row['why']}."
    elif row["divergences"] == 0:
        said = "No draw diverged."
    elif effect.parameterization == "centered" and row["weight"] > funnel.KNOWN:
        said = (
            f"Not to blame: even in the lowest tenth of its scale the rows decide {100 * row['weight']:.0f} % of the "
            "group they say least about, so that there is no neck."
        )
    else:
        said = (
            f"Not to blame: a divergent draw has a lower scale than another with probability "
            f"{row['chance']:.2f} ({row['lower']:.2f} to {row['upper']:.2f})."
        )
    centred = effect.parameterization == "centered"
    how = (
        "Centred: the sampler moves the effects themselves. Where little is known of a group they form "
        "a funnel, whose neck no step size fits."
        if centred
        else "Non-centred: the sampler moves the offsets u / sigma, whose cloud should have no neck. The "
        "effects themselves form a funnel in every such model, which does no harm."
    )
    if effect.joint:
        how += " Correlated effects come from offsets rotated apart; shown are u / sigma."
    return {
        "parameterization": effect.parameterization,
        "accused": bool(row["accused"]),
        "chance": None if np.isnan(row["chance"]) else float(row["chance"]),
        "said": said[0].upper() + said[1:],
        "how": how,
        "next": [line for line in (row["next"], funnel.tighter(fit, effect)) if line]
        if row["accused"]
        else [],
        "scale": effect.scale,
        "sampled": across_title(effect, "sampled"),
        "effect": across_title(effect, "effect"),
        "groups": effect.groups,
        "shown": effect.shown,
        "loosest": loosest,
    }


@cache
def _specs(chains: int, draws: int) -> dict[str, Any]:
    named = alt.NamedData
    numbers = range(chains)
    made = {
        "ranks": charts.ranks(named("ranks"), numbers, draws),
        "ecdf": charts.ecdf(named("ecdf"), named("band"), numbers),
        "autocorrelation": charts.autocorrelation(named("autocorrelation"), numbers),
        "energy": charts.energy(named("energy")),
        "funnel": charts.funnel(named("funnel")),
    }
    return {name: style.live_spec(chart, 300, 170) for name, chart in made.items()}
