"""Power-scaling on real fits, against ArviZ, and where a naive sum of log priors goes wrong."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from arviz_stats.psense import psense_summary
from scipy import stats

import hierwidgets as hw
from hierwidgets.priors import top
from hierwidgets.tables import sensitivity as tables
from hierwidgets.tables.log_likelihood import log_likelihood, total
from hierwidgets.tables.priors import quantities
from hierwidgets.tables.sensitivity import diagnosis, log_priors, sensitivity, unscaled
from hierwidgets.weights import power
from tests.synthetic import made_up
from tests.tables.test_loo import without

SCHOOLS = bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))")
QUICK = {"draws": 1000, "tune": 1000, "random_seed": 5, "progress": False}


def schools(intercept, scale=10, **options):
    priors = {
        "Intercept": intercept,
        "1|school": hw.Prior("Normal", mu=0, sigma=hw.Prior("HalfNormal", sigma=scale)),
    }
    data = hw.example("eight_schools")
    return hw.fit(SCHOOLS, data, priors=priors, **QUICK, **options)


@pytest.fixture(scope="module")
def conflict():
    return schools(hw.Prior("Normal", mu=40, sigma=8), scale=3)


def test_it_is_arvizs(sleep_fit):
    names = ["Intercept", "Days", "sigma", "1|Subject_sigma", "Days|Subject_sigma"]
    dims = ("chain", "draw")
    own = {name: (dims, values) for name, values in log_priors(sleep_fit).items()}
    tree = xr.DataTree.from_dict(
        {
            "posterior": sleep_fit.posterior[names],
            "log_prior": xr.Dataset(own),
            "log_likelihood": xr.Dataset({"Reaction": ((*dims, "row"), log_likelihood(sleep_fit))}),
        }
    )
    expected = psense_summary(tree, round_to=12)
    found = sensitivity(sleep_fit).set_index("quantity").loc[names]
    for column in ("prior", "likelihood"):
        np.testing.assert_allclose(found[column], expected.loc[names, column], rtol=1e-6, atol=1e-8)
    single = sensitivity(sleep_fit, "prior").set_index(["scaled", "quantity"])["prior"]
    for name in own:
        expected = psense_summary(tree, prior_var_names=[name], round_to=12)
        np.testing.assert_allclose(
            single[name][names], expected.loc[names, "prior"], rtol=1e-6, atol=1e-8
        )


def test_default_priors_move_nothing(sleep_fit):
    table = sensitivity(sleep_fit)
    assert table["quantity"].tolist() == [one.name for one in quantities(sleep_fit) if one.shown]
    assert set(table["diagnosis"]) == {"none"}
    assert set(table["next"]) == {""}
    assert (table["prior"] < 0.02).all()
    assert (table[["prior_khat", "likelihood_khat"]] < 0.7).all(axis=None)


def test_groups_of_priors_and_priors_alone(sleep_fit):
    groups = sensitivity(sleep_fit, "group").query("quantity == 'Days'")
    assert groups["scaled"].tolist() == ["population effects", "group scales", "family parameters"]
    alone = sensitivity(sleep_fit, "prior").query("quantity == 'Days'")
    assert alone["scaled"].tolist() == [
        "Intercept",
        "Days",
        "1|Subject_sigma",
        "Days|Subject_sigma",
        "sigma",
    ]
    assert alone["setting"].iloc[1].startswith("Normal(mu=0, sigma=")
    both = sum(log_priors(sleep_fit)[name] for name in ("Intercept", "Days"))
    days = sleep_fit.posterior["Days"].to_numpy()
    expected = power.sensitivity({"both": np.ravel(both)}, days.reshape(1, -1)).cjs[0, 0]
    assert groups["prior"].iloc[0] == pytest.approx(expected, rel=1e-12)


def test_a_prior_against_the_data_is_a_conflict(conflict):
    row = sensitivity(conflict).set_index("quantity").loc["Intercept"]
    assert row["diagnosis"] == "prior-data conflict"
    assert min(row["prior"], row["likelihood"]) > 0.05
    assert row["next"] == 'fit.priors(quantity="Intercept")  # move the prior of Intercept'
    assert eval(row["next"], {"fit": conflict}).state["quantity"] == "Intercept"
    named = hw.wrap(conflict.model, conflict.idata)
    assert sensitivity(named)["next"].tolist() == sensitivity(conflict)["next"].tolist()
    named.name = "schools"
    assert sensitivity(named)["next"][0].startswith("schools.priors(")
    alone = sensitivity(conflict, "prior").set_index(["quantity", "scaled"])
    assert alone.loc[("Intercept", "Intercept"), "diagnosis"] == "prior-data conflict"


def test_a_prior_that_the_data_cannot_move_is_strong():
    fit = schools(hw.Prior("Normal", mu=8, sigma=0.3))
    row = sensitivity(fit).set_index("quantity").loc["Intercept"]
    assert row["diagnosis"] == "strong prior / weak likelihood"
    assert row["prior"] > 0.05 > row["likelihood"]


def test_centred_and_non_centred_models_answer_the_same():
    prior = hw.Prior("Normal", mu=40, sigma=8)
    centred, other = (schools(prior, noncentered=given) for given in (False, True))
    assert (centred.terms["parameterization"] == "centered").all()
    assert (other.terms["parameterization"] == "noncentered").all()
    for by in ("all", "prior"):
        one, two = sensitivity(centred, by), sensitivity(other, by)
        assert one["scaled"].tolist() == two["scaled"].tolist()
        for column in ("prior", "likelihood"):
            np.testing.assert_allclose(one[column], two[column], rtol=0.2, atol=0.02)
    known = sensitivity(other).set_index("quantity")["diagnosis"]
    assert known["Intercept"] == "prior-data conflict"


def test_an_intercept_is_scaled_where_its_prior_is():
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(8), 15)
    x = rng.normal(10, 1, len(g))
    y = 5 + 2 * x + rng.normal(size=8)[g] + rng.normal(size=len(g))
    data = pd.DataFrame({"y": y, "x": x, "g": g.astype(str)})
    fit = hw.fit(
        "y ~ x + (1 | g)", data, priors={"Intercept": hw.Prior("Normal", mu=25, sigma=3)}, **QUICK
    )
    row = (
        sensitivity(fit, "prior").set_index(["quantity", "scaled"]).loc[("Intercept", "Intercept")]
    )
    assert row["prior"] < 0.02
    assert row["diagnosis"] == "none"
    plain = fit.posterior["Intercept"].to_numpy().ravel()
    naive = power.sensitivity({"naive": -0.5 * ((plain - 25) / 3) ** 2}, plain[None])
    assert naive.cjs[0, 0] > 0.1


def test_cbpp():
    data = hw.example("cbpp")
    fit = hw.fit("p(incidence, size) ~ period + (1 | herd)", data, family="binomial", **QUICK)
    table = sensitivity(fit).set_index("quantity")
    assert table.loc["Intercept", "diagnosis"] == "none"
    assert (table["likelihood"].drop("ICC of herd") > 0).all()
    assert set(sensitivity(fit, "group")["scaled"]) == {"population effects", "group scales"}
    assert total(fit).shape == (4, 1000)


def test_a_flat_prior_has_nothing_to_scale():
    fit = schools(hw.Prior("Flat"))
    assert unscaled(fit) == {"Intercept": "a flat prior has nothing to scale"}
    assert set(sensitivity(fit, "prior")["scaled"]) == {"1|school_sigma"}


@pytest.mark.parametrize(
    ("prior", "prior_khat", "likelihood", "likelihood_khat", "said"),
    [
        (0.05, 0.1, 0.05, 0.1, "prior-data conflict"),
        (0.05, 0.1, 0.049, 0.1, "strong prior / weak likelihood"),
        (0.049, 0.1, 0.3, 0.1, "none"),
        (0.01, 0.7, 0.3, 0.1, "cannot tell by power-scaling: refit"),
        (0.2, -np.inf, 0.3, 0.7, "cannot tell by power-scaling: refit"),
        (0.01, -np.inf, 0.3, np.inf, "none"),
    ],
)
def test_the_diagnosis(prior, prior_khat, likelihood, likelihood_khat, said):
    assert diagnosis(prior, prior_khat, likelihood, likelihood_khat) == said


def test_where_power_scaling_cannot_tell_a_refit_is_next(monkeypatch):
    def doubtful(components, values):
        cjs = np.full((len(components), len(values)), 0.3)
        cjs[-2] = 0.4
        return power.Sensitivity(list(components), cjs, np.full(len(components), 0.9))

    monkeypatch.setattr(tables.power, "sensitivity", doubtful)
    fit = made_up([f"g{i}" for i in range(6)])
    table = sensitivity(fit)
    assert set(table["diagnosis"]) == {"cannot tell by power-scaling: refit"}
    (line,) = set(table["next"])
    assert line.startswith('fit.refit({"sigma": hw.Prior("HalfStudentT", nu=4.0, sigma=')
    given = eval(line.removeprefix("fit.refit(").removesuffix(")"), {"hw": hw})
    (sigma,) = (one for one in top(fit) if one.parameter == "sigma")
    assert given["sigma"].args["sigma"] == pytest.approx(2 * sigma.setting.args["sigma"])


def test_the_limit_is_a_shift_of_a_quarter_of_a_standard_deviation():
    x = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    weights = stats.norm.pdf(x, 0.25) / stats.norm.pdf(x)
    assert power.cjs(x, weights / weights.sum()) == pytest.approx(tables.LIMIT, rel=0.03)


def test_an_unknown_way_to_scale_is_refused(sleep_fit):
    with pytest.raises(ValueError, match="'parameter' is not a way to scale the priors"):
        sensitivity(sleep_fit, "parameter")


def test_a_likelihood_with_an_impossible_row_cannot_be_scaled(conflict):
    fit = without(conflict, {2: 4})
    table = sensitivity(fit)
    assert table["likelihood"].isna().all()
    assert (table["likelihood_khat"] == np.inf).all()
    moved = table["prior"] >= tables.LIMIT
    assert moved.any()
    assert (table.loc[moved, "diagnosis"] == tables.CANNOT_TELL).all()
    said = fit.sensitivity().about["statement"]
    assert "row 2 has density zero at 4 of 1,000 draws" in said


def test_priorsenses_published_example():
    """The univariate normal of priorsense's manual, by draws of its exact posterior on a grid.

    Its two published runs of 4,000 draws say prior 0.433 and 0.407 for mu, 0.360 and 0.267 for sigma;
    likelihood 0.641 and 0.577, 0.674 and 0.488. Runs of that length vary by 0.035 to 0.07 (sd).
    """
    y = (
        "9.5 10.2 9.1 9.1 10.3 10.9 11.7 10.3 9.6 8.6 9.1 11.1 9.3 10.5 9.7 10.3 10.0 9.8 9.6 8.3 10.2 "
        "9.8 10.0 10.0 9.1"
    )
    data = pd.DataFrame({"y": [float(value) for value in y.split()]})
    given = {
        "Intercept": hw.Prior("Normal", mu=0, sigma=1),
        "sigma": hw.Prior("HalfNormal", sigma=2.5),
    }
    model = bmb.Model("y ~ 1", data, priors=given)
    mu, sigma = np.meshgrid(np.linspace(5, 10.5, 900), np.linspace(0.3, 6, 900), indexing="ij")
    values = data["y"].to_numpy()
    log = stats.norm.logpdf(mu, 0, 1) + stats.norm.logpdf(sigma, 0, 2.5)
    log -= 25 * np.log(sigma) + ((values**2).sum() - 2 * mu * values.sum() + 25 * mu**2) / (
        2 * sigma**2
    )
    rng = np.random.default_rng(1)
    share = np.exp(log - log.max()).ravel()
    at = rng.choice(log.size, (4, 10_000), p=share / share.sum())
    dims = ("chain", "draw")
    posterior = xr.Dataset(
        {
            "Intercept": (dims, mu.ravel()[at] + rng.uniform(-0.003, 0.003, at.shape)),
            "sigma": (dims, sigma.ravel()[at] + rng.uniform(-0.003, 0.003, at.shape)),
        }
    )
    fit = hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))
    found = sensitivity(fit).set_index("quantity")
    published = {
        "Intercept": [(0.433, 0.407, 0.035), (0.641, 0.577, 0.059)],
        "sigma": [(0.360, 0.267, 0.053), (0.674, 0.488, 0.071)],
    }
    for name, both in published.items():
        for column, (one, other, sd) in zip(("prior", "likelihood"), both, strict=True):
            assert found.loc[name, column] == pytest.approx((one + other) / 2, abs=3 * sd)
        assert found.loc[name, "diagnosis"] == tables.CONFLICT
