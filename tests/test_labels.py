"""Group labels of any kind, through a real fit, its tables, its selection and its file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from tests.synthetic import AWKWARD


def fitted(data, formula="y ~ 1 + (1 | g)"):
    return hw.fit(formula, data, draws=40, tune=40, chains=1, random_seed=1, progress=False)


def frame(groups):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": rng.normal(size=5 * len(groups)), "g": np.tile(groups, 5)})


def test_awkward_text_comes_through_unchanged(tmp_path):
    fit = fitted(frame(AWKWARD))
    assert sorted(fit.factors["g"]) == sorted(AWKWARD)
    for view in (fit.caterpillar(sort="name"), fit.shrinkage(sort="name")):
        assert sorted(view.data["group"]) == sorted(AWKWARD)
    again = hw.load(fit.save(tmp_path / "fit.nc"))
    assert again.factors == fit.factors
    fit.selection.groups = ["</script>", ""]
    assert fit.selection.picked == {"g": ["</script>", ""]}


@pytest.mark.parametrize(
    ("groups", "first"),
    [
        ([3, 1, 2], "1"),
        ([1.5, 2.0], "1.5"),
        ([True, False], "False"),
        (list(pd.date_range("2024-01-01", periods=3, freq="h")), "2024-01-01 00:00:00"),
        (list(pd.period_range("2024-01", periods=3, freq="M")), "2024-01"),
    ],
)
def test_numbers_and_times_are_labels(groups, first):
    fit = fitted(frame(groups))
    assert fit.factors["g"][0] == first
    assert len(fit.caterpillar().data) == len(groups)


def test_factors_with_equal_level_names_keep_apart():
    data = frame(["a", "b", "c"])
    data["h"] = np.repeat(["a", "b", "c"], 5)
    fit = fitted(data, "y ~ 1 + (1 | g) + (1 | h)")
    fit.selection.picked = {"h": ["a"]}
    assert fit.selection.groups == ["a"]
    assert fit.selection.picked == {"h": ["a"]}
    with pytest.raises(Exception, match="picked"):
        fit.selection.groups = ["b"]
    assert fit.selection.picked == {"h": ["a"]}
