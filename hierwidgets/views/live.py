"""The chains of a fit as they run, and buttons that end them."""

from __future__ import annotations

import logging
import math
import weakref
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import altair as alt
import numpy as np
import pandas as pd
import traitlets as t

from hierwidgets.charts import live as charts
from hierwidgets.charts import style
from hierwidgets.tables.broken import FAR
from hierwidgets.views import picture
from hierwidgets.views.columns import encode
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    from hierwidgets.live import Event, LiveFit
    from hierwidgets.tables.live import Glance

ENDED = ("done", "stopped", "cancelled", "failed")


class LiveView(View):
    """Progress, step size, divergences, and the slowest parameters; see `hierwidgets.live.LiveFit`.

    Attributes
    ----------
    now : dict
        How the run stands; Python writes it, at most a few times a second.
    """

    method: ClassVar[str] = "live"
    diagnoses: ClassVar[bool] = True
    now = t.Dict().tag(sync=True)

    def __init__(self, fit: LiveFit) -> None:
        self.run = fit.run
        self._still: Any = None
        super().__init__(fit)
        self.now = self._sent(self.run.event)
        own = weakref.ref(self)

        def heard(event: Event) -> None:
            if (view := own()) is not None:
                view.told(event)

        self.run.observe(heard)

    @property
    def further(self) -> tuple[str, ...]:
        """How the run stood."""
        return ("now",)

    def defaults(self) -> dict[str, Any]:
        """Nothing can be changed."""
        return {}

    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        """Nothing can be wrong."""
        return state

    def content(self) -> Content:
        """The picture of one parameter, and what was planned."""
        plan = self.run.plan
        return Content(
            specs={"lines": _spec(plan.chains, plan.draws)},
            columns={},
            about={
                "heading": "Live sampling",
                "title": f"Sampling of {self.fit.formula}",
                "draws": plan.draws,
                "tune": plan.tune,
                "chains": plan.chains,
            },
        )

    def table(self) -> pd.DataFrame:
        """What each chain has done: done, tuning, divergences, step_size."""
        rows = pd.DataFrame(
            list(self.run.event.chains), columns=["done", "tuning", "divergences", "step_size"]
        )
        return rows.rename_axis("chain").reset_index()

    def picture(self) -> alt.TopLevelMixin:
        """The slowest parameters, as they were last looked at."""
        event, plan = self.run.event, self.run.plan
        if event.glance is None or event.glance.lines.empty:
            said = pd.DataFrame({"said": [f"{self.fit.formula}: {event.stage}. {event.message}"]})
            return (
                alt.Chart(style.source(said))
                .mark_text(align="left", limit=560)
                .encode(x=alt.value(0), text="said:N")
                .properties(width=560, height=30)
            )
        drawn = charts.live(event.glance.lines, chains=range(plan.chains), draws=plan.draws)
        return drawn.properties(title=alt.Title(self._words(event)[0], limit=620))

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Stop the run and keep its draws, or cancel it."""
        kind = question.get("kind")
        if kind == "stop":
            self.run.stop()
        elif kind == "cancel":
            self.run.cancel()
        else:
            raise ValueError(f"A running fit can stop or cancel, not {kind!r}.")
        return {}, []

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.display import HTML, display

        bundle: Any = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display(data, metadata=metadata, raw=True)
        self._still = display(HTML(self._picture_that_stays()), display_id=True)

    def _picture_that_stays(self) -> str:
        return picture.still_html(self.chart, self.about["still"], self.about["title"])

    def told(self, event: Event) -> None:
        """Show how the run stands; heard on the run's own thread."""
        self.now = self._sent(event)
        if event.stage in ENDED and self._still is not None:
            from IPython.display import HTML

            self._still.update(HTML(self._picture_that_stays()))

    def _sent(self, event: Event) -> dict[str, Any]:
        said, code = self._words(event)
        return {
            "stage": event.stage,
            "said": said,
            "next": code,
            "seconds": event.seconds,
            "left": _number(event.left),
            "chains": [
                [c.done, c.tuning, c.divergences, _number(c.step_size)] for c in event.chains
            ],
            **_drawn(event.glance),
        }

    def _words(self, event: Event) -> tuple[str, str]:
        """What became of the run, and the line of Python to go on with."""
        if event.stage not in ("done", "stopped"):
            return event.message, ""
        from hierwidgets.tables.convergence import alarm

        sizes = self.fit.idata["posterior"].sizes
        kept = event.message.rstrip(".") or f"{sizes['chain']} chains of {sizes['draw']:,} draws"
        try:
            found = alarm(self.fit).split(": see")[0]
        except Exception:
            logging.getLogger(__name__).exception("The draws cannot be judged")
            found = "the draws cannot be judged"
        count = sum(chain.divergences for chain in event.chains)
        if not found:
            found = "No divergences"
        elif count == 0:
            found = f"No divergences, but {found}"
        said = f"{kept}, in {_duration(event.seconds)}. {found}."
        return said, f"{self.fit.name}.convergence()"


def _drawn(glance: Glance | None) -> dict[str, Any]:
    if glance is None:
        return {"warming": True, "rows": [], "lines": {}}
    names = glance.slowest["parameter"].tolist()
    lines = glance.lines[np.isfinite(glance.lines["value"].to_numpy(float))]
    centre = lines.groupby("parameter")["value"].mean()
    centre = centre.where(centre.abs() < FAR, 0.0)
    spans = lines.groupby("parameter")["value"].agg(["min", "max"])
    rows = [
        {
            "parameter": row.parameter,
            "rhat": _number(row.rhat),
            "ess": _number(row.ess_bulk),
            "centre": float(centre.get(row.parameter, 0.0)),
            "span": [float(v) for v in spans.loc[row.parameter]]
            if row.parameter in spans.index
            else [0.0, 1.0],
        }
        for row in glance.slowest.itertuples()
    ]
    values = lines["value"].to_numpy(float) - lines["parameter"].map(centre).to_numpy(float)
    columns = {
        "row": lines["parameter"].map(names.index).to_numpy("int32"),
        "chain": lines["chain"].to_numpy("int32"),
        "draw": lines["draw"].to_numpy("int32"),
        "value": values,
    }
    return {
        "warming": glance.warming,
        "rows": rows,
        "lines": {name: encode(column, wide=True) for name, column in columns.items()},
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


@cache
def _spec(chains: int, draws: int) -> dict[str, Any]:
    chart = charts.panel(alt.NamedData("lines"), chains=range(chains), draws=draws)
    return style.live_spec(chart, 300, 84)
