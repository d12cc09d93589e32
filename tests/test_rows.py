"""Rows are called by the user's own index, also where incomplete ones were left out."""

from __future__ import annotations

from typing import Any

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import terms
from hierwidgets.models import build
from hierwidgets.tables import compare, loo
from hierwidgets.views.columns import decode
from tests.tables.test_variance import invented

MISSING = [3, 50, 51, 100]


def incomplete() -> pd.DataFrame:
    data = hw.example("sleepstudy")
    data.loc[MISSING, "Reaction"] = np.nan
    return data.assign(empty=np.nan)


def drawn(model: bmb.Model, posterior: xr.Dataset) -> hw.Fit:
    return hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))


@pytest.fixture(scope="module")
def some(sleep_fit) -> xr.Dataset:
    return sleep_fit.posterior.isel(draw=slice(None, None, 10))


@pytest.fixture(scope="module")
def wrapped(some) -> hw.Fit:
    """Bambi keeps all 180 rows in model.data; the response has 176."""
    data = incomplete()
    data.index = pd.date_range("2024-01-01", periods=len(data))
    model = bmb.Model("Reaction ~ Days + (Days | Subject)", data, dropna=True)
    return drawn(model, some)


def test_a_wrapped_model_knows_what_was_left_out(wrapped):
    assert len(wrapped.model.data) == 180
    assert len(wrapped.data) == 176
    assert wrapped.dropped == 4
    assert "4 rows left out" in repr(wrapped)
    np.testing.assert_array_equal(wrapped.data["Reaction"], terms.response(wrapped.model))
    assert len(wrapped.predict()) == 176


def test_rows_have_their_names_in_tables_and_sentences(wrapped):
    rows = wrapped.loo().rows
    assert rows["row"].tolist() == wrapped.data.index.tolist()
    np.testing.assert_allclose(
        wrapped.data.loc[rows["row"], "Reaction"], terms.response(wrapped.model)
    )
    worst = rows.loc[rows["khat"].idxmax(), "row"]
    named = f"row {worst:%Y-%m-%d} (Subject {wrapped.data.loc[worst, 'Subject']})"
    assert named in loo.verdict(wrapped).findings[0].said


def test_rows_have_their_names_in_pages_and_pictures(wrapped, sleep_fit):
    view = wrapped.loo()
    names = decode(view.columns["named"])
    assert names[:4] == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-05"]
    assert np.asarray(decode(view.columns["row"]))[:4].tolist() == [0, 1, 2, 3]
    assert "2024-01-05" in view.chart.to_json()
    both = hw.compare({"a": wrapped, "b": wrapped})
    assert decode(both.columns["named"]) == names
    assert both.rows["row"].tolist() == view.rows["row"].tolist()
    assert "named" not in sleep_fit.loo().columns


def test_rows_keep_their_names_in_a_file(wrapped, tmp_path):
    again = hw.load(wrapped.save(tmp_path / "fit.nc"))
    assert again.dropped == 4
    assert again.data.index[3] == "2024-01-05"
    pd.testing.assert_frame_equal(
        again.loo().rows.drop(columns="row"), wrapped.loo().rows.drop(columns="row")
    )
    assert again.loo().rows["row"][3] == "2024-01-05"
    assert compare.compare({"a": again, "b": again})["elpd_diff"].tolist() == [0, 0]


@pytest.mark.parametrize("index", ["numbers", "text", "levels"])
def test_any_index(some, index):
    data = incomplete()
    if index == "text":
        data.index = pd.Index([f"visit {i}" for i in range(180)])
    if index == "levels":
        data = data.set_index([data["Subject"].astype(str).rename("s"), data["Days"].rename("d")])
    model, dropped = build("Reaction ~ Days + (Days | Subject)", data, dropna=True)
    fit = hw.Fit(model, xr.DataTree.from_dict({"posterior": some}), dropped=dropped)
    assert fit.dropped == 4
    last = {"numbers": 179, "text": "visit 179", "levels": "372 / 9"}[index]
    first = {"numbers": 4, "text": "visit 4", "levels": "308 / 4"}[index]
    rows = loo.pointwise(fit)["row"].tolist()
    assert (rows[3], rows[-1]) == (first, last)
    assert fit.ppc().data is not None
    assert fit.groups().data is not None


def test_models_of_other_rows_are_told_apart():
    """Two models lack different rows, and their binary responses are the same by chance."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {
            "y": [0, 1, 0, 1, 1, 1, 1, 1, 0, 1] * 4,
            "g": np.repeat(list("abcd"), 10),
            "one": rng.normal(size=40),
            "two": rng.normal(size=40),
        }
    )
    data.loc[4, "one"] = data.loc[6, "two"] = np.nan
    options: dict[str, Any] = {"family": "bernoulli"}
    fits = {
        name: invented(f"y ~ {name} + (1 | g)", data=data.dropna(subset=[name]), **options)
        for name in ("one", "two")
    }
    responses = [terms.response(fit.model) for fit in fits.values()]
    np.testing.assert_array_equal(*responses)
    with pytest.raises(
        ValueError, match=r"different rows\. 'two' lacks row 6\. 'one' lacks row 4\."
    ):
        compare.compare(fits)
    shorter = invented("y ~ 1 + (1 | g)", data=data, **options)
    with pytest.raises(ValueError, match="'one' lacks row 4"):
        compare.compare({"one": fits["one"], "all": shorter})
    turned = invented(
        "y ~ two + (1 | g)",
        data=data.dropna(subset=["two"]).iloc[[2, 1, 0, *range(3, 39)]],
        **options,
    )
    with pytest.raises(ValueError, match="in another order"):
        compare.compare({"two": fits["two"], "turned": turned})


def test_a_refusal_names_the_row_by_the_index():
    data = pd.DataFrame({"y": [1.0, 2, -3, 4], "g": list("aabb")}, index=list("wxyz"))
    with pytest.raises(ValueError, match=r"has -3 \(row y; 1 such row\)"):
        build("y ~ 1 + (1 | g)", data, family="gamma")
