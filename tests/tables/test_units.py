"""Effects on the response scale, against SciPy on the draws themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import hierwidgets as hw
from hierwidgets.tables.caterpillar import caterpillar
from hierwidgets.tables.shrinkage import shrinkage
from hierwidgets.tables.units import Meaning, meaning

SHORT = {"draws": 150, "tune": 200, "chains": 2, "random_seed": 7, "progress": False}


@pytest.fixture(scope="module")
def cbpp() -> hw.Fit:
    data = hw.example("cbpp")
    return hw.fit("p(incidence, size) ~ period + (1 | herd)", data, family="binomial", **SHORT)


@pytest.fixture(scope="module")
def counts() -> hw.Fit:
    rng = np.random.default_rng(3)
    g = np.repeat([f"g{i}" for i in range(8)], 12)
    x = rng.normal(2, 1, len(g))
    u = rng.normal(0, 0.4, 8)
    y = rng.poisson(np.exp(0.2 + 0.3 * x + np.repeat(u, 12)))
    data = pd.DataFrame({"y": y, "x": x, "g": g})
    return hw.fit("y ~ x + (x | g)", data, family="poisson", **SHORT)


def named(*asked) -> str:
    found = meaning(*asked)
    assert isinstance(found, Meaning)
    return found.name


def refused(*asked) -> str:
    found = meaning(*asked)
    assert isinstance(found, str)
    return found


def row(table: pd.DataFrame, group: str) -> pd.Series:
    return table.set_index("group").loc[group]


def test_an_intercept_is_the_probability_at_the_average_of_the_predictors(cbpp):
    post, data = cbpp.posterior, cbpp.data
    shares = data["period"].astype(str).value_counts(normalize=True)
    eta = post["Intercept"] + post["1|herd"].sel(herd__factor_dim="7")
    population = post["Intercept"]
    for level in ("2", "3", "4"):
        part = post["period"].sel(period_dim=level) * shares[level]
        eta, population = eta + part, population + part
    draws = expit(eta.to_numpy()).ravel()
    found = row(caterpillar(cbpp, units="response"), "7")
    np.testing.assert_allclose(found["mean"], draws.mean(), rtol=1e-10)
    np.testing.assert_allclose(found["sd"], draws.std(ddof=1), rtol=1e-10)
    for name, q in {"lower": 0.025, "median": 0.5, "inner_upper": 0.75}.items():
        np.testing.assert_allclose(found[name], np.quantile(draws, q), rtol=1e-10)
    np.testing.assert_allclose(found["population"], expit(population.to_numpy()).mean(), rtol=1e-10)
    assert "at the average of the other predictors" in named(cbpp, cbpp.effect())


def test_a_deviation_is_an_odds_ratio(cbpp):
    draws = np.exp(cbpp.posterior["1|herd"].sel(herd__factor_dim="1").to_numpy()).ravel()
    table = caterpillar(cbpp, scale="deviation", units="response")
    np.testing.assert_allclose(row(table, "1")["mean"], draws.mean(), rtol=1e-10)
    np.testing.assert_allclose(row(table, "1")["upper"], np.quantile(draws, 0.975), rtol=1e-10)
    assert (table["population"] == 1).all()
    assert named(cbpp, cbpp.effect(), "deviation") == "odds ratio against the population"


def test_own_estimates_go_by_the_same_map(cbpp):
    link, response = row(shrinkage(cbpp), "7"), row(shrinkage(cbpp, units="response"), "7")
    shares = cbpp.data["period"].astype(str).value_counts(normalize=True)
    rest = sum(
        float(cbpp.posterior["period"].sel(period_dim=level).mean()) * shares[level]
        for level in ("2", "3", "4")
    )
    own, se = link["no_pooling"] + rest, 1.959963984540054 * link["no_pooling_se"]
    np.testing.assert_allclose(response["no_pooling"], expit(own), rtol=1e-10)
    np.testing.assert_allclose(response["no_pooling_lower"], expit(own - se), rtol=1e-10)
    np.testing.assert_allclose(response["no_pooling_upper"], expit(own + se), rtol=1e-10)
    expected = expit(link["complete_pooling"] + rest)
    np.testing.assert_allclose(response["complete_pooling"], expected, rtol=1e-10)
    assert response["weight"] == link["weight"]


def test_a_group_without_an_own_estimate_has_none_in_any_units(cbpp):
    link, response = shrinkage(cbpp, sort="name"), shrinkage(cbpp, sort="name", units="response")
    missing = link["no_pooling"].isna()
    assert missing.tolist() == response["no_pooling"].isna().tolist()
    assert link["reason"].tolist() == response["reason"].tolist()


def test_a_varying_intercept_beside_a_slope_is_at_the_mean_of_the_predictor(counts):
    post, mean = counts.posterior, float(counts.data["x"].mean())
    eta = (
        post["Intercept"]
        + post["1|g"].sel(g__factor_dim="g3")
        + mean * (post["x"] + post["x|g"].sel(g__factor_dim="g3"))
    )
    draws = np.exp(eta.to_numpy()).ravel()
    np.testing.assert_allclose(
        row(caterpillar(counts, "1|g", units="response"), "g3")["mean"], draws.mean(), rtol=1e-10
    )
    tables = {term: row(shrinkage(counts, term), "g3") for term in ("1|g", "x|g")}
    own = tables["1|g"]["no_pooling"] + mean * tables["x|g"]["no_pooling"]
    carried = row(shrinkage(counts, "1|g", units="response"), "g3")
    np.testing.assert_allclose(carried["no_pooling"], np.exp(own), rtol=1e-10)
    assert carried["no_pooling_lower"] < carried["no_pooling"] < carried["no_pooling_upper"]


def test_the_error_of_a_sum_is_that_of_a_centred_fit(counts):
    """The intercept of a group's own regression on x - mean(x) is its level there."""
    sm = pytest.importorskip("statsmodels.api")
    mine = counts.data[counts.data["g"] == "g3"]
    X = sm.add_constant(mine["x"] - counts.data["x"].mean())
    fitted = sm.GLM(mine["y"], X, family=sm.families.Poisson()).fit(tol=1e-12)
    carried = row(shrinkage(counts, "1|g", units="response"), "g3")
    expected = np.exp(fitted.conf_int().iloc[0].to_numpy(float))
    found = carried[["no_pooling_lower", "no_pooling_upper"]].to_numpy(float)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_slope_under_the_log_link_is_a_rate_ratio(counts):
    post = counts.posterior
    draws = np.exp((post["x"] + post["x|g"].sel(g__factor_dim="g0")).to_numpy()).ravel()
    found = row(caterpillar(counts, "x|g", units="response"), "g0")
    np.testing.assert_allclose(found["mean"], draws.mean(), rtol=1e-10)
    np.testing.assert_allclose(found["population"], np.exp(post["x"].to_numpy()).mean(), rtol=1e-10)
    assert named(counts, counts.effect("x|g")) == "rate ratio for x"


def test_the_identity_link_has_no_other_scale(sleep_fit):
    assert "identity" in refused(sleep_fit, sleep_fit.effect())
    with pytest.raises(ValueError, match=r"units=.response. is not for the effect of '1\|Subject'"):
        caterpillar(sleep_fit, units="response")
    with pytest.raises(ValueError, match="'link', 'response'"):
        shrinkage(sleep_fit, units="odds")


def test_a_modelled_scale_has_the_response_scale_under_an_identity_mean():
    rng = np.random.default_rng(5)
    g = np.repeat([f"g{i}" for i in range(6)], 20)
    y = rng.normal(0, np.repeat(np.exp(rng.normal(0, 0.5, 6)), 20))
    formula = hw_formula("y ~ 1 + (1 | g)", "sigma ~ 1 + (1 | g)")
    fit = hw.fit(formula, pd.DataFrame({"y": y, "g": g}), **SHORT)
    effect = next(one for one in fit.effects if one.component == "sigma")
    post = fit.posterior
    whole = post["sigma_Intercept"] + post["sigma_1|g"].sel(g__factor_dim="g2")
    draws = np.exp(whole.to_numpy()).ravel()
    found = row(caterpillar(fit, effect.term, units="response"), "g2")
    np.testing.assert_allclose(found["mean"], draws.mean(), rtol=1e-10)
    assert named(fit, effect) == "expected sigma"
    assert "identity" in refused(fit, fit.effect("1|g"))


def hw_formula(*parts: str):
    import bambi as bmb

    return bmb.Formula(*parts)
