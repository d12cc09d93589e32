"""The pictures of shrinkage: how far each group is pulled from its own estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import dots, headings, style
from hierwidgets.charts.caterpillar import LABEL_LIMIT, STEP, _extent, _label_axis, _y_scale

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["groups", "overview"]

NAME_WIDTH = 100


def groups(
    rows: Rows,
    *,
    title: str = "",
    ends: Sequence[float] | None = None,
    picked: Sequence[str] = (),
) -> alt.LayerChart:
    """
    A row for each group: its own estimate, an arrow, and its partial-pooling estimate.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        The table of `hierwidgets.tables.shrinkage`, in the order of the page; with columns
        ``formula`` and ``formula_centre`` it shows those. Named data makes the live chart, whose rows also say their position as ``row`` and the estimate to show as
        ``now``: the posterior's, or the formula's while the parameter ``sliding`` is true.
    title : str
        The name of the axis.
    ends : (float, float), optional
        The ends of the axis, by default those of `hierwidgets.charts.dots.domain`. An own estimate beyond them stands at
        the edge as a triangle.
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> groups(table, title="1|Subject")  # doctest: +SKIP
    """
    live = style.is_live(rows)
    rows = headings.labelled(rows)
    if isinstance(rows, alt.NamedData):
        data: Rows = rows
        least, most, largest = alt.expr("least"), alt.expr("most"), alt.expr("largest")
        population, complete = alt.expr("population"), alt.expr("complete")
    else:
        data, population, complete = _placed(rows)
        least, most = ends or dots.domain(headings.parts(rows))
        largest = max(headings.parts(rows)["n"], default=1)
    scale = alt.Scale(domain=[least, most], nice=False, zero=False, clamp=True)
    axis = alt.Axis(title=title or None, grid=True, tickCount=6, domain=False, ticks=False)
    y = alt.Y("row:Q", scale=_y_scale(rows), axis=_label_axis(rows))
    every = alt.Chart(style.source(data)).encode(y=y)
    base, tops = headings.apart(rows, every, scale, step=STEP, extent=_extent(rows))
    own = base.transform_filter("isValid(datum.no_pooling)")
    pulled = own.transform_filter("isValid(datum.now)")
    alike = style.opacity("group", live, picked)
    legend = None if isinstance(rows, alt.NamedData) else dots.sizes(headings.parts(rows))
    area = dots.area(largest, legend)

    def x(name: str) -> alt.X:
        return alt.X(f"{name}:Q", scale=scale, axis=axis)

    soft = alt.value(style.colour("soft", live))
    shaft = pulled.mark_rule(strokeWidth=1.2, aria=False, clip=True).encode(
        x=x("no_pooling"), x2="now:Q", color=soft, opacity=alike
    )
    radius = dots.radius(largest)
    reach = "abs(scale('x', datum.now) - scale('x', datum.no_pooling))"
    head = pulled.mark_point(
        shape=dots.HEAD,
        filled=True,
        aria=False,
        clip=True,
        angle=alt.expr("datum.now < datum.no_pooling ? 180 : 0"),
        xOffset=alt.expr(f"(datum.now < datum.no_pooling ? 1 : -1) * ({radius} + 2)"),
        size=alt.expr(f"{reach} < 2 * {radius} + 8 ? 0 : 5"),
    ).encode(x=x("now"), color=soft, opacity=alike)
    beyond = (
        f"datum.no_pooling < {dots.expression(least)} ? 'triangle-left' : "
        f"datum.no_pooling > {dots.expression(most)} ? 'triangle-right' : 'circle'"
    )
    hollow = own.mark_point(
        filled=True,
        fill=style.colour("paper", live),
        strokeWidth=1.4,
        opacity=1,
        aria=False,
        shape=alt.expr(beyond),
    ).encode(x=x("no_pooling"), size=area, stroke=dots.ring(live, picked), opacity=alike)
    placed: Any = {"scale": scale, "axis": axis, "live": live}
    labels = base.mark_text(
        align="right",
        baseline="middle",
        aria=False,
        limit=alt.expr("extent - 12") if live else LABEL_LIMIT,
    ).encode(
        x=alt.value(-10),
        text="brief:N",
        color=alt.value(style.colour("ink", live)),
        opacity=style.opacity("group", live, picked, dim=0.45),
    )
    ghosts = dots.ghosts(base, live).encode(x=x("partial_pooling"), size=area, opacity=alike)
    now = dots.present(base, live).encode(
        x=x("now"), size=area, fill=dots.fill(live, picked), opacity=alike
    )
    layers = [
        *tops,
        _line(
            population,
            dash=[5, 4],
            text="population mean",
            colour="ink",
            height=-8,
            right=f"{dots.expression(population)} >= {dots.expression(complete)}",
            **placed,
        ),
        _line(
            complete,
            dash=[1.5, 3],
            text="complete pooling",
            colour="purple",
            height=-22,
            right=f"{dots.expression(complete)} > {dots.expression(population)}",
            **placed,
        ),
        shaft.properties(name="shafts"),
        head.properties(name="heads"),
        ghosts.properties(name="ghosts"),
        hollow.properties(name="own"),
        now.properties(name="now"),
        labels.properties(name="labels"),
    ]
    chart = alt.LayerChart(layer=[*layers, _targets(base, live)])
    if not isinstance(rows, alt.NamedData):
        sliding = alt.param(name="sliding", value="formula" in rows)
        return chart.properties(width=460, height=STEP * max(len(rows), 1)).add_params(sliding)
    return chart.add_params(
        *style.live_params(
            low=-0.5,
            high=1.0,
            step=STEP,
            least=0.0,
            most=1.0,
            largest=1,
            extent=80,
            population=0.0,
            complete=0.0,
            sliding=False,
        )
    )


def overview() -> alt.LayerChart:
    """The live picture of all groups beside a scrolling one.

    Named data ``stretches`` has ``row``, the means of ``no_pooling`` and ``now`` there; ``picks``
    the rows that are picked.
    """
    y = alt.Y(
        "row:Q",
        scale=alt.Scale(domain=[alt.expr("count - 0.5"), -0.5], nice=False, zero=False),
        axis=None,
    )
    scale = alt.Scale(domain=[alt.expr("least"), alt.expr("most")], nice=False, clamp=True)
    base = alt.Chart(alt.NamedData("stretches")).encode(y=y)

    def line(name: str, colour: str, width: float) -> alt.Chart:
        return base.mark_line(orient="horizontal", strokeWidth=width, aria=False).encode(
            x=alt.X(f"{name}:Q", scale=scale, axis=None),
            order="row:Q",
            color=alt.value(alt.expr(colour)),
        )

    picks = (
        alt.Chart(alt.NamedData("picks"))
        .mark_rule(strokeWidth=2, aria=False)
        .encode(y=y, x=alt.value(0), x2=alt.value("width"), color=alt.value(alt.expr("orange")))
    )
    lines = [line("no_pooling", "soft", 0.8), line("now", "sliding ? green : blue", 1.6)]
    return alt.LayerChart(layer=[*lines, picks]).add_params(
        *style.live_params(count=1, least=0.0, most=1.0, sliding=False)
    )


def _placed(rows: pd.DataFrame) -> tuple[pd.DataFrame, float, float]:
    """Rows with their position and present estimate, the population mean and complete pooling."""
    sliding = "formula" in rows
    data = rows.assign(row=range(len(rows)), now=rows["formula" if sliding else "partial_pooling"])
    if rows.empty:
        return data, 0.0, 0.0
    first = rows.iloc[0]
    population = first["formula_centre" if sliding else "population"]
    return data, float(population), float(first["complete_pooling"])


def _line(
    at: Any,
    *,
    dash: list[float],
    text: str,
    colour: str,
    height: int,
    right: str,
    scale: alt.Scale,
    axis: alt.Axis,
    live: bool,
) -> alt.LayerChart:
    """A line down the page and its name above it: to the `right` when told so and there is room."""
    base = alt.Chart(alt.InlineData(values=[{}])).encode(
        x=alt.X(datum=at, type="quantitative", scale=scale, axis=axis),
        color=alt.value(style.colour(colour, live)),
    )
    rule = base.mark_rule(strokeDash=dash, strokeWidth=1.4, aria=False).encode(
        y=alt.value(height), y2=alt.value("height")
    )
    room = f"range('x')[1] - scale('x', {dots.expression(at)}) > {NAME_WIDTH}"
    outward = f"({right}) && {room}"
    label = base.mark_text(
        text=text,
        aria=False,
        baseline="middle",
        align=alt.expr(f"{outward} ? 'left' : 'right'"),
        dx=alt.expr(f"{outward} ? 5 : -5"),
    ).encode(y=alt.value(height))
    return alt.LayerChart(layer=[rule, label])


def _targets(base: alt.Chart, live: bool) -> alt.Chart:
    """What the pointer meets: the whole row of a group, labels included."""
    around = (
        "format(datum.{0}, '{2}') + (isValid(datum.{1}) ? ' ± ' + format(datum.{1}, '{2}') : '')"
    )
    own = around.format("no_pooling", "no_pooling_se", dots.NUMBER)
    ends = "format(datum.no_pooling_{0}, '{1}')"
    lower, upper = (ends.format(end, dots.NUMBER) for end in ("lower", "upper"))
    own += f" + (isValid(datum.no_pooling_lower) ? ' (' + {lower} + ' to ' + {upper} + ')' : '')"
    described = base.transform_calculate(
        own=f"isValid(datum.no_pooling) ? {own} : 'none: ' + datum.reason",
        partial=around.format("partial_pooling", "partial_pooling_sd", dots.NUMBER),
        share="isValid(datum.weight) ? format(datum.weight, '.3f') : 'none'",
        real="isValid(datum.realised) ? format(datum.realised, '.3f') : 'none'",
        said="'group ' + datum.label",
        formula=f"!sliding ? 'as the posterior' : isValid(datum.now) ? format(datum.now, '{dots.NUMBER}') : 'none'",
    )
    tooltip = [
        alt.Tooltip("label:N", title="group"),
        alt.Tooltip("n:Q", title="rows", format=","),
        alt.Tooltip("own:N", title="no pooling"),
        alt.Tooltip("partial:N", title="partial pooling"),
        alt.Tooltip("formula:N", title="by the formula"),
        alt.Tooltip("complete_pooling:Q", title="complete pooling", format=dots.NUMBER),
        alt.Tooltip("population:Q", title="population mean", format=dots.NUMBER),
        alt.Tooltip("share:N", title="weight w"),
        alt.Tooltip("real:N", title="share realised"),
    ]
    return (
        described.mark_bar(
            size=alt.expr("step") if live else STEP, opacity=0, cornerRadius=0, clip=False
        )
        .encode(
            x=alt.value(alt.expr("-extent") if live else 0),
            x2=alt.value("width"),
            description="said:N",
            tooltip=tooltip,
        )
        .properties(name="targets")
    )
