"""Pictures of leave-one-out: the Pareto k of every row, and what each group is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import caterpillar, style

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["along", "khat", "loo"]


def khat(rows: Rows, *, good: float = 0.7, picked: Sequence[str] = ()) -> alt.LayerChart:
    """The Pareto k of every row, along the rows; a triangle where it is too large.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row (its place), name, khat, elpd, group (of the factor that is shown, or ""), bad (1 beyond
        `good`).
    good : float
        The limit; in a live chart the parameter of that name.
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.LayerChart
        Live with the parameters ``good`` and ``count``, the number of rows.

    Examples
    --------
    >>> fit.loo().chart.save("loo.svg")
    """
    live = style.is_live(rows)
    return along(
        rows,
        alt.Tooltip("khat:Q", title="Pareto k", format=".2f"),
        at=alt.expr("good") if live else good,
        zero=True,
        picked=picked,
        further=[alt.Tooltip("elpd:Q", format=".3~f")],
        parameters={"good": good},
    )


def along(
    rows: Rows,
    value: alt.Tooltip,
    *,
    at: Any,
    zero: bool,
    picked: Sequence[str] = (),
    further: Sequence[alt.Tooltip] = (),
    parameters: Mapping[str, float] | None = None,
) -> alt.LayerChart:
    """A number of every row, along the rows of the data.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row (its place), name, group, bad (1 for a triangle), and the fields of the tooltips.
    value : altair.Tooltip
        What is drawn upwards: its field, its title, and its format.
    at : float or altair.expr
        Where the dashed line stands.
    zero : bool
        Whether the axis begins at 0.
    picked : sequence of str
    further : sequence of altair.Tooltip
    parameters : mapping, optional
        Those of the live chart that `at` is made of.

    Returns
    -------
    altair.LayerChart
        Live with `parameters` and ``count``, the number of rows.
    """
    live = style.is_live(rows)
    x = alt.X(
        "row:Q",
        scale=alt.Scale(domain=[0, alt.expr("count")] if live else alt.Undefined, nice=False),
        axis=alt.Axis(title="row of the data", format=",d", tickMinStep=1, tickCount=6),
    )
    y = alt.Y(
        value["shorthand"],
        scale=alt.Scale(zero=zero, nice=True),
        axis=alt.Axis(title=value["title"], grid=True, tickCount=5),
    )
    bad = alt.datum.bad == 1
    tooltip = [alt.Tooltip("name:N", title="row"), alt.Tooltip("group:N"), value, *further]
    points = (
        alt.Chart(style.source(rows))
        .mark_point(filled=True, aria=False, clip=True)
        .encode(
            x=x,
            y=y,
            color=alt.when(bad)
            .then(alt.value(style.colour("orange", live)))
            .otherwise(alt.value(style.colour("blue", live))),
            shape=alt.when(bad).then(alt.value("triangle-up")).otherwise(alt.value("circle")),
            size=alt.when(bad).then(alt.value(60)).otherwise(alt.value(26)),
            opacity=style.opacity("group", live, picked, full=0.8),
            tooltip=tooltip,
        )
    )
    line = (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_rule(strokeDash=[5, 4], aria=False)
        .encode(
            y=alt.YDatum(at, type="quantitative"),
            color=alt.value(style.colour("ink", live)),
        )
    )
    chart = alt.LayerChart(layer=[line, points])
    if live:
        return chart.add_params(*style.live_params(**(parameters or {}), count=1))
    return chart.properties(height=150, width=420)


def loo(
    rows: pd.DataFrame,
    groups: pd.DataFrame | None,
    *,
    good: float,
    title: str,
    average: float,
    picked: Sequence[str] = (),
) -> alt.TopLevelMixin:
    """Every row's Pareto k above, every group's elpd for each row below.

    Parameters
    ----------
    rows : DataFrame
        As in `khat`.
    groups : DataFrame or None
        A caterpillar's rows, for a model with groups.
    good : float
    title : str
        Of the groups' axis.
    average : float
        Where the dashed line stands: elpd for each row, over all rows.
    picked : sequence of str

    Returns
    -------
    altair.VConcatChart or altair.LayerChart
    """
    above = khat(rows, good=good, picked=picked)
    return caterpillar.under(above, groups, population=average, title=title, picked=picked)
