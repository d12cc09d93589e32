"""Two effects of one grouping against each other, with an arrow for each group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import dots, headings, style

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["paired", "plane"]

NEEDED = "isValid(datum.x_no_pooling) && isValid(datum.y_no_pooling)"


def plane(
    rows: Rows,
    references: Rows,
    around: Rows,
    *,
    titles: Sequence[str] = ("", ""),
    ends: Sequence[Sequence[float]] | None = None,
    picked: Sequence[str] = (),
) -> alt.LayerChart:
    """
    Arrows from each group's own pair of estimates to its partial-pooling pair.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        Of `paired`. Live rows also say the pair to show as ``x_now`` and ``y_now``.
    references : DataFrame or altair.NamedData
        ``name, x, y``: the population mean and the complete-pooling point.
    around : DataFrame or altair.NamedData
        ``step, x, y`` of `hierwidgets.tables.ellipse`: where 95 % of the population's groups lie.
    titles : (str, str)
        The names of the axes.
    ends : ((float, float), (float, float)), optional
        The ends of the axes; needed with data frames. Own estimates beyond them stand at the edge.
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> plane(*paired(first, second), ellipse(centre, covariance), titles=("1|Subject", "Days|Subject"),
    ...     ends=[domain(first), domain(second)])  # doctest: +SKIP
    """
    live = style.is_live(rows)
    if isinstance(rows, alt.NamedData):
        data: Rows = rows
        largest: Any = alt.expr("largest")
        bounds: Any = [[alt.expr(f"{axis}_{end}") for end in ("least", "most")] for axis in "xy"]
    else:
        kind = "formula" if "x_formula" in rows else "partial_pooling"
        data = rows.assign(x_now=rows[f"x_{kind}"], y_now=rows[f"y_{kind}"])
        largest = max(rows["n"], default=1)
        if ends is None:
            raise ValueError("A plane of data frames needs the ends of its axes.")
        bounds = ends
    scales = [alt.Scale(domain=list(end), nice=False, zero=False, clamp=True) for end in bounds]

    def at(kind: str) -> dict[str, Any]:
        axis: Any = {"grid": True, "tickCount": 6, "domain": False, "ticks": False}
        return {
            "x": alt.X(f"x_{kind}:Q", scale=scales[0], axis=alt.Axis(title=titles[0], **axis)),
            "y": alt.Y(f"y_{kind}:Q", scale=scales[1], axis=alt.Axis(title=titles[1], **axis)),
        }

    base = alt.Chart(style.source(data))
    own = base.transform_filter(NEEDED)
    pulled = own.transform_filter("isValid(datum.x_now) && isValid(datum.y_now)")
    alike = style.opacity("group", live, picked)
    soft = alt.value(style.colour("soft", live))
    legend = None if isinstance(rows, alt.NamedData) else dots.sizes(rows)
    area = dots.area(largest, legend)
    shaft = pulled.mark_rule(strokeWidth=1, aria=False, clip=True).encode(
        **at("no_pooling"), x2="x_now:Q", y2="y_now:Q", color=soft, opacity=alike
    )
    hollow = own.mark_point(
        filled=True, fill=style.colour("paper", live), strokeWidth=1.3, opacity=1, aria=False
    ).encode(**at("no_pooling"), size=area, stroke=dots.ring(live, picked), opacity=alike)
    now = dots.present(base, live).encode(
        **at("now"), size=area, fill=dots.fill(live, picked), opacity=alike
    )
    heads = _heads(pulled, largest).encode(**at("now"), color=soft, opacity=alike)
    ghosts = dots.ghosts(base, live).encode(**at("partial_pooling"), size=area, opacity=alike)
    outline = (
        alt.Chart(style.source(around))
        .mark_line(strokeWidth=1, strokeDash=[5, 3], clip=True, aria=False)
        .encode(
            x=alt.X("x:Q", scale=scales[0]),
            y=alt.Y("y:Q", scale=scales[1]),
            order="step:Q",
            color=soft,
        )
    )
    layers = [
        outline.properties(name="ellipse"),
        shaft.properties(name="shafts"),
        heads.properties(name="heads"),
        ghosts.properties(name="ghosts"),
        hollow.properties(name="own"),
        now.properties(name="now"),
        *_references(references, scales),
        _targets(base).encode(**at("now")),
    ]
    chart = alt.LayerChart(layer=layers)
    if not isinstance(rows, alt.NamedData):
        sliding = alt.param(name="sliding", value="x_formula" in rows)
        return chart.properties(width=440, height=380).add_params(sliding)
    first = {"x_least": 0.0, "x_most": 1.0, "y_least": 0.0, "y_most": 1.0}
    return chart.add_params(*style.live_params(**first, largest=1, sliding=False))


def paired(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Two terms of one factor side by side, for `plane`.

    Parameters
    ----------
    first, second : DataFrame
        Of `hierwidgets.tables.shrinkage`, for the two terms.

    Returns
    -------
    rows : DataFrame
        ``group, label, n, reason`` and, with ``x_`` and ``y_`` before them, ``no_pooling,
        partial_pooling``, ``weight`` and, where it is given, ``formula``.
    references : DataFrame
        ``name, x, y``.
    """
    kept = ["no_pooling", "partial_pooling", "weight"]
    population = "population"
    if "formula" in first:
        kept, population = [*kept, "formula"], "formula_centre"
    other = second.set_index("group").loc[first["group"]]
    rows = headings.labelled(first)[["group", "label", "n", "reason"]].assign(
        **{f"x_{name}": first[name].to_numpy() for name in kept},
        **{f"y_{name}": other[name].to_numpy() for name in kept},
    )
    names = {"population mean": population, "complete pooling": "complete_pooling"}
    points = [
        {"name": name, "x": first[column].iloc[0], "y": second[column].iloc[0]}
        for name, column in names.items()
    ]
    return rows, type(first)(points)


def _heads(own: alt.Chart, largest: Any) -> alt.Chart:
    """Arrow heads that stop at the rim of the dot they point to."""
    dx = "(scale('x', datum.x_now) - scale('x', datum.x_no_pooling))"
    dy = "(scale('y', datum.y_now) - scale('y', datum.y_no_pooling))"
    radius = dots.radius(largest)
    length = f"sqrt({dx} * {dx} + {dy} * {dy})"
    return own.mark_point(
        shape=dots.HEAD,
        filled=True,
        aria=False,
        clip=True,
        angle=alt.expr(f"atan2({dy}, {dx}) * 180 / PI"),
        xOffset=alt.expr(f"-{dx} / max({length}, 1) * ({radius} + 2)"),
        yOffset=alt.expr(f"-{dy} / max({length}, 1) * ({radius} + 2)"),
        size=alt.expr(f"{length} < 2 * {radius} + 8 ? 0 : 5"),
    )


def _references(references: Rows, scales: Sequence[alt.Scale]) -> list[alt.Chart]:
    """The population's point and the complete-pooling point, and their names above the plot."""
    live = style.is_live(references)
    looks: list[tuple[str, dict[str, Any], int]] = [
        (
            "complete pooling",
            {
                "shape": "square",
                "size": 170,
                "filled": False,
                "strokeWidth": 2,
                "stroke": style.colour("purple", live),
            },
            130,
        ),
        (
            "population mean",
            {
                "shape": "cross",
                "size": 130,
                "filled": True,
                "strokeWidth": 1,
                "stroke": style.colour("paper", live),
                "fill": style.colour("ink", live),
            },
            0,
        ),
    ]
    parts: list[alt.Chart] = []
    for name, look, left in looks:
        base = alt.Chart(style.source(references)).transform_filter(alt.datum.name == name)
        parts.append(
            base.mark_point(opacity=1, aria=False, **look).encode(
                x=alt.X("x:Q", scale=scales[0]), y=alt.Y("y:Q", scale=scales[1])
            )
        )
        key = alt.Chart(alt.InlineData(values=[{"name": name}]))
        small: dict[str, Any] = {**look, "size": 70}
        parts.append(
            key.mark_point(opacity=1, aria=False, **small).encode(
                x=alt.value(left + 6), y=alt.value(-14)
            )
        )
        parts.append(
            key.mark_text(align="left", baseline="middle", aria=False).encode(
                x=alt.value(left + 16), y=alt.value(-14), text="name:N"
            )
        )
    return parts


def _targets(base: alt.Chart) -> alt.Chart:
    """A disc around each group's present pair for the pointer to meet."""

    def pair(kind: str) -> str:
        return f"format(datum.x_{kind}, '{dots.NUMBER}') + ', ' + format(datum.y_{kind}, '{dots.NUMBER}')"

    weight = "format(datum.x_weight, '.3f') + ', ' + format(datum.y_weight, '.3f')"
    known = "isValid(datum.x_now) && isValid(datum.y_now)"
    return (
        base.transform_calculate(
            own=f"{NEEDED} ? {pair('no_pooling')} : 'none: ' + datum.reason",
            partial=pair("partial_pooling"),
            share=f"isValid(datum.x_weight) && isValid(datum.y_weight) ? {weight} : 'none'",
            said="'group ' + datum.label",
            formula=f"!sliding ? 'as the posterior' : {known} ? {pair('now')} : 'none'",
        )
        .mark_point(filled=True, opacity=0, size=260)
        .encode(
            description="said:N",
            tooltip=[
                alt.Tooltip("label:N", title="group"),
                alt.Tooltip("n:Q", title="rows", format=","),
                alt.Tooltip("own:N", title="no pooling"),
                alt.Tooltip("partial:N", title="partial pooling"),
                alt.Tooltip("formula:N", title="by the formula"),
                alt.Tooltip("share:N", title="weight w"),
            ],
        )
        .properties(name="targets")
    )
