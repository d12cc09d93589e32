"""The pictures of variance: every scale, shares of variance, shares by a predictor, correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import style

if TYPE_CHECKING:
    from hierwidgets.charts.style import Rows

__all__ = ["HUES", "cells", "curve", "scales", "shares", "variance"]

HUES = ("blue", "orange", "green", "purple", "yellow", "sky", "soft")
ROW = 64
SHARE_ROW = 42
CELL = 58


def scales(rows: Rows, density: Rows, *, most: float = 1.0, title: str = "") -> alt.LayerChart:
    """Every scale as a density over its 50 and 95 % intervals, all on one axis from zero.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row (its place, from 0), label, said (its numbers in words), told (both), hue (one of
        `HUES`), fixed (1 where it is not estimated), lower, inner_lower, median, inner_upper, upper.
    density : DataFrame or altair.NamedData
        row, hue, value and height (0 to 1).
    most : float
        The end of the axis; in a live chart the parameter of that name.
    title : str
        The axis' name.

    Returns
    -------
    altair.LayerChart
        Live with the parameters ``most`` and ``count``, the number of rows.

    Examples
    --------
    >>> fit.variance().chart.save("variance.svg")
    """
    live = style.is_live(rows)
    count = alt.expr("count") if live else max(1, _length(rows))
    x_scale = alt.Scale(domain=[0, alt.expr("most") if live else most], nice=False)
    axis = alt.Axis(title=title or None, grid=True, tickCount=6, domain=False, ticks=False)
    x: dict[str, Any] = {"scale": x_scale, "axis": axis}
    place = _places(count)
    hue = _hue(live)
    base = alt.Chart(style.source(rows)).transform_calculate(
        words="datum.row + 0.14", line="datum.row + 0.84"
    )
    curves = alt.Chart(style.source(density)).transform_calculate(
        foot="datum.row + 0.74", top="datum.row + 0.74 - 0.44 * datum.height"
    )
    area = curves.mark_area(opacity=0.3, clip=True, aria=False).encode(
        alt.X("value:Q", **x), place("foot"), y2="top:Q", color=hue, detail="row:N"
    )
    outline = curves.mark_line(strokeWidth=1.3, clip=True, aria=False).encode(
        alt.X("value:Q", **x), place("top"), color=hue, detail="row:N"
    )
    stands = (
        base.transform_filter("datum.fixed")
        .transform_calculate(foot="datum.row + 0.74", top="datum.row + 0.3")
        .mark_rule(strokeWidth=2, aria=False)
        .encode(alt.X("median:Q", **x), place("foot"), y2="top:Q", color=hue)
    )
    return _finished(
        [area, outline, stands, *_interval(base, x, place, hue, "median")],
        list(_words(base, place, live)),
        live,
        most=1.0,
        count=1,
    )


def shares(rows: Rows) -> alt.LayerChart:
    """The variance as one bar of shares, and below it each share with its intervals.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row, label, said, told, hue, start and end (of its piece of the bar), mean, lower, inner_lower,
        inner_upper, upper; shares from 0 to 1.

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    count = alt.expr("count + 0.8") if live else _length(rows) + 0.8
    axis = alt.Axis(title=None, grid=True, format="%", tickCount=5, domain=False, ticks=False)
    x: dict[str, Any] = {"scale": alt.Scale(domain=[0, 1], nice=False), "axis": axis}
    place = _places(count)
    hue = _hue(live)
    base = alt.Chart(style.source(rows)).transform_calculate(
        words="datum.row + 1.05",
        line="datum.row + 1.5",
        above="0.1",
        below="0.65",
    )
    bar = base.mark_rect(stroke=style.colour("paper", live), strokeWidth=1.5).encode(
        alt.X("start:Q", **x),
        place("above"),
        x2="end:Q",
        y2="below:Q",
        color=hue,
        description="told:N",
        tooltip=_tips(),
    )
    return _finished(
        [bar, *_interval(base, x, place, hue, "mean")],
        list(_words(base, place, live)),
        live,
        count=1,
    )


def curve(rows: Rows, *, title: str = "", colour: str = "blue") -> alt.LayerChart:
    """The share of variance between groups by a predictor, with 50 and 95 % bands.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        x, mean, lower, inner_lower, inner_upper, upper.
    title : str
        The predictor.
    colour : str
        One of `HUES`; in a live chart the parameter ``hue``, beside ``ends``, those of the axis.

    Returns
    -------
    altair.LayerChart
    """
    live = isinstance(rows, alt.NamedData)
    ends = alt.expr("ends") if live else [rows["x"].min(), rows["x"].max()]
    every = ", ".join(f"{name}: {name}" for name in HUES)
    paint = alt.expr(f"({{{every}}})[hue]") if live else style.PALETTE[colour]
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=ends, zero=False, nice=False),
        axis=alt.Axis(title=title or None, tickCount=6),
    )
    height: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, 1], nice=False),
        "axis": alt.Axis(title=None, format="%", grid=True, tickCount=5, domain=False, ticks=False),
    }
    base = alt.Chart(style.source(rows))
    layers = [
        base.mark_area(opacity=opacity, color=paint, aria=False).encode(
            x, alt.Y(f"{low}:Q", **height), y2=f"{high}:Q"
        )
        for low, high, opacity in (("lower", "upper", 0.18), ("inner_lower", "inner_upper", 0.28))
    ]
    line = base.mark_line(strokeWidth=2, color=paint, aria=False).encode(
        x, alt.Y("mean:Q", **height)
    )
    tips = [
        alt.Tooltip("x:Q", title="at", format=".4~g"),
        alt.Tooltip("mean:Q", title="share", format=".1%"),
        alt.Tooltip("lower:Q", title="from", format=".1%"),
        alt.Tooltip("upper:Q", title="to", format=".1%"),
    ]
    points = base.mark_point(size=160, opacity=0, filled=True, aria=False).encode(
        x, alt.Y("mean:Q", **height), tooltip=tips
    )
    return _finished([*layers, line, points], [], live, hue=colour, ends=[0, 1])


def cells(rows: Rows) -> alt.LayerChart:
    """A matrix of correlations: names on the diagonal, below it each mean with its interval.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        across and down (from 0), name ("" off the diagonal), said (the mean), within (the 95 %
        interval), told (all in words), hue and strength (0 to 1).

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    count = alt.expr("count") if live else 1 + int(rows["down"].max() if _length(rows) else 0)
    scale = alt.Scale(domain=[0, count], nice=False)
    down = alt.Scale(domain=[count, 0], nice=False)
    room = alt.expr("width / count - 8") if live else CELL * 2 - 8
    base = alt.Chart(style.source(rows)).transform_calculate(
        right="datum.across + 1",
        below="datum.down + 1",
        middle="datum.across + 0.5",
        upper="datum.down + (datum.name ? 0.5 : 0.36)",
        lower="datum.down + 0.7",
    )
    box = base.mark_rect(stroke=style.colour("paper", live), strokeWidth=2).encode(
        alt.X("across:Q", scale=scale, axis=None),
        alt.Y("down:Q", scale=down, axis=None),
        x2="right:Q",
        y2="below:Q",
        color=_hue(live),
        opacity=alt.Opacity(
            "strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None
        ),
        description="told:N",
    )
    words = base.encode(alt.X("middle:Q", scale=scale, axis=None))
    ink = style.colour("ink", live)
    first = words.mark_text(fontSize=13, color=ink, limit=room, aria=False).encode(
        alt.Y("upper:Q", scale=down, axis=None), text="said:N"
    )
    second = words.mark_text(fontSize=11, color=ink, limit=room, aria=False).encode(
        alt.Y("lower:Q", scale=down, axis=None), text="within:N"
    )
    return _finished([box, first, second], [], live, count=1)


def variance(parts: dict[str, alt.LayerChart], heights: dict[str, int]) -> alt.HConcatChart:
    """The pictures beside each other, as far as there are any: scales and correlations left, shares right.

    Parameters
    ----------
    parts : dict
        Static charts of `scales` by any name, and ``shares``, ``curve``, ``cells``.
    heights : dict
        Pixels by the same names.
    """
    sized = {
        name: chart.properties(
            width=2 * CELL * heights[name] // CELL if name == "cells" else 400,
            height=heights[name],
        )
        for name, chart in parts.items()
    }
    right = [chart for name, chart in sized.items() if name in ("shares", "curve")]
    left = [chart for name, chart in sized.items() if name not in ("shares", "curve")]
    columns = [alt.vconcat(*charts, spacing=24) for charts in (left, right) if charts]
    return alt.hconcat(*columns, spacing=40)


def _length(rows: Rows) -> int:
    return 0 if isinstance(rows, alt.NamedData) else len(rows)


def _places(count: Any) -> Any:
    """A maker of the vertical channel: rows go down the page."""

    def place(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[count, 0], nice=False))

    return place


def _hue(live: bool) -> alt.Color:
    colours = [style.colour(name, live) for name in HUES]
    return alt.Color("hue:N", scale=alt.Scale(domain=list(HUES), range=colours), legend=None)


def _interval(
    base: alt.Chart, x: dict[str, Any], place: Any, hue: alt.Color, centre: str
) -> tuple[alt.Chart, alt.Chart, alt.Chart]:
    """A thin line of 95 %, a thick one of 50 %, and a dot that a screen reader hears."""

    def line(low: str, high: str, width: float) -> alt.Chart:
        return base.mark_rule(strokeWidth=width, strokeCap="round", clip=True, aria=False).encode(
            alt.X(f"{low}:Q", **x), place("line"), x2=f"{high}:Q", color=hue
        )

    dot = base.mark_point(filled=True, opacity=1, size=52).encode(
        alt.X(f"{centre}:Q", **x), place("line"), color=hue, description="told:N", tooltip=_tips()
    )
    return line("lower", "upper", 1.5), line("inner_lower", "inner_upper", 4.5), dot


def _tips() -> list[alt.Tooltip]:
    return [alt.Tooltip("label:N", title="of"), alt.Tooltip("said:N", title="95 %")]


def _words(base: alt.Chart, place: Any, live: bool) -> tuple[alt.Chart, alt.Chart]:
    """What a row is, at the left, and its numbers, at the right."""
    half = alt.expr("width * 0.46") if live else 190
    name = base.mark_text(
        align="left", dx=3, fontSize=12, color=style.colour("ink", live), limit=half, aria=False
    ).encode(place("words"), x=alt.value(0), text="label:N")
    said = base.mark_text(
        align="right", fontSize=11, color=style.colour("soft", live), aria=False
    ).encode(place("words"), x=alt.value("width"), text="said:N")
    return name, said


def _finished(
    marks: list[alt.Chart], words: list[alt.Chart], live: bool, **params: Any
) -> alt.LayerChart:
    chart = alt.LayerChart(layer=[*marks, *words])
    return chart.add_params(*style.live_params(**params)) if live else chart
