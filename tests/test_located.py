"""Group effects around a mean of their own, beside the exact posterior and wherever they are used."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from scipy import stats

import hierwidgets as hw
from hierwidgets import cautions, models, priors, recipes, terms
from hierwidgets.tables import prediction, units
from hierwidgets.tables.left_out import Draws
from hierwidgets.tables.no_pooling import no_pooling
from hierwidgets.tables.ppc_draws import replications
from hierwidgets.tables.priors import quantities
from hierwidgets.tables.sensitivity import sensitivity
from hierwidgets.tables.shrinkage import information, shrinkage
from hierwidgets.tables.slide import slide

MEAN = hw.Prior("Normal", mu=0, sigma=50)
FORMULA = "y ~ 0 + x + (1 | g)"
GROUPS, ROWS = 8, 5


def around(mean, spread, scale, **options):
    mu = hw.Prior("Normal", mu=mean, sigma=spread)
    return hw.Prior("Normal", mu=mu, sigma=hw.Prior("HalfNormal", sigma=scale), **options)


def given(mean, scale):
    return hw.Prior("Normal", mu=mean, sigma=hw.Prior("HalfNormal", sigma=scale))


GIVEN = {
    "1|g": around(0, 50, 5),
    "x": hw.Prior("Normal", mu=0, sigma=2),
    "sigma": hw.Prior("HalfNormal", sigma=3),
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.normal(1, 1, len(g))
    y = 20 + rng.normal(0, 2, GROUPS)[g] + 0.7 * x + rng.normal(0, 1, len(g))
    level = np.array(["a", "b", "c"])[np.arange(len(g)) % 3]
    table = pd.DataFrame({"y": y, "x": x, "f": level, "g": [f"g{j}" for j in g]})
    return table.astype({"f": "category", "g": "category"})


@pytest.fixture(scope="module", params=[True, False], ids=["noncentered", "centered"])
def fit(request, data):
    return hw.fit(
        FORMULA, data, priors=GIVEN, noncentered=request.param, random_seed=5, progress=False
    )


def moments(data, centre=0.0, spread=50.0):
    """Posterior means and sds of mu, x, scale and sigma: the normal ones integrated, two summed."""
    y, g = data["y"].to_numpy(), pd.factorize(data["g"])[0]
    X = np.column_stack([np.ones(len(y)), data["x"]])
    own = (g[:, None] == g).astype(float)
    prior = np.diag([1 / spread**2, 1 / 2.0**2])
    pull = prior @ [centre, 0.0]
    edges = [np.linspace(0, 9, 61), np.linspace(0.5, 2.0, 41)]
    middles = [(e[1:] + e[:-1]) / 2 for e in edges]
    logs, firsts, seconds = [], [], []
    for tau in middles[0]:
        for sigma in middles[1]:
            V = tau**2 * own + sigma**2 * np.eye(len(y))
            W = np.linalg.inv(V)
            precision = X.T @ W @ X + prior
            mean = np.linalg.solve(precision, X.T @ W @ y + pull)
            logs.append(
                stats.halfnorm(scale=5).logpdf(tau)
                + stats.halfnorm(scale=3).logpdf(sigma)
                - 0.5 * (np.linalg.slogdet(V)[1] + np.linalg.slogdet(precision)[1])
                - 0.5 * (y @ W @ y - mean @ precision @ mean)
            )
            firsts.append([*mean, tau, sigma])
            seconds.append([*(mean**2 + np.diag(np.linalg.inv(precision))), tau**2, sigma**2])
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    mean = weights @ np.array(firsts)
    sd = np.sqrt(weights @ np.array(seconds) - mean**2)
    names = ["1|g_mu", "x", "1|g_sigma", "sigma"]
    return {name: (m, s) for name, m, s in zip(names, mean, sd, strict=True)}


@pytest.fixture(scope="module")
def exact(data):
    return moments(data)


def test_the_posterior_is_the_exact_one(fit, exact):
    """4,000 draws with an effective size of 600 at the least: five errors are 0.2 sd."""
    for name, (mean, sd) in exact.items():
        draws = fit.posterior[name].to_numpy()
        assert abs(draws.mean() - mean) < 0.2 * sd, name
        assert draws.std() == pytest.approx(sd, rel=0.15), name


def test_the_population_is_the_mean_everywhere(fit, exact):
    """Bates et al. (2015), section 1: the deviations of a fitted group are about its population."""
    effect = fit.effect("1|g")
    mean, sd = exact["1|g_mu"]
    mu = fit.posterior["1|g_mu"].to_numpy()
    np.testing.assert_array_equal(units.population_draws(fit, effect), mu)
    np.testing.assert_allclose(
        effect.draws(fit.posterior) + mu[..., None], effect.values(fit.posterior)
    )
    whole, deviation = (fit.caterpillar(scale=s, sort="name").data for s in ("effect", "deviation"))
    raw = fit.posterior["1|g"].to_numpy()
    np.testing.assert_allclose(whole["mean"], raw.mean(axis=(0, 1)))
    np.testing.assert_allclose(deviation["mean"], raw.mean(axis=(0, 1)) - mu.mean())
    assert whole["population"].iloc[0] == pytest.approx(mu.mean())
    assert abs(mu.mean() - mean) < 0.2 * sd
    named = fit.trace().data.set_index("parameter")["mean"]
    assert named["1|g[g0]"] == pytest.approx(raw[..., 0].mean())


def test_partial_pooling_lies_between_its_own_estimate_and_the_mean(fit, data):
    table = shrinkage(fit, "1|g", "name")
    slope = fit.posterior["x"].to_numpy().mean()
    rest = data["y"] - slope * data["x"]
    np.testing.assert_allclose(table["no_pooling"], rest.groupby(data["g"]).mean(), rtol=1e-9)
    np.testing.assert_allclose(table["complete_pooling"], rest.mean(), rtol=1e-9)
    between = table["weight"] * table["no_pooling"] + (1 - table["weight"]) * table["population"]
    np.testing.assert_allclose(table["partial_pooling"], between, atol=0.03)


def test_the_slider_pools_to_the_mean_of_the_rows(fit, data):
    known = information(fit, "g")
    assert known.free.all()
    estimates, _, centre = slide(known.precision, known.score, np.zeros(1), free=known.free)
    rest = (data["y"] - fit.posterior["x"].to_numpy().mean() * data["x"]).mean()
    np.testing.assert_allclose(centre, rest)
    np.testing.assert_allclose(estimates, rest)


def test_new_groups_are_drawn_around_the_mean(fit):
    """A replicated mean has the sd of eight new groups and of mu, at most 1.2, over 1,000 draws."""
    rows = pd.DataFrame({"x": [0.0, 0.0, 2.0], "g": ["new", "newer", "new"]})
    made = prediction.predict(fit, rows, "new", random_seed=3)
    mu, tau = (fit.posterior[name].to_numpy() for name in ("1|g_mu", "1|g_sigma"))
    sd = np.sqrt(mu.var() + (tau**2).mean())
    assert abs(made["mean"] - mu.mean())[:2].max() < 0.1 * sd
    np.testing.assert_allclose(made["sd"][:2], sd, rtol=0.1)
    average = prediction.predict(fit, rows[["x"]], "average")
    assert average["mean"][0] == pytest.approx(mu.mean())
    (new,) = [one.draws for one in quantities(fit) if one.name == "a new group of 1|g"]
    assert abs(new.mean() - mu.mean()) < 0.1 * sd
    made = replications(fit, new="g")
    wanted = mu.mean() + fit.posterior["x"].to_numpy().mean() * fit.data["x"].mean()
    assert made.replicated.mean() == pytest.approx(wanted, abs=0.15)


def test_a_left_out_group_is_foreseen_around_the_mean(fit, data):
    mine = np.flatnonzero(data["g"] == "g3")
    y, x = data["y"].to_numpy()[mine], data["x"].to_numpy()[mine]
    found = Draws(fit).density(mine).log
    assert found is not None
    draws = {
        name: fit.posterior[name].to_numpy().ravel()
        for name in ("1|g_mu", "x", "1|g_sigma", "sigma")
    }
    for s in range(0, 4000, 500):
        mu, slope, tau, sigma = (draws[name][s] for name in draws)
        V = tau**2 * np.ones((ROWS, ROWS)) + sigma**2 * np.eye(ROWS)
        wanted = stats.multivariate_normal(mu + slope * x, V).logpdf(y)
        assert found[s] == pytest.approx(wanted, rel=1e-9)


def test_the_mean_is_a_top_level_prior(fit):
    tops = {one.parameter: one for one in priors.top(fit)}
    assert str(tops["1|g_mu"].setting) == "Normal(mu=0, sigma=50)"
    assert tops["1|g_mu"].kind == "location"
    assert not tops["1|g_mu"].fixed
    scaled = set(sensitivity(fit, "group")["scaled"])
    assert scaled == {"population effects", "group scales", "family parameters"}
    assert "1|g_mu" in set(sensitivity(fit, "prior")["scaled"])


def test_reweighting_moves_the_mean(fit, data):
    """The exact posterior under a prior of 20 and 1, by the weights of these draws."""
    moved = {"1|g_mu": hw.Prior("Normal", mu=20, sigma=1)}
    found = fit.reweight(moved)
    assert found.reliable
    table = found.summary().set_index("parameter")
    mean, sd = moments(data, 20.0, 1.0)["1|g_mu"]
    assert table.loc["1|g_mu", "mean"] == pytest.approx(mean, abs=0.2 * sd)
    assert table.loc["1|g_mu", "sd"] == pytest.approx(sd, rel=0.15)


STRUCTURES = {
    "slope": ("y ~ 1 + (0 + x | g)", {"x|g": around(3, 0.1, 1)}, False, [3.0]),
    "two effects": (
        "y ~ 0 + (x | g)",
        {"1|g": around(20, 0.1, 2), "x|g": around(3, 0.1, 1)},
        False,
        [20.0, 3.0],
    ),
    "correlated": (
        "y ~ 0 + (x | g)",
        {"1|g": around(20, 0.1, 2), "x|g": around(3, 0.1, 1)},
        True,
        [20.0, 3.0],
    ),
    "one of two": ("y ~ 0 + x + (x | g)", {"1|g": around(20, 0.1, 2)}, False, [20.0, 0.0]),
    "cells": ("y ~ 0 + x + (0 + f | g)", {"f|g": around(20, 0.1, 2)}, False, [20.0] * 3),
    "a number": ("y ~ 0 + x + (1 | g)", {"1|g": given(5.0, 2)}, False, [5.0]),
    "numbers": (
        "y ~ 0 + x + (0 + f | g)",
        {"f|g": given(np.array([1.0, 0.0, 7.0]), 2)},
        False,
        [1.0, 0.0, 7.0],
    ),
    "by parameter": (
        "y ~ 0 + x + (1 | g)",
        {
            "1|g_mu": hw.Prior("Normal", mu=20, sigma=0.1),
            "1|g_sigma": hw.Prior("HalfNormal", sigma=2),
        },
        False,
        [20.0],
    ),
    "of another parameter": (
        bmb.Formula("y ~ x", "sigma ~ 0 + (1 | g)"),
        {"sigma": {"1|g": around(1, 0.1, 0.5)}},
        False,
        [1.0],
    ),
    "a mean with a mean": (
        "y ~ 0 + x + (1 | g)",
        {
            "1|g": hw.Prior(
                "Normal",
                mu=hw.Prior(
                    "Normal",
                    mu=hw.Prior("Normal", mu=20, sigma=0.1),
                    sigma=hw.Prior("HalfNormal", sigma=0.1),
                ),
                sigma=hw.Prior("HalfNormal", sigma=2),
            )
        },
        False,
        [20.0],
    ),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_form_is_sampled_as_it_is_written(data, name):
    """Draws of PyMC from the priors: what its graph computes beside the numpy of every view."""
    formula, asked, correlated, means = STRUCTURES[name]
    model, _ = models.build(formula, data, priors=asked, correlated=correlated)
    model.build()
    component = "sigma" if name == "of another parameter" else "mu"
    with model.backend.model:
        wanted = [*models.stored(model), component]
        drawn = pm.sample_prior_predictive(1000, var_names=wanted, random_seed=2)["prior"]
    drawn = drawn.to_dataset()
    varying = [e for e in terms.effects(model) if e.component == component]
    assert [e.parameterization for e in varying] == ["noncentered"] * len(means)
    assert not models.not_normal(model, component)
    design = terms.common(model, component)
    weights = terms.population_weights(design, varying)
    population = design.draws(drawn) @ weights.T
    for k, (effect, mean) in enumerate(zip(varying, means, strict=True)):
        z = effect.draws(drawn) / effect.scale_draws(drawn)[..., None]
        assert stats.kstest(z[..., 0].ravel(), "norm").pvalue > 1e-4
        if mean:
            assert effect.location or effect.mean
            assert effect.values(drawn).mean() == pytest.approx(mean, abs=0.15)
            apart = population[..., k] - mean
            assert abs(apart.mean()) < 0.02
            assert apart.std() < 0.2
    eta = terms.linear_predictor(model, drawn, component, inverse=component == "sigma")
    compiled = drawn[component].transpose("chain", "draw", ...).to_numpy()
    np.testing.assert_allclose(eta, compiled, rtol=1e-9, atol=1e-9)


def from_priors(model, draws=8):
    """A fit whose draws are those of the priors."""
    model.build()
    with model.backend.model:
        drawn = pm.sample_prior_predictive(draws, var_names=models.stored(model), random_seed=2)
    tree = xr.DataTree.from_dict({"posterior": drawn["prior"].to_dataset()})
    return hw.Fit(model, models.clean(model, tree))


@pytest.mark.parametrize("name", ["two effects", "correlated", "a number", "a mean with a mean"])
def test_a_file_holds_the_model(data, name):
    formula, asked, correlated, _ = STRUCTURES[name]
    model, _ = models.build(formula, data, priors=asked, correlated=correlated)
    made = from_priors(model)
    again = recipes.model(recipes.of(made))
    assert terms.table(terms.effects(again)).equals(terms.table(made.effects))
    for parameter, one in models.priors(model).items():
        assert str(models.priors(again)[parameter]) == str(one)


def test_a_mean_given_as_a_number_is_the_population(data):
    model, _ = models.build(FORMULA, data, priors={"1|g": given(18.0, 3)})
    fit = from_priors(model, 100)
    effect = fit.effect()
    np.testing.assert_array_equal(units.population_draws(fit, effect), 18.0)
    known = information(fit, "g")
    assert not known.free.any()
    np.testing.assert_array_equal([known.fixed, known.complete], 18.0)
    estimates, _, centre = slide(
        known.precision, known.score, np.zeros(1), None, known.free, fixed=known.fixed
    )
    np.testing.assert_allclose([*estimates[:, 0], *centre], 18.0)
    own = data["y"] - fit.posterior["x"].to_numpy().mean() * data["x"]
    np.testing.assert_allclose(
        no_pooling(fit, effect).estimate[:, 0], own.groupby(data["g"]).mean(), rtol=1e-9
    )


@pytest.mark.parametrize("mean", [MEAN, 20.0])
def test_a_wrapped_model_without_its_mean_is_refused(data, mean):
    """The orphan that Bambi samples, and the number that it leaves out."""
    asked = hw.Prior("Normal", mu=mean, sigma=hw.Prior("HalfNormal", sigma=5))
    model = bmb.Model(FORMULA, data, priors={"1|g": asked})
    model.build()
    names = [v.name for v in model.backend.model.unobserved_RVs]
    assert ("1|g_mu" in names) == isinstance(mean, hw.Prior)
    tree = from_priors(bmb.Model(FORMULA, data)).idata
    with pytest.raises(ValueError, match=r"noncentered=False.* or with hw\.fit") as refused:
        hw.wrap(model, tree)
    assert ("joined it to nothing" in str(refused.value)) == isinstance(mean, hw.Prior)
    assert "'1|g' ~ Normal(mu: " in str(refused.value)


def test_a_wrapped_model_that_has_its_mean_is_taken(data):
    model = bmb.Model(FORMULA, data, priors={"1|g": around(20, 1, 2)}, noncentered=False)
    fit = hw.wrap(model, from_priors(model).idata)
    mu = fit.posterior["1|g_mu"].to_numpy()
    np.testing.assert_array_equal(units.population_draws(fit, fit.effect()), mu)


def test_a_posterior_without_the_mean_is_another_models(data):
    model, _ = models.build(FORMULA, data, priors={"1|g": around(20, 1, 2)})
    tree = from_priors(model).idata
    without = xr.DataTree.from_dict(
        {"posterior": tree["posterior"].to_dataset().drop_vars("1|g_mu")}
    )
    with pytest.raises(ValueError, match=r"no '1\|g_mu': it belongs to another model"):
        hw.Fit(model, without)


@pytest.mark.parametrize(
    ("formula", "asked", "names"),
    [
        ("y ~ x + (1 | g)", {"1|g": around(20, 5, 2)}, {"Intercept", "1|g_mu"}),
        ("y ~ 0 + f + (1 | g)", {"1|g": around(20, 5, 2)}, {"f[a]", "f[b]", "f[c]", "1|g_mu"}),
        ("y ~ x + (0 + x | g)", {"x|g": around(0, 5, 2)}, {"x", "x|g_mu"}),
    ],
)
def test_a_mean_beside_the_populations_own_is_a_caution(data, formula, asked, names):
    model, _ = models.build(formula, data, priors=asked)
    (found,) = cautions.cautions(model)
    assert set(found.names) == names


@pytest.mark.parametrize(
    ("formula", "asked"),
    [
        ("y ~ 0 + x + (1 | g)", {"1|g": around(20, 5, 2)}),
        ("y ~ x + (1 | g)", {"1|g": given(5.0, 2)}),
        ("y ~ x + (1 | g)", None),
    ],
)
def test_a_mean_of_its_own_is_none(data, formula, asked):
    model, _ = models.build(formula, data, priors=asked)
    assert cautions.cautions(model) == []


@pytest.mark.parametrize(
    ("formula", "name", "asked", "said"),
    [
        (FORMULA, "1|g", hw.Prior("Normal", mu=MEAN, sigma=2.0), r"number 2\.0 for its scale"),
        (
            "y ~ 0 + x + (0 + f | g)",
            "f|g",
            given(np.array([1.0, 2.0]), 2),
            r"2 means for 3 effects: .* f\[a\], f\[b\], f\[c\]",
        ),
    ],
)
def test_numbers_that_cannot_be_are_refused_before_sampling(data, formula, name, asked, said):
    with pytest.raises(ValueError, match=said):
        models.build(formula, data, priors={name: asked})


def test_a_mean_by_its_own_name_may_be_a_number(data):
    own, _ = models.build(
        FORMULA, data, priors={"1|g_mu": 20, "1|g_sigma": hw.Prior("HalfNormal", sigma=3)}
    )
    whole, _ = models.build(FORMULA, data, priors={"1|g": given(20, 3)})
    assert str(models.priors(own)["1|g"]) == str(models.priors(whole)["1|g"])
    assert terms.effects(own)[0].mean == 20


@pytest.mark.parametrize("wrong", ["Normal(0, 3)", None, [[1.0]], True])
def test_what_a_mean_may_be_is_said(wrong, data):
    with pytest.raises(
        ValueError, match=r"'1\|g_mu' must be a Prior, such as hw.Prior\(.*or a number"
    ):
        models.build(FORMULA, data, priors={"1|g_mu": wrong})


@pytest.mark.parametrize("own", ["1|g_mu", "1|g_sigma"])
@pytest.mark.parametrize("first", [True, False])
def test_a_prior_that_is_given_twice_is_refused(own, first, data):
    pair = [("1|g", around(0, 50, 5)), (own, hw.Prior("HalfNormal", sigma=2))]
    with pytest.raises(ValueError, match=rf"'{own.replace('|', '.')}' is given twice"):
        models.build(FORMULA, data, priors=dict(pair if first else pair[::-1]))
