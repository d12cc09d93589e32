"""The trellis: a small picture of each group, its rows with three lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from hierwidgets.brief import told_apart
from hierwidgets.charts import style

if TYPE_CHECKING:
    from hierwidgets.charts.style import Rows

LINES = ("no pooling", "partial pooling", "complete pooling")
DASHES = [[6, 3], [1, 0], [2, 3]]
COLOURS = ("purple", "blue", "soft")
KEY = 5
NUMBER = ".4~g"
YEARS = "abs(datum.value) < 10000 ? replace(datum.label, ',', '') : datum.label"


def grid(
    rows: Rows,
    *,
    columns: int = 6,
    ends: Sequence[Sequence[float]] | None = None,
    levels: Sequence[str] = (),
    picked: Sequence[str] = (),
) -> alt.FacetChart:
    """
    A panel for each group, in rows of `columns`, with shared axes.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        Of `rows_of`.
    columns : int
        Panels side by side.
    ends : ((float, float), (float, float)), optional
        The ends of x and of y; needed with a data frame. Lines that leave them are cut.
    levels : sequence of str
        Names of the places along x, where it is categories.
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.FacetChart

    Examples
    --------
    >>> grid(rows_of(table, points, lines), ends=[(0, 9), (200, 450)])  # doctest: +SKIP
    """
    live = style.is_live(rows)
    layers: list[Any] = _layers(rows, ends, levels, picked, ("", ""), large=False)
    header = alt.Header(
        title=None,
        labelExpr=f"slice(datum.value, {KEY})",
        labelLimit=150,
        labelPadding=3,
        labelAnchor="start",
    )
    chart = alt.LayerChart(layer=layers, data=alt.Undefined).properties(width=150, height=104)
    facet = chart.facet(
        facet=alt.Facet("panel:N", header=header), columns=columns, data=style.source(rows)
    ).properties(spacing={"row": 12, "column": 12})
    return facet.add_params(*_params()) if live else facet


def panel(
    rows: Rows,
    *,
    ends: Sequence[Sequence[float]] | None = None,
    levels: Sequence[str] = (),
    titles: Sequence[str] = ("", ""),
) -> alt.LayerChart:
    """
    One group large, with the rows it is made of named in a tooltip.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        Of `rows_of`, of one group.
    ends, levels
        As for `grid`.
    titles : (str, str)
        The names of the axes.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> panel(rows_of(table, points, lines), ends=[(0, 9), (200, 450)])  # doctest: +SKIP
    """
    layers: list[Any] = _layers(rows, ends, levels, (), titles, large=True)
    chart = alt.LayerChart(layer=layers, data=style.source(rows))
    if style.is_live(rows):
        return chart.add_params(*_params())
    return chart.properties(width=460, height=300)


def rows_of(table: pd.DataFrame, points: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """
    What both pictures draw, one row a mark.

    Parameters
    ----------
    table : DataFrame
        ``group, title``: the groups in their order, and what stands over each.
    points : DataFrame
        ``group, x, y``.
    lines : DataFrame
        ``group, x, partial_pooling, lower, upper, no_pooling, complete_pooling``.

    Returns
    -------
    DataFrame
        ``panel, group, title, kind, line, x, y, lower, upper``; kind is "panel", whose rows alone have the
        whole title, "point" or "line".
    """
    keys = [f"{i:0{KEY}d}{title}" for i, title in enumerate(told_apart(table["title"].tolist()))]
    panels = pd.DataFrame(table[["group", "title"]].to_numpy(), columns=["group", "title"])
    parts = [panels.assign(kind="panel", line="")]
    seen = points[points["group"].isin(table["group"])]
    parts.append(seen[["group", "x", "y"]].assign(kind="point", line=""))
    for line in LINES:
        name = line.replace(" ", "_")
        part = lines[["group", "x"]].assign(kind="line", line=line, y=lines[name])
        if line == "partial pooling":
            part[["lower", "upper"]] = lines[["lower", "upper"]]
        parts.append(part)
    out = pd.concat(parts, ignore_index=True)
    place = dict(zip(table["group"], keys, strict=True))
    out.insert(0, "panel", out["group"].map(place))
    out["title"] = out["title"].fillna("")
    columns = ["panel", "group", "title", "kind", "line", "x", "y", "lower", "upper"]
    return out[columns]


def _layers(
    rows: Rows,
    ends: Sequence[Sequence[float]] | None,
    levels: Sequence[str],
    picked: Sequence[str],
    titles: Sequence[str],
    *,
    large: bool,
) -> list[alt.Chart]:
    live = style.is_live(rows)
    if not live and ends is None:
        raise ValueError("A picture of a data frame needs the ends of its axes.")
    bounds: Any = ends
    ticks: Any = list(range(len(levels))) if levels else alt.Undefined
    named = f"({json.dumps(list(levels))})[datum.value] || ''" if levels else YEARS
    if live:
        bounds = [[alt.expr(f"{axis}_{end}") for end in ("least", "most")] for axis in "xy"]
        ticks = alt.expr("length(levels) ? sequence(length(levels)) : null")
        named = f"length(levels) ? (levels[datum.value] || '') : {YEARS}"
    look: Any = {"grid": True, "domain": False, "ticks": False}
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=list(bounds[0]), nice=False, zero=False),
        axis=alt.Axis(
            title=titles[0] or None,
            labelExpr=named,
            values=ticks,
            tickCount=8 if large else 4,
            **look,
        ),
    )
    scale = alt.Scale(domain=list(bounds[1]), nice=False, zero=False)
    y = alt.Y(
        "y:Q",
        scale=scale,
        axis=alt.Axis(title=titles[1] or None, tickCount=6 if large else 3, **look),
    )
    base = alt.Chart()
    line = base.transform_filter("datum.kind === 'line' && isValid(datum.y)")
    inked = style.colour("ink", live)
    paint = [style.colour(name, live) for name in COLOURS]
    legend = None if live else alt.Legend(title=None, orient="bottom", symbolSize=700)
    band = line.transform_filter("datum.line === 'partial pooling'").mark_area(
        color=style.colour("blue", live), opacity=0.2, clip=True, aria=False
    )
    lines = line.mark_line(clip=True, strokeWidth=2.2 if large else 1.6, aria=False).encode(
        x=x,
        y=y,
        color=alt.Color(
            "line:N", scale=alt.Scale(domain=list(LINES), range=paint), sort=None, legend=legend
        ),
        strokeDash=alt.StrokeDash(
            "line:N", scale=alt.Scale(domain=list(LINES), range=DASHES), sort=None, legend=legend
        ),
    )
    points = base.transform_filter("datum.kind === 'point' && isValid(datum.y)").mark_point(
        filled=True,
        size=44 if large else 16,
        color=inked,
        opacity=0.75,
        clip=True,
        aria=False,
        tooltip=None,
    )
    points = points.encode(x=x, y=y)
    if large:
        points = points.encode(
            tooltip=[
                alt.Tooltip("name:N" if live else "x:Q", title="x"),
                alt.Tooltip("y:Q", format=NUMBER),
            ]
        )
    layers = [
        band.encode(x=x, y=alt.Y("lower:Q", scale=scale), y2="upper:Q").properties(name="bands"),
        lines.properties(name="lines"),
        points.properties(name="points"),
    ]
    return layers if large else [*layers, _targets(base, live, picked)]


def _targets(base: alt.Chart, live: bool, picked: Sequence[str]) -> alt.Chart:
    """A frame over each panel, orange where its group is picked, that the pointer meets."""
    if live:
        chosen: Any = "indexof(picked, datum.group) >= 0"
    else:
        chosen = alt.FieldOneOfPredicate(field="group", oneOf=list(picked))
    return (
        base.transform_filter("datum.kind === 'panel'")
        .transform_calculate(said="'group ' + datum.title")
        .mark_rect(strokeWidth=2.5, cursor="pointer", fill=style.colour("orange", live))
        .encode(
            x=alt.value(0),
            x2=alt.value("width"),
            y=alt.value(0),
            y2=alt.value("height"),
            stroke=alt.when(chosen)
            .then(alt.value(style.colour("orange", live)))
            .otherwise(alt.value(style.colour("faint", live))),
            fillOpacity=alt.when(chosen).then(alt.value(0.08)).otherwise(alt.value(0)),
            description="said:N",
        )
        .properties(name="targets")
    )


def _params() -> list[alt.Parameter]:
    first = {"x_least": 0.0, "x_most": 1.0, "y_least": 0.0, "y_most": 1.0}
    return style.live_params(**first, levels=[])
