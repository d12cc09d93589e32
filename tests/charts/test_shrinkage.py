import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from hierwidgets.brief import told_apart
from hierwidgets.charts import dots, shrinkage, style
from hierwidgets.charts.plane import paired, plane
from hierwidgets.tables import shrinkage as tables
from hierwidgets.tables.ellipse import ellipse
from hierwidgets.views.picture import VEGA_LITE
from tests.charts.scene import marks, texts
from tests.synthetic import AWKWARD, made_up

WIDTH = 460
NOWHERE = ellipse(np.zeros(2), np.eye(2)).iloc[:0]


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["a", "b", "c", "d"],
            "n": [1, 4, 16, 9],
            "no_pooling": [-10.0, 4.0, 10.0, np.nan],
            "no_pooling_se": [3.0, 2.0, 1.0, np.nan],
            "partial_pooling": [-2.0, 3.0, 9.0, 1.0],
            "partial_pooling_sd": [1.0, 1.0, 1.0, 1.0],
            "complete_pooling": 2.0,
            "population": 2.5,
            "weight": [0.2, 0.5, 0.8, np.nan],
            "reason": ["", "", "", "no successes"],
        }
    )


def values(items, ends) -> list[float]:
    """Positions along x in the axis's own units."""
    low, high = ends
    return [low + item["x"] / WIDTH * (high - low) for item in items]


def test_dots_arrows_and_lines_stand_at_their_numbers(table):
    drawn = marks(shrinkage.groups(table, ends=(-12, 12)))
    ends = (-12, 12)
    assert values(drawn["own"], ends) == pytest.approx([-10, 4, 10])
    assert values(drawn["now"], ends) == pytest.approx([-2, 3, 9, 1])
    assert values(drawn["shafts"], ends) == pytest.approx([-10, 4, 10])
    assert [item["x2"] for item in drawn["shafts"]] == pytest.approx(
        [item["x"] for item in drawn["now"][:3]]
    )
    assert [item["angle"] for item in drawn["heads"]] == [0, 180, 180]
    assert [item["text"] for item in drawn["labels"]] == ["a", "b", "c", "d"]
    (population,) = drawn["layer_0_layer_0"]
    (complete,) = drawn["layer_1_layer_0"]
    assert values([population, complete], ends) == pytest.approx([2.5, 2.0])
    assert population["strokeDash"] != complete["strokeDash"]
    assert drawn["ghosts"] == []


def test_dot_area_grows_with_the_rows(table):
    drawn = marks(shrinkage.groups(table))
    low, high = dots.AREAS
    assert [item["size"] for item in drawn["now"]] == pytest.approx(
        [low + (high - low) * n / 16 for n in table["n"]]
    )


def test_names_of_the_lines_never_share_a_row(table):
    drawn = marks(shrinkage.groups(table))
    first, second = drawn["layer_0_layer_1"][0], drawn["layer_1_layer_1"][0]
    assert (first["text"], second["text"]) == ("population mean", "complete pooling")
    assert abs(first["y"] - second["y"]) >= first["fontSize"]


def test_an_own_estimate_beyond_the_axis_stands_at_its_edge(table):
    table.loc[0, "no_pooling"] = -900.0
    drawn = marks(shrinkage.groups(table, ends=(-12, 12)))
    assert drawn["own"][0]["x"] == 0
    assert [item["shape"] for item in drawn["own"]] == ["triangle-left", "circle", "circle"]


def test_a_group_without_an_own_estimate_shows_the_other_and_says_why(table):
    chart = shrinkage.groups(table)
    assert len(marks(chart)["own"]) == 3
    assert len(marks(chart)["now"]) == 4
    svg = vl_convert.vegalite_to_svg(style.static_spec(chart), vl_version=VEGA_LITE)
    assert 'aria-label="group d"' in svg
    tooltip = chart.to_dict()["layer"][-1]["encoding"]["tooltip"]
    assert [entry["field"] for entry in tooltip] == [
        "label", "n", "own", "partial", "formula", "complete_pooling", "population", "share", "real",
    ]  # fmt: skip


def test_by_the_formula_the_posterior_stays_as_ghosts(table):
    table["formula"] = [0.0, 2.6, np.nan, 2.0]
    table["formula_centre"] = 2.4
    drawn = marks(shrinkage.groups(table, ends=(-12, 12)))
    assert values(drawn["now"], (-12, 12)) == pytest.approx([0, 2.6, 2.0])
    assert {item["shape"] for item in drawn["now"]} == {"diamond"}
    assert values(drawn["ghosts"], (-12, 12)) == pytest.approx([-2, 3, 9, 1])
    assert {item["shape"] for item in drawn["ghosts"]} == {"circle"}
    assert values(drawn["layer_0_layer_0"], (-12, 12)) == pytest.approx([2.4])
    assert len(drawn["shafts"]) == 2


def test_picked_groups_stand_out(table):
    drawn = marks(shrinkage.groups(table, picked=["b"]))
    assert [item["opacity"] for item in drawn["now"]] == [style.DIM, 1, style.DIM, style.DIM]
    assert drawn["now"][1]["fill"] == style.PALETTE["orange"]


def test_domain_is_not_stretched_by_one_wild_estimate(table):
    table = pd.concat([table] * 3, ignore_index=True)
    table.loc[0, "no_pooling"] = -900.0
    low, high = dots.domain(table)
    assert low < -2
    assert low > -100
    assert high > 10
    assert dots.domain(table, [-50.0])[0] < -50


def test_domain_of_one_value_has_room():
    same = pd.DataFrame(
        {"no_pooling": [1.0], "partial_pooling": 1.0, "complete_pooling": 1.0, "population": 1.0}
    )
    assert dots.domain(same) == (0.5, 1.5)
    assert dots.domain(same.iloc[:0]) == (0.0, 1.0)


def test_no_rows_make_an_empty_picture(table):
    assert marks(shrinkage.groups(table.iloc[:0]))["now"] == []


def test_labels_of_any_text_are_text():
    table = tables.shrinkage(made_up(AWKWARD), "1|g")
    svg = vl_convert.vegalite_to_svg(
        style.static_spec(shrinkage.groups(table)), vl_version=VEGA_LITE
    )
    assert "<img" not in svg
    assert "</script>" not in svg
    assert "<!--" not in svg
    assert {label for label in told_apart(AWKWARD) if label} <= set(texts(shrinkage.groups(table)))


def test_plane_pairs_the_terms_by_group(table):
    other = table.iloc[::-1].assign(
        no_pooling=lambda rows: rows["no_pooling"] * 10,
        partial_pooling=lambda rows: rows["partial_pooling"] * 10,
        population=7.0,
        complete_pooling=8.0,
    )
    rows, references = paired(table, other)
    assert rows["y_partial_pooling"].tolist() == [-20, 30, 90, 10]
    assert references.to_dict("records") == [
        {"name": "population mean", "x": 2.5, "y": 7.0},
        {"name": "complete pooling", "x": 2.0, "y": 8.0},
    ]
    around = ellipse(np.array([2.5, 7.0]), np.array([[4.0, -12.0], [-12.0, 100.0]]))
    ends = [(-12, 12), (-120, 120)]
    drawn = marks(plane(rows, references, around, titles=("one", "two"), ends=ends))
    assert [item["x"] for item in drawn["now"]] == pytest.approx(
        [440 * (v + 12) / 24 for v in table["partial_pooling"]]
    )
    assert [item["y"] for item in drawn["now"]] == pytest.approx(
        [380 * (1 - (10 * v + 120) / 240) for v in table["partial_pooling"]]
    )
    assert len(drawn["own"]) == 3
    assert len(drawn["shafts"]) == 3
    outline = drawn["ellipse"]
    assert len(outline) == len(around)
    assert min(item["x"] for item in outline) == pytest.approx(
        440 * (2.5 - 2 * 5.991464547**0.5 + 12) / 24
    )


def test_arrow_heads_of_the_plane_point_along_the_arrow(table):
    rows, references = paired(table, table)
    drawn = marks(plane(rows, references, NOWHERE, ends=[(-12, 12), (-12, 12)]))
    for shaft, head in zip(drawn["shafts"], drawn["heads"], strict=True):
        along = np.degrees(np.arctan2(shaft["y2"] - shaft["y"], shaft["x2"] - shaft["x"]))
        assert head["angle"] == pytest.approx(along)


def test_plane_of_frames_needs_its_ends(table):
    with pytest.raises(ValueError, match="needs the ends"):
        plane(*paired(table, table), NOWHERE)


@pytest.mark.parametrize(
    ("chart", "data"),
    [
        (shrinkage.groups(alt.NamedData("rows")), {"rows"}),
        (
            plane(*map(alt.NamedData, ("rows", "references", "ellipse"))),
            {"rows", "references", "ellipse"},
        ),
        (shrinkage.overview(), {"stretches", "picks"}),
    ],
    ids=["groups", "plane", "overview"],
)
def test_the_live_picture_compiles_with_its_parameters(chart, data):
    spec = style.live_spec(chart)
    vega = vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)
    signals = {signal["name"] for signal in vega["signals"]}
    assert {"picked", "sliding", "ink", "blue", "green"} <= signals
    assert data <= {source["name"] for source in vega["data"]}
