"""The picture of a sampler that runs: the slowest parameters, chain by chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import trace as traces

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["live", "panel"]


def live(lines: pd.DataFrame, *, chains: Sequence[int], draws: int) -> alt.VConcatChart:
    """The lines of every parameter under each other.

    Parameters
    ----------
    lines : DataFrame
        parameter, chain, draw, value; see `hierwidgets.tables.live.Glance`.
    chains : sequence of int
    draws : int
        The end of the axis.
    """
    drawn = [
        panel(own, chains=chains, draws=draws).properties(
            width=560, height=70, title=alt.Title(str(name), limit=560, anchor="start")
        )
        for name, own in lines.groupby("parameter", sort=False)
    ]
    return alt.vconcat(*drawn, spacing=10)


def panel(lines: Rows, *, chains: Sequence[int], draws: int) -> alt.LayerChart:
    """The lines of one parameter, as those of a trace."""
    import pandas as pd

    nothing: Any
    if isinstance(lines, alt.NamedData):
        nothing = alt.NamedData("nothing")
    else:
        nothing = pd.DataFrame({"value": [0.0], "density": [1.0]})
    none: Any = nothing if isinstance(lines, alt.NamedData) else nothing.head(0)
    return traces.panels(lines, nothing, nothing, none, chains=chains, draws=draws)["lines"]
