"""The picture of power-scaling: how much every quantity follows its priors and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import style

if TYPE_CHECKING:
    from hierwidgets.charts.style import Rows

__all__ = ["ROW", "sensitivity"]

ROW = 38
TICKS = [0, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2]
KEY = "circle: prior; diamond: likelihood; hollow: Pareto k of 0.7 or more; dashed: limit 0.05"


def sensitivity(rows: Rows, *, most: float = 0.12, limit: float = 0.05) -> alt.LayerChart:
    """A dot for the priors and a diamond for the likelihood, on a square-root axis from 0.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row (its place, from 0), label, alone (1 for a part of the priors), said (the diagnosis), loud (1 where there is one), prior and
        likelihood (NaN where not shown), prior_doubtful and likelihood_doubtful (1 where the Pareto k
        is too large), prior_told and likelihood_told (the same in words).
    most : float
        The end of the axis; in a live chart the parameter of that name.
    limit : float
        Where sensitivity begins.

    Returns
    -------
    altair.LayerChart
        Live with the parameters ``most`` and ``count``, the number of rows.

    Examples
    --------
    >>> fit.sensitivity().chart.save("sensitivity.svg")
    """
    live = style.is_live(rows)
    length = 0 if isinstance(rows, alt.NamedData) else len(rows)
    count: Any = alt.expr("count") if live else max(1, length)
    domain = [0, alt.expr("most") if live else most]
    scale = alt.Scale(type="sqrt", domain=domain, nice=False)
    axis = alt.Axis(
        title="sensitivity",
        orient="top",
        values=TICKS,
        format="~g",
        grid=True,
        domain=False,
        ticks=False,
    )
    down = alt.Scale(domain=[count, 0], nice=False)

    def place(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=None, scale=down)

    base = alt.Chart(style.source(rows)).transform_calculate(
        words="datum.row + 0.3", line="datum.row + 0.74"
    )
    ground = base.mark_rule(color=style.colour("faint", live), aria=False).encode(place("line"))
    at = alt.Chart(alt.InlineData(values=[{"at": limit}])).mark_rule(
        strokeDash=[4, 3], color=style.colour("soft", live), aria=False
    )
    edge = at.encode(alt.X("at:Q", scale=scale, axis=axis))
    dots = [
        _dots(
            base,
            name,
            shape=shape,
            hue=hue,
            x=alt.X(f"{name}:Q", scale=scale, axis=axis),
            y=place("line"),
            live=live,
        )
        for name, shape, hue in (("likelihood", "diamond", "orange"), ("prior", "circle", "blue"))
    ]
    half = alt.expr("width * 0.52") if live else 300
    ink, soft = style.colour("ink", live), style.colour("soft", live)
    label = base.mark_text(align="left", dx=3, fontSize=12, limit=half, aria=False).encode(
        place("words"), x=alt.value(0), text="label:N", color=_either("alone", soft, ink)
    )
    said = base.mark_text(align="right", fontSize=11, aria=False).encode(
        place("words"),
        x=alt.value("width"),
        text="said:N",
        color=_either("loud", ink, soft),
    )
    chart = alt.LayerChart(layer=[ground, edge, *dots, label, said])
    if live:
        return chart.add_params(*style.live_params(most=most, count=1))
    title = alt.TitleParams("Power-scaling sensitivity", subtitle=KEY)
    return chart.properties(width=560, height=ROW * max(1, length), title=title)


def _either(field: str, first: Any, second: Any) -> Any:
    return alt.when(f"datum.{field}").then(alt.value(first)).otherwise(alt.value(second))


def _dots(
    base: alt.Chart, name: str, *, shape: Any, hue: str, x: alt.X, y: alt.Y, live: bool
) -> alt.Chart:
    paint, paper = style.colour(hue, live), style.colour("paper", live)
    return (
        base.transform_filter(f"isValid(datum.{name}) && isFinite(datum.{name})")
        .mark_point(shape=shape, opacity=1, size=75, strokeWidth=1.6, stroke=paint)
        .encode(
            x,
            y,
            fill=_either(f"{name}_doubtful", paper, paint),
            description=f"{name}_told:N",
            tooltip=[
                alt.Tooltip("label:N", title="of"),
                alt.Tooltip(f"{name}_told:N", title=name),
                alt.Tooltip("said:N", title="diagnosis"),
            ],
        )
    )
