"""The pictures of the prior lab, by what they draw."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from hierwidgets.charts import priors as charts
from hierwidgets.charts import style
from hierwidgets.views.picture import VEGA_LITE
from tests.charts.scene import marks, texts


def normal(x, mean):
    return np.exp(-((x - mean) ** 2) / 2)


@pytest.fixture
def density():
    x = np.linspace(-4, 4, 81)
    means = {"before": 0.0, "after": 1.0, "fitted": 0.0, "prior": 2.0}
    frames = [pd.DataFrame({"kind": k, "x": x, "y": normal(x, m)}) for k, m in means.items()]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def groups():
    mean = np.array([1.0, 2.0, 4.0])
    frame = pd.DataFrame({"group": list("abc"), "label": ["A", "B", "<b>C</b>"], "mean": mean})
    ends = {"lower": -2, "inner_lower": -1, "inner_upper": 1, "upper": 2}
    for name, step in ends.items():
        frame[name] = mean + step
        frame[f"before_{name}"] = mean + step + 1
    return frame.assign(before_mean=mean + 1, no_pooling=[0.0, np.nan, 6.0])


def test_each_density_is_drawn_where_it_belongs(density):
    drawn = marks(charts.density(density, title="sigma"))
    peaks = {}
    for i, kind in ((0, "before"), (2, "after"), (3, "fitted"), (4, "prior")):
        highest = min(drawn[f"layer_{i}"], key=lambda item: item["y"])
        peaks[kind] = highest["x"]
    assert peaks["before"] == peaks["fitted"] < peaks["after"] < peaks["prior"]
    step = peaks["after"] - peaks["before"]
    assert peaks["prior"] - peaks["before"] == pytest.approx(2 * step)


def test_a_withheld_density_has_no_after(density):
    drawn = marks(charts.density(density[density["kind"] != "after"]))
    assert len(drawn["layer_0"]) == 81
    assert not drawn.get("layer_1")
    assert not drawn.get("layer_2")


@pytest.mark.parametrize("chart", [charts.density, charts.groups])
def test_what_follows_a_slider_goes_to_its_marks_as_it_comes(chart):
    live = chart(alt.NamedData("rows")).to_dict()
    vega = vl_convert.vegalite_to_vega(live, vl_version=VEGA_LITE)
    marks = {mark["from"]["data"] for mark in vega["marks"] if "data" in mark.get("from", {})}
    moving = {"after", "prior"} if chart is charts.density else {"rows"}
    assert moving <= marks
    assert not any(one.get("source") in moving for one in vega["data"])


def test_groups_stand_before_and_after(groups):
    chart = charts.groups(groups, title="1|g", picked=["b"])
    drawn = marks(chart)
    after = [item["x"] for item in drawn["layer_5"]]
    before = [item["x"] for item in drawn["layer_2"]]
    unit = (after[1] - after[0]) / 1.0
    assert unit > 0
    np.testing.assert_allclose(np.subtract(before, after), unit, atol=1e-6)
    wide = drawn["layer_3"][0]
    assert abs(wide["x2"] - wide["x"]) == pytest.approx(4 * unit)
    assert "<b>C</b>" in texts(chart)
    fills = [item["fill"] for item in drawn["layer_5"]]
    assert fills[1] == style.PALETTE["orange"] != fills[0]


def test_a_group_without_an_own_estimate_has_no_pull(groups):
    drawn = marks(charts.pooling(groups, title="1|g"))
    assert len(drawn["layer_3"]) == 3
    assert len([item for item in drawn["layer_1"] if np.isfinite(item.get("x", np.nan))]) == 2


@pytest.mark.parametrize("log", [True, False])
def test_a_curve_breaks_where_it_is_withheld(log):
    frame = pd.DataFrame(
        {"x": [0.1, 1.0, 10.0, 100.0, 1000.0], "mean": [np.nan, 1.0, 2.0, 3.0, 3.0]}
    )
    frame = frame.assign(lower=frame["mean"] - 1, upper=frame["mean"] + 1, evidence=-frame["mean"])
    spec = style.static_spec(charts.curve(frame, log=log))
    assert '"type": "log"' in str(spec).replace("'", '"') or not log
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    assert "NaN" not in svg


@pytest.mark.parametrize(
    "made",
    [
        charts.density,
        charts.groups,
        charts.pooling,
        lambda rows: charts.curve(rows, log=True),
        lambda rows: charts.curve(rows, log=False),
    ],
)
def test_live_pictures_follow_the_theme(made):
    spec = style.live_spec(made(alt.NamedData("rows")))
    assert set(style.PALETTE) <= {param["name"] for param in spec["params"]}
    vega = str(vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE))
    assert not [hexed for hexed in ("#0072b2", "#5b6570") if vega.count(hexed) > 1]
