"""No pooling by each family's own likelihood, against statsmodels group by group."""

from __future__ import annotations

import warnings

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.base.model import GenericLikelihoodModel
from statsmodels.genmod.families import links
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.othermod.betareg import BetaModel

import hierwidgets as hw
from hierwidgets import models, terms
from hierwidgets.tables import likelihoods
from hierwidgets.tables.no_pooling import no_pooling, rows
from hierwidgets.tables.shrinkage import shrinkage

GROUPS = list("abcdefgh")


def quick(formula, data, **options) -> hw.Fit:
    return hw.fit(
        formula, data, draws=200, tune=300, chains=2, random_seed=11, progress=False, **options
    )


@pytest.fixture(scope="module")
def design() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    g = np.repeat(GROUPS, 15)
    x = rng.normal(size=len(g))
    shift = pd.Series(rng.normal(0, 0.7, len(GROUPS)), GROUPS)[g].to_numpy()
    slope = pd.Series(rng.normal(0, 0.4, len(GROUPS)), GROUPS)[g].to_numpy()
    return pd.DataFrame({"g": g, "x": x, "eta": 0.4 + shift + (0.5 + slope) * x})


def each_group(fit):
    """Each group's position, rows' Z and offset, and the no-pooling estimates of them all."""
    own = no_pooling(fit, fit.effect())
    given = rows(fit, own.effects)
    for j, group in enumerate(own.effects[0].groups):
        mine = given.index == j
        yield own, j, group, mine, given.Z[mine], given.offset[mine]


def generic(y, Z, start, log_density):
    """Statsmodels' maximum likelihood of a log density, by numeric derivatives."""

    class Model(GenericLikelihoodModel):  # pyright: ignore[reportUntypedBaseClass]
        def loglikeobs(self, params):
            return log_density(self.endog, self.exog @ params)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Model(y, Z).fit(start_params=start, method="newton", disp=0, maxiter=100)


@pytest.mark.parametrize("modelled", [False, True])
def test_student_t(design, modelled):
    rng = np.random.default_rng(13)
    data = design.assign(y=design["eta"] + 0.5 * rng.standard_t(3, len(design)))
    formula = bmb.Formula("y ~ x + (x | g)", *(["sigma ~ x"] if modelled else []))
    fit = quick(formula, data, family="t")
    nu = float(fit.posterior["nu"].mean())
    if modelled:
        intercept = fit.posterior["sigma_Intercept"].to_numpy().ravel()
        slope = fit.posterior["sigma_x"].to_numpy().ravel()
        sigma = np.exp(intercept + np.outer(data["x"], slope)).mean(axis=1)
    else:
        sigma = np.full(len(data), float(fit.posterior["sigma"].mean()))
    for own, j, _, mine, Z, offset in each_group(fit):
        assert not offset.any()
        found = generic(
            data["y"][mine].to_numpy(),
            Z,
            own.estimate[j] + 0.02,
            lambda y, mu, s=sigma[mine]: stats.t.logpdf(y, nu, mu, s),
        )
        np.testing.assert_allclose(own.estimate[j], found.params, atol=1e-6)
        np.testing.assert_allclose(own.se[j], found.bse, rtol=1e-4)
        np.testing.assert_allclose(np.linalg.inv(own.precision[j]), found.cov_params(), atol=1e-5)


def test_student_t_finds_the_highest_of_several_maxima():
    y = np.array([0.0, 0.1, 0.2, 9.0, 9.05])
    nu, sigma = np.full(5, 1.0), np.full(5, 0.1)
    known = likelihoods.student_t(y, nu, sigma, links.Identity())
    found = likelihoods.maximise(known, np.ones((5, 1)), np.zeros(5), np.arange(5))
    grid = np.linspace(-1, 10, 200001)
    total = stats.t.logpdf(y[:, None], 1, grid, 0.1).sum(axis=0)
    assert found.estimate[0] == pytest.approx(grid[total.argmax()], abs=1e-4)
    pair = np.array([0, 3])
    tied = likelihoods.maximise(known, np.ones((2, 1)), np.zeros(2), pair)
    assert tied.reason == "its likelihood has two equally high maxima"
    assert np.isnan(tied.estimate).all()


def test_beta(design):
    rng = np.random.default_rng(14)
    mu = 1 / (1 + np.exp(-design["eta"]))
    data = design.assign(y=rng.beta(mu * 12, (1 - mu) * 12))
    fit = quick("y ~ x + (x | g)", data, family="beta")
    kappa = float(fit.posterior["kappa"].mean())
    for own, j, _, mine, Z, _ in each_group(fit):
        model = BetaModel(data["y"][mine].to_numpy(), Z)
        at = np.append(own.estimate[j], np.log(kappa))
        hessian = model.hessian(at)[:2, :2]
        step = np.linalg.solve(hessian, model.score(at)[:2])
        np.testing.assert_allclose(step, 0, atol=1e-6)
        np.testing.assert_allclose(own.precision[j], -hessian, rtol=1e-8)
        np.testing.assert_allclose(own.se[j] ** 2, np.diag(np.linalg.inv(-hessian)), rtol=1e-8)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_derivatives_of_every_likelihood(link):
    rng = np.random.default_rng(15)
    eta, mine = rng.normal(size=60), np.arange(60)
    made = {"logit": links.Logit(), "probit": links.Probit(), "cloglog": links.CLogLog()}[link]
    unit, size = rng.uniform(0.05, 0.95, 60), rng.uniform(2, 9, 60)
    category = rng.integers(0, 4, 60).astype(float)
    known = [
        likelihoods.beta(unit, size, made),
        likelihoods.cumulative(category, np.array([-1, 0.2, 1.5]), link),
        likelihoods.student_t(rng.normal(size=60), size, size / 5, links.Identity()),
    ]
    with np.errstate(all="ignore"):
        for likelihood in known:
            _, first, second = likelihood.at(eta, mine)
            up, down = likelihood.at(eta + 1e-5, mine), likelihood.at(eta - 1e-5, mine)
            np.testing.assert_allclose(first, (up[0] - down[0]) / 2e-5, atol=1e-7)
            np.testing.assert_allclose(second, (up[1] - down[1]) / 2e-5, atol=1e-7)


def agrees_with_bambi(fit, level):
    """One draw's probability of each row's own category, by Bambi and by the likelihood here."""
    tree = fit.model.predict(fit.idata, kind="response_params", inplace=False)
    bambis = tree.posterior["p"].isel(chain=0, draw=0).to_numpy()[np.arange(len(level)), level]
    eta = terms.linear_predictor(fit.model, fit.posterior, "p")[0, 0]
    cuts = fit.posterior["threshold"].isel(chain=0, draw=0).to_numpy()
    ours = likelihoods.cumulative(level.astype(float), cuts, "logit").at(eta, np.arange(len(eta)))
    np.testing.assert_allclose(np.exp(ours[0]), bambis, rtol=1e-9)
    assert np.ptp(bambis) > 0.5


def test_ordered_categories(design):
    rng = np.random.default_rng(16)
    level = np.digitize(design["eta"] + rng.logistic(size=len(design)), [-0.7, 0.4, 1.5])
    level[design["g"] == "a"], level[design["g"] == "b"] = 3, 0
    level[design["g"] == "c"] = np.where(design["x"][design["g"] == "c"] > 0, 3, 0)
    names = ["none", "few", "some", "many"]
    data = design.assign(
        y=pd.Categorical.from_codes(level, categories=names, ordered=True), z=design["x"] ** 2
    )
    fit = quick("y ~ z + x + (x | g)", data, family="cumulative")
    cuts = fit.posterior["threshold"].mean(("chain", "draw")).to_numpy()
    assert np.array_equal(models.threshold_means(fit.model, fit.posterior), cuts)
    agrees_with_bambi(fit, level)
    why = {"a": "all in the highest category", "b": "all in the lowest category"}
    estimates, partial = [], []
    table = shrinkage(fit).set_index("group")
    for own, j, group, mine, Z, offset in each_group(fit):
        if group in "abc":
            expected = why.get(group, "its outcomes are separated by the predictor")
            assert own.reason[j] == expected
            assert np.isnan(own.estimate[j]).all()
            continue
        model = OrderedModel(data["y"][mine], Z[:, 1:], offset=offset, distr="logit")
        increments = np.append(cuts[0], np.log(np.diff(cuts)))

        def loss(b, model=model, increments=increments):
            moved = increments.copy()
            moved[0] -= b[0]
            return -model.loglike(np.concatenate([b[1:], moved]))

        found = optimize.minimize(
            loss, own.estimate[j] + 0.05, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 0}
        )
        np.testing.assert_allclose(own.estimate[j], found.x, atol=1e-6)
        hessian = sm.tools.numdiff.approx_hess(found.x, loss)
        np.testing.assert_allclose(own.precision[j], hessian, rtol=2e-3, atol=2e-3)
        estimates.append(own.estimate[j, 0])
        partial.append(table.loc[group, "partial_pooling"])
    assert np.corrcoef(estimates, partial)[0, 1] > 0.9
    assert table["complete_pooling"].eq(0).all()
    assert table["population"].eq(0).all()


def test_negative_binomial(design):
    rng = np.random.default_rng(17)
    mu = np.exp(1 + design["eta"] / 2)
    data = design.assign(y=rng.negative_binomial(3, 3 / (3 + mu)))
    data.loc[data["g"] == "a", "y"] = 0
    fit = quick("y ~ x + (1 | g)", data, family="negativebinomial")
    alpha = float(fit.posterior["alpha"].mean())
    for own, j, group, mine, Z, offset in each_group(fit):
        if group == "a":
            assert own.reason[j] == "all counts are zero"
            continue

        def log(y, eta, offset=offset):
            mean = np.exp(eta + offset)
            return stats.nbinom.logpmf(y, alpha, alpha / (alpha + mean))

        found = generic(data["y"][mine].to_numpy(), Z, own.estimate[j] + 0.05, log)
        np.testing.assert_allclose(own.estimate[j], found.params, atol=1e-6)
        mean = np.exp(own.estimate[j, 0] + offset)
        expected = (mean / (1 + mean / alpha)).sum()
        assert own.precision[j, 0, 0] == pytest.approx(expected, rel=1e-6)


def test_gaussian_with_a_log_link(design):
    rng = np.random.default_rng(18)
    data = design.assign(y=np.exp(1 + design["eta"] / 3) + rng.normal(0, 0.3, len(design)))
    fit = quick("y ~ x + (x | g)", data, link="log")
    sigma = float(fit.posterior["sigma"].mean())
    for own, j, _, mine, Z, _ in each_group(fit):
        y = data["y"][mine].to_numpy()
        found, covariance = optimize.curve_fit(
            lambda x, a, b: np.exp(a + b * x), Z[:, 1], y, p0=own.estimate[j], xtol=1e-14
        )
        np.testing.assert_allclose(own.estimate[j], found, atol=1e-6)
        np.testing.assert_allclose(own.se[j], np.sqrt(np.diag(covariance)), rtol=1e-5)
        J = np.exp(Z @ found)[:, None] * Z
        np.testing.assert_allclose(own.precision[j], J.T @ J / sigma**2, rtol=1e-5)


def test_an_effect_the_population_lacks_is_zero_under_complete_pooling(design):
    rng = np.random.default_rng(19)
    data = design.assign(y=design["eta"] + rng.normal(size=len(design)))
    fit = quick("y ~ 1 + (x | g)", data)
    assert (shrinkage(fit, "x|g")["complete_pooling"] == 0).all()
    intercept = shrinkage(fit, "1|g")["complete_pooling"].iloc[0]
    assert intercept == pytest.approx(sm.OLS(data["y"], np.ones(len(data))).fit().params.iloc[0])
    both = sm.OLS(data["y"], sm.add_constant(data["x"])).fit()
    assert abs(intercept - both.params["const"]) > 1e-3
