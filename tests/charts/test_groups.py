"""The trellis' charts, by the numbers drawn."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from hierwidgets.charts import groups as charts
from hierwidgets.charts import style
from tests.charts.scene import marks, texts
from tests.synthetic import AWKWARD

GROUPS = ["b", "a", "c"]
ENDS = [(0.0, 2.0), (0.0, 10.0)]


def rows(groups=GROUPS, missing="c"):
    table = pd.DataFrame({"group": groups, "title": groups})
    points = pd.DataFrame({"group": groups, "x": 1.0, "y": np.arange(float(len(groups)))})
    x = np.tile([0.0, 2.0], len(groups))
    lines = pd.DataFrame({"group": np.repeat(np.array(groups, object), 2), "x": x})
    lines["partial_pooling"] = 5 + x
    lines["lower"], lines["upper"] = 4 + x, 6 + x
    lines["no_pooling"] = np.where(lines["group"] == missing, np.nan, 1 + x)
    lines["complete_pooling"] = 2 + x
    return charts.rows_of(table, points, lines)


def test_each_group_is_a_panel_in_the_order_of_the_table():
    chart = charts.grid(rows(), columns=2, ends=ENDS)
    targets = marks(chart)["targets"]
    assert [item["description"] for item in targets] == ["group b", "group a", "group c"]
    assert [text for text in texts(chart) if text in GROUPS] == GROUPS


def test_three_lines_differ_in_colour_and_in_dash():
    found = rows()
    drawn = found[(found["kind"] == "line") & found["y"].notna()]
    assert drawn.groupby("group", sort=False)["line"].nunique().to_dict() == {
        "b": 3,
        "a": 3,
        "c": 2,
    }
    svg = vl_convert.vegalite_to_svg(style.static_spec(charts.panel(_one("b"), ends=ENDS)))
    for name in charts.COLOURS:
        assert style.PALETTE[name] in svg
    for dash in ("6,3", "2,3"):
        assert f'stroke-dasharray="{dash}"' in svg
    for line in charts.LINES:
        assert line in svg


def test_a_missing_line_is_not_drawn():
    plain = marks(charts.panel(_one("b"), ends=ENDS))["lines"]
    missing = marks(charts.panel(_one("c"), ends=ENDS))["lines"]
    assert len(plain) - len(missing) == 2


def test_lines_and_points_stand_at_their_numbers():
    scene = marks(charts.panel(_one("a"), ends=ENDS))
    (point,) = scene["points"]
    assert (point["x"], point["y"]) == pytest.approx((230, 270))
    heights = {round(item["y"], 6) for item in scene["lines"]}
    assert heights == {150, 90, 270, 210, 240, 180}


def test_picked_groups_are_framed():
    framed = {
        item["description"]: item["stroke"]
        for item in marks(charts.grid(rows(), ends=ENDS, picked=["a"]))["targets"]
    }
    assert framed["group a"] == style.PALETTE["orange"]
    assert framed["group b"] == framed["group c"] == style.PALETTE["faint"]


def test_categories_are_named_along_the_axis():
    levels = ["one", 'it\'s "two"', "</script>"]
    found = texts(charts.panel(_one("a"), ends=ENDS, levels=levels))
    assert [text for text in found if text in levels] == levels


def test_labels_of_any_text_stand_over_their_panels():
    short = [label for label in AWKWARD if len(label) < 20]
    chart = charts.grid(rows(short), columns=3, ends=ENDS)
    found = texts(chart)
    assert all(label in found for label in short)


def test_live_charts_hold_no_rows_and_know_their_parameters():
    data = alt.NamedData("rows")
    for chart in (charts.grid(data), charts.panel(data)):
        spec = style.live_spec(chart)
        named = {param["name"] for param in spec["params"]}
        assert named >= {*style.PALETTE, "picked", "x_least", "y_most", "levels"}
        assert not spec.get("datasets")
        vl_convert.vegalite_to_vega(spec)
    assert json.dumps(style.live_spec(charts.grid(data))).count('"name": "rows"') == 1


def test_a_frame_needs_its_ends():
    with pytest.raises(ValueError, match="needs the ends"):
        charts.grid(rows())


def _one(group):
    found = rows()
    return found[found["group"] == group].reset_index(drop=True)
