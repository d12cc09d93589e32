"""Leave one observation out, against ArviZ on the same draws and against the exact answer."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import special

import hierwidgets as hw
from hierwidgets import terms
from hierwidgets.tables import loo
from hierwidgets.tables.log_likelihood import log_likelihood
from hierwidgets.weights.rows import efficient_tail, leave_one_out
from hierwidgets.weights.smoothing import smooth


def arviz_of(fit: hw.Fit) -> Any:
    values = xr.Dataset({"y": (("chain", "draw", "row"), log_likelihood(fit))})
    tree = xr.DataTree.from_dict({"posterior": fit.posterior, "log_likelihood": values})
    return importlib.import_module("arviz_stats.loo").loo(tree, pointwise=True)


@pytest.fixture(scope="module")
def herds() -> hw.Fit:
    return hw.fit(
        "p(incidence, size) ~ period + (1 | herd)",
        hw.example("cbpp"),
        family="binomial",
        draws=500,
        tune=500,
        random_seed=1,
        progress=False,
    )


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
@pytest.mark.parametrize("name", ["sleep_fit", "radon_fit", "herds"])
def test_it_is_arvizs(name, request):
    fit = request.getfixturevalue(name)
    theirs = arviz_of(fit)
    rows, found = loo.pointwise(fit), loo.total(fit)
    np.testing.assert_allclose(rows["elpd"], theirs.elpd_i, rtol=1e-6)
    np.testing.assert_allclose(rows["khat"], theirs.pareto_k, rtol=1e-6, atol=1e-6)
    assert found.elpd == pytest.approx(float(theirs.elpd), rel=1e-6)
    assert found.se == pytest.approx(float(theirs.se), rel=1e-6)
    assert found.p == pytest.approx(float(theirs.p), rel=1e-6)
    assert found.good_k == pytest.approx(theirs.good_k)
    assert (found.bad > 0) == theirs.warning


def test_a_block_of_rows_is_each_row_alone():
    rng = np.random.default_rng(1)
    values = rng.standard_t(3, size=(70, 1000)) * rng.uniform(0.01, 3, size=(70, 1))
    values[3] = -1.5
    values[4, 10:] = values[4, 10]
    found = leave_one_out(values, 94)
    for i, row in enumerate(values):
        weights, khat, _ = smooth(-row, tail=94)
        expected = np.log(np.sum(weights * np.exp(row)))
        assert found.elpd[i] == pytest.approx(expected, rel=1e-9, abs=1e-9), i
        assert found.khat[i] == khat or found.khat[i] == pytest.approx(khat, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(found.lpd, np.log(np.exp(values).mean(axis=1)), rtol=1e-9)
    assert efficient_tail(100, 0.5) == 20


def test_a_row_that_is_impossible_at_some_draw_is_the_mean_of_infinite_weights():
    values = np.random.default_rng(1).normal(-1, 0.1, size=(40, 500))
    alone = leave_one_out(values, 67)
    values[7, 3] = -np.inf
    values[8] = -np.inf
    values[9, 0] = np.nan
    found = leave_one_out(values, 67)
    harmonic = np.log(500) - special.logsumexp(-values[7])
    assert found.elpd[7] == found.elpd[8] == harmonic == -np.inf
    assert np.isnan(found.elpd[9])
    assert (found.khat[7:10] == np.inf).all()
    assert found.lpd[7] == pytest.approx(special.logsumexp(values[7]) - np.log(500))
    assert found.lpd[8] == -np.inf
    others = np.setdiff1d(np.arange(40), [7, 8, 9])
    np.testing.assert_array_equal(found.elpd[others], alone.elpd[others])


def test_a_row_that_is_all_but_impossible_is_not_minus_infinity():
    """Its density at the draw that has all the weight is below the smallest number above zero."""
    values = np.random.default_rng(1).normal(-1, 0.1, size=(3, 500))
    values[1, 3] = -2000.0
    values[2, :20] = np.linspace(-3000, -2000, 20)
    found = leave_one_out(values, 67)
    assert found.elpd[1] == pytest.approx(-2000 + np.log(500), abs=0.1)
    assert -3000 < found.elpd[2] < -2900
    assert np.isfinite(found.elpd).all()


def without(fit: hw.Fit, at: dict[int, int], value: float = -np.inf) -> hw.Fit:
    """The same draws, with rows that have this log likelihood at so many draws."""
    some = fit.posterior.isel(draw=slice(None, None, 4))
    values = log_likelihood(hw.wrap(fit.model, xr.DataTree.from_dict({"posterior": some}))).copy()
    for row, draws in at.items():
        values[1, :draws, row] = value
    name = terms.shown_name(fit.model.response_term)
    group = xr.Dataset({name: (("chain", "draw", "__obs__"), values)})
    return hw.wrap(fit.model, xr.DataTree.from_dict({"posterior": some, "log_likelihood": group}))


def test_an_impossible_row_is_named_and_never_dropped(sleep_fit):
    fit = without(sleep_fit, {109: 3, 20: 1})
    whole, widely = loo.total(fit), loo.waic(fit)
    for found in (whole, widely):
        assert (found.elpd, found.p, found.impossible) == (-np.inf, np.inf, 2)
        assert np.isnan(found.se)
    rows = loo.pointwise(fit)
    assert rows.loc[rows["zero"] > 0, ["row", "zero"]].to_numpy().tolist() == [[20, 1], [109, 3]]
    table = loo.by_group(fit).set_index("group")
    assert table.index[table["mean"] == -np.inf].tolist() == ["310", "349"]
    assert np.isfinite(table.loc["308", "mean"])
    told = loo.verdict(fit)
    assert not told.healthy
    named = (
        "row 20 has density zero at 1 of 1,000 draws, row 109 has density zero at 3 of 1,000 draws"
    )
    assert told.said == f"elpd is minus infinity: {named}."
    assert len(eval(told.findings[0].next, {"fit": fit})) == 2


def test_a_likelihood_that_is_not_a_number_is_refused(sleep_fit):
    fit = without(sleep_fit, {5: 2}, np.nan)
    said = (
        r"row 5 is not a number at 2 of 1,000 draws.*del idata\['log_likelihood'\] before hw.wrap"
    )
    with pytest.raises(ValueError, match=said):
        loo.total(fit)
    idata = fit.idata.copy()
    del idata["log_likelihood"]
    assert np.isfinite(loo.total(hw.wrap(fit.model, idata)).elpd)


def test_it_is_the_exact_predictive_density_of_a_normal_mean():
    rng = np.random.default_rng(2)
    n = 30
    y = rng.normal(size=n)
    draws = rng.normal(y.mean(), 1 / np.sqrt(n), size=40_000)
    values = -0.5 * (y[:, None] - draws) ** 2 - 0.5 * np.log(2 * np.pi)
    found = leave_one_out(values, efficient_tail(len(draws), 1.0))
    others = (y.sum() - y) / (n - 1)
    spread = 1 + 1 / (n - 1)
    exact = -0.5 * (y - others) ** 2 / spread - 0.5 * np.log(2 * np.pi * spread)
    np.testing.assert_allclose(found.elpd, exact, atol=0.01)


def test_waic_is_its_definition(sleep_fit):
    values = log_likelihood(sleep_fit).reshape(-1, 180)
    found = loo.waic(sleep_fit)
    p = values.var(axis=0, ddof=1)
    lpd = np.log(np.exp(values).mean(axis=0))
    assert found.elpd == pytest.approx((lpd - p).sum())
    assert found.p == pytest.approx(p.sum())
    assert found.bad == (p > 0.4).sum()
    assert found.elpd == pytest.approx(loo.total(sleep_fit).elpd, abs=5)


def test_groups_sum_to_the_whole(sleep_fit):
    table = loo.by_group(sleep_fit)
    rows = loo.pointwise(sleep_fit)
    assert table["group"].tolist() == sleep_fit.factors["Subject"]
    assert table["elpd"].sum() == pytest.approx(loo.total(sleep_fit).elpd)
    own = rows[rows["Subject"] == "308"]
    row = table.set_index("group").loc["308"]
    assert row["n"] == 10
    assert row["mean"] == pytest.approx(own["elpd"].mean())
    assert row["se"] == pytest.approx(own["elpd"].std(ddof=1) / np.sqrt(10))
    assert row["khat"] == own["khat"].max()
    assert table["bad"].sum() == loo.total(sleep_fit).bad


def test_rows_carry_their_groups(radon_fit, radon):
    rows = loo.pointwise(radon_fit)
    assert rows["county"].tolist() == radon["county"].astype(str).tolist()
    pd.testing.assert_frame_equal(loo.pointwise(radon_fit), rows)


def test_the_verdict_names_the_influential(sleep_fit, radon_fit):
    told = loo.verdict(sleep_fit)
    assert not told.healthy
    worst = loo.pointwise(sleep_fit).nlargest(1, "khat").iloc[0]
    assert f"row {worst['row']} (Subject {worst['Subject']})" in told.findings[0].said
    fine = loo.verdict(radon_fit)
    assert fine.healthy
    assert "can be believed" in fine.said
    assert "new observation in a known group" in fine.notes[0]


def test_very_few_draws_are_said(sleep_fit):
    few = hw.wrap(sleep_fit.model, sleep_fit.idata.isel(chain=slice(2), draw=slice(10)))
    found = loo.verdict(few)
    assert not found.healthy
    assert (
        found.said
        == "With 20 draws the tail of the weights cannot be judged, so that every Pareto k counts as infinite."
    )
    assert found.findings[0].next == "fit.refit(draws=1000)"


def test_a_variable_that_is_not_finite_does_not_spoil_the_efficiency(sleep_fit):
    tree = sleep_fit.idata.copy()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = xr.DataTree(posterior.assign(odd=posterior["sigma"] * np.inf))
    assert loo.efficiency(hw.wrap(sleep_fit.model, tree)) == pytest.approx(
        loo.efficiency(sleep_fit)
    )


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_the_same_draws_have_one_answer_whatever_stands_beside_them(sleep_fit):
    """Bambi's compute_log_likelihood puts mu by row into the posterior, and ArviZ averages over it."""
    some = sleep_fit.idata.isel(draw=slice(None, None, 4))
    plain = hw.wrap(sleep_fit.model, some)
    posterior = some["posterior"].to_dataset()
    mu = terms.linear_predictor(sleep_fit.model, posterior, "mu")
    beside = posterior.assign(
        mu=(("chain", "draw", "__obs__"), mu), **{"1|Subject_offset": posterior["1|Subject"]}
    )
    full = hw.wrap(sleep_fit.model, xr.DataTree.from_dict({"posterior": beside}))
    assert loo.efficiency(full) == loo.efficiency(plain)
    assert loo.total(full) == loo.total(plain)
    theirs = (arviz_of(plain), arviz_of(full))
    assert loo.total(full).elpd == pytest.approx(float(theirs[0].elpd), rel=1e-9)
    assert abs(float(theirs[1].elpd - theirs[0].elpd)) > 1e-3


def test_an_unknown_factor_is_refused(sleep_fit):
    with pytest.raises(ValueError, match="grouping factor"):
        loo.by_group(sleep_fit, "Days")
