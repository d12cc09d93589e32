"""Leave one out as a view: what the page gets, its state, its files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables import loo as tables
from hierwidgets.tables import loo_groups
from hierwidgets.views import loo as views
from hierwidgets.views.columns import decode
from tests.tables.test_variance import invented


@pytest.fixture(scope="module")
def nested() -> hw.Fit:
    return invented("y ~ x + (1 | h / g)")


def column(view: views.LooView, name: str) -> np.ndarray:
    return np.asarray(decode(view.columns[name]))


def test_the_state_is_the_code(sleep_fit):
    view = sleep_fit.loo(unit="group", sort="size", search="3")
    assert view.code == 'fit.loo(unit="group", sort="size", search="3")'
    assert eval(view.code, {"fit": sleep_fit}).state == view.state
    assert all("3" in group for group in view.data["group"])


def test_the_page_gets_rows_and_groups(sleep_fit):
    view = sleep_fit.loo()
    rows = tables.pointwise(sleep_fit)
    np.testing.assert_allclose(column(view, "khat"), rows["khat"], rtol=1e-6)
    places = column(view, "of/Subject")
    labels = sleep_fit.factors["Subject"]
    assert [labels[i] for i in places] == rows["Subject"].tolist()
    table = tables.by_group(sleep_fit)
    matrix = column(view, "observation/Subject").reshape(7, -1)
    np.testing.assert_allclose(matrix[0], table["mean"], rtol=1e-6)
    np.testing.assert_allclose(matrix[6], table["mean"] + 1.959964 * table["se"], rtol=1e-6)
    assert "group/Subject" not in view.columns


def test_whole_groups_come_when_they_are_asked_for(sleep_fit):
    view = sleep_fit.loo()
    content, buffers = view.answer({"kind": "groups", "factor": "Subject"})
    table = loo_groups.loo_groups(sleep_fit, progress=False)
    sent = np.frombuffer(buffers[0], "<f4").reshape(7, -1)
    np.testing.assert_allclose(sent[0], table["elpd"] / table["n"], rtol=1e-5)
    assert f"elpd {table['elpd'].sum():.1f}" in content["said"]
    opened = sleep_fit.loo(unit="group")
    np.testing.assert_allclose(column(opened, "group/Subject").reshape(7, -1), sent, rtol=1e-6)
    assert opened.data["mean"].is_monotonic_increasing
    assert {"verdict", "refitted", "reason"} <= set(opened.data)
    with pytest.raises(ValueError, match="asked for groups only"):
        view.answer({"kind": "draws"})


def test_nested_factors_and_folds(nested):
    view = nested.loo(factor="h:g", by="h", folded=["a"])
    assert len(view.data) == len(nested.factors["h:g"])
    assert view.code.startswith('fit.loo(factor="h:g", by="h"')
    assert view.chart.to_dict()


def test_a_model_without_groups_has_rows(tmp_path):
    plain = invented("y ~ x")
    view = plain.loo()
    pd.testing.assert_frame_equal(view.data, tables.pointwise(plain))
    assert view.chart.to_dict()
    for ending in ("html", "svg", "csv"):
        assert view.save(tmp_path / f"loo.{ending}").stat().st_size > 1000
    with pytest.raises(ValueError, match="no group terms"):
        plain.loo(unit="group")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"unit": "row"}, "a unit to leave out"),
        ({"factor": "Days"}, "a grouping factor"),
        ({"sort": "k"}, "an order of groups"),
        ({"folded": ["308"]}, "needs by"),
    ],
)
def test_what_cannot_be_is_refused(sleep_fit, state, said):
    with pytest.raises(ValueError, match=said):
        sleep_fit.loo(**state)


def test_thousands_of_rows_are_thinned_but_no_bad_one_is_lost():
    khat = np.random.default_rng(0).normal(0.2, 0.2, 30_000)
    rows = pd.DataFrame({"row": np.arange(30_000), "khat": khat})
    shown = rows.iloc[tables.thinned(rows["khat"].to_numpy())]
    assert len(shown) <= tables.MOST_POINTS
    assert set(rows.nlargest(400, "khat")["row"]) <= set(shown["row"])
    assert shown["row"].is_monotonic_increasing
