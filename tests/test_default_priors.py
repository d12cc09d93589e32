"""Default priors of the response alone, and priors that are no distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets import models
from tests.synthetic import made_up_of


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    found = pd.DataFrame({"x": rng.normal(5, 1, 120), "g": np.repeat(list("abcdef"), 20)})
    found["y"] = rng.normal(2.3, 1, 120)
    found["later"] = found["y"] + 1
    found["state"] = pd.Categorical(rng.choice(["none", "right"], 120))
    return found.assign(w=50.0, one=1.0)


def written(model):
    return {name: str(prior) for name, prior in models.priors(model).items()}


@pytest.mark.parametrize(
    "response",
    [
        "weighted(y, w)",
        "truncated(y, lb=-4)",
        "truncated(y, ub=9)",
        "truncated(y, lb=-4, ub=90)",
        "constrained(y, lb=-4)",
        "censored(y, state)",
    ],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"correlated": True},
        {"priors": {"x": hw.Prior("Normal", mu=0, sigma=1)}},
        {"family": "t"},
    ],
)
def test_they_are_those_of_the_plain_response(response, options, data):
    plain, _ = models.build("y ~ x + (x | g)", data, **options)
    model, _ = models.build(f"{response} ~ x + (x | g)", data, **options)
    assert written(model) == written(plain)


@pytest.mark.parametrize(
    ("formula", "named"),
    [
        ("y ~ x + (one | g)", r"'one\|g' is .*HalfNormal\(sigma: inf\)"),
        ("flat ~ x + (1 | g)", "sigma"),
        ("huge ~ x + (1 | g)", "'Intercept'"),
    ],
)
def test_numbers_that_cannot_be_are_refused_by_the_parameters_name(formula, named, data):
    rows = data.assign(flat=3.0, huge=data["y"] * 1e200)
    with pytest.raises(ValueError, match=named) as error:
        hw.fit(formula, rows)
    assert "above 0 and finite" in str(error.value)
    assert "priors={" in str(error.value)


@pytest.mark.parametrize(
    "given", [{"sigma": np.inf}, {"sigma": 0.0}, {"sigma": np.nan}, {"mu": np.inf}]
)
def test_a_prior_of_the_users_is_looked_at_too(given, data):
    prior = hw.Prior("Normal", **{"mu": 0.0, "sigma": 1.0, **given})
    with pytest.raises(ValueError, match="The prior of 'x' is Normal"):
        hw.fit("y ~ x + (1 | g)", data, priors={"x": prior})


def test_bounds_at_infinity_are_no_fault(data):
    prior = hw.Prior("TruncatedNormal", mu=0, sigma=1, lower=0, upper=np.inf)
    models.build("y ~ x + (1 | g)", data, priors={"x": prior})


def test_group_effects_that_are_not_normal_are_centred_or_refused(data):
    given = {"nu": 4, "mu": 0, "sigma": hw.Prior("HalfNormal", sigma=1)}
    with pytest.raises(ValueError, match=r"'1\|g' have the prior StudentT.*noncentered=False"):
        hw.fit("y ~ x + (1 | g)", data, priors={"1|g": hw.Prior("StudentT", **given)})
    for options in (
        {"priors": {"1|g": hw.Prior("StudentT", noncentered=False, **given)}},
        {"priors": {"1|g": hw.Prior("StudentT", **given)}, "noncentered": False},
    ):
        model, _ = models.build("y ~ x + (1 | g)", data, **options)
        model.build()


@pytest.mark.parametrize("centred", [True, False])
def test_group_effects_without_a_scale_sigma_are_refused(centred, data):
    prior = hw.Prior("Laplace", mu=0, b=hw.Prior("HalfNormal", sigma=1))
    with pytest.raises(ValueError, match=r"'1\|g' have the prior Laplace.*StudentT"):
        hw.fit("y ~ x + (1 | g)", data, priors={"1|g": prior}, noncentered=not centred)


@pytest.mark.parametrize("call", ["truncated(y, later, high)", "constrained(y, -9, `high er`)"])
def test_an_infinite_bound_in_a_column_is_named_as_a_bound(call, data):
    table = data.assign(high=np.where(data["x"] > 5, np.inf, 90.0), later=data["y"] - 1)
    table["high er"] = table["high"]
    with pytest.raises(ValueError, match=r"is a bound of .* PyMC has no density. Write a number"):
        models.build(f"{call} ~ 1 + (1 | g)", table)
    with pytest.raises(ValueError, match=r"infinite value.* Pass dropna=True"):
        models.build("y ~ high + (1 | g)", table)
    missing = table.assign(high=table["high"].replace(np.inf, np.nan))
    with pytest.raises(ValueError, match=r"missing value.* Pass dropna=True"):
        models.build("truncated(y, later, high) ~ 1 + (1 | g)", missing)


def test_a_refit_cannot_make_them_non_centred(data):
    t = hw.Prior("StudentT", nu=4, mu=0, sigma=hw.Prior("HalfNormal", sigma=1))
    fit = made_up_of("y ~ 1 + (1 | g)", data, priors={"1|g": t}, noncentered=False)
    with pytest.raises(ValueError, match=r"'1\|g' have the prior StudentT.*Normal effects alone"):
        fit.refit(noncentered=True, progress=False)
