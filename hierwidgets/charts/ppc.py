"""The pictures of predictive checks: the data over its replications, and groups against theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.brief import told_apart
from hierwidgets.charts import style

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["bars", "group", "groups", "overlay", "ppc"]

WIDTH = 460
HEIGHT = 220
ROWS = "row of the group"


def ppc(picture: alt.LayerChart, title: str, rows: pd.DataFrame, name: str) -> alt.VConcatChart:
    """One picture over the groups in their order; without groups the picture alone.

    Parameters
    ----------
    picture : altair.LayerChart
        Of `overlay` or `bars`.
    title : str
        Its own.
    rows : DataFrame
        Of `groups`.
    name : str
        What the groups' axis shows.

    Examples
    --------
    >>> fit.ppc().chart.save("ppc.svg")
    """
    parts: list[alt.LayerChart] = [picture.properties(width=WIDTH, height=HEIGHT, title=title)]
    if len(rows):
        parts.append(groups(rows, name).properties(width=WIDTH, height=alt.Step(15)))
    return alt.vconcat(*parts, spacing=24)


def overlay(rows: Rows, lines: Rows, *, across: str, up: str) -> alt.LayerChart:
    """The curve of the data over the 95 % band of the replications and some of them.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        x, observed, lower, upper.
    lines : DataFrame or altair.NamedData
        line, x, value; may have no rows.
    across, up : str
        Titles of the axes.
    """
    live = style.is_live(rows)
    x = alt.X("x:Q", title=across, scale=alt.Scale(nice=False, zero=False))
    side = alt.Axis(title=up, tickCount=5, format="~g")
    band = (
        alt.Chart(style.source(rows))
        .mark_area(color=style.colour("sky", live), opacity=0.28, aria=False)
        .encode(x, alt.Y("lower:Q", axis=side), y2="upper:Q")
    )
    some = (
        alt.Chart(style.source(lines))
        .mark_line(color=style.colour("sky", live), strokeWidth=0.8, opacity=0.8, aria=False)
        .encode(x, alt.Y("value:Q", axis=side), detail="line:N")
    )
    own = (
        alt.Chart(style.source(rows))
        .mark_line(color=style.colour("ink", live), strokeWidth=2, aria=False)
        .encode(x, alt.Y("observed:Q", axis=side))
    )
    return _done([band, some, own], live)


def bars(rows: Rows, *, across: str, up: str) -> alt.LayerChart:
    """Bars of the data under the 95 % intervals and medians of the replications.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        x, observed, lower, median, upper.
    across, up : str
    """
    live = style.is_live(rows)
    x = alt.X("x:O", title=across, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    side = alt.Axis(title=up, tickCount=5, format="~g")
    base = alt.Chart(style.source(rows))
    tooltip = [
        alt.Tooltip("x:O"),
        *[
            alt.Tooltip(f"{one}:Q", format=".3~g")
            for one in ("observed", "lower", "median", "upper")
        ],
    ]
    own = base.mark_bar(color=style.colour("soft", live), opacity=0.55).encode(
        x, alt.Y("observed:Q", axis=side), tooltip=tooltip
    )
    reach = base.mark_rule(color=style.colour("blue", live), strokeWidth=2, aria=False).encode(
        x, alt.Y("lower:Q", axis=side), y2="upper:Q"
    )
    middle = base.mark_point(
        filled=True, color=style.colour("blue", live), size=26, aria=False
    ).encode(x, alt.Y("median:Q", axis=side))
    return _done([own, reach, middle], live)


def groups(rows: Rows, title: str) -> alt.LayerChart:
    """The statistic of each group as a point over the interval of its replications.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        name, observed, lower, median, upper, surprising (0 or 1), in the order to be drawn.
    title : str
        Of the axis.
    """
    live = style.is_live(rows)
    if not isinstance(rows, alt.NamedData):
        rows = rows.assign(name=told_apart(rows["name"].tolist()))
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    base = alt.Chart(style.source(rows))
    none = alt.Scale(zero=False)
    reach = base.mark_rule(color=style.colour("sky", live), strokeWidth=5, opacity=0.5).encode(
        alt.X("lower:Q", title=title, scale=none), y, x2="upper:Q"
    )
    own = base.mark_point(filled=True, size=48, opacity=1).encode(
        alt.X("observed:Q", title=title, scale=none),
        y,
        **_standing_out(alt.datum.surprising == 1, live),
    )
    return _done([reach, own], live)


def group(rows: Rows, *, across: str, up: str) -> alt.LayerChart:
    """The rows of one group over the 95 % intervals of their replications.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        x, y, lower, upper, inside (0 or 1).
    across, up : str
    """
    live = style.is_live(rows)
    none = alt.Scale(zero=False)
    whole = across == ROWS
    ticks = alt.Axis(format="d", tickMinStep=1) if whole else alt.Axis()
    x = alt.X("x:Q", title=across, scale=none, axis=ticks)
    side = alt.Axis(title=up, tickCount=5)
    base = alt.Chart(style.source(rows))
    reach = base.mark_rule(
        color=style.colour("sky", live), strokeWidth=4, opacity=0.5, aria=False
    ).encode(x, alt.Y("lower:Q", axis=side, scale=none), y2="upper:Q")
    own = base.mark_point(filled=True, size=44, opacity=1).encode(
        x,
        alt.Y("y:Q", axis=side, scale=none),
        **_standing_out(alt.datum.inside == 0, live),
        tooltip=[alt.Tooltip("x:Q", format=".4~g"), alt.Tooltip("y:Q", format=".4~g")],
    )
    return _done([reach, own], live)


def _standing_out(odd: Any, live: bool) -> dict[str, Any]:
    """The colour and the shape of a point, of another kind where it is odd."""
    colour = alt.when(odd).then(alt.value(style.colour("orange", live)))
    shape = alt.when(odd).then(alt.value("diamond"))
    return {
        "color": colour.otherwise(alt.value(style.colour("ink", live))),
        "shape": shape.otherwise(alt.value("circle")),
    }


def _done(layers: list[Any], live: bool) -> alt.LayerChart:
    chart = alt.LayerChart(layer=layers)
    return chart.add_params(*style.live_params()) if live else chart
