"""The heading of a parent above the rows of its groups, and what marks a row as a group's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from hierwidgets.brief import told_apart
from hierwidgets.charts import style

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.charts.style import Rows

GROUPS = "!datum.heading"
NUMBER = ".4~g"


def labelled(rows: Rows) -> Rows:
    """Rows with what a reader sees of each group, and that cut to its place; the group itself by default."""
    if isinstance(rows, alt.NamedData):
        return rows
    rows = rows if "label" in rows else rows.assign(label=rows["group"])
    labels = rows["label"].tolist()
    heads = rows["heading"].astype(bool).tolist() if "heading" in rows else [False] * len(labels)
    named = [label for label, head in zip(labels, heads, strict=True) if not head]
    cut = dict(zip(named, told_apart(named), strict=True))
    brief = ["" if head else cut[label] for label, head in zip(labels, heads, strict=True)]
    return rows.assign(brief=brief)


def parts(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that are groups, not headings."""
    return rows[~rows["heading"].astype(bool)] if "heading" in rows else rows


def apart(
    rows: Rows, every: alt.Chart, x: alt.Scale, *, step: float, extent: Any
) -> tuple[alt.Chart, list[Any]]:
    """The base of the groups' rows, and the layers of the headings, none where there are none."""
    live = style.is_live(rows)
    if not isinstance(rows, alt.NamedData) and "heading" not in rows:
        return every, []
    heads = _layers(every, x, live=live, step=step, extent=extent)
    return every.transform_filter(GROUPS), heads


def _layers(base: alt.Chart, x: alt.Scale, *, live: bool, step: float, extent: Any) -> list[Any]:
    """A strip with the parent's label, and the mean and range of its groups' estimates."""
    heads = base.transform_filter("datum.heading")
    left = alt.value(alt.expr("-extent") if live else -extent)
    soft = alt.value(style.colour("soft", live))
    said = "format(datum.{0}, '{1}')"
    size: Any = alt.expr("step - 2") if live else step - 2
    bar = {"size": size, "color": style.colour("faint", live)}
    strip = heads.mark_bar(opacity=0.55, aria=False, tooltip=None, **bar).encode(
        x=left, x2=alt.value("width")
    )
    target = (
        heads.transform_calculate(
            range=f"{said.format('least', NUMBER)} + ' to ' + {said.format('most', NUMBER)}",
            said="datum.parent + ', ' + datum.count + ' groups'",
        )
        .mark_bar(opacity=0, cursor="pointer", **bar)
        .encode(
            x=left,
            x2=alt.value("width"),
            description="said:N",
            tooltip=[
                alt.Tooltip("parent:N"),
                alt.Tooltip("count:Q", title="groups", format=","),
                alt.Tooltip("centre:Q", title="mean of estimates", format=NUMBER),
                alt.Tooltip("range:N", title="their range"),
            ],
        )
    )
    span = heads.mark_rule(strokeWidth=1.4, aria=False, clip=True, tooltip=None).encode(
        x=alt.X("least:Q", scale=x), x2="most:Q", color=soft
    )
    centre = heads.mark_tick(
        orient="vertical", thickness=2, size=10, aria=False, clip=True, tooltip=None
    ).encode(x=alt.X("centre:Q", scale=x), color=soft)
    text = heads.mark_text(
        align="left", baseline="middle", fontWeight=600, aria=False, dx=3, limit=240, tooltip=None
    ).encode(
        x=left,
        text="label:N",
        color=alt.when("datum.lit")
        .then(alt.value(style.colour("orange", live)))
        .otherwise(alt.value(style.colour("ink", live))),
    )
    named = {"strips": strip, "span": span, "centre": centre, "parents": text, "headings": target}
    return [layer.properties(name=name) for name, layer in named.items()]
