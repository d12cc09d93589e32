"""Pictures of leave-one-out: the Pareto k of every row, and what each group is worth."""

from __future__ import annotations

from collections.abc import Sequence
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
        row, khat, elpd, group (of the factor that is shown, or ""), bad (1 beyond `good`).
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
    return along(
        rows, "khat", title="Pareto k", at=("good", good), digits=".2f", zero=True, picked=picked
    )


def along(
    rows: Rows,
    field: str,
    *,
    title: str,
    at: tuple[str, float],
    digits: str,
    zero: bool,
    picked: Sequence[str] = (),
) -> alt.LayerChart:
    """A number of every row, along the rows of the data.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row, the field, elpd where the field is Pareto k, group, bad (1 for a triangle).
    field, title : str
        What is drawn upwards, and its name.
    at : tuple
        Where the dashed line stands: the live chart's parameter, and its value.
    digits : str
        The number's format in the tooltip.
    zero : bool
        Whether the axis begins at 0.
    picked : sequence of str

    Returns
    -------
    altair.LayerChart
        Live with the parameter of `at` and ``count``, the number of rows.
    """
    live = style.is_live(rows)
    name, value = at
    limit: Any = alt.expr(name) if live else value
    x = alt.X(
        "row:Q",
        scale=alt.Scale(domain=[0, alt.expr("count")] if live else alt.Undefined, nice=False),
        axis=alt.Axis(title="row of the data", format=",d", tickMinStep=1, tickCount=6),
    )
    y = alt.Y(
        f"{field}:Q",
        scale=alt.Scale(zero=zero, nice=True),
        axis=alt.Axis(title=title, grid=True, tickCount=5),
    )
    bad = alt.datum.bad == 1
    tooltip = [
        alt.Tooltip("row:Q", format=",d"),
        alt.Tooltip("group:N"),
        alt.Tooltip(f"{field}:Q", title=title, format=digits),
    ]
    if field == "khat":
        tooltip.append(alt.Tooltip("elpd:Q", format=".3~f"))
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
            y=alt.YDatum(limit, type="quantitative"),
            color=alt.value(style.colour("ink", live)),
        )
    )
    chart = alt.LayerChart(layer=[line, points])
    if live:
        return chart.add_params(*style.live_params(**{name: value}, count=1))
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
