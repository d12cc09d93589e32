import altair as alt
import numpy as np
import pandas as pd
import pytest

from hierwidgets.charts import convergence as charts
from hierwidgets.charts import style
from hierwidgets.tables import agreement
from tests.charts.scene import marks, texts


@pytest.fixture
def tables():
    draws = 40
    values = np.random.default_rng(0).normal(size=(2, draws))
    difference = agreement.ecdf_difference(values)
    memory = agreement.autocorrelation(values, 10)
    count = difference.shape[1]
    return charts.Tables(
        pd.DataFrame(
            {
                "parameter": "x",
                "chain": [0, 0, 1, 1],
                "bin": [0, 1, 0, 1],
                "lower": [0.0, 40.0] * 2,
                "upper": [40.0, 80.0] * 2,
                "count": [25, 15, 15, 25],
                "expected": 20.0,
            }
        ),
        pd.DataFrame(
            {
                "chain": np.repeat([0, 1], count),
                "at": np.tile(np.arange(1, count + 1) / count, 2),
                "difference": difference.ravel(),
            }
        ),
        pd.DataFrame(agreement.bands(2, draws)._asdict()),
        pd.DataFrame(
            {
                "chain": np.repeat([0, 1], 11),
                "lag": np.tile(np.arange(11), 2),
                "value": memory.ravel(),
            }
        ),
        pd.DataFrame(
            {
                "kind": ["energy"] * 3 + ["step"] * 3,
                "value": [0, 1, 2] * 2,
                "density": [0, 1, 0] * 2,
            }
        ),
        pd.DataFrame(
            {
                "value": [0.0, 1.0, -1.0, 0.1],
                "log_scale": [0.0, 1.0, 1.0, -2.0],
                "diverging": [0, 0, 0, 1],
            }
        ),
    )


OPTIONS = {
    "chains": 2,
    "draws": 40,
    "parameter": "x|g[a]",
    "axes": ("offset", "log scale"),
    "title": "x|g",
}


def items(chart):
    return [item for found in marks(chart).values() for item in found]


def test_the_whole_has_its_names(tables):
    said = texts(charts.convergence(tables, **OPTIONS))
    for text in ("x|g[a]", "offset", "log scale", "Energy", "ECDF difference", "autocorrelation"):
        assert text in said


def test_divergent_draws_are_triangles_on_top_where_the_scale_is_small(tables):
    found = [one for one in items(charts.funnel(tables.funnel)) if "shape" in one]
    assert [one["shape"] for one in found] == ["circle"] * 3 + ["triangle-up"]
    heights = [one["y"] for one in found]
    assert heights[3] == max(heights)
    assert heights[1] == heights[2] == min(heights)
    assert found[0]["x"] == pytest.approx((found[1]["x"] + found[2]["x"]) / 2)


def test_what_is_missing_is_left_out(tables):
    none = tables._replace(funnel=tables.funnel[:0], energy=tables.energy[:0])
    said = texts(charts.convergence(none, **OPTIONS))
    assert "Energy" not in said
    assert "log scale" not in said
    assert "ECDF difference" in said


@pytest.mark.parametrize("name", ["ecdf", "autocorrelation", "energy", "funnel", "ranks"])
def test_live_charts_are_fed_by_name_and_follow_the_theme(name):
    named = alt.NamedData
    made = {
        "ecdf": lambda: charts.ecdf(named("ecdf"), named("band"), range(2)),
        "autocorrelation": lambda: charts.autocorrelation(named("autocorrelation"), range(2)),
        "energy": lambda: charts.energy(named("energy")),
        "funnel": lambda: charts.funnel(named("funnel")),
        "ranks": lambda: charts.ranks(named("ranks"), range(2), 40),
    }
    spec = style.live_spec(made[name]())
    assert {"ink", "paper", "blue"} <= {param["name"] for param in spec["params"]}
    assert f"'name': '{name}'" in str(spec)
