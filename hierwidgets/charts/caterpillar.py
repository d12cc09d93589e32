"""The picture of a caterpillar: every group's effect with its intervals, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import headings, style

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["MOST_ROWS", "band", "caterpillar", "overview", "under"]

MOST_ROWS = 150
STEP = 17
LABEL_LIMIT = 230
_LETTER = 6.1


def caterpillar(
    rows: Rows, *, population: float = 0.0, title: str = "", picked: Sequence[str] = ()
) -> alt.LayerChart:
    """Groups down the page with 50 and 95 % intervals, means, and the population's line.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        The table of `hierwidgets.tables.caterpillar`, in the order of the page, or of
        `hierwidgets.tables.nested.with_headings`. Named data makes the live chart, whose rows also
        say their position as ``row``.
    population : float
        Where the population's line stands.
    title : str
        The name of the axis.
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> caterpillar(table, population=0.0, title="1|Subject")
    """
    live = isinstance(rows, alt.NamedData)
    rows = headings.labelled(rows)
    x = _x_scale(live)
    axis = alt.Axis(title=title or None, grid=True, tickCount=6, domain=False, ticks=False)
    y = alt.Y("row:Q", scale=_y_scale(rows), axis=_label_axis(rows))
    alike = style.opacity("group", live, picked)
    stroke = _stroke(live, picked)
    every = alt.Chart(style.source(_numbered(rows))).encode(y=y)
    base, tops = headings.apart(rows, every, x, step=STEP, extent=_extent(rows))
    mean = base.mark_circle(
        size=52, stroke=style.colour("paper", live), strokeWidth=1.2, aria=False, clip=True
    ).encode(x=alt.X("mean:Q", scale=x, axis=axis), fill=stroke, opacity=alike)

    def interval(low: str, high: str, width: float) -> alt.Chart:
        return base.mark_rule(strokeWidth=width, strokeCap="round", aria=False, clip=True).encode(
            x=alt.X(f"{low}:Q", scale=x, axis=axis), x2=f"{high}:Q", color=stroke, opacity=alike
        )

    limit = alt.expr("extent - 12") if live else LABEL_LIMIT
    labels = base.mark_text(align="right", baseline="middle", limit=limit, aria=False).encode(
        x=alt.value(-10),
        text="brief:N",
        color=alt.value(style.colour("ink", live)),
        opacity=style.opacity("group", live, picked, dim=0.5),
    )
    outer = interval("lower", "upper", 1.2)
    inner = interval("inner_lower", "inner_upper", 3.6)
    if not isinstance(rows, alt.NamedData):
        line = _line(population, live)
        height = STEP * max(len(rows), 1)
        return alt.LayerChart(layer=[*tops, line, outer, inner, mean, labels]).properties(
            height=height, width=420
        )
    line = _line(alt.expr("population"), live)
    layers = [*tops, line, outer, inner, mean, labels, _targets(base)]
    return alt.LayerChart(layer=layers).add_params(
        *style.live_params(
            low=-0.5, high=1.0, step=STEP, least=0.0, most=1.0, extent=80, population=population
        )
    )


def band(table: pd.DataFrame, *, population: float = 0.0, title: str = "") -> alt.LayerChart:
    """Thousands of groups as bands of their intervals, in the order of the page.

    Parameters
    ----------
    table : DataFrame
        Of `hierwidgets.tables.caterpillar.band`.
    population : float
    title : str
        The name of the axis.

    Returns
    -------
    altair.LayerChart
    """
    axis = alt.Axis(title=title or None, grid=True, tickCount=6, domain=False, ticks=False)
    rows = alt.Y(
        "row:Q",
        scale=alt.Scale(zero=False, nice=False, reverse=True),
        axis=alt.Axis(title="groups, in order", tickCount=5, format="d", domain=False),
    )
    bands = _bands(table, axis, rows, alt.Scale(zero=False, nice=False))
    return alt.LayerChart(layer=[*bands, _line(population, live=False)]).properties(
        height=420, width=420
    )


def under(
    above: alt.LayerChart | alt.VConcatChart,
    groups: pd.DataFrame | None,
    *,
    population: float = 0.0,
    title: str = "",
    picked: Sequence[str] = (),
) -> alt.TopLevelMixin:
    """The caterpillar of the groups, or its bands where they are many, below another picture.

    Parameters
    ----------
    above : altair.LayerChart or altair.VConcatChart
    groups : DataFrame or None
        A caterpillar's rows; without groups the other picture stands alone.
    population : float
    title : str
    picked : sequence of str

    Returns
    -------
    altair.VConcatChart or altair.LayerChart
    """
    if groups is None:
        return above
    if len(groups) > MOST_ROWS:
        from hierwidgets.tables import caterpillar as tables

        return alt.vconcat(above, band(tables.band(groups), population=population, title=title))
    below = caterpillar(groups, population=population, title=title, picked=picked)
    return alt.vconcat(above, below)


def overview() -> alt.LayerChart:
    """The live bands beside a scrolling caterpillar: named data ``band``, and ``picks`` by row."""
    rows = alt.Y(
        "row:Q",
        scale=alt.Scale(domain=[alt.expr("count - 0.5"), -0.5], nice=False, zero=False),
        axis=None,
    )
    picks = (
        alt.Chart(alt.NamedData("picks"))
        .mark_rule(strokeWidth=2, aria=False)
        .encode(
            y=rows,
            x=alt.value(0),
            x2=alt.value("width"),
            color=alt.value(style.colour("orange", live=True)),
        )
    )
    bands = _bands(alt.NamedData("band"), None, rows, _x_scale(live=True))
    line = _line(alt.expr("population"), live=True, axis=None)
    return alt.LayerChart(layer=[*bands, line, picks]).add_params(
        *style.live_params(count=1, least=0.0, most=1.0, population=0.0)
    )


def _bands(rows: Rows, axis: Any, y: alt.Y, x: alt.Scale) -> list[alt.Chart]:
    live = style.is_live(rows)
    blue = alt.value(style.colour("blue", live))
    base = alt.Chart(style.source(rows)).encode(y=y, color=blue)

    def area(low: str, high: str, opacity: float) -> alt.Chart:
        return base.mark_area(orient="horizontal", opacity=opacity, aria=False, clip=True).encode(
            x=alt.X(f"{low}:Q", scale=x, axis=axis), x2=f"{high}:Q"
        )

    mean = base.mark_line(orient="horizontal", strokeWidth=1.4, aria=False, clip=True).encode(
        x=alt.X("mean:Q", scale=x, axis=axis), order="row:Q"
    )
    return [area("lower", "upper", 0.22), area("inner_lower", "inner_upper", 0.4), mean]


def _targets(base: alt.Chart) -> alt.Chart:
    """What the pointer meets: the whole row of a group, labels included."""
    number = ".4~g"
    between = "format(datum.{0}, '{2}') + ' to ' + format(datum.{1}, '{2}')"
    return (
        base.transform_calculate(
            range95=between.format("lower", "upper", number),
            range50=between.format("inner_lower", "inner_upper", number),
            said="'group ' + datum.label",
        )
        .mark_bar(size=alt.expr("step"), opacity=0, cornerRadius=0)
        .encode(
            x=alt.value(alt.expr("-extent")),
            x2=alt.value("width"),
            description="said:N",
            tooltip=[
                alt.Tooltip("label:N", title="group"),
                alt.Tooltip("n:Q", title="rows", format=","),
                alt.Tooltip("mean:Q", format=number),
                alt.Tooltip("sd:Q", format=number),
                alt.Tooltip("range95:N", title="95 %"),
                alt.Tooltip("range50:N", title="50 %"),
            ],
        )
        .properties(name="targets")
    )


def _line(at: Any, live: bool, axis: Any = alt.Undefined) -> alt.Chart:
    return (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.2, aria=False, clip=True)
        .encode(
            x=alt.X(datum=at, type="quantitative", axis=axis),
            color=alt.value(style.colour("ink", live)),
        )
    )


def _numbered(rows: Rows) -> Rows:
    if isinstance(rows, alt.NamedData):
        return rows
    return rows.assign(row=range(len(rows)))


def _x_scale(live: bool) -> alt.Scale:
    if live:
        return alt.Scale(domain=[alt.expr("least"), alt.expr("most")], nice=False, zero=False)
    return alt.Scale(zero=False, nice=False, padding=8)


def _y_scale(rows: Rows) -> alt.Scale:
    if isinstance(rows, alt.NamedData):
        return alt.Scale(domain=[alt.expr("high"), alt.expr("low")], nice=False, zero=False)
    return alt.Scale(domain=[len(rows) - 0.5, -0.5], nice=False, zero=False)


def _extent(rows: Rows) -> Any:
    """Pixels left of the plot for the labels."""
    if isinstance(rows, alt.NamedData):
        return alt.expr("extent")
    pairs = zip(rows["brief"], rows["label"], strict=True)
    longest = max((len(brief or label) for brief, label in pairs), default=0)
    return min(LABEL_LIMIT, round(longest * _LETTER) + 4) + 12


def _label_axis(rows: Rows) -> alt.Axis:
    return alt.Axis(
        labels=False, ticks=False, domain=False, grid=False, title=None, minExtent=_extent(rows)
    )


def _is_picked(live: bool, picked: Sequence[str]) -> Any:
    if live:
        return "indexof(picked, datum.group) >= 0"
    return alt.FieldOneOfPredicate(field="group", oneOf=list(picked))


def _stroke(live: bool, picked: Sequence[str]) -> Any:
    chosen = alt.value(style.colour("orange", live))
    return (
        alt.when(_is_picked(live, picked))
        .then(chosen)
        .otherwise(alt.value(style.colour("blue", live)))
    )
