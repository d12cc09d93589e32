"""No, partial and complete pooling against least squares, statsmodels, and the lecture's formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import hierwidgets as hw
from hierwidgets.tables.shrinkage import information, shrinkage


def quick(formula, data, **options):
    return hw.fit(
        formula, data, draws=300, tune=400, chains=2, random_seed=7, progress=False, **options
    )


def test_sleepstudy_is_each_subjects_least_squares(sleep_fit, sleepstudy):
    tables = {t: shrinkage(sleep_fit, t).set_index("group") for t in sleep_fit.terms["term"]}
    for subject, rows in sleepstudy.groupby("Subject", observed=True):
        ols = sm.OLS(rows["Reaction"], sm.add_constant(rows["Days"].astype(float))).fit()
        for term, name in (("1|Subject", "const"), ("Days|Subject", "Days")):
            row = tables[term].loc[str(subject)]
            assert row["no_pooling"] == pytest.approx(ols.params[name], abs=1e-8)
            assert row["no_pooling_se"] == pytest.approx(ols.bse[name], abs=1e-8)
    every = sm.OLS(sleepstudy["Reaction"], sm.add_constant(sleepstudy["Days"].astype(float))).fit()
    assert tables["1|Subject"]["complete_pooling"].iloc[0] == pytest.approx(251.40510485)
    assert tables["Days|Subject"]["complete_pooling"].iloc[0] == pytest.approx(every.params["Days"])


def test_sleepstudy_agrees_with_the_literature(sleep_fit):
    post = sleep_fit.posterior
    for name, published in (("Intercept", 251.405), ("Days", 10.467)):
        draws = post[name].to_numpy()
        assert abs(draws.mean() - published) < draws.std() / 2
    slopes = shrinkage(sleep_fit, "Days|Subject").set_index("group")["partial_pooling"]
    # Bates et al. (2015), lme4: the conditional modes of 335 and 308 are the extremes.
    assert slopes.idxmin() == "335"
    assert slopes.idxmax() == "308"
    assert slopes["335"] == pytest.approx(-0.28, abs=1.5)
    assert slopes["308"] == pytest.approx(19.67, abs=1.5)


def test_radon_is_the_lectures_weighted_mean_in_every_county(radon_fit):
    table = shrinkage(radon_fit)
    formula = table["weight"] * table["no_pooling"] + (1 - table["weight"]) * table["population"]
    draws = len(radon_fit.posterior["chain"]) * len(radon_fit.posterior["draw"])
    error = 5 * table["partial_pooling_sd"] / np.sqrt(draws / 4)
    assert (np.abs(formula - table["partial_pooling"]) < error).all()
    by_size = table.sort_values("n")
    assert (np.diff(by_size["weight"]) >= -1e-12).all()
    assert by_size["weight"].iloc[-1] > 3 * by_size["weight"].iloc[0]


def test_weight_of_one_effect_is_the_lectures_formula(radon_fit):
    post = radon_fit.posterior
    tau, sigma = post["1|county_sigma"].to_numpy().ravel(), post["sigma"].to_numpy().ravel()
    table = shrinkage(radon_fit).set_index("group")
    for county in table.index[[0, 40, 84]]:
        variance = sigma**2 / table.loc[county, "n"]
        expected = ((1 / variance) / (1 / variance + 1 / tau**2)).mean()
        assert table.loc[county, "weight"] == pytest.approx(expected, rel=1e-10)


def test_weight_of_two_effects_is_the_matrix_formula(sleep_fit, sleepstudy):
    post = sleep_fit.posterior
    taus = np.stack([post[f"{e}|Subject_sigma"].to_numpy().ravel() for e in ("1", "Days")], axis=1)
    sigma = post["sigma"].to_numpy().ravel()
    Z = np.column_stack([np.ones(10), sleepstudy.query("Subject == '308'")["Days"]])
    unscaled = np.linalg.inv(Z.T @ Z)
    expected = np.zeros(2)
    for (a, b), s in zip(taus, sigma, strict=True):
        Sigma = np.diag([a**2, b**2])
        expected += np.diag(Sigma @ np.linalg.inv(Sigma + s**2 * unscaled))
    expected /= len(sigma)
    for k, term in enumerate(("1|Subject", "Days|Subject")):
        row = shrinkage(sleep_fit, term).set_index("group").loc["308"]
        assert row["weight"] == pytest.approx(expected[k], rel=1e-9)


def test_information_gives_back_the_estimates(sleep_fit):
    info = information(sleep_fit, "Subject")
    assert info.terms == ["1|Subject", "Days|Subject"]
    estimates = np.linalg.solve(info.precision, info.score[..., None])[..., 0]
    table = shrinkage(sleep_fit, "Days|Subject", "name").set_index("group").loc[info.groups]
    np.testing.assert_allclose(estimates[:, 1], table["no_pooling"], rtol=1e-9)
    assert (info.scale_lower < info.scale).all()
    assert (info.scale < info.scale_upper).all()


def test_eight_schools_with_known_errors():
    import bambi as bmb

    data = hw.example("eight_schools")
    formula = bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))")
    table = shrinkage(quick(formula, data)).set_index("group").loc[list(data["school"])]
    np.testing.assert_allclose(table["no_pooling"], data["effect"])
    np.testing.assert_allclose(table["no_pooling_se"], data["se"])
    # Gelman et al. (2013), Bayesian Data Analysis, section 5.5: the pooled estimate is 7.7.
    assert table["complete_pooling"].iloc[0] == pytest.approx(7.69, abs=0.01)


@pytest.fixture(scope="module")
def cbpp_fit():
    return quick("p(incidence, size) ~ period + (1 | herd)", hw.example("cbpp"), family="binomial")


def test_binomial_groups_equal_statsmodels(cbpp_fit):
    table = shrinkage(cbpp_fit).set_index("group")
    data = cbpp_fit.data
    period = cbpp_fit.posterior["period"].mean(("chain", "draw"))
    shift = data["period"].astype(str).map(period.to_series()).fillna(0.0)
    for herd, rows in data.groupby("herd", observed=True):
        counts = np.column_stack([rows["incidence"], rows["size"] - rows["incidence"]])
        offset = shift[rows.index].to_numpy(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            glm = sm.GLM(
                counts, np.ones(len(rows)), family=sm.families.Binomial(), offset=offset
            ).fit(tol=1e-12)
        row = table.loc[str(herd)]
        assert row["no_pooling"] == pytest.approx(glm.params[0], abs=1e-6)
        assert row["no_pooling_se"] == pytest.approx(glm.bse[0], abs=1e-6)


def test_estimates_that_do_not_exist_say_why():
    rng = np.random.default_rng(3)
    group = np.repeat(list("abcdef"), [12, 12, 12, 12, 1, 12])
    x = rng.normal(size=len(group))
    y = rng.binomial(1, 0.5, len(group))
    y[group == "a"], y[group == "b"] = 1, 0
    y[group == "c"] = x[group == "c"] > 0
    data = pd.DataFrame({"y": y, "x": x, "g": group})
    table = shrinkage(quick("y ~ x + (x | g)", data, family="bernoulli"), "x|g").set_index("group")
    assert table.loc["a", "reason"] == "all successes"
    assert table.loc["b", "reason"] == "no successes"
    assert table.loc["c", "reason"] == "its outcomes are separated by the predictor"
    assert table.loc["e", "reason"] == "1 row for 2 effects"
    assert table.loc[["a", "b", "c", "e"], ["no_pooling", "weight"]].isna().all(axis=None)
    assert table.loc[["d", "f"], ["no_pooling", "no_pooling_se", "weight"]].notna().all(axis=None)
    assert table["partial_pooling"].notna().all()


def test_one_row_has_no_slope_and_no_residual():
    rng = np.random.default_rng(4)
    group = np.repeat(list("abcd"), [10, 10, 1, 2])
    x = rng.normal(size=len(group))
    data = pd.DataFrame({"y": x + rng.normal(size=len(group)), "x": x, "g": group})
    fit = quick("y ~ x + (x | g)", data)
    table = shrinkage(fit, "x|g").set_index("group")
    assert np.isnan(table.loc["c", "no_pooling"])
    assert table.loc["c", "reason"] == "1 row for 2 effects"
    assert np.isfinite(table.loc["d", "no_pooling"])
    assert np.isnan(table.loc["d", "no_pooling_se"])
    assert "no standard error" in table.loc["d", "reason"]
    info = information(fit, "g")
    assert np.isfinite(info.precision).all()
    assert np.isfinite(info.score).all()


def test_offsets_of_other_groupings_and_poisson():
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {
            "a": np.tile(list("pqrs"), 40),
            "b": np.repeat(list("klmno"), 32),
            "exposure": rng.uniform(1, 3, 160),
        }
    )
    data["y"] = rng.poisson(data["exposure"] * np.exp(0.3))
    fit = quick("y ~ offset(log(exposure)) + (1 | a) + (1 | b)", data, family="poisson")
    table = shrinkage(fit, "1|a").set_index("group")
    other = fit.posterior["1|b"].mean(("chain", "draw")).to_series()
    for label, rows in data.groupby("a"):
        offset = np.log(rows["exposure"]) + rows["b"].map(other)
        closed = np.log(rows["y"].sum() / np.exp(offset).sum())
        assert table.loc[label, "no_pooling"] == pytest.approx(closed, abs=1e-8)
        assert table.loc[label, "no_pooling_se"] == pytest.approx(rows["y"].sum() ** -0.5, abs=1e-8)


def test_a_slope_far_from_zero_keeps_its_digits():
    rng = np.random.default_rng(6)
    year = np.tile(np.arange(2000.0, 2010), 6)
    group = np.repeat(list("abcdef"), 10)
    data = pd.DataFrame(
        {"y": 3 + 0.1 * (year - 2005) + rng.normal(size=60), "year": year, "g": group}
    )
    table = shrinkage(quick("y ~ year + (0 + year | g) + (1 | g)", data), "year|g").set_index(
        "group"
    )
    for label, rows in data.groupby("g"):
        slope = np.polyfit(rows["year"] - 2005, rows["y"], 1)[0]
        assert table.loc[label, "no_pooling"] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("y ~ hsgp(x, m=5, c=1.5) + (1 | g)", "beside the Gaussian process"),
        ("truncated(y, lb=-9) ~ x + (1 | g)", "for a censored, truncated or constrained response"),
    ],
)
def test_what_is_not_estimated_says_so(formula, reason):
    rng = np.random.default_rng(8)
    data = pd.DataFrame(
        {"y": rng.normal(size=60), "x": rng.normal(size=60), "g": np.tile(list("abcd"), 15)}
    )
    table = shrinkage(quick(formula, data))
    assert table["reason"].str.contains(reason).all()
    assert table[["no_pooling", "weight", "complete_pooling"]].isna().all(axis=None)
    assert table["partial_pooling"].notna().all()
