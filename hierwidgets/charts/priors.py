"""The pictures of the prior lab: densities, curves over a slider, and groups before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.charts import style
from hierwidgets.charts.headings import labelled

if TYPE_CHECKING:
    from hierwidgets.charts.style import Rows

__all__ = ["KINDS", "curve", "density", "groups", "pooling"]

KINDS = ("before", "after", "fitted", "prior")
STEP = 17
MOST_ROWS = 60
NUMBER = ".4~g"
_LIMIT = 230
_LETTER = 6.1


def density(rows: Rows, *, title: str = "") -> Any:
    """A parameter's prior and posterior, before and after; each pair to its own height.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        kind ("before" and "after" of the posterior, "fitted" and "prior"), x, and y, 0 to 1. Named
        data makes the live chart, which is fed each kind by that name, and ``pins`` with a colour.
    title : str

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    x = alt.X("x:Q", title=title or None, scale=_x(live), axis=alt.Axis(tickCount=5, grid=False))
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 1.04], nice=False), axis=None, stack=None)

    def of(kind: str) -> alt.Chart:
        if isinstance(rows, alt.NamedData):
            # The rows come as numbers, in order: nothing is parsed, stacked or sorted at each tick.
            fed = alt.NamedData(kind, format=alt.DataFormat(parse=None))
            return alt.Chart(fed).encode(x=x, y=y)
        return alt.Chart(style.source(rows[rows["kind"] == kind])).encode(x=x, y=y)

    def paint(name: str) -> Any:
        return alt.value(style.colour(name, live))

    common: dict[str, Any] = {"clip": not live, "aria": False, "invalid": None, "order": False}
    layers: list[alt.Chart] = [
        of("before").mark_area(fillOpacity=0.35, **common).encode(color=paint("soft")),
        of("after").mark_area(fillOpacity=0.4, **common).encode(color=_after(live)),
        of("after").mark_line(strokeWidth=1.8, **common).encode(color=_after(live)),
        of("fitted")
        .mark_line(strokeWidth=1, strokeDash=[2, 3], **common)
        .encode(color=paint("soft")),
        of("prior")
        .mark_line(strokeWidth=1.6, strokeDash=[6, 3], **common)
        .encode(color=paint("orange")),
    ]
    if live:
        pins = alt.Chart(alt.NamedData("pins")).mark_line(strokeWidth=1.2, **common)
        layers.append(pins.encode(x=x, y=y, color=_pinned()))
        chart = alt.LayerChart(layer=layers)
        return chart.add_params(*style.live_params(least=0.0, most=1.0, held=False))
    return alt.LayerChart(layer=layers).properties(width=300, height=90)


def curve(rows: Rows, *, log: bool) -> Any:
    """A quantity's mean and 95 % band over the whole range of a slider, and the log evidence ratio.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        x, mean, lower, upper and evidence, null where unreliable. Named data makes the live chart,
        which is also fed ``shade``: x, x2 and verdict.
    log : bool
        Whether the argument is on a logarithmic scale.

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    kind: Any = "log" if log else "linear"
    domain = [alt.expr("least"), alt.expr("most")] if live else alt.Undefined
    zero: Any = alt.Undefined if log else False
    scale = alt.Scale(type=kind, domain=domain, nice=False, zero=zero)
    bottom = alt.Axis(title=None, tickCount=4, format=NUMBER, grid=False, labelFlush=True)
    x = alt.X("x:Q", scale=scale, axis=bottom)
    left = alt.Axis(title=None, tickCount=3, format=NUMBER, grid=True, minExtent=40, maxExtent=40)
    right = alt.Axis(
        title=None,
        tickCount=3,
        format=NUMBER,
        grid=False,
        orient="right",
        minExtent=34,
        maxExtent=34,
        labelColor=style.colour("purple", live),
    )
    base = alt.Chart(style.source(rows))

    def own(low: str, high: str) -> alt.Scale:
        ends = [alt.expr(low), alt.expr(high)] if live else alt.Undefined
        return alt.Scale(domain=ends, zero=False, nice=not live)

    up, aside = own("low", "high"), own("worst", "best")
    blue, purple = (alt.value(style.colour(name, live)) for name in ("blue", "purple"))
    band = base.mark_area(opacity=0.25, aria=False, clip=True).encode(
        x=x, y=alt.Y("lower:Q", scale=up, axis=left), y2="upper:Q", color=blue
    )
    mean = base.mark_line(strokeWidth=1.6, aria=False, clip=True).encode(
        x=x, y=alt.Y("mean:Q", scale=up, axis=left), color=blue
    )
    evidence = base.mark_line(strokeWidth=1.3, strokeDash=[4, 2], aria=False, clip=True).encode(
        x=x, y=alt.Y("evidence:Q", scale=aside, axis=right), color=purple
    )
    if not isinstance(rows, alt.NamedData):
        pair = alt.LayerChart(layer=[band, mean])
        return (
            alt.layer(pair, evidence)
            .resolve_scale(y="independent")
            .properties(width=300, height=90)
        )
    shade = (
        alt.Chart(alt.NamedData("shade"))
        .mark_rect(aria=False, clip=True)
        .encode(
            x=x,
            x2="x2:Q",
            color=alt.value(style.colour("soft", live)),
            opacity=alt.when("datum.verdict == 'doubtful'")
            .then(alt.value(0.1))
            .otherwise(alt.value(0.24)),
        )
    )
    marker = (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_rule(strokeWidth=1.4, aria=False, clip=True)
        .encode(
            x=alt.X(datum=alt.expr("value"), type="quantitative", scale=scale, axis=bottom),
            color=alt.value(style.colour("ink", live)),
        )
    )
    pair = alt.LayerChart(layer=[shade, band, mean, marker])
    chart = alt.layer(pair, evidence).resolve_scale(y="independent")
    return chart.add_params(
        *style.live_params(least=0.1, most=1.0, value=0.5, low=0.0, high=1.0, worst=-1.0, best=1.0)
    )


def groups(rows: Rows, *, title: str = "", picked: Sequence[str] = ()) -> alt.LayerChart:
    """The caterpillar of a term after its priors changed, before it as ghosts.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        group, label, mean, lower, inner_lower, inner_upper, upper, and the same with ``before_``,
        in the order of the page. Named data makes the live chart, whose rows also say ``row``.
    title : str
        The name of the axis.
    picked : sequence of str
        Groups that stand out.

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    frame = _Frame(labelled(rows), title, picked)
    soft = alt.value(style.colour("soft", live))

    def interval(prefix: str, inner: str, width: float, shift: float, *, faint: float = 1) -> Any:
        base = frame.before if prefix else frame.base
        mark = base.mark_rule(
            strokeWidth=width,
            strokeCap="round",
            aria=False,
            clip=True,
            yOffset=shift,
            invalid=None,
        )
        return mark.encode(
            x=frame.x(f"{prefix}{inner}lower"),
            x2=f"{prefix}{inner}upper:Q",
            color=soft if prefix else frame.stroke,
            opacity=_faint("group", live, picked, faint),
        )

    layers = [
        interval("before_", "", 1.1, 3.5, faint=0.75),
        interval("before_", "inner_", 3, 3.5, faint=0.5),
        frame.dot("before_mean", soft, hollow=True, shift=3.5),
        interval("", "", 1.3, -1.5),
        interval("", "inner_", 3.4, -1.5),
        frame.dot("mean", frame.stroke, shift=-1.5),
    ]
    tips = [
        ("mean_said", "mean"),
        ("said", "95 %"),
        ("sd_said", "sd"),
        ("before_said", "before"),
        ("error", "MC error"),
    ]
    return frame.made(layers, tips)


def pooling(rows: Rows, *, title: str = "", picked: Sequence[str] = ()) -> alt.LayerChart:
    """How far each group is pulled from its own estimate, after its priors changed and before.

    Parameters
    ----------
    rows : DataFrame or altair.NamedData
        group, label, no_pooling, mean, before_mean, weight and before_weight, in the order of the
        page. Named data makes the live chart, whose rows also say ``row``.
    title : str
    picked : sequence of str

    Returns
    -------
    altair.LayerChart
    """
    live = style.is_live(rows)
    frame = _Frame(labelled(rows), title, picked)
    soft = alt.value(style.colour("soft", live))
    pull = frame.base.mark_rule(strokeWidth=1.2, aria=False, clip=True).encode(
        x=frame.x("no_pooling"),
        x2="mean:Q",
        color=frame.stroke,
        opacity=_faint("group", live, picked, 0.6),
    )
    layers = [
        pull,
        frame.dot("no_pooling", alt.value(style.colour("ink", live)), hollow=True),
        frame.dot("before_mean", soft, shift=0, faint=0.6),
        frame.dot("mean", frame.stroke),
    ]
    tips = [
        ("own_said", "own"),
        ("mean_said", "pooled"),
        ("before_said", "before"),
        ("weights", "weight w"),
    ]
    return frame.made(layers, tips)


class _Frame:
    """Rows of groups down the page with their labels: what both pictures of groups stand in.

    The live chart has its rows three times, so that a slider moves no more than it must: ``rows``
    are what follows it, ``before`` what stays, and ``still`` the labels and what the pointer meets.
    """

    def __init__(self, rows: Rows, title: str, picked: Sequence[str]) -> None:
        self.live = isinstance(rows, alt.NamedData)
        self.picked = picked
        self.count = 0
        extent: Any = alt.expr("extent")
        domain: Any = [alt.expr("high"), alt.expr("low")]
        if not isinstance(rows, alt.NamedData):
            self.count = len(rows)
            rows = rows.assign(row=range(len(rows)))
            longest = max((len(label) for label in rows["brief"]), default=0)
            extent = min(_LIMIT, round(longest * _LETTER) + 4) + 12
            domain = [self.count - 0.5, -0.5]
        self.extent = extent
        blank = alt.Axis(
            labels=False, ticks=False, domain=False, grid=False, title=None, minExtent=extent
        )
        y = alt.Y("row:Q", scale=alt.Scale(domain=domain, nice=False, zero=False), axis=blank)

        def base(name: str) -> alt.Chart:
            own = alt.NamedData(name) if isinstance(rows, alt.NamedData) else style.source(rows)
            return alt.Chart(own).encode(y=y, key="group:N")

        self.base, self.before, self.still = base("rows"), base("before"), base("still")
        self.axis = alt.Axis(title=title or None, grid=True, tickCount=4, domain=False, ticks=False)
        self.stroke = (
            alt.when(_is_picked(self.live, picked))
            .then(alt.value(style.colour("orange", self.live)))
            .otherwise(_after(self.live))
        )

    def x(self, name: str) -> alt.X:
        return alt.X(f"{name}:Q", scale=_x(self.live), axis=self.axis)

    def dot(
        self, name: str, colour: Any, *, hollow: bool = False, shift: float = 0, faint: float = 1
    ) -> alt.Chart:
        paper = alt.value(style.colour("paper", self.live))
        base = self.before if name in ("before_mean", "no_pooling") else self.base
        mark = base.mark_circle(
            size=34 if hollow else 46,
            strokeWidth=1.2,
            aria=False,
            clip=True,
            yOffset=shift,
            invalid="filter" if name == "no_pooling" else None,
        )
        return mark.encode(
            x=self.x(name),
            fill=paper if hollow else colour,
            stroke=colour if hollow else paper,
            opacity=_faint("group", self.live, self.picked, faint),
        )

    def made(self, layers: list[alt.Chart], tips: list[tuple[str, str]]) -> alt.LayerChart:
        limit = alt.expr("extent - 12") if self.live else _LIMIT
        labels = self.still.mark_text(
            align="right", baseline="middle", limit=limit, aria=False, invalid=None
        ).encode(
            x=alt.value(-10),
            text="brief:N",
            color=alt.value(style.colour("ink", self.live)),
            opacity=_faint("group", self.live, self.picked, 1, 0.5),
        )
        if not self.live:
            chart = alt.LayerChart(layer=[*layers, labels])
            return chart.properties(height=STEP * max(self.count, 1), width=320)
        chart = alt.LayerChart(layer=[*layers, labels, self._targets(tips)])
        return chart.add_params(
            *style.live_params(
                low=-0.5, high=1.0, step=STEP, least=0.0, most=1.0, extent=80, held=False
            )
        )

    def _targets(self, tips: list[tuple[str, str]]) -> alt.Chart:
        told = [alt.Tooltip(f"{name}:N", title=title) for name, title in tips]
        return (
            self.still.transform_calculate(spoken="'group ' + datum.label")
            .mark_bar(size=alt.expr("step"), opacity=0, cornerRadius=0, invalid=None)
            .encode(
                x=alt.value(alt.expr("-extent")),
                x2=alt.value("width"),
                description="spoken:N",
                tooltip=[alt.Tooltip("label:N", title="group"), *told],
            )
            .properties(name="targets")
        )


def _x(live: bool) -> alt.Scale:
    if live:
        return alt.Scale(domain=[alt.expr("least"), alt.expr("most")], nice=False, zero=False)
    return alt.Scale(zero=False, nice=False, padding=8)


def _after(live: bool) -> Any:
    """Blue, or grey while the picture is withheld and shows the last reliable state."""
    return alt.value(alt.expr("held ? soft : blue") if live else style.PALETTE["blue"])


def _pinned() -> alt.Color:
    names = ["green", "purple", "yellow"]
    scale = alt.Scale(domain=[0, 1, 2], range=[style.PALETTE[name] for name in names])
    return alt.Color("pin:O", scale=scale, legend=None)


def _faint(
    field: str, live: bool, picked: Sequence[str], full: float, dim: float = style.DIM
) -> Any:
    return style.opacity(field, live, picked, full=full, dim=dim * full)


def _is_picked(live: bool, picked: Sequence[str]) -> Any:
    if live:
        return "indexof(picked, datum.group) >= 0"
    return alt.FieldOneOfPredicate(field="group", oneOf=list(picked))
