"""The comparison as a view: its state, its code, what the page gets, and the shared selection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables import compare as tables
from hierwidgets.tables import loo
from hierwidgets.views.columns import decode
from hierwidgets.views.selection import Selection, follow


@pytest.fixture(scope="module")
def fits(sleepstudy, sleep_fit) -> dict[str, hw.Fit]:
    options: dict[str, Any] = {"draws": 300, "tune": 500, "random_seed": 3, "progress": False}
    return {
        "intercepts": hw.fit("Reaction ~ Days + (1 | Subject)", sleepstudy, **options),
        "slopes": sleep_fit,
        "pooled": hw.fit("Reaction ~ Days", sleepstudy, **options),
    }


def test_it_opens_on_the_best_two(fits):
    view = hw.compare(fits)
    pd.testing.assert_frame_equal(view.models, tables.compare(fits))
    assert (view.state["first"], view.state["second"]) == ("slopes", "intercepts")
    assert view.state["factor"] == "Subject"
    own = tables.by_group(fits, "slopes", "intercepts").set_index("group")
    shown = view.data.set_index("group")
    np.testing.assert_allclose(shown["mean"], own.loc[shown.index, "difference"])
    assert shown["mean"].is_monotonic_increasing


def test_the_code_gives_it_again(fits):
    view = hw.compare(fits, "pooled", "slopes", sort="name", search="3")
    space = {"hw": hw, **fits}
    again = eval(view.code, space)
    assert again.state == view.state
    assert hw.compare(fits, "intercepts").state["second"] == "slopes"


@pytest.mark.parametrize("unit", ["observation", "group"])
def test_the_page_gets_every_pair(fits, unit):
    view = hw.compare(fits, unit=unit)
    labels = fits["slopes"].factors["Subject"]
    sent = np.asarray(decode(view.columns[f"{unit}/Subject"])).reshape(3, 3, 7, -1)
    for i, one in enumerate(view.named):
        for j, other in enumerate(view.named):
            if i == j:
                continue
            own = tables.by_group(fits, one, other, "Subject", unit=unit)
            own = own.set_index("group").loc[labels]
            np.testing.assert_allclose(sent[i, j, 0], own["difference"], rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(sent[i, j, 1], own["se"], rtol=1e-5)


def test_the_page_gets_every_rows_elpd(fits, sleepstudy):
    view = hw.compare(fits)
    first, second = (np.asarray(decode(view.columns[f"elpd/{i}"])) for i in (0, 1))
    np.testing.assert_allclose(first - second, view.rows["difference"], atol=1e-5)
    assert list(decode(view.columns["row"])) == list(range(180))
    labels = fits["slopes"].factors["Subject"]
    of = [labels[i] for i in decode(view.columns["of/Subject"])]
    assert of == sleepstudy["Subject"].astype(str).tolist()
    turned = hw.compare(fits, "pooled", "slopes").rows
    expected = tables.differences(fits, "pooled", "slopes")
    pd.testing.assert_frame_equal(turned, expected)


def test_of_thousands_of_rows_those_that_differ_are_drawn(fits, monkeypatch):
    monkeypatch.setattr(loo, "MOST_POINTS", 60)
    monkeypatch.setattr(loo, "MOST_WORST", 20)
    view = hw.compare({"slopes": fits["slopes"], "intercepts": fits["intercepts"]})
    shown = decode(view.columns["row"])
    assert len(shown) <= 60
    assert set(view.rows["difference"].abs().nlargest(20).index) <= set(shown)


def test_the_picture_has_models_rows_and_groups(fits):
    spec = hw.compare(fits).chart.to_dict()
    above, groups = spec["vconcat"]
    models, rows = above["vconcat"]
    assert models["layer"][0]["encoding"]["x2"]["field"] == "high"
    (points,) = (one for one in rows["layer"] if one["mark"]["type"] == "point")
    assert points["encoding"]["y"]["field"] == "difference"
    assert "layer" in groups
    whole = hw.compare(fits, unit="group").chart.to_dict()
    assert "vconcat" not in whole["vconcat"][0]


def test_whole_groups_are_compared_in_python_and_for_the_page(fits):
    view = hw.compare(fits, unit="group", sort="name")
    pd.testing.assert_frame_equal(view.models, tables.compare(fits, unit="group"))
    own = tables.by_group(fits, "slopes", "intercepts", unit="group")
    assert view.data["group"].tolist() == own["group"].tolist()
    np.testing.assert_allclose(view.data["mean"], own["difference"])
    assert 'unit="group"' in view.code
    assert "predicts a new group of Subject best" in view.about["groups"]["Subject"]["said"]
    later = hw.compare(fits)
    assert later.about["groups"] == {}
    content, (buffer,) = later.answer({"kind": "groups", "factor": "Subject"})
    assert content["said"] == view.said()
    np.testing.assert_array_equal(
        np.frombuffer(buffer, "<f4"),
        np.asarray(decode(view.columns["group/Subject"]), "f4").ravel(),
    )
    later.state = {**later.state, "unit": "group"}
    pd.testing.assert_frame_equal(later.models, view.models)
    with pytest.raises(ValueError, match="asked for groups only"):
        later.answer({"kind": "rows"})


def test_refits_replace_the_weights_in_every_model(fits):
    view = hw.compare(fits, unit="group")
    before = view.data.set_index("group")
    after = view.refit(["309"], progress=False).data.set_index("group")
    gap = (after["mean"] - before["mean"]).abs()
    assert 0 < gap["309"] < 4 * before.loc["309", "sd"]
    assert gap.drop("309").max() == 0


def test_fits_that_share_groups_share_what_is_picked(fits):
    hw.compare(fits)
    fits["slopes"].selection.groups = ["308", "335"]
    assert fits["intercepts"].selection.groups == ["308", "335"]
    fits["intercepts"].selection.clear()
    assert fits["slopes"].selection.groups == []


def test_other_factors_keep_their_own():
    one = Selection({"g": ["a", "b"], "h": ["x"]})
    other = Selection({"g": ["a", "b"], "k": ["y"]})
    third = Selection({"g": ["a", "c"]})
    follow([one, other, third])
    other.picked = {"k": ["y"]}
    one.picked = {"g": ["a"], "h": ["x"]}
    assert other.picked == {"k": ["y"], "g": ["a"]}
    assert third.picked == {}


def test_every_kind_of_file_is_written(fits, tmp_path):
    view = hw.compare(fits)
    for ending in ("html", "svg", "csv", "json"):
        assert view.save(tmp_path / f"compare.{ending}").stat().st_size > 500


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first": "slope"}, "Did you mean 'slopes'"),
        ({"first": "slopes", "second": "slopes"}, "both 'slopes'"),
        ({"factor": "Days"}, "a grouping factor"),
        ({"sort": "best"}, "an order of groups"),
        ({"unit": "row"}, "a unit to leave out"),
    ],
)
def test_what_cannot_be_is_refused(fits, given, said):
    with pytest.raises(ValueError, match=said):
        hw.compare(fits, **given)


def test_two_models_without_groups_beside_one_with_groups(fits, sleepstudy):
    flat = hw.fit("Reaction ~ 1", sleepstudy, draws=100, tune=200, random_seed=1, progress=False)
    view = hw.compare({**fits, "flat": flat}, "pooled", "flat", sort="name")
    own = tables.by_group(view.fits, "pooled", "flat", "Subject")
    np.testing.assert_allclose(view.data["mean"], own["difference"])
    assert view.data["mean"].sum() == pytest.approx(view.rows["difference"].sum())
    assert view.chart.to_dict()["vconcat"]


def test_models_without_groups_are_only_ranked(fits, sleepstudy):
    other = hw.fit(
        "Reaction ~ 1", sleepstudy, draws=100, tune=200, chains=2, random_seed=1, progress=False
    )
    view = hw.compare({"days": fits["pooled"], "none": other})
    assert view.data["model"].tolist() == ["days", "none"]
    assert view.chart.to_dict()
    with pytest.raises(ValueError, match="no groups to leave out"):
        hw.compare(view.fits, unit="group")
