"""The picture of a trace: lines, marginal density and rank bars of each chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import style

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["DASHES", "panels", "trace"]

DASHES = [[1, 0], [6, 2], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3]]
WIDTHS = {"lines": 360, "density": 190, "ranks": 190}
HEIGHT = 96
EXTENT = 40
# Beyond it a half more is hardly a difference, and a number written out is too long for an axis.
FAR = 1e9
LABEL = f"!datum.value || (abs(datum.value) > 1e-6 && abs(datum.value) < {FAR:.0f}) ? datum.label : format(datum.value, '.3~e')"


def trace(
    lines: pd.DataFrame,
    density: pd.DataFrame,
    ranks: pd.DataFrame,
    divergent: pd.DataFrame,
    *,
    chains: Sequence[int],
    draws: int,
    said: Mapping[str, str] | None = None,
) -> alt.VConcatChart:
    """
    Lines, densities and rank bars of each chain, a row for each parameter.

    Parameters
    ----------
    lines, density, ranks, divergent : DataFrame
        The tables of `hierwidgets.tables.trace`.
    chains : sequence of int
        The chains' numbers, which fix their colours and dashes.
    draws : int
        Draws in each chain; the end of the axis.
    said : mapping, optional
        What stands under the name of a parameter.

    Returns
    -------
    altair.VConcatChart

    Examples
    --------
    >>> import hierwidgets as hw
    >>> fit.trace().chart.save("trace.svg")
    """
    tables = {"lines": lines, "density": density, "ranks": ranks, "divergent": divergent}
    rows = []
    for name in lines["parameter"].unique():
        own = {key: table[table["parameter"] == name] for key, table in tables.items()}
        drawn = panels(**own, chains=chains, draws=draws)
        told = (said or {}).get(name) or alt.Undefined
        title = alt.Title(str(name), subtitle=told, limit=sum(WIDTHS.values()), anchor="start")
        sized = [panel.properties(width=WIDTHS[key], height=HEIGHT) for key, panel in drawn.items()]
        rows.append(alt.hconcat(*sized, spacing=14).properties(title=title))
    return alt.vconcat(*rows, spacing=20)


def panels(
    lines: Rows,
    density: Rows,
    ranks: Rows,
    divergent: Rows,
    *,
    chains: Sequence[int],
    draws: int,
) -> dict[str, alt.LayerChart]:
    """
    The three pictures of one parameter.

    Parameters
    ----------
    lines, density, ranks, divergent : DataFrame or altair.NamedData
        One parameter's rows, or where the page will put them.
    chains, draws
        As in `trace`.

    Returns
    -------
    dict
        ``lines``, ``density`` and ``ranks``. When live, the parameters ``window`` (draws) and
        ``span`` (values) of the lines, ``span`` and ``peak`` of the density and ``last`` of the ranks end
        their scales.
    """
    numbers = [int(chain) for chain in chains]
    whole = [0, max(draws - 1, 1)]
    if isinstance(lines, alt.NamedData) or isinstance(density, alt.NamedData):
        window, span, peak = alt.expr("window"), alt.expr("span"), alt.expr("peak")
    else:
        window, span = whole, _span(lines["value"].min(), lines["value"].max())
        peak = density["density"].max() if len(density) else 1
    last: Any = draws * len(numbers)
    if isinstance(ranks, alt.NamedData):
        last = alt.expr("last")
    elif "upper" in ranks:
        last = max(ranks["upper"].max(), 1)
    drawn = {
        "lines": _lines(lines, divergent, numbers, window, span),
        "density": _density(density, divergent, numbers, span, peak),
        "ranks": _ranks(ranks, numbers, last),
    }
    if not style.is_live(lines):
        return drawn
    first = {
        "lines": {"window": whole, "span": [0, 1]},
        "density": {"span": [0, 1], "peak": 1},
        "ranks": {"last": draws * len(numbers)},
    }
    return {
        name: chart.add_params(*style.live_params(**first[name])) for name, chart in drawn.items()
    }


def _span(low: float, high: float) -> list[float]:
    """The ends of a scale; values that are all equal stand in the middle, and 0 where there are none."""
    if not low <= high:
        return [-0.5, 0.5]
    half = 0.5 if abs(low) < FAR else abs(low) / 2
    return [low, high] if low < high else [low - half, high + half]


def _lines(
    lines: Rows, divergent: Rows, chains: list[int], window: Any, span: Any
) -> alt.LayerChart:
    live = style.is_live(lines)
    x = alt.X(
        "draw:Q",
        title="draw",
        scale=alt.Scale(domain=window, nice=False),
        axis=alt.Axis(tickCount=5, tickMinStep=1),
    )
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=span, zero=False, nice=False),
        axis=alt.Axis(tickCount=3, minExtent=EXTENT, maxExtent=EXTENT, labelExpr=LABEL),
    )
    path = (
        alt.Chart(style.source(lines))
        .mark_line(strokeWidth=0.8, opacity=0.75, clip=True, aria=False)
        .encode(x=x, y=y, color=_colour(chains, live))
    )
    marks = (
        alt.Chart(style.source(divergent))
        .mark_point(
            shape="triangle-up",
            size=46,
            opacity=1,
            filled=True,
            fill=style.colour("ink", live),
            stroke=style.colour("paper", live),
            strokeWidth=1,
            clip=True,
            aria=False,
        )
        .encode(x=x, y=y, tooltip=_divergence())
    )
    return alt.LayerChart(layer=[path, marks])


def _density(
    density: Rows, divergent: Rows, chains: list[int], span: Any, peak: Any
) -> alt.LayerChart:
    live = style.is_live(density)
    x = alt.X(
        "value:Q",
        title="value",
        scale=alt.Scale(domain=span, zero=False, nice=False),
        axis=alt.Axis(tickCount=4, labelExpr=LABEL),
    )
    height = alt.Y("density:Q", axis=None, scale=alt.Scale(domain=[0, peak], zero=True, nice=False))
    curve = (
        alt.Chart(style.source(density))
        .mark_line(strokeWidth=1.4, aria=False)
        .encode(x=x, y=height, color=_colour(chains, live), strokeDash=_dash(chains))
    )
    rug = (
        alt.Chart(style.source(divergent))
        .mark_tick(
            orient="vertical",
            size=9,
            thickness=1.2,
            yOffset=-5,
            color=style.colour("ink", live),
            aria=False,
        )
        .encode(x=x, y=alt.value("height"), tooltip=_divergence())
    )
    return alt.LayerChart(layer=[curve, rug])


def _ranks(ranks: Rows, chains: list[int], last: Any) -> alt.LayerChart:
    """Bars of each chain on its own shelf, the first on top; the expected count in its dash."""
    live = style.is_live(ranks)
    shelf = f"-1 - indexof({chains}, datum.chain)"
    scaled = alt.Chart(style.source(ranks)).transform_joinaggregate(tallest="max(count)")
    x = alt.X(
        "lower:Q",
        title="rank",
        scale=alt.Scale(domain=[0, last], nice=False),
        axis=alt.Axis(tickCount=4),
    )
    count = len(chains)
    axis = alt.Axis(
        values=[-0.6 - i for i in range(count)],
        labelExpr=f"'chain ' + {chains}[round(-0.6 - datum.value)]",
        labelOverlap=False,
        ticks=False,
        domain=False,
    )
    scale = alt.Scale(domain=[-count, 0], nice=False)
    bars = (
        scaled.mark_rect(aria=False)
        .transform_calculate(shelf=shelf, top=f"{shelf} + 0.86 * datum.count / datum.tallest")
        .encode(
            x=x,
            x2="upper:Q",
            y=alt.Y("shelf:Q", title=None, scale=scale, axis=axis),
            y2="top:Q",
            color=_colour(chains, live),
            tooltip=[
                alt.Tooltip("chain:N"),
                alt.Tooltip("lower:Q", title="ranks from", format=",.0f"),
                alt.Tooltip("upper:Q", title="ranks to", format=",.0f"),
                alt.Tooltip("count:Q", format=","),
                alt.Tooltip("expected:Q", format=",.1f"),
            ],
        )
    )
    even = (
        scaled.mark_rule(strokeWidth=1.2, color=style.colour("ink", live), aria=False)
        .transform_aggregate(
            lower="min(lower)",
            upper="max(upper)",
            expected="min(expected)",
            tallest="min(tallest)",
            groupby=["chain"],
        )
        .transform_calculate(level=f"{shelf} + 0.86 * datum.expected / datum.tallest")
        .encode(
            x=x,
            x2="upper:Q",
            y=alt.Y("level:Q", title=None, scale=scale, axis=axis),
            strokeDash=_dash(chains),
        )
    )
    return alt.LayerChart(layer=[bars, even])


def _colour(chains: list[int], live: bool) -> alt.Color:
    names = [style.CHAINS[i % len(style.CHAINS)] for i in range(len(chains))]
    colours = [style.colour(name, live) for name in names]
    return alt.Color("chain:N", scale=alt.Scale(domain=chains, range=colours), legend=None)


def _dash(chains: list[int]) -> alt.StrokeDash:
    dashes = [DASHES[i % len(DASHES)] for i in range(len(chains))]
    return alt.StrokeDash("chain:N", scale=alt.Scale(domain=chains, range=dashes), legend=None)


def _divergence() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("chain:N"),
        alt.Tooltip("draw:Q", title="divergent draw"),
        alt.Tooltip("value:Q", format=".4~g"),
    ]
