"""The caterpillar's chart, by the numbers drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest
import vl_convert

from hierwidgets.charts import caterpillar as charts
from hierwidgets.charts import style
from hierwidgets.tables.caterpillar import band
from tests.synthetic import AWKWARD, made_up

PALETTES = Path(__file__).parents[2] / "js" / "src" / "host" / "palette.json"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_up(AWKWARD).caterpillar(sort="name").data


def layers(chart: alt.LayerChart, mark: str) -> list[dict[str, Any]]:
    return [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == mark]


def rows_of(spec: dict[str, Any], layer: int) -> list[dict[str, Any]]:
    source = spec["layer"][layer].get("data") or spec["data"]
    return json.loads(spec["datasets"][source["name"]])


def channel(layer: dict[str, Any], name: str) -> Any:
    return layer["encoding"][name].get("field", layer["encoding"][name].get("datum"))


def test_every_group_is_drawn_in_the_order_of_the_table(table: pd.DataFrame) -> None:
    chart = charts.caterpillar(table, population=1.5)
    spec = chart.to_dict()
    rows = rows_of(spec, 1)
    assert [row["group"] for row in rows] == table["group"].tolist()
    assert [row["row"] for row in rows] == list(range(len(table)))
    assert [row["upper"] for row in rows] == table["upper"].tolist()


def test_intervals_are_thick_inside_and_thin_outside(table: pd.DataFrame) -> None:
    line, outer, inner = layers(charts.caterpillar(table, population=1.5), "rule")
    assert channel(line, "x") == 1.5
    assert (channel(outer, "x"), channel(outer, "x2")) == ("lower", "upper")
    assert (channel(inner, "x"), channel(inner, "x2")) == ("inner_lower", "inner_upper")
    assert inner["mark"]["strokeWidth"] > 2 * outer["mark"]["strokeWidth"]


def test_picked_groups_stand_out(table: pd.DataFrame) -> None:
    plain = vl_convert.vegalite_to_svg(style.static_spec(charts.caterpillar(table)))
    lit = vl_convert.vegalite_to_svg(style.static_spec(charts.caterpillar(table, picked=["10"])))
    orange = style.PALETTE["orange"]
    assert (plain.count(orange), lit.count(orange)) == (0, 3)
    assert lit.count(f'opacity="{style.DIM}"') == 3 * (len(table) - 1)


def test_awkward_labels_are_text_in_the_picture(table: pd.DataFrame) -> None:
    drawn = vl_convert.vegalite_to_svg(style.static_spec(charts.caterpillar(table)))
    assert "<img" not in drawn
    assert "&lt;img src=x on" in drawn
    assert "x" * 100 not in drawn
    assert "__proto__" in drawn


def test_thousands_become_bands_without_labels() -> None:
    many = made_up([f"county {i}" for i in range(400)])
    view = many.caterpillar()
    spec = view.chart.to_dict()
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["area", "area", "line", "rule"]
    assert "county" not in json.dumps(spec)
    expected = band(view.data)
    rows = rows_of(spec, 0)
    assert [row["mean"] for row in rows] == expected["mean"].tolist()
    fewer = many.caterpillar(search="county 1")
    assert len(layers(fewer.chart, "text")) == 1


def test_live_chart_has_the_marks_of_the_static_one(table: pd.DataFrame) -> None:
    static = charts.caterpillar(table).to_dict()["layer"]
    live = charts.caterpillar(alt.NamedData("rows")).to_dict()["layer"]
    names = ["strips", "span", "centre", "parents", "headings"]
    assert [layer["name"] for layer in live[:5]] == names
    assert [layer["mark"]["type"] for layer in static] == [
        layer["mark"]["type"] for layer in live[5:-1]
    ]
    assert live[-1]["encoding"]["description"]["field"] == "said"


def test_live_chart_holds_no_rows_and_knows_its_parameters() -> None:
    spec = style.live_spec(charts.caterpillar(alt.NamedData("rows")))
    assert {param["name"] for param in spec["params"]} >= {*style.PALETTE, "picked", "low", "high"}
    assert "lower" not in json.dumps(spec.get("datasets", {}))


def test_charts_compose(table: pd.DataFrame) -> None:
    chart = charts.caterpillar(table)
    both = style.static_spec((chart | chart).configure_axis(labelFontSize=20))
    assert both["config"]["axis"]["labelFontSize"] == 20
    assert both["config"]["axis"]["titleFontSize"] == 12
    assert vl_convert.vegalite_to_svg(both).startswith("<svg")


def test_missing_numbers_are_null() -> None:
    frame = pd.DataFrame({"a": [1.0, float("nan"), float("inf")], "b": ["x", "", "z"]})
    assert style.records(frame) == [
        {"a": 1.0, "b": "x"},
        {"a": None, "b": ""},
        {"a": None, "b": "z"},
    ]


def test_the_page_has_the_same_colours() -> None:
    palettes = json.loads(PALETTES.read_text(encoding="utf-8"))
    assert palettes["light"] == style.PALETTE
    assert list(palettes["dark"]) == list(style.PALETTE)
