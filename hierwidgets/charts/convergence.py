"""The pictures of convergence: whether chains agree, how fast they forget, energy, and a funnel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import altair as alt

from hierwidgets.charts import style
from hierwidgets.charts import trace as traces
from hierwidgets.charts.trace import DASHES, LABEL

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

__all__ = ["Tables", "autocorrelation", "convergence", "ecdf", "energy", "funnel"]

WIDTH = 250
HEIGHT = 150


class Tables(NamedTuple):
    """The rows of all the pictures; see the function of each."""

    ranks: pd.DataFrame
    ecdf: pd.DataFrame
    band: pd.DataFrame
    autocorrelation: pd.DataFrame
    energy: pd.DataFrame
    funnel: pd.DataFrame


def convergence(
    tables: Tables, *, chains: int, draws: int, parameter: str, axes: tuple[str, str], title: str
) -> alt.VConcatChart:
    """Rank bars, ECDF differences and autocorrelation of a parameter over a funnel and the energy.

    Parameters
    ----------
    tables : Tables
        The funnel's may have no rows, and so may the energy's; what has none is left out.
    chains, draws : int
    parameter : str
        What the first three are of.
    axes : tuple of str
        The titles of the funnel's axes.
    title : str
        The funnel's.

    Returns
    -------
    altair.VConcatChart

    Examples
    --------
    >>> fit.convergence().chart.save("convergence.svg")
    """
    numbers = range(chains)
    first = [
        ranks(tables.ranks, numbers, draws),
        ecdf(tables.ecdf, tables.band, numbers),
        autocorrelation(tables.autocorrelation, numbers),
    ]
    size = {"width": WIDTH, "height": HEIGHT}
    head = alt.Title(parameter, limit=3 * WIDTH, anchor="start")
    rows: list[alt.HConcatChart] = [
        alt.hconcat(*(one.properties(**size) for one in first)).properties(title=head)
    ]
    second: list[alt.LayerChart] = []
    if len(tables.funnel):
        name = alt.Title(title, limit=2 * WIDTH, anchor="start")
        drawn = funnel(tables.funnel, axes=axes)
        second.append(drawn.properties(width=WIDTH * 1.6, height=1.6 * HEIGHT, title=name))
    if len(tables.energy):
        drawn = energy(tables.energy)
        second.append(drawn.properties(width=WIDTH, height=1.6 * HEIGHT, title="Energy"))
    if second:
        rows.append(
            alt.hconcat(*second).resolve_scale(color="independent", strokeDash="independent")
        )
    drawn = alt.vconcat(*rows, spacing=24)
    return drawn.resolve_scale(color="independent", strokeDash="independent")


def ranks(rows: Rows, chains: Sequence[int], draws: int) -> alt.LayerChart:
    """The rank bars of a trace, of one parameter."""
    import pandas as pd

    if isinstance(rows, alt.NamedData):
        nothing: Any = alt.NamedData("nothing")
        return traces.panels(nothing, nothing, rows, nothing, chains=chains, draws=draws)["ranks"]
    nothing = pd.DataFrame({"value": [0.0], "density": [1.0]})
    return traces.panels(nothing, nothing, rows, nothing, chains=chains, draws=draws)["ranks"]


def ecdf(rows: Rows, band: Rows, chains: Sequence[int]) -> alt.LayerChart:
    """The distribution of each chain's ranks less the even one, with bounds for all chains at once.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        chain, at (a share of all ranks), difference.
    band : DataFrame or altair.NamedData
        at, lower, upper.
    chains : sequence of int
        The chains' numbers, which fix their colours and dashes.
    """
    live = style.is_live(rows)
    x = alt.X(
        "at:Q",
        title="share of all ranks",
        axis=alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1]),
        scale=alt.Scale(domain=[0, 1], nice=False),
    )
    side = alt.Axis(format="~g", tickCount=5)
    area = (
        alt.Chart(style.source(band))
        .mark_area(
            color=style.colour("faint", live), opacity=0.9, aria=False, interpolate="step-after"
        )
        .encode(x, alt.Y("lower:Q", title="ECDF difference", axis=side), y2="upper:Q")
    )
    lines = (
        alt.Chart(style.source(rows))
        .mark_line(strokeWidth=1.3, aria=False)
        .encode(
            x,
            alt.Y("difference:Q", title="ECDF difference", axis=side),
            color=_colour(chains, live),
            strokeDash=_dash(chains),
        )
    )
    return _done([area, lines], live)


def autocorrelation(rows: Rows, chains: Sequence[int]) -> alt.LayerChart:
    """How alike draws of a chain are at each lag.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        chain, lag, value.
    chains : sequence of int
    """
    live = style.is_live(rows)
    lines = (
        alt.Chart(style.source(rows))
        .mark_line(strokeWidth=1.3, aria=False)
        .encode(
            alt.X("lag:Q", axis=alt.Axis(tickCount=5, tickMinStep=1), scale=alt.Scale(nice=False)),
            alt.Y(
                "value:Q",
                title="autocorrelation",
                axis=alt.Axis(tickCount=5),
                scale=alt.Scale(domainMax=1, nice=False),
            ),
            color=_colour(chains, live),
            strokeDash=_dash(chains),
        )
    )
    return _done([_nought(live), lines], live)


def energy(rows: Rows) -> alt.LayerChart:
    """The density of the energy about its mean, and of its steps from draw to draw.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        kind ("energy" or "step"), value, density.
    """
    live = style.is_live(rows)
    kinds = ["energy", "step"]
    colours = [style.colour(name, live) for name in ("blue", "orange")]
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=colours),
        legend=alt.Legend(title=None, orient="top"),
    )
    dash = alt.StrokeDash(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=DASHES[:2]),
        legend=alt.Legend(title=None, orient="top"),
    )
    lines = (
        alt.Chart(style.source(rows))
        .mark_line(strokeWidth=1.6, aria=False)
        .encode(
            alt.X(
                "value:Q",
                title="energy less its mean; step of energy",
                axis=alt.Axis(labelExpr=LABEL),
            ),
            alt.Y("density:Q", axis=None),
            color=colour,
            strokeDash=dash,
        )
    )
    return _done([lines], live)


def funnel(rows: Rows, *, axes: tuple[str, str] = ("", "")) -> alt.LayerChart:
    """The log scale of a term against an effect of one group, with divergent draws on top.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        value, log_scale, diverging (0 or 1); the last rows lie on top.
    axes : tuple of str
        Titles of the value and of the log scale; the page writes its own.

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    across, up = (None, None) if live else axes
    none = alt.Scale(zero=False)
    lost = "datum.diverging == 1"

    def either(yes: Any, no: Any) -> Any:
        return alt.when(lost).then(alt.value(yes)).otherwise(alt.value(no))

    points = (
        alt.Chart(style.source(rows))
        .transform_calculate(what=f"{lost} ? 'divergent draw' : 'draw'")
        .mark_point(filled=True, strokeWidth=1)
        .encode(
            alt.X("value:Q", axis=alt.Axis(title=across, tickCount=6, labelExpr=LABEL), scale=none),
            alt.Y("log_scale:Q", axis=alt.Axis(title=up, tickCount=6), scale=none),
            shape=either("triangle-up", "circle"),
            size=either(64, 14),
            opacity=either(1, 0.35),
            fill=either(style.colour("orange", live), style.colour("blue", live)),
            stroke=either(style.colour("paper", live), None),
            description="what:N",
            tooltip=[
                alt.Tooltip("what:N", title=" "),
                alt.Tooltip("value:Q", format=".4~g"),
                alt.Tooltip("log_scale:Q", title="log scale", format=".4~g"),
            ],
        )
    )
    return _done([points], live)


def _done(layers: list[Any], live: bool) -> alt.LayerChart:
    chart = alt.LayerChart(layer=layers)
    return chart.add_params(*style.live_params()) if live else chart


def _nought(live: bool) -> alt.Chart:
    at = alt.Chart(alt.InlineData(values=[{"at": 0}]))
    return at.mark_rule(color=style.colour("soft", live), aria=False).encode(alt.Y("at:Q"))


def _colour(chains: Sequence[int], live: bool) -> alt.Color:
    numbers = list(chains)
    colours = [style.colour(style.CHAINS[i % len(style.CHAINS)], live) for i in range(len(numbers))]
    return alt.Color("chain:N", scale=alt.Scale(domain=numbers, range=colours), legend=None)


def _dash(chains: Sequence[int]) -> alt.StrokeDash:
    numbers = list(chains)
    dashes: list[Literal[0] | Any] = [DASHES[i % len(DASHES)] for i in range(len(numbers))]
    return alt.StrokeDash("chain:N", scale=alt.Scale(domain=numbers, range=dashes), legend=None)
