"""What views with a row for each group share: units, parents that fold, and labels as they are read."""

from __future__ import annotations

import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.views.columns import decode

SHORT = {"draws": 100, "tune": 150, "chains": 2, "random_seed": 11, "progress": False}


@pytest.fixture(scope="module")
def pastes() -> hw.Fit:
    return hw.fit("strength ~ 1 + (1 | batch / cask)", hw.example("pastes"), **SHORT)


@pytest.fixture(scope="module")
def cbpp() -> hw.Fit:
    data = hw.example("cbpp")
    return hw.fit("p(incidence, size) ~ period + (1 | herd)", data, family="binomial", **SHORT)


NESTED = "1|batch:cask"


@pytest.mark.parametrize("method", ["caterpillar", "shrinkage"])
def test_groups_lie_under_their_parents_and_fold(pastes: hw.Fit, method: str):
    view = getattr(pastes, method)(NESTED, sort="name", by="batch", folded=["A", "C"])
    table = view.data
    assert table["parent"].drop_duplicates().tolist() == list("BDEFGHIJ")
    assert (table["parent"] == table["group"].str[0]).all()
    assert table["label"].head(3).tolist() == ["B / a", "B / b", "B / c"]
    again = eval(view.code, {"fit": pastes})
    assert again.state == view.state
    pd.testing.assert_frame_equal(again.data, table)


@pytest.mark.parametrize("method", ["caterpillar", "shrinkage"])
def test_the_static_picture_has_headings(pastes: hw.Fit, method: str):
    chart = getattr(pastes, method)(NESTED, sort="name", by="batch", folded=["A"]).chart
    spec = chart.to_json()
    assert "A (3, folded)" in spec
    assert "B (3)" in spec
    assert "B / a" in spec
    assert "A / a" not in spec


@pytest.mark.parametrize("method", ["caterpillar", "shrinkage"])
def test_all_folded_has_headings_alone(pastes: hw.Fit, method: str):
    every = pastes.factors["batch"]
    view = getattr(pastes, method)(NESTED, by="batch", folded=every)
    assert view.data.empty
    assert view.chart.to_json().count("(3, folded)") == len(every)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"term": "1|batch", "by": "batch:cask"}, "'batch' is nested in no other factor"),
        ({"term": NESTED, "by": "bach"}, "Did you mean 'batch'"),
        ({"term": NESTED, "by": "batch", "folded": ["Z"]}, "'Z'"),
        ({"term": NESTED, "folded": ["A"]}, "such as by='batch'"),
        ({"units": "response"}, "identity link"),
    ],
)
@pytest.mark.parametrize("method", ["caterpillar", "shrinkage"])
def test_what_cannot_be_is_refused(pastes: hw.Fit, method: str, keywords: dict, said: str):
    with pytest.raises(ValueError, match=said):
        getattr(pastes, method)(**keywords)


def test_search_finds_both_forms(pastes: hw.Fit):
    for word in ("A:a", "A / a"):
        assert pastes.caterpillar(NESTED, search=word).data["group"].tolist() == ["A:a"]
        assert pastes.shrinkage(NESTED, search=word).data["group"].tolist() == ["A:a"]
        listed = pastes.trace(search=word).data["parameter"].tolist()
        assert listed == ["1|batch:cask[A:a]"]


def test_readers_see_labels_and_code_keeps_keys(pastes: hw.Fit):
    view = pastes.trace([f"{NESTED}[A:a]"])
    assert f"{NESTED}[A / a]" in view.chart.to_json()
    assert "A:a" in view.code
    for view in (pastes.caterpillar(), pastes.shrinkage(), pastes.groups()):
        assert decode(view.columns["shown/batch:cask"])[0] == "A / a"
        assert decode(view.columns["labels/batch:cask"])[0] == "A:a"
        assert "shown/batch" not in view.columns


def test_units_of_the_response(cbpp: hw.Fit):
    view = cbpp.shrinkage(units="response")
    assert view.code == 'fit.shrinkage(units="response")'
    assert view.data["partial_pooling"].between(0, 1).all()
    assert "expected share" in view.chart.to_json()
    sent = decode(view.columns["0/response"])[0] + view.about["terms"][0]["response"]["centre"]
    labels = decode(view.columns["labels/herd"])
    expected = view.data.set_index("group").loc[labels, "no_pooling"].to_numpy()
    assert sent == pytest.approx(expected, rel=1e-5, nan_ok=True)
    odds = cbpp.caterpillar(scale="deviation", units="response")
    assert "odds ratio" in odds.chart.to_json()
    assert odds.about["terms"][0]["population"]["deviation/response"] == 1
    with pytest.raises(ValueError, match="sigma works on the link scale"):
        cbpp.shrinkage(units="response", sigma={"1|herd": 1.0})
