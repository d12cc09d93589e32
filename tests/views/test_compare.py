"""The comparison as a view: its state, its code, what the page gets, and the shared selection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables import compare as tables
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


def test_the_page_gets_every_pair(fits):
    view = hw.compare(fits)
    labels = fits["slopes"].factors["Subject"]
    for i, one in enumerate(view.named):
        for j, other in enumerate(view.named):
            if i == j:
                continue
            sent = np.asarray(decode(view.columns[f"{i}-{j}/Subject"])).reshape(7, -1)
            own = tables.by_group(fits, one, other, "Subject").set_index("group").loc[labels]
            np.testing.assert_allclose(sent[0], own["difference"], rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(sent[1], own["se"], rtol=1e-5)


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
    ],
)
def test_what_cannot_be_is_refused(fits, given, said):
    with pytest.raises(ValueError, match=said):
        hw.compare(fits, **given)


def test_models_without_groups_are_only_ranked(fits, sleepstudy):
    other = hw.fit(
        "Reaction ~ 1", sleepstudy, draws=100, tune=200, chains=2, random_seed=1, progress=False
    )
    view = hw.compare({"days": fits["pooled"], "none": other})
    assert view.data["model"].tolist() == ["days", "none"]
    assert view.chart.to_dict()
