import altair as alt
import numpy as np
import pytest
import vl_convert

from hierwidgets.charts import style
from hierwidgets.charts import trace as charts
from hierwidgets.tables import trace as tables
from hierwidgets.views.picture import VEGA_LITE
from tests.charts.scene import marks, texts
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_trace import diverging


@pytest.fixture(scope="module")
def fit():
    return diverging(made_up(["a", "b", "c"], chains=3), [(0, 10), (2, 190)])


def drawn(fit, names):
    return charts.trace(
        tables.lines(fit, names, 50),
        tables.density(fit, names),
        tables.ranks(fit, names),
        tables.divergent(fit, names),
        chains=range(3),
        draws=200,
    )


def panel(fit, which):
    names = ["x"]
    return charts.panels(
        tables.lines(fit, names, 50),
        tables.density(fit, names),
        tables.ranks(fit, names),
        tables.divergent(fit, names),
        chains=range(3),
        draws=200,
    )[which].properties(width=200, height=100)


def test_a_row_for_each_parameter(fit):
    chart = drawn(fit, ["x", "1|g[b]"])
    assert len(chart.vconcat) == 2
    assert {"x", "1|g[b]", "draw", "value", "rank", "chain 0", "chain 1", "chain 2"} <= set(
        texts(chart)
    )


def test_lines_stand_at_their_draws(fit):
    items = marks(panel(fit, "lines"))
    values = fit.posterior["x"].to_numpy()
    low, high = values.min(), values.max()
    lines = items["layer_0_pathgroup"]
    assert len(lines) == 3
    path = lines[1]["items"][0]["items"]
    kept = tables.lines(fit, ["x"], 50).query("chain == 1")
    assert [item["x"] for item in path] == pytest.approx((kept["draw"] * 200 / 199).tolist())
    assert [item["y"] for item in path] == pytest.approx(
        (100 * (1 - (kept["value"] - low) / (high - low))).tolist()
    )


@pytest.mark.parametrize("which", ["lines", "density"])
def test_divergences_are_marked(fit, which):
    items = marks(panel(fit, which))["layer_1"]
    assert len(items) == 2
    if which == "lines":
        assert [item["x"] for item in items] == pytest.approx([10 * 200 / 199, 190 * 200 / 199])
        assert {item["shape"] for item in items} == {"triangle-up"}


def test_rank_bars_are_as_high_as_their_counts(fit):
    bars = marks(panel(fit, "ranks"))["layer_0"]
    counts = tables.ranks(fit, ["x"])["count"].to_numpy()
    heights = np.array([bar["height"] for bar in bars])
    assert heights.shape == counts.shape
    np.testing.assert_allclose(heights, 100 / 3 * 0.86 * counts / counts.max(), atol=1e-9)
    rules = marks(panel(fit, "ranks"))["layer_1"]
    assert len(rules) == 3
    assert len({tuple(rule["strokeDash"]) for rule in rules}) == 3


def test_chains_differ_by_dash_too(fit):
    lines = marks(panel(fit, "density"))["layer_0_pathgroup"]
    looks = {
        (
            group["items"][0]["items"][0]["stroke"],
            tuple(group["items"][0]["items"][0]["strokeDash"]),
        )
        for group in lines
    }
    assert len(looks) == 3
    assert len({dash for _, dash in looks}) == 3


def test_a_constant_parameter_is_drawn():
    fit = made_up(["a", "b"])
    fit.idata["posterior"] = fit.posterior.assign(x=fit.posterior["x"] * 0 + 4.0)
    chart = charts.trace(
        tables.lines(fit, ["x"]),
        tables.density(fit, ["x"]),
        tables.ranks(fit, ["x"]),
        tables.divergent(fit, ["x"]),
        chains=[0, 1],
        draws=200,
    )
    assert "x" in texts(chart)


def test_names_of_any_text_are_text(fit):
    odd = made_up(AWKWARD)
    names = [f"1|g[{label}]" for label in AWKWARD[:3]]
    chart = charts.trace(
        tables.lines(odd, names, 20),
        tables.density(odd, names),
        tables.ranks(odd, names),
        tables.divergent(odd, names),
        chains=[0, 1],
        draws=200,
    )
    svg = vl_convert.vegalite_to_svg(style.static_spec(chart), vl_version=VEGA_LITE)
    assert "<img" not in svg
    assert "<!--" not in svg
    assert set(names) <= set(texts(chart))


def test_the_live_panels_compile_with_their_parameters():
    names = ["lines", "density", "ranks", "divergent"]
    panels = charts.panels(*map(alt.NamedData, names), chains=[0, 1, 2], draws=100)
    assert list(panels) == ["lines", "density", "ranks"]
    wanted = {"lines": {"window", "span"}, "density": {"span", "peak"}, "ranks": {"ink"}}
    for name, chart in panels.items():
        spec = style.live_spec(chart)
        vega = vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)
        assert wanted[name] <= {signal["name"] for signal in vega["signals"]}
        assert "datasets" not in spec
