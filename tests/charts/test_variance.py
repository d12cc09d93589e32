"""The pictures of variance, by what they draw."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest
import vl_convert

from hierwidgets.charts import style
from hierwidgets.charts import variance as charts
from hierwidgets.tables import icc
from hierwidgets.views import variance_rows
from hierwidgets.views.picture import VEGA_LITE
from tests.charts.scene import marks, texts
from tests.synthetic import made_up
from tests.tables.test_variance import invented


@pytest.fixture(scope="module")
def fit():
    return made_up([f"g{i}" for i in range(8)])


@pytest.fixture(scope="module")
def correlated():
    return invented("y ~ x + (x | g) + (1 | h)", correlated=["g"])


def test_intervals_stand_at_the_scales(fit):
    (panel,) = variance_rows.panels(fit)
    chart = charts.scales(panel.rows, panel.density, most=panel.most).properties(
        width=400, height=192
    )
    drawn = marks(chart)
    to_pixels = 400 / panel.most
    dots = drawn["layer_5"]
    assert [dot["x"] for dot in dots] == pytest.approx(list(panel.rows["median"] * to_pixels))
    thin, thick = drawn["layer_3"], drawn["layer_4"]
    for low, high, rules in (("lower", "upper", thin), ("inner_lower", "inner_upper", thick)):
        assert [rule["x"] for rule in rules] == pytest.approx(list(panel.rows[low] * to_pixels))
        assert [rule["x2"] for rule in rules] == pytest.approx(list(panel.rows[high] * to_pixels))
    assert thick[0]["strokeWidth"] > 2 * thin[0]["strokeWidth"]
    assert [dot["y"] for dot in dots] == sorted(dot["y"] for dot in dots)
    assert {"1|g", "x|g, per unit of x", "residual"} <= set(texts(chart))
    assert "λ" in panel.rows["said"][0]
    assert "λ" not in panel.rows["said"][2]


def test_densities_are_as_wide_as_the_draws_and_equally_high(fit):
    (panel,) = variance_rows.panels(fit)
    tops = panel.density.groupby("row")["height"].max()
    assert tops.tolist() == pytest.approx([1, 1, 1])
    assert panel.density["value"].max() <= panel.most
    assert (panel.rows["upper"] < panel.most).all()


def test_a_fixed_scale_is_a_line():
    fit = invented("yes ~ x + (1 | g)", "bernoulli")
    (panel,) = variance_rows.panels(fit)
    chart = charts.scales(panel.rows, panel.density, most=panel.most).properties(
        width=400, height=128
    )
    (line,) = marks(chart)["layer_2"]
    assert line["x"] == pytest.approx(400 * np.pi / np.sqrt(3) / panel.most)
    assert panel.rows["said"].tolist()[-1] == "1.81, fixed"


def test_pieces_of_the_bar_add_up_to_it(correlated):
    rows = variance_rows.share_rows(correlated)
    assert rows["start"][0] == 0
    assert rows["end"].iloc[-1] == pytest.approx(1)
    pieces = marks(charts.shares(rows).properties(width=500, height=160))["layer_0"]
    assert [piece["x"] for piece in pieces] == pytest.approx(list(500 * rows["start"]))
    assert [piece["width"] for piece in pieces] == pytest.approx(list(500 * rows["mean"]))
    assert len({piece["fill"] for piece in pieces}) == 3
    assert pieces[0]["description"].startswith("between g: ")


def test_the_curve_is_the_table(correlated):
    table = icc.curve(correlated, "g")
    chart = charts.curve(table, title="x", colour="green").properties(width=300, height=100)
    line = marks(chart)["layer_2"]
    assert [at["x"] for at in line] == pytest.approx(list(300 * table["x"] / 7))
    assert [at["y"] for at in line] == pytest.approx(list(100 * (1 - table["mean"])))
    outer = marks(chart)["layer_0"]
    assert [at["y"] for at in outer] == pytest.approx(list(100 * (1 - table["lower"]))) or [
        at["y"] for at in outer
    ] == pytest.approx(list(100 * (1 - table["upper"])))
    assert line[0]["stroke"] == style.PALETTE["green"]


def test_correlations_stand_below_the_diagonal(correlated):
    ((title, rows),) = variance_rows.cell_rows(correlated, "g")
    assert title == "Correlations over g"
    cells = marks(charts.cells(rows).properties(width=200, height=120))["layer_0"]
    assert [(cell["x"], cell["y"]) for cell in cells] == [(0, 0), (100, 60), (0, 60)]
    assert cells[2]["description"].startswith("intercept with x: ")
    assert rows["said"].tolist()[:2] == ["intercept", "x"]
    assert " to " in rows["within"][2]


def test_the_sign_of_a_correlation_is_a_colour_and_a_sign():
    matrix = np.broadcast_to([[1, -0.8], [-0.8, 1]], (2, 150, 2, 2))
    fit = invented("y ~ x + (x | g)", correlated=["g"], g_corr=matrix)
    ((_, rows),) = variance_rows.cell_rows(fit, "g")
    assert rows["said"][2] == "\N{MINUS SIGN}0.80"
    assert rows["hue"][2] == "orange"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("scales", {"most", "count", "ink"}),
        ("shares", {"count"}),
        ("curve", {"hue", "ends"}),
        ("cells", {"count"}),
    ],
)
def test_the_live_charts_compile_with_their_parameters(name, wanted):
    names = [alt.NamedData("rows")] + [alt.NamedData("density")] * (name == "scales")
    spec = style.live_spec(getattr(charts, name)(*names))
    vega = vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)
    assert wanted <= {signal["name"] for signal in vega["signals"]}
    assert "datasets" not in spec
