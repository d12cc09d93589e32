"""The quantities of the prior lab: named, judged, and equal to sums over the draws done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import hierwidgets as hw
from hierwidgets import priors
from hierwidgets.tables import icc
from hierwidgets.tables import priors as tables
from tests.synthetic import made_up
from tests.tables.test_variance import invented

SCALE = "1|Subject_sigma"


@pytest.fixture(scope="module")
def crossed():
    return invented("y ~ x + z + (1 | h) + (x + z | g)", correlated=["g"])


def settings(fit, changes):
    return priors.changed(priors.top(fit), changes)


def test_quantities_are_every_population_number_once(crossed):
    names = [one.name for one in tables.quantities(crossed)]
    assert len(names) == len(set(names))
    assert {"Intercept", "x", "z", "sigma", "1|h_sigma", "ICC of g", "a new group of x|g"} <= set(
        names
    )
    assert {"g_corr[1, x]", "g_corr[1, z]", "g_corr[x, z]"} <= set(names)
    by_row = {one.name: one.parameter for one in tables.quantities(crossed)}
    assert by_row["g_corr[x, z]"] == "g_corr"
    assert by_row["1|h_sigma"] == "1|h_sigma"


def test_the_intercept_is_drawn_as_its_prior_sees_it(sleep_fit):
    known = {one.name: one for one in tables.quantities(sleep_fit)}
    centred = known["Intercept at the mean of the predictors"]
    assert (centred.parameter, centred.shown) == ("Intercept", False)
    assert (known["Intercept"].parameter, known["Intercept"].shown) == ("", True)
    by_hand = known["Intercept"].draws + sleep_fit.data["Days"].mean() * known["Days"].draws
    np.testing.assert_allclose(centred.draws, by_hand)


def test_shares_and_new_groups(sleep_fit):
    known = {one.name: one.draws for one in tables.quantities(sleep_fit)}
    assert known["ICC of Subject"].mean() == pytest.approx(icc.icc(sleep_fit)["mean"][0])
    posterior = sleep_fit.posterior
    z = (known["a new group of Days|Subject"] - known["Days"]) / posterior["Days|Subject_sigma"]
    assert stats.kstest(z.to_numpy().ravel(), "norm").pvalue > 0.001
    again = {one.name: one.draws for one in tables.quantities(sleep_fit)}
    assert again["a new group of Days|Subject"] is known["a new group of Days|Subject"]


def test_unchanged_priors_leave_the_draws_as_they_are(sleep_fit):
    table = tables.summary(sleep_fit, settings(sleep_fit, {})).set_index("quantity")
    assert (table["verdict"] == "reliable").all()
    for name in tables.FIELDS:
        np.testing.assert_array_equal(table[name], table[f"before_{name}"])
    draws = sleep_fit.posterior[SCALE].to_numpy().ravel()
    row = table.loc[SCALE]
    assert row["mean"] == pytest.approx(draws.mean())
    assert row["lower"] == pytest.approx(np.quantile(draws, 0.025))
    assert "Intercept at the mean of the predictors" not in table.index


def test_a_moderate_change_agrees_with_plain_importance_weights(sleep_fit):
    table = tables.summary(
        sleep_fit, settings(sleep_fit, {SCALE: hw.Prior("HalfNormal", sigma=20)})
    ).set_index("quantity")
    assert set(table["verdict"]) == {"reliable"}
    tau = sleep_fit.posterior[SCALE].to_numpy().ravel()
    fitted = {one.parameter: one.setting for one in priors.top(sleep_fit)}[SCALE].args["sigma"]
    log = stats.halfnorm.logpdf(tau, scale=20) - stats.halfnorm.logpdf(tau, scale=fitted)
    w = np.exp(log - log.max())
    w /= w.sum()
    row = table.loc[SCALE]
    mean = w @ tau
    assert row["mean"] < row["before_mean"]
    assert row["mean"] == pytest.approx(mean, abs=row["mean_mcse"])
    assert row["sd"] == pytest.approx(np.sqrt(w @ (tau - mean) ** 2), abs=row["sd_mcse"])
    spread = np.sqrt(w @ (tau - mean) ** 2 / (1 / (w**2).sum()))
    assert 0.4 * spread < row["mean_mcse"] < 8 * spread


def test_what_needs_a_refit_has_no_numbers(sleep_fit):
    table = tables.summary(
        sleep_fit, settings(sleep_fit, {SCALE: hw.Prior("HalfNormal", sigma=0.01)})
    )
    assert set(table["verdict"]) == {"needs a refit"}
    assert (table["reason"] != "").all()
    assert table[tables.FIELDS].isna().all().all()
    assert table["before_mean"].notna().all()


def test_the_page_gets_draws_in_the_order_of_the_chains():
    fit = made_up([f"g{i}" for i in range(5)])
    sent = tables.member(fit)
    assert sent["x/sigma"].dtype == np.float32
    np.testing.assert_array_equal(
        sent["x/sigma"][0], fit.posterior["sigma"].to_numpy().ravel().astype(np.float32)
    )
    names = [one.name for one in tables.quantities(fit)]
    np.testing.assert_array_equal(
        sent["quantities"][names.index("1|g_sigma")], sent["x/1|g_sigma"][0]
    )
    whole = tables.majored(tables.effects(fit, "x|g"))
    expected = (fit.posterior["x|g"] + fit.posterior["x"]).sel(g__factor_dim="g3")
    np.testing.assert_allclose(whole[3], expected.to_numpy().ravel(), rtol=1e-6)
