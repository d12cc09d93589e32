"""Models compared: where one predicts better than another, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt

from hierwidgets.charts import caterpillar, style
from hierwidgets.charts.loo import along

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["compare", "elpd", "observations"]


def elpd(rows: Rows) -> alt.LayerChart:
    """Each model's elpd less that of the best, with two standard errors of the difference.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        model, elpd_diff, low, high, told; in order, the best first.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> hw.compare({"slopes": fit, "intercepts": other}).chart
    """
    live = style.is_live(rows)
    y = alt.Y("model:N", sort=None, axis=alt.Axis(title=None, ticks=False, domain=False))
    axis = alt.Axis(title="elpd less that of the best", grid=True, tickCount=6, domain=False)
    base = alt.Chart(style.source(rows)).encode(y=y)
    blue = alt.value(style.colour("blue", live))
    lines = base.mark_rule(strokeWidth=1.6, aria=False).encode(
        x=alt.X("low:Q", axis=axis), x2="high:Q", color=blue
    )
    points = base.mark_circle(size=70, opacity=1).encode(
        x=alt.X("elpd_diff:Q", axis=axis),
        color=blue,
        description="told:N",
        tooltip=[alt.Tooltip("model:N"), alt.Tooltip("told:N", title="difference")],
    )
    chart = alt.LayerChart(layer=[lines, points])
    return chart.add_params(*style.live_params()) if live else chart.properties(width=420)


def observations(rows: Rows, *, picked: Sequence[str] = ()) -> alt.LayerChart:
    """How much better the first model predicts each row than the second, along the rows.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        row (its place), name, difference, group, bad (1 where a Pareto k is too large).
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.LayerChart
        Live with the parameter ``count``, the number of rows.

    Examples
    --------
    >>> hw.compare({"slopes": fit, "intercepts": other}).save("compare.svg")
    """
    value = alt.Tooltip("difference:Q", title="difference in elpd", format=".3~f")
    return along(rows, value, at=0.0, zero=False, picked=picked)


def compare(
    models: pd.DataFrame,
    rows: pd.DataFrame | None,
    groups: pd.DataFrame | None,
    *,
    title: str,
    picked: Sequence[str] = (),
) -> alt.TopLevelMixin:
    """The models above, then the rows' differences, and the groups' below.

    Parameters
    ----------
    models : DataFrame
        As in `elpd`.
    rows : DataFrame or None
        As in `observations`, where single rows were left out.
    groups : DataFrame or None
        A caterpillar's rows, where a model has groups.
    title : str
        Of the groups' axis.
    picked : sequence of str

    Returns
    -------
    altair.VConcatChart or altair.LayerChart
    """
    above: alt.LayerChart | alt.VConcatChart = elpd(models)
    if rows is not None:
        above = alt.vconcat(above, observations(rows, picked=picked), spacing=18)
    return caterpillar.under(above, groups, title=title, picked=picked)
