"""Predictive checks against closed forms, SciPy and ArviZ."""

from __future__ import annotations

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierwidgets as hw
from hierwidgets.tables import (
    ppc,
    ppc_curves,
    ppc_draws,
    ppc_families,
    ppc_pit,
    ppc_verdict,
)
from hierwidgets.tables.log_likelihood import log_likelihood
from hierwidgets.tables.ppc_draws import Replications
from tests.synthetic import made_up

FAMILIES = {
    "gaussian": ([1.5, 0.7], stats.norm),
    "t": ([1.5, 0.7, 5.0], lambda mu, s, nu: stats.t(nu, mu, s)),
    "bernoulli": ([0.3], stats.bernoulli),
    "binomial": ([0.3], lambda p: stats.binom(7, p)),
    "poisson": ([2.5], stats.poisson),
    "negativebinomial": ([2.5, 1.7], lambda mu, a: stats.nbinom(a, a / (a + mu))),
    "gamma": ([2.5, 1.7], lambda mu, a: stats.gamma(a, scale=mu / a)),
    "beta": ([0.3, 4.0], lambda mu, k: stats.beta(mu * k, (1 - mu) * k)),
}


def toy(y: np.ndarray, replicated: np.ndarray, *, discrete: bool = False) -> Replications:
    return Replications(y, replicated, None, discrete)


@pytest.fixture(scope="module")
def fit() -> hw.Fit:
    return made_up([f"g{i}" for i in range(6)], draws=500)


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_and_distribution_functions_are_scipys(name):
    values, make = FAMILIES[name]
    family = ppc_families.FAMILIES[name]
    parameters = [np.full((20_000, 1), value) for value in values]
    trials = np.array([7.0])
    found = family.draw(np.random.default_rng(1), trials, *parameters)[:, 0]
    expected = make(*values)
    assert found.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / 140)
    y = np.array([expected.ppf(q) for q in (0.05, 0.4, 0.9)])
    own = [np.full((1, 3), value) for value in values]
    np.testing.assert_allclose(family.cdf(y, np.full(3, 7.0), *own)[0], expected.cdf(y), atol=1e-12)
    share = (found[:, None] <= y).mean(axis=0)
    np.testing.assert_allclose(share, expected.cdf(y), atol=0.02)
    if family.discrete:
        assert family.cdf(np.array([-1.0]), trials, *parameters)[0, 0] == 0


def test_replications_repeat_and_follow_the_posterior(fit):
    made = ppc_draws.replications(fit, random_seed=3)
    again = ppc_draws.replications(fit, random_seed=3)
    np.testing.assert_array_equal(made.replicated, again.replicated)
    mean = (
        fit.posterior["Intercept"].mean().item() + fit.posterior["x"].mean().item() * fit.data["x"]
    )
    for effect in fit.effects:
        mean = mean + effect.draws(fit.posterior).mean((0, 1))[effect.index] * effect.predictor
    np.testing.assert_allclose(made.replicated.mean(axis=0), mean, atol=0.35)


def test_new_groups_have_the_population_and_its_scale(fit):
    made = ppc_draws.replications(fit, new="g", draws=4000)
    x = fit.data["x"].to_numpy()
    tau, slope, sigma = (
        float(fit.posterior[name].mean()) for name in ("1|g_sigma", "x|g_sigma", "sigma")
    )
    np.testing.assert_allclose(made.replicated.mean(axis=0), 10 + x, atol=0.25)
    sd = np.sqrt(tau**2 + (slope * x) ** 2 + sigma**2)
    np.testing.assert_allclose(made.replicated.std(axis=0), sd, rtol=0.08)


def test_two_new_groups_of_a_replication_differ(fit):
    """The levels of two groups, apart as two draws from the population and their rows' noise are."""
    made = ppc_draws.replications(fit, new="g", draws=4000)
    (one, two), x = (np.flatnonzero(fit.effects[0].index == j) for j in (0, 1)), fit.data["x"]
    apart = made.replicated[:, one].mean(axis=1) - made.replicated[:, two].mean(axis=1)
    tau, slope, sigma = (
        float((fit.posterior[name] ** 2).mean()) for name in ("1|g_sigma", "x|g_sigma", "sigma")
    )
    own = [tau + slope * x.iloc[rows].mean() ** 2 + sigma / len(rows) for rows in (one, two)]
    assert apart.std() == pytest.approx(np.sqrt(sum(own)), rel=0.08)


def test_many_rows_take_fewer_draws(fit, monkeypatch):
    monkeypatch.setattr(ppc_draws, "MOST_NUMBERS", 250 * len(fit.data))
    assert len(ppc_draws.replications(fit).replicated) == 250


def test_two_sided_probabilities_count_ties_by_half():
    found = ppc.Battery(np.array([1.0, 9.0, np.nan]), np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0.0]]))
    np.testing.assert_allclose(ppc.two_sided(found), [1.0, 0.25, np.nan])


def test_statistics_by_group_are_numpys():
    rng = np.random.default_rng(0)
    y, rep = rng.normal(size=30), rng.normal(size=(8, 30))
    index = rng.permutation(np.repeat([0, 1, 2], [4, 9, 17]))
    x = rng.normal(size=30)
    made = toy(y, rep)

    def line(v, w):
        return np.polyfit(w, v, 1)

    own = {
        "mean": lambda v, w: v.mean(),
        "sd": lambda v, w: v.std(ddof=1),
        "min": lambda v, w: v.min(),
        "max": lambda v, w: v.max(),
        "zeros": lambda v, w: (v == 0).mean(),
        "slope": lambda v, w: line(v, w)[0],
        "extreme": lambda v, w: np.abs(v - np.median(v)).max(),
        "scatter": lambda v, w: np.sqrt(
            ((v - np.polyval(line(v, w), w)) ** 2).sum() / (len(v) - 2)
        ),
    }
    for name, reckon in own.items():
        found = ppc.by_statistic(made, index, name, x)
        for j in range(3):
            mine = index == j
            assert found.observed[j] == pytest.approx(reckon(y[mine], x[mine])), name
            assert found.replicated[5, j] == pytest.approx(reckon(rep[5, mine], x[mine])), name
    asked = ppc.by_statistic(made, index, np.median)
    assert asked.observed[2] == pytest.approx(np.median(y[index == 2]))


def test_dispersion_is_pearsons():
    rng = np.random.default_rng(0)
    y = rng.poisson(3, 20).astype(float)
    found = ppc.by_statistic(toy(y, y[None], discrete=True), np.zeros(20, int), "dispersion")
    assert found.observed[0] == pytest.approx(y.var(ddof=1) / y.mean())
    n = rng.integers(5, 9, 20).astype(float)
    k = rng.binomial(n.astype(int), 0.4).astype(float)
    p = k.sum() / n.sum()
    made = Replications(k, k[None], n, True)
    found = ppc.by_statistic(made, np.zeros(20, int), "dispersion")
    assert found.observed[0] == pytest.approx(((k - n * p) ** 2 / (n * p * (1 - p))).sum() / 19)


def test_the_battery_is_even_under_the_model():
    rng = np.random.default_rng(5)
    index = np.repeat(np.arange(3000), 6)
    values = rng.normal(size=(401, len(index)))
    table = ppc.of_groups(toy(values[0], values[1:]), index, slope=rng.normal(size=len(index)))
    p = table["probability"]
    assert set(table["statistic"]) == {"mean", "scatter", "extreme", "slope"}
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.012)
    assert stats.kstest(p, "uniform").statistic < 0.03


def test_a_planted_group_comes_first_and_a_missing_one_last():
    rng = np.random.default_rng(2)
    index = np.r_[np.repeat(np.arange(20), 10), 20]
    values = rng.normal(size=(501, len(index)))
    values[0, index == 7] += 5
    table = ppc.of_groups(toy(values[0], values[1:]), index, "sd")
    assert table.index[-1] == 20
    assert table["reason"].iloc[-1] == "too few rows for it"
    table = ppc.of_groups(toy(values[0], values[1:]), index)
    assert table.index[0] == 7
    assert table["statistic"].iloc[0] == "mean"
    told = ppc.chance(table)
    assert told.groups == 21
    assert told.expected == pytest.approx(1.05)
    assert (told.lower, told.upper) == stats.binom.interval(0.95, 21, 0.05)
    assert (1 - told.least) ** 21 == pytest.approx(0.95)


def test_bands_hold_even_values_in_95_percent():
    rng = np.random.default_rng(11)
    for count in (30, 300):
        band = ppc_pit.uniform_bands(count)
        inside = 0
        for _ in range(1500):
            away = ppc_pit.ecdf_difference(rng.random(count))
            inside += bool(np.all((away >= band.lower) & (away <= band.upper)))
        assert inside / 1500 == pytest.approx(0.95, abs=0.025)


def test_loo_pit_is_arvizs(sleep_fit):
    fit = sleep_fit
    found = ppc_pit.pit(fit)
    values = log_likelihood(fit)
    rng = np.random.default_rng(0)
    at = ppc_draws.Parameters(fit, fit.posterior, ppc_draws.places(fit.posterior, 2000), set(), rng)
    rep = np.concatenate(
        [ppc_families.FAMILIES["gaussian"].draw(rng, None, *at.all()) for _ in range(5)]
    )
    flat = values.reshape(1, -1, len(fit.data))[:, ppc_draws.places(fit.posterior, 2000)]
    repeated = np.tile(flat, (1, 5, 1))
    dims = ("chain", "draw", "row")
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"a": (dims[:2], rng.normal(size=(1, 10_000)))}),
            "posterior_predictive": xr.Dataset({"y": (dims, rep[None])}),
            "log_likelihood": xr.Dataset({"y": (dims, repeated)}),
            "observed_data": xr.Dataset({"y": ("row", fit.data["Reaction"].to_numpy())}),
        }
    )
    theirs = az.loo_pit(tree, var_names="y")["y"].to_numpy()
    good = found.khat < 0.7
    assert good.sum() > 150
    np.testing.assert_allclose(found.loo_pit[good], theirs[good], atol=0.04)


def test_curves_are_shares():
    rng = np.random.default_rng(0)
    y, rep = rng.normal(size=200), rng.normal(size=(300, 200))
    density = ppc_curves.curves(toy(y, rep), "density")
    assert np.trapezoid(density["observed"], density["x"]) == pytest.approx(1, abs=0.02)
    inside = (density["observed"] >= density["lower"]) & (density["observed"] <= density["upper"])
    assert inside.mean() > 0.8
    ecdf = ppc_curves.curves(toy(y, rep), "ecdf")
    at = ecdf.iloc[60]
    assert at["observed"] == pytest.approx((y <= at["x"]).mean())
    counts, again = rng.poisson(4, 200).astype(float), rng.poisson(4, (300, 200)).astype(float)
    made = toy(counts, again, discrete=True)
    bars = ppc_curves.curves(made, "bars")
    roots = ppc_curves.curves(made, "rootogram")
    np.testing.assert_allclose(
        bars["observed"], np.bincount(counts.astype(int), minlength=len(bars)) / 200
    )
    np.testing.assert_allclose(roots["observed"] ** 2, 200 * bars["observed"])
    with pytest.raises(ValueError, match="a picture of this response"):
        ppc_curves.curves(made, "density")


def test_a_function_that_gives_no_number_is_refused():
    with pytest.raises(TypeError, match="must give one number"):
        ppc.statistics(toy(np.arange(4.0), np.ones((3, 4))), np.cumsum)


def test_overdispersion_is_told_with_its_family():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(10), 30)
    data = pd.DataFrame({"g": g.astype(str), "y": rng.negative_binomial(0.6, 0.6 / 4.6, 300)})
    fit = hw.fit(
        "y ~ 1 + (1 | g)",
        data,
        family="poisson",
        draws=200,
        tune=300,
        chains=2,
        random_seed=1,
        progress=False,
    )
    made = ppc_draws.replications(fit, new="g")
    table = ppc.statistics(ppc_draws.replications(fit))
    by = {"g": ppc.groups(made, fit.effects[0])}
    told = ppc_verdict.verdict(fit, table, by, ppc_pit.pit(fit))
    assert not told.healthy
    lines = [finding.next for finding in told.findings]
    assert 'hw.fit("y ~ 1 + (1 | g)", data, family="negativebinomial")' in lines
    assert (by["g"]["statistic"] == "dispersion").sum() >= 5
    assert any("LOO-PIT" in finding.said for finding in told.findings)


def test_prior_draws_are_of_the_priors(fit):
    source = ppc_draws.prior(fit, 2000, 1)
    scale = fit.model.conditional_parameters["mu"].group_specific_terms["1|g"].prior.args["sigma"]
    expected = float(np.asarray(scale.args["sigma"])) * np.sqrt(2 / np.pi)
    assert float(source["1|g_sigma"].mean()) == pytest.approx(expected, rel=0.08)
    made = ppc_draws.replications(fit, "prior", "g")
    assert np.isfinite(made.replicated).all()


def test_what_cannot_be_checked_is_refused(fit):
    with pytest.raises(ValueError, match="a kind of predictive check"):
        ppc_draws.replications(fit, "later")
    with pytest.raises(ValueError, match="a grouping factor"):
        ppc_draws.replications(fit, new="h")


def test_the_smallest_of_many_groups_is_below_its_bound_in_5_percent():
    rng = np.random.default_rng(9)
    index = np.repeat(np.arange(20), 4)
    beyond = []
    for _ in range(300):
        values = rng.normal(size=(401, len(index)))
        table = ppc.of_groups(toy(values[0], values[1:]), index)
        beyond.append(table["probability"].iloc[0] < ppc.chance(table).least)
    assert np.mean(beyond) < 0.09
