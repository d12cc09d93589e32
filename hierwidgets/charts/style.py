"""What all pictures share: colours, fonts, how picked groups stand out, how rows go in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets.numbers import TICKS

type Rows = pd.DataFrame | alt.NamedData

PALETTE = {
    "ink": "#1f2328",
    "soft": "#5b6570",
    "faint": "#dde2e8",
    "paper": "#ffffff",
    "blue": "#0072b2",
    "orange": "#d55e00",
    "green": "#009e73",
    "purple": "#a8488a",
    "yellow": "#b07a00",
    "sky": "#3a97cf",
}
CHAINS = ("blue", "orange", "green", "purple", "yellow", "sky")
DIM = 0.28


def is_live(rows: Rows) -> bool:
    """Whether a chart is fed by the page, rather than holding its rows."""
    return isinstance(rows, alt.NamedData)


def colour(name: str, live: bool) -> Any:
    """A colour of the palette; in a live chart a parameter that follows the page's theme."""
    return alt.expr(name) if live else PALETTE[name]


def source(rows: Rows) -> alt.NamedData | alt.InlineData:
    """The rows as a chart takes them: missing numbers as null, no limit on their count.

    They go in as one JSON text, since Altair copies and validates row by row what it gets as rows.
    Columns must be given with their encoding type, such as ``"mean:Q"``.
    """
    if isinstance(rows, alt.NamedData):
        return rows
    text = json.dumps(records(rows), ensure_ascii=False)
    return alt.InlineData(values=text, format=alt.DataFormat(type="json"))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as JSON can hold them."""
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def lit(field: str, live: bool, picked: Sequence[str] = ()) -> Any:
    """A test that is true for picked groups, and for all where none is picked."""
    if live:
        return f"!length(picked) || indexof(picked, datum[{field!r}]) >= 0"
    if not picked:
        return "true"
    return alt.FieldOneOfPredicate(field=field, oneOf=list(picked))


def opacity(
    field: str, live: bool, picked: Sequence[str] = (), full: float = 1.0, dim: float = DIM
) -> Any:
    """An opacity encoding that dims what is not picked."""
    return alt.when(lit(field, live, picked)).then(alt.value(full)).otherwise(alt.value(dim))


def live_params(**more: Any) -> list[alt.Parameter]:
    """The parameters of a live chart: the palette, `picked`, and more with their first values."""
    first = {**PALETTE, "picked": [], **more}
    return [alt.param(name=name, value=value) for name, value in first.items()]


def config(live: bool) -> dict[str, Any]:
    """The Vega-Lite config of every picture."""

    def paint(name: str) -> Any:
        return {"expr": name} if live else PALETTE[name]

    font = 'system-ui, -apple-system, "Segoe UI", sans-serif' if live else "sans-serif"
    return {
        "background": "transparent" if live else PALETTE["paper"],
        "font": font,
        "view": {"stroke": None, "continuousWidth": 420, "continuousHeight": 260},
        "axis": {
            "labelColor": paint("soft"),
            "titleColor": paint("ink"),
            "tickColor": paint("faint"),
            "domainColor": paint("faint"),
            "gridColor": paint("faint"),
            "labelFontSize": 11,
            "labelExpr": TICKS,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "grid": False,
        },
        "axisX": {"labelOverlap": True, "labelFlush": True},
        "legend": {
            "labelColor": paint("ink"),
            "titleColor": paint("soft"),
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        "header": {"labelColor": paint("ink"), "titleColor": paint("soft"), "labelFontSize": 11},
        "title": {
            "color": paint("ink"),
            "subtitleColor": paint("soft"),
            "fontSize": 13,
            "fontWeight": 600,
            "subtitleFontSize": 11,
            "anchor": "start",
        },
        "text": {"color": paint("ink"), "fontSize": 11},
        "concat": {"spacing": 16},
    }


def live_spec(chart: alt.TopLevelMixin, width: int = 600, height: int = 300) -> dict[str, Any]:
    """The specification the page embeds: with config, fitted to the size the page gives it."""
    spec = chart.to_dict()
    spec["config"] = config(live=True)
    if "layer" in spec or "mark" in spec:
        spec["autosize"] = {"type": "fit", "contains": "padding"}
        spec["width"], spec["height"] = width, height
        spec["padding"] = 2
    return spec


def static_spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The specification of a picture that stands alone."""
    spec = chart.to_dict()
    spec["config"] = merged(config(live=False), spec.get("config", {}))
    spec.setdefault("padding", 12)
    return spec


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """`first` with the entries of `second` over it, at every depth."""
    out = dict(first)
    for name, value in second.items():
        both = isinstance(value, Mapping) and isinstance(out.get(name), Mapping)
        out[name] = merged(out[name], value) if both else value
    return out


def _plain(column: pd.Series) -> list[Any]:
    values = column.tolist()
    if column.dtype.kind == "f":
        return [value if math.isfinite(value) else None for value in values]
    return [value.item() if isinstance(value, np.generic) else value for value in values]
