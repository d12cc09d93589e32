"""Weighted, censored, truncated and constrained responses against what PyMC compiles of Bambi's model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytensor.compile.maker import function
from scipy import integrate, stats

import hierwidgets as hw
from hierwidgets import responses
from hierwidgets.tables import altered
from hierwidgets.tables.densities import DENSITIES, rowwise
from hierwidgets.tables.log_likelihood import log_likelihood, total
from tests.tables.test_variance import invented

ROWS = 40


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    y = rng.normal(0.4, 1, ROWS)
    return pd.DataFrame(
        {
            "g": np.repeat(list("abcde"), ROWS // 5),
            "x": rng.normal(size=ROWS),
            "y": y,
            "w": rng.uniform(0.2, 3, ROWS),
            "low": y - rng.uniform(0.1, 2, ROWS),
            "high": y + rng.uniform(0.1, 2, ROWS),
            "state": rng.choice(["none", "left", "right"], ROWS),
            "k": rng.poisson(3, ROWS) + 1,
            "size": rng.gamma(2, 1, ROWS) + 0.1,
            "share": rng.uniform(0.15, 0.85, ROWS),
        }
    )


FLAT = {
    "Intercept": hw.Prior("Normal", mu=0, sigma=1),
    "x": hw.Prior("Normal", mu=0, sigma=1),
    "1|g_sigma": hw.Prior("HalfNormal", sigma=1),
}
SIGMA = {"sigma": hw.Prior("HalfNormal", sigma=1)}
CASES = [
    ("weighted(y, w)", "gaussian", SIGMA),
    ("weighted(k, w)", "poisson", {}),
    ("weighted(y, w)", "laplace", {"b": hw.Prior("HalfNormal", sigma=1)}),
    ("censored(y, state)", "gaussian", SIGMA),
    ("censored(y, state)", "t", SIGMA),
    ("censored(k, state)", "poisson", {}),
    ("censored(k, state)", "negativebinomial", {}),
    ("censored(size, state)", "gamma", {}),
    ("censored(size, state)", "exponential", {}),
    ("censored(size, state)", "weibull", {}),
    ("censored(share, state)", "beta", {}),
    ("truncated(y, lb=-3)", "gaussian", SIGMA),
    ("truncated(y, ub=4)", "t", SIGMA),
    ("truncated(y, lb=low, ub=high)", "gaussian", SIGMA),
    ("truncated(k, lb=1)", "poisson", {}),
    ("truncated(k, lb=1, ub=12)", "negativebinomial", {}),
    ("truncated(size, lb=0.1, ub=20)", "gamma", {}),
    ("truncated(size, lb=0.1)", "exponential", {}),
    ("truncated(share, lb=0.1, ub=0.9)", "beta", {}),
    ("constrained(y, lb=-3, ub=4)", "gaussian", SIGMA),
    ("constrained(size, ub=20)", "gamma", {}),
]
LINKS = {"gamma": "log", "exponential": "log", "weibull": "log"}


def made(response: str, family: str, further: dict) -> hw.Fit:
    options = {"priors": {**FLAT, **further}, "noncentered": False}
    if family in LINKS:
        options["link"] = LINKS[family]
    return invented(f"{response} ~ x + (1 | g)", family, rows(), options=options)


def compiled(fit: hw.Fit) -> np.ndarray:
    """The likelihood of Bambi's compiled model, row by row, at each draw."""
    built = fit.model.backend.model
    (observed,) = built.observed_RVs
    inputs = built.value_vars
    per_row = function(inputs, built.logp(vars=observed, sum=False)[0], on_unused_input="ignore")
    posterior, slope = fit.posterior, fit.data["x"].mean()
    posterior = posterior.assign(Intercept=posterior["Intercept"] + slope * posterior["x"])
    points = {}
    for value in inputs:
        name, *transformed = value.name.split("_log__")
        drawn = posterior[name].transpose("chain", "draw", ...).to_numpy()
        points[value.name] = np.log(drawn) if transformed else drawn
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    return np.array(
        [
            [per_row(*(points[value.name][c, d] for value in inputs)) for d in range(draws)]
            for c in range(chains)
        ]
    )


@pytest.mark.filterwarnings("ignore:invalid value encountered in subtract")
@pytest.mark.parametrize(("response", "family", "further"), CASES)
def test_it_is_what_pymc_compiles(response, family, further):
    """PyMC's normal distribution function has the root of 2 in single precision; by SciPy below."""
    fit = made(response, family, further)
    some = hw.wrap(fit.model, fit.idata.isel(draw=slice(5)))
    expected = compiled(some)
    assert np.isfinite(expected).all()
    single = family == "gaussian" and not response.startswith("weighted")
    near = 2e-5 if single else 1e-10
    np.testing.assert_allclose(log_likelihood(some), expected, rtol=near, atol=near)
    np.testing.assert_allclose(total(some), log_likelihood(some).sum(axis=-1), rtol=1e-10)


def test_a_normal_is_scipys_and_far_tails_stay_finite():
    rng = np.random.default_rng(1)
    mu, sigma = rng.normal(size=(30, 12)), rng.gamma(3, 0.3, (30, 1))
    y = rng.normal(size=12)
    plain = stats.norm.logpdf(y, mu, sigma)
    status = np.array([-1.0, 0, 1] * 4)
    found = altered.log_density("gaussian", responses.Altered(status=status), y, plain, [mu, sigma])
    expected = np.select(
        [status < 0, status > 0],
        [stats.norm.logcdf(y, mu, sigma), stats.norm.logsf(y, mu, sigma)],
        plain,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    low, high = y - rng.gamma(1, 1, 12), y + rng.gamma(1, 1, 12)
    low[::3], high[1::3] = -np.inf, np.inf
    bounds = responses.Altered(lower=low, upper=high)
    found = altered.log_density("gaussian", bounds, y, plain, [mu, sigma])
    a, b = (low - mu) / sigma, (high - mu) / sigma
    np.testing.assert_allclose(
        found, stats.truncnorm(a, b, mu, sigma).logpdf(y), rtol=1e-9, atol=1e-9
    )
    outside = altered.log_density("gaussian", bounds, high + 1, plain, [mu, sigma])
    assert (outside[:, high < np.inf] == -np.inf).all()
    far = altered.log_mass(
        "gaussian", np.array([40.0]), np.array([41.0]), [np.zeros((1, 1)), np.ones((1, 1))]
    )
    assert far[0, 0] == pytest.approx(stats.norm.logsf(40), rel=1e-12)


@pytest.mark.parametrize(
    ("family", "values", "density"),
    [
        ("t", (0.3, 1.2, 4.0), lambda y: stats.t.pdf(y, 4.0, 0.3, 1.2)),
        ("gamma", (1.5, 2.5), lambda y: stats.gamma.pdf(y, 2.5, scale=1.5 / 2.5)),
        ("beta", (0.3, 5.0), lambda y: stats.beta.pdf(y, 1.5, 3.5)),
    ],
)
@pytest.mark.parametrize("ends", [(0.2, 0.7), (0.05, 0.1), (0.7, 0.95)])
def test_a_mass_is_the_integral_of_the_density(family, values, density, ends):
    given = [np.full((1, 1), value) for value in values]
    low, high = (np.array([end]) for end in ends)
    found = altered.log_mass(family, low, high, given)
    assert np.exp(found[0, 0]) == pytest.approx(
        integrate.quad(density, ends[0], ends[1])[0], rel=1e-9
    )


@pytest.mark.parametrize(("low", "high"), [(0, 3), (2, 2), (3, np.inf), (-np.inf, 4)])
def test_a_mass_of_counts_is_the_sum(low, high):
    counts = np.arange(max(low, 0), min(high, 200) + 1)
    ends = [np.array([float(low)]), np.array([float(high)])]
    found = altered.log_mass("poisson", ends[0], ends[1], [np.full((1, 1), 2.5)])
    assert np.exp(found[0, 0]) == pytest.approx(stats.poisson.pmf(counts, 2.5).sum(), rel=1e-12)
    found = altered.log_mass(
        "negativebinomial", ends[0], ends[1], [np.full((1, 1), 2.5), np.full((1, 1), 1.3)]
    )
    each = stats.nbinom.pmf(counts, 1.3, 1.3 / 3.8)
    assert np.exp(found[0, 0]) == pytest.approx(each.sum(), rel=1e-10)


@pytest.mark.parametrize(
    ("family", "link", "y", "other"),
    [
        ("bernoulli", "logit", 0.0, ()),
        ("bernoulli", "probit", 0.0, ()),
        ("bernoulli", "cloglog", 0.0, ()),
        ("binomial", "logit", (2.0, 3.0), ()),
        ("negativebinomial", "log", 3.0, (2.0,)),
        ("gamma", "log", 3.0, (2.0,)),
    ],
)
def test_no_density_is_zero_by_rounding(family, link, y, other):
    """At a linear predictor of 40 a probability rounds to 1, and the row to an impossible one."""
    names = DENSITIES[family][0]
    density = rowwise(family, {names[0]: link})
    constants = {n: np.full((1, 1), v) for n, v in zip(names[1:], other, strict=True)}
    response = np.array([y])
    eta = 5.0 if link == "cloglog" else 40.0
    found = density(response, {names[0]: np.full((1, 1), eta)}, constants, {})[0, 0]
    p = {
        ("bernoulli", "logit"): -40.0,
        ("bernoulli", "probit"): stats.norm.logsf(40),
        ("bernoulli", "cloglog"): -np.exp(5.0),
        ("binomial", "logit"): np.log(3) - 40.0,
        ("negativebinomial", "log"): np.log(4) + 2 * (np.log(2) - 40.0),
        ("gamma", "log"): np.log(4 * 3) - 80.0,
    }[family, link]
    assert found == pytest.approx(p, rel=1e-12)
