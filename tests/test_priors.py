"""The top-level priors of models: names, families, numbers, draws as the priors see them."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pytest

import hierwidgets as hw
from hierwidgets import models, priors
from hierwidgets.fit import Fit


def sampled(formula: str | bmb.Formula, data: str, **options: object) -> Fit:
    return hw.fit(
        formula,
        hw.example(data),
        draws=50,
        tune=100,
        chains=2,
        random_seed=1,
        progress=False,
        **options,
    )


@pytest.fixture(scope="module")
def slopes() -> Fit:
    return sampled(
        bmb.Formula("Reaction ~ Days + (Days | Subject)", "sigma ~ 1 + (1 | Subject)"),
        "sleepstudy",
        correlated=True,
    )


@pytest.fixture(scope="module")
def herds() -> Fit:
    return sampled("p(incidence, size) ~ period + (1 | herd)", "cbpp", family="binomial")


def test_every_top_level_prior_is_named_once(slopes: Fit, herds: Fit) -> None:
    assert [(one.parameter, one.kind, one.setting.family) for one in priors.top(slopes)] == [
        ("Intercept", "location", "Normal"),
        ("Days", "location", "Normal"),
        ("sigma_Intercept", "location", "Normal"),
        ("1|Subject_sigma", "positive", "HalfNormal"),
        ("Days|Subject_sigma", "positive", "HalfNormal"),
        ("sigma_1|Subject_sigma", "positive", "HalfNormal"),
        ("Subject_corr", "correlation", "LKJ"),
    ]
    period = {one.parameter: one for one in priors.top(herds)}["period"]
    assert period.labels == ["period[2]", "period[3]", "period[4]"]
    assert len(period.setting.args["sigma"]) == 3


def test_the_prior_of_the_intercept_sees_it_at_the_mean_of_the_predictors(
    slopes: Fit, herds: Fit
) -> None:
    days = slopes.data["Days"].mean()
    own = priors.draws(slopes, "Intercept")[..., 0]
    expected = slopes.posterior["Intercept"] + days * slopes.posterior["Days"]
    np.testing.assert_allclose(own, expected, rtol=1e-12)
    means = np.array([(herds.data["period"].astype(str) == level).mean() for level in "234"])
    expected = herds.posterior["Intercept"] + herds.posterior["period"].to_numpy() @ means
    np.testing.assert_allclose(priors.draws(herds, "Intercept")[..., 0], expected, rtol=1e-12)


def test_the_sum_of_the_log_priors_is_that_of_the_model(slopes: Fit) -> None:
    """Beside an independent sum by PyMC over the model's free variables."""
    from hierwidgets.weights import densities

    model = models.build(
        "Reaction ~ Days + (Days | Subject)", slopes.data, correlated=False, family="gaussian"
    )[0]
    model.build()
    plain = sampled("Reaction ~ Days + (Days | Subject)", "sleepstudy")
    ours = 0.0
    point = {}
    for one in priors.top(plain):
        x = priors.draws(plain, one.parameter)[0, 0]
        point[one.parameter] = x[0]
        ours += float(np.sum(densities.log_density(one.setting.family, one.setting.args, x)))
    import pymc as pm

    pymc_model = model.backend.model
    top = [v for v in pymc_model.free_RVs if v.name in point]
    theirs = sum(float(pm.logp(v, point[v.name]).eval()) for v in top)
    assert ours == pytest.approx(theirs, rel=1e-10)


def test_the_lkj_prior_needs_the_determinant(slopes: Fit) -> None:
    matrix = slopes.posterior["Subject_corr"].to_numpy()
    expected = np.log1p(-(matrix[..., 0, 1] ** 2))
    np.testing.assert_allclose(priors.draws(slopes, "Subject_corr")[..., 0], expected, atol=1e-10)


def test_a_change_keeps_the_others_as_they_were_fitted(slopes: Fit) -> None:
    tops = priors.top(slopes)
    settings = priors.changed(
        tops, {"1|Subject_sigma": hw.Prior("HalfCauchy", beta=3), "Subject_corr": 4}
    )
    assert str(settings["1|Subject_sigma"]) == "HalfCauchy(beta=3)"
    assert settings["Subject_corr"].args == {"eta": 4.0, "size": 2.0}
    assert settings["Days"] == tops[1].setting


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"1|Subject_sigm": 3.0}, "1|Subject_sigma"),
        ({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=-1)}, "sigma"),
        ({"1|Subject_sigma": hw.Prior("Normal", mu=0, sigma=1)}, "HalfNormal"),
        ({"Intercept": hw.Prior("Uniform", lower=3, upper=1)}, "lower"),
        ({"Intercept": hw.Prior("StudentT", mu=0, sigma=1)}, "nu"),
        ({"Intercept": hw.Prior("Normal", mu=0, sigma=1, nu=3)}, "nu"),
        ({"Days": hw.Prior("Normal", mu=[0, 1], sigma=1)}, "2 numbers"),
        ({"Subject_corr": -1}, "eta"),
    ],
)
def test_what_cannot_be_is_refused(slopes: Fit, given: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("|", r"\|")):
        priors.changed(priors.top(slopes), given)


def test_functions_and_unknown_families_stay_fixed() -> None:
    fit = sampled(
        "Reaction ~ Days + (1 | Subject)",
        "sleepstudy",
        priors={"Days": hw.Prior("SkewNormal", mu=0, sigma=10, alpha=1)},
    )
    days = priors.top(fit)[1]
    assert "SkewNormal" in days.fixed
    with pytest.raises(ValueError, match="cannot be changed here"):
        priors.changed(priors.top(fit), {"Days": 3.0})


def test_priors_written_out_make_the_same_model(slopes: Fit) -> None:
    settings = priors.changed(
        priors.top(slopes), {"sigma_Intercept": hw.Prior("Laplace", mu=0, b=2)}
    )
    again = models.build(
        bmb.Formula("Reaction ~ Days + (Days | Subject)", "sigma ~ 1 + (1 | Subject)"),
        slopes.data,
        priors=priors.written(settings),
        correlated=True,
    )[0]
    fresh = Fit(again, slopes.idata)
    assert {one.parameter: one.setting for one in priors.top(fresh)} == settings
