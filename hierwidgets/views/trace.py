"""Did the sampler work: a list of every parameter, the worst first, and the draws of some."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.charts import style
from hierwidgets.charts import trace as charts
from hierwidgets.tables import trace as tables
from hierwidgets.tables.convergence import faults
from hierwidgets.tables.diagnostics import moments
from hierwidgets.tables.groups import name_key
from hierwidgets.tables.held import held, lengths
from hierwidgets.tables.mixing import ESS_PER_CHAIN, RHAT
from hierwidgets.views.columns import encode
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

ORDERS = ["rhat", "ess", "name"]
FIRST = 6
SENT_BYTES = 8_000_000
STILL_PIXELS = 120


class TraceView(View):
    """Lines, densities and rank bars of chosen parameters beside a list of all; see `Fit.trace`."""

    method: ClassVar[str] = "trace"
    diagnoses: ClassVar[bool] = True

    def __init__(self, fit: Fit, **state: Any) -> None:
        self.parameters = tables.parameters(fit)
        self.centres = centres(fit, self.parameters)
        self.orders = orders(self.parameters)
        self.wanted: list[str] = []
        self.shown = shown(fit, self.parameters)
        super().__init__(fit, **state)

    def defaults(self) -> dict[str, Any]:
        """The population's parameters, the first few of them."""
        names = self.parameters["parameter"]
        top = names[self.parameters["term"] == ""]
        first = top if len(top) else names
        return {"parameters": first.head(FIRST).tolist(), "order": "rhat", "search": ""}

    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        """Known names, a known order, a text to search for."""
        if not isinstance(state["parameters"], (list, tuple)):
            raise TypeError(
                f"parameters must be a list of names, such as "
                f"{self.parameters['parameter'].head(2).tolist()}; got {state['parameters']!r}."
            )
        known = set(self.parameters["parameter"])
        for name in state["parameters"]:
            if name not in known:
                checks.one_of(name, list(self.parameters["parameter"]), "a parameter of this fit")
        checks.one_of(state["order"], ORDERS, "an order of parameters")
        if not isinstance(state["search"], str):
            raise TypeError(f"search must be text; got {state['search']!r}.")
        self.wanted = list(dict.fromkeys(state["parameters"]))
        return {**state, "parameters": self.wanted}

    def content(self) -> Content:
        """Diagnostics of every parameter, and the draws of as many as are cheap to send."""
        table = self.parameters
        diverging = tables.divergences(self.fit)
        chains, draws = diverging.shape
        sent = to_send(table, self.wanted, SENT_BYTES // (4 * chains * draws))
        terms = list(dict.fromkeys(table["term"]))
        return Content(
            specs=_specs(chains, draws),
            columns={
                "parameter": table["parameter"].tolist(),
                **({"shown": self.shown} if self.shown != table["parameter"].tolist() else {}),
                "group": table["group"].tolist(),
                "term": table["term"].map(terms.index).to_numpy(dtype=np.int32),
                "mean": table["mean"].to_numpy(),
                "sd": table["sd"].to_numpy(),
                "rhat": table["rhat"].to_numpy(),
                "ess_bulk": table["ess_bulk"].to_numpy(),
                "ess_tail": table["ess_tail"].to_numpy(),
                "failing": (faults(self.fit, table) != "").astype(np.int32),
                "centre": self.centres,
                **{f"order_{name}": rows for name, rows in self.orders.items()},
                "sent": np.flatnonzero(sent).astype(np.int32),
                "draws": self._centred(table["parameter"][sent].tolist()),
                "divergent": diverging,
            },
            about={
                "terms": terms,
                "factors": [table["factor"][table["term"] == term].iloc[0] for term in terms],
                "rhat": RHAT,
                "ess": ESS_PER_CHAIN * chains,
                **held_by_chains(self.fit),
            },
        )

    def table(self) -> pd.DataFrame:
        """The listed parameters in their order."""
        rows = self.orders[self.state["order"]]
        listed = self.parameters.iloc[rows]
        word = self.state["search"].strip().lower()
        read = [self.shown[i] for i in rows]
        pairs = zip(listed["parameter"], read, strict=True)
        found = [word in name.lower() or word in other.lower() for name, other in pairs]
        return listed[found].reset_index(drop=True)

    def picture(self) -> alt.VConcatChart:
        """Every parameter in view, under each other."""
        wanted = in_view(self.parameters, self.state["parameters"], self.groups_picked)
        total = int(held(self.fit).sum())
        finite = total - tables.left_out(self.fit, wanted)
        diverging = tables.divergences(self.fit)
        read = dict(zip(self.parameters["parameter"], self.shown, strict=True))
        drawn = [
            tables.lines(self.fit, wanted, STILL_PIXELS),
            tables.density(self.fit, wanted),
            tables.ranks(self.fit, wanted),
            tables.divergent(self.fit, wanted),
        ]
        return charts.trace(
            *(table.assign(parameter=table["parameter"].map(read)) for table in drawn),
            chains=range(diverging.shape[0]),
            draws=diverging.shape[1],
            said={
                read[name]: left_out(int(count), total)
                for name, count in zip(wanted, finite, strict=True)
            },
        )

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """The draws of parameters that were not sent at first, less their `centre`, as float32 or wider."""
        if question.get("kind") != "draws":
            raise ValueError(f"A trace is asked for draws only, not {question.get('kind')!r}.")
        return answered(self._centred([str(name) for name in question["parameters"]]))

    def _centred(self, names: list[str]) -> np.ndarray:
        """Draws less their rounded mean, (parameter, chain, draw): what float32 keeps exactly enough."""
        values = tables.draws(self.fit, names).transpose(2, 0, 1)
        own = pd.Series(self.centres, self.parameters["parameter"])[names]
        return values - own.to_numpy()[:, None, None]


def shown(fit: Fit, table: pd.DataFrame) -> list[str]:
    """The parameters as a reader sees them, the groups of nested factors as ``a / b``."""
    read = {
        (effect.term, group): f"{effect.term}[{label}]"
        for effect in fit.effects
        for group, label in zip(effect.groups, effect.shown, strict=True)
        if label != group
    }
    rows = zip(table["term"], table["group"], table["parameter"], strict=True)
    return [str(read.get((term, group), parameter)) for term, group, parameter in rows]


def centres(fit: Fit, table: pd.DataFrame) -> np.ndarray:
    """The means, of finite draws, as float32 holds them; 0 for those beyond it, which are sent whole."""
    found = table["mean"].to_numpy(float).copy()
    lost = np.flatnonzero(np.isnan(found))
    values = tables.draws(fit, table["parameter"].iloc[lost].tolist())
    for row, one in zip(lost, np.moveaxis(values, -1, 0), strict=True):
        own = one[np.isfinite(one)]
        found[row] = moments(own.reshape(1, -1, 1))[0][0] if len(own) else 0.0
    fits = np.abs(found) < np.finfo(np.float32).max
    return np.where(fits, np.where(fits, found, 0.0).astype(np.float32), 0.0).astype(float)


def held_by_chains(fit: Fit) -> dict[str, Any]:
    """What the page is told of draws that the chains do not hold: how many there are, and in words."""
    return {"held": int(held(fit).sum()), "padded": lengths(fit)}


def left_out(finite: int, total: int) -> str:
    """What is said of a parameter whose draws are not all finite; as js/src/views/trace-draws.ts.

    Examples
    --------
    >>> left_out(239, 240), left_out(0, 240), left_out(240, 240)
    ('1 of 240 draws not finite, left out', 'none of 240 draws is finite: nothing to draw', '')
    """
    if finite == total:
        return ""
    if finite == 0:
        return f"none of {total:,} draws is finite: nothing to draw"
    return f"{total - finite:,} of {total:,} draws not finite, left out"


def answered(values: np.ndarray) -> tuple[dict[str, Any], list[bytes]]:
    """Draws as the answer to the page: their shape and dtype, and the bytes."""
    sent = encode(values, wide=True)
    return {"shape": sent["shape"], "dtype": sent["dtype"]}, [sent["data"]]


def orders(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Rows of the parameters table by each order; what has no diagnostic comes first.

    ``rhat`` and ``ess`` are the worst first, ``name`` is natural order after the population's.
    """
    ess = table[["ess_bulk", "ess_tail"]].min(axis=1, skipna=False)
    keys = [
        (term != "", name_key(parameter))
        for term, parameter in zip(table["term"], table["parameter"], strict=True)
    ]
    names = sorted(range(len(table)), key=keys.__getitem__)
    found = {
        "rhat": np.argsort(-table["rhat"].fillna(np.inf).to_numpy(), kind="stable"),
        "ess": np.argsort(ess.fillna(-np.inf).to_numpy(), kind="stable"),
        "name": np.array(names),
    }
    return {name: rows.astype(np.int32) for name, rows in found.items()}


def to_send(table: pd.DataFrame, wanted: list[str], room: int) -> np.ndarray:
    """Which parameters' draws go to the page at first.

    All, when there is room; else those wanted, the population's, and the worst by R-hat or ESS.

    Returns
    -------
    (parameters,) bool array
    """
    if len(table) <= room:
        return np.ones(len(table), dtype=bool)
    place = np.empty((2, len(table)), dtype=int)
    for row, name in enumerate(("rhat", "ess")):
        place[row, orders(table)[name]] = np.arange(len(table))
    urgency = place.min(axis=0)
    urgency[table["term"] == ""] -= len(table)
    urgency[table["parameter"].isin(wanted)] -= 2 * len(table)
    sent = np.zeros(len(table), dtype=bool)
    sent[np.argsort(urgency, kind="stable")[: max(room, len(wanted))]] = True
    return sent


def in_view(table: pd.DataFrame, chosen: list[str], picked: dict[str, list[str]]) -> list[str]:
    """Parameters the picture shows: those of the picked groups, then the chosen others.

    A picked group stands in for every chosen group of its factor, in the terms that are chosen, or
    in the factor's first term.
    """
    rows = table.set_index("parameter")
    factors = {name: factor for name, factor in rows["factor"].items() if factor in picked}
    shown = []
    for factor, groups in picked.items():
        terms = dict.fromkeys(rows["term"][name] for name in chosen if factors.get(name) == factor)
        if not terms:
            terms = dict.fromkeys(rows["term"][rows["factor"] == factor].iloc[:1])
        shown += [f"{term}[{group}]" for term in terms for group in groups]
    return shown + [name for name in chosen if name not in factors]


@cache
def _specs(chains: int, draws: int) -> dict[str, Any]:
    specs = charts.panels(
        *(alt.NamedData(name) for name in ("lines", "density", "ranks", "divergent")),
        chains=range(chains),
        draws=draws,
    )
    return {name: style.live_spec(chart, 300, 120) for name, chart in specs.items()}
