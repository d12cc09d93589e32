"""Models compared, against ArviZ on the same draws."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets.tables import compare, loo_groups
from hierwidgets.tables.log_likelihood import log_likelihood
from hierwidgets.weights.smoothing import smooth
from tests.tables.test_loo import without


@pytest.fixture(scope="module")
def fits(sleepstudy, sleep_fit) -> dict[str, hw.Fit]:
    options: dict[str, Any] = {"draws": 500, "tune": 500, "random_seed": 3, "progress": False}
    return {
        "pooled": hw.fit("Reaction ~ Days", sleepstudy, **options),
        "slopes": sleep_fit,
        "intercepts": hw.fit("Reaction ~ Days + (1 | Subject)", sleepstudy, **options),
    }


def tree(fit: hw.Fit) -> Any:
    values = xr.Dataset({"y": (("chain", "draw", "row"), log_likelihood(fit))})
    return xr.DataTree.from_dict({"posterior": fit.posterior, "log_likelihood": values})


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_it_is_arvizs(fits):
    module: Any = importlib.import_module("arviz_stats")
    ready = {n: module.loo(tree(fit), pointwise=True) for n, fit in fits.items()}
    theirs = module.compare(ready, round_to="none")
    ours = compare.compare(fits).set_index("model")
    assert ours.index.tolist() == theirs.index.tolist() == ["slopes", "intercepts", "pooled"]
    for one, other in (
        ("elpd", "elpd"),
        ("se", "se"),
        ("p_loo", "p"),
        ("elpd_diff", "elpd_diff"),
        ("dse", "dse"),
        ("p_worse", "p_worse"),
    ):
        np.testing.assert_allclose(
            ours[one].astype(float), theirs[other].astype(float), rtol=1e-6, atol=1e-9, err_msg=one
        )
    np.testing.assert_allclose(ours["weight"], theirs["weight"].astype(float), atol=2e-3)
    told = theirs["diag_elpd"].str.split(" ").str[0]
    assert [str(n) if n else "" for n in ours["bad"]] == told.tolist()


def test_stacking_is_the_best_mixture():
    rng = np.random.default_rng(1)
    elpd = rng.normal(-1, 0.5, size=(200, 2))
    weights = compare.stacking(elpd)
    grid = np.linspace(0, 1, 20_001)
    score = np.log(np.exp(elpd) @ np.stack([grid, 1 - grid])).sum(axis=0)
    assert weights[0] == pytest.approx(grid[score.argmax()], abs=1e-4)
    assert weights.sum() == pytest.approx(1)


def test_stacking_with_rows_that_some_or_no_model_foresees():
    rng = np.random.default_rng(1)
    elpd = rng.normal(-1, 0.5, size=(200, 2))
    elpd[3, 0] = -np.inf
    grid = np.linspace(0, 1, 20_001)[:-1]
    score = np.log(np.exp(elpd) @ np.stack([grid, 1 - grid])).sum(axis=0)
    weights = compare.stacking(elpd)
    assert weights[0] == pytest.approx(grid[score.argmax()], abs=1e-4)
    nowhere = np.vstack([elpd, [[-np.inf, -np.inf]]])
    np.testing.assert_allclose(compare.stacking(nowhere), weights, atol=1e-9)
    every = np.where(np.arange(2) == 0, -np.inf, elpd)
    np.testing.assert_allclose(compare.stacking(every), [0, 1], atol=1e-6)


def test_a_model_with_an_impossible_row_is_never_first(fits):
    """Left out of the sum, the row would have been worth 300: the better model by omission."""
    zero = without(fits["slopes"], {109: 3})
    table = compare.compare({"zero": zero, **fits}).set_index("model")
    assert table.index.tolist() == ["slopes", "intercepts", "pooled", "zero"]
    assert table.loc["zero", "elpd"] == table.loc["zero", "elpd_diff"] == -np.inf
    assert table.loc["zero", "p_worse"] == 1
    assert "row 109 has density zero at 3 of 1,000 draws" in table.loc["zero", "caution"]
    assert table["weight"].sum() == pytest.approx(1)
    rows = compare.differences({"zero": zero, **fits}, "slopes", "zero")
    assert rows["difference"].to_numpy()[109] == np.inf
    groups = compare.by_group({"zero": zero, **fits}, "slopes", "zero").set_index("group")
    assert groups.loc["349", "difference"] == np.inf
    assert np.isnan(groups.loc["349", "se"])
    worse = without(fits["slopes"], {109: 3, 20: 1})
    both = compare.compare({"worse": worse, "zero": zero}).set_index("model")
    assert both.index.tolist() == ["zero", "worse"]
    assert np.isnan(both.loc["worse", "elpd_diff"])
    assert (
        compare.by_group({"worse": worse, "zero": zero}, "zero", "worse")["difference"].isna().sum()
        == 1
    )


def test_groups_say_where_slopes_help(fits):
    table = compare.by_group(fits, "slopes", "intercepts")
    rows = compare.differences(fits, "slopes", "intercepts")
    whole = compare.compare(fits).set_index("model")
    assert table["difference"].sum() == pytest.approx(-whole.loc["intercepts", "elpd_diff"])
    own = rows.loc[rows["Subject"] == "308", "difference"]
    row = table.set_index("group").loc["308"]
    assert row["difference"] == pytest.approx(own.sum())
    assert row["se"] == pytest.approx(np.sqrt(10) * own.std(ddof=1))
    assert row["upper"] == pytest.approx(row["difference"] + 2 * row["se"])
    assert set(table.nlargest(2, "difference")["group"]) == {"309", "335"}
    back = compare.by_group(fits, "intercepts", "slopes", "Subject")
    np.testing.assert_allclose(back["difference"], -table["difference"])


def test_a_model_without_groups_is_compared_by_the_others(fits):
    table = compare.by_group(fits, "pooled", "slopes")
    assert len(table) == 18
    three = {**fits, "other": fits["pooled"]}
    for unit in compare.UNITS:
        none = compare.by_group(three, "pooled", "other", "Subject", unit=unit)
        assert (none["difference"] == 0).all()
    plain = {"a": fits["pooled"], "b": fits["pooled"]}
    with pytest.raises(ValueError, match="no groups to leave out"):
        compare.by_group(plain, "a", "b")


def test_cautions_are_words(fits):
    table = compare.compare(fits).set_index("model")
    assert "Pareto k" in table.loc["slopes", "caution"]
    assert "too small" not in table.loc["slopes", "caution"]
    assert compare._uncertain(-1.0, 200, "observation") == compare.SMALL_SAID
    assert "fewer than 100 rows" in compare._uncertain(-1.0, 50, "observation")
    assert "fewer than 100 groups" in compare._uncertain(-50.0, 50, "group")
    assert compare._uncertain(-10.0, 200, "observation") == ""


def test_whole_groups_are_arvizs_compare_of_groups(fits):
    """Groups handed to ArviZ as if each were one row."""
    table = compare.compare(fits, unit="group").set_index("model")
    left = {name: loo_groups.loo_groups(fits[name], "Subject") for name in ("slopes", "intercepts")}
    gap = left["slopes"]["elpd"] - left["intercepts"]["elpd"]
    assert table.index.tolist() == ["slopes", "intercepts", "pooled"]
    assert table.loc["intercepts", "elpd_diff"] == pytest.approx(-gap.sum())
    assert table.loc["intercepts", "dse"] == pytest.approx(np.sqrt(18) * gap.std(ddof=1))
    for name, own in left.items():
        whole = loo_groups.totals(own)
        assert tuple(table.loc[name, ["elpd", "se", "mcse"]]) == pytest.approx(whole[:3])
    assert "fewer than 100 groups" in table.loc["pooled", "caution"]
    by = compare.by_group(fits, "slopes", "intercepts", unit="group")
    np.testing.assert_allclose(by["difference"], gap)
    np.testing.assert_allclose(
        by["se"], np.hypot(left["slopes"]["se"], left["intercepts"]["se"]), rtol=1e-12
    )


def test_a_model_without_the_factor_leaves_its_rows_out_together(fits):
    """Complete pooling has no effects to integrate: the joint density of a group's rows."""
    rows = fits["slopes"].data
    logs = log_likelihood(fits["pooled"]).reshape(-1, len(rows))
    left = compare.grouping(fits, "Subject")
    table = loo_groups.loo_groups(fits["pooled"], left).set_index("group")
    for group in ("308", "335"):
        joint = logs[:, (rows["Subject"].astype(str) == group).to_numpy()].sum(axis=1)
        weights, khat, _ = smooth(-joint)
        expected = np.log(np.sum(weights * np.exp(joint - joint.max()))) + joint.max()
        assert table.loc[group, "elpd"] == pytest.approx(expected, abs=0.02)
        assert table.loc[group, "khat"] == pytest.approx(khat, abs=0.05)
    assert (
        compare.compare({"a": fits["pooled"], "b": fits["slopes"]}, unit="group")["bad"].max() < 3
    )


def test_groups_that_a_model_cannot_leave_out_are_said(fits, sleepstudy):
    options: dict[str, Any] = {"draws": 50, "tune": 100, "chains": 2, "progress": False}
    other = hw.fit("Reaction ~ Days + (Days | Subject)", sleepstudy, family="t", **options)
    with pytest.raises(ValueError, match=r"can be left out of every model \(b: 2 effects are new"):
        compare.compare({"a": fits["slopes"], "b": other}, unit="group")
    with pytest.raises(ValueError, match="no groups to leave out"):
        compare.compare({"a": fits["pooled"], "b": fits["pooled"]}, unit="group")
    with pytest.raises(ValueError, match="a unit to leave out"):
        compare.compare(fits, unit="row")


def test_what_cannot_be_compared_is_refused(fits, sleepstudy):
    options: dict[str, Any] = {"draws": 20, "tune": 20, "chains": 2, "progress": False}
    fewer = hw.fit("Reaction ~ Days", sleepstudy.iloc[:-1], **options)
    changed = sleepstudy.assign(Reaction=sleepstudy["Reaction"] + 1)
    moved = hw.fit("Reaction ~ Days", changed, **options)
    other = hw.fit("Days ~ Reaction", sleepstudy, **options)
    for fit, said in (
        (fewer, "180 rows and 'b' to 179"),
        (moved, "other values"),
        (other, "different responses"),
    ):
        with pytest.raises(ValueError, match=said):
            compare.compare({"a": fits["pooled"], "b": fit})
    with pytest.raises(ValueError, match="two fits or more; got 1"):
        compare.compare({"a": fits["pooled"]})
    with pytest.raises(TypeError, match="fits by name"):
        compare.compare([fits["pooled"]])
    with pytest.raises(ValueError, match="a model compared here"):
        compare.by_group(fits, "slopes", "slope")
    with pytest.raises(ValueError, match="a grouping factor"):
        compare.by_group(fits, "slopes", "pooled", "Days")
