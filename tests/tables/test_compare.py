"""Models compared, against ArviZ on the same draws."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets.tables import compare, loo
from hierwidgets.tables.log_likelihood import log_likelihood


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
    plain = {"a": fits["pooled"], "b": fits["pooled"]}
    with pytest.raises(ValueError, match="no groups to compare by"):
        compare.by_group(plain, "a", "b")


def test_cautions_are_words(fits):
    table = compare.compare(fits).set_index("model")
    assert "Pareto k" in table.loc["slopes", "caution"]
    near = loo.Estimate(-100.0, 1.0, 2.0, 1.0, 200, 0.7, 0)
    assert compare.caution(-1.0, 1, near) == compare.CAUTIONS["small"]
    assert compare.caution(-1.0, 1, near._replace(rows=50)) == compare.CAUTIONS["rows"]
    assert compare.caution(-10.0, 1, near) == compare.caution(0.0, 0, near) == ""


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
