"""Densities of left-out groups, at single draws, against SciPy's multivariate normal and dense sums."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from hierwidgets.tables import left_out
from hierwidgets.tables.left_out import Draws
from hierwidgets.tables.loo_groups import Grouping
from tests.synthetic import made_up_of as made_up

FEW = [0, 17, 41, 79]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    n = 96
    c = rng.integers(0, 6, n)
    x = rng.normal(0, 1, n)
    mean = -0.2 + 0.4 * x + 0.6 * rng.normal(size=6)[c]
    return pd.DataFrame(
        {
            "x": x,
            "c": c.astype(str),
            "item": (np.arange(n) % 7).astype(str),
            "class": rng.integers(0, 3, n).astype(str),
            "kind": rng.choice(["lo", "mid", "hi"], n),
            "y": mean + rng.normal(size=n),
            "yes": rng.binomial(1, special.expit(mean)),
            "hits": rng.binomial(6, special.expit(mean)),
            "tries": 6,
            "count": rng.poisson(np.exp(mean)),
            "size": rng.gamma(3, np.exp(mean) / 3),
            "share": np.clip(rng.beta(2, 2, n), 0.01, 0.99),
            "grade": pd.Categorical(np.digitize(mean, [-0.3, 0.5]), ordered=True),
            "weight": rng.uniform(0.5, 2, n),
            "state": ["none", "right", "left"] * (n // 3),
        }
    )


def flat(fit, name, **where):
    values = fit.posterior[name].sel(where).transpose("chain", "draw", ...).to_numpy()
    return values.reshape(80, *values.shape[2:])


def own(fit, factor, group):
    mine = Grouping.of(fit, factor).rows(group)
    found = Draws(fit).density(mine)
    assert found.reason == ""
    assert found.log is not None
    return fit.data.iloc[mine], found.log


@pytest.mark.parametrize("correlated", [False, True])
def test_a_gaussian_group_is_multivariate_normal(correlated, data):
    fit = made_up("y ~ x + (x | c)", data, correlated=correlated)
    for group in fit.factors["c"]:
        rows, found = own(fit, "c", group)
        Z = np.column_stack([np.ones(len(rows)), rows["x"]])
        for s in FEW:
            tau = np.array([flat(fit, "1|c_sigma")[s], flat(fit, "x|c_sigma")[s]])
            corr = flat(fit, "c_corr")[s] if correlated else np.eye(2)
            covariance = Z @ (tau[:, None] * corr * tau) @ Z.T
            covariance += flat(fit, "sigma")[s] ** 2 * np.eye(len(rows))
            mean = flat(fit, "Intercept")[s] + flat(fit, "x")[s] * rows["x"].to_numpy()
            expected = stats.multivariate_normal.logpdf(rows["y"], mean, covariance)
            np.testing.assert_allclose(found[s], expected, rtol=1e-9)


def test_crossed_effects_stand_and_nested_ones_are_new(data):
    fit = made_up("y ~ x + (1 | c/class) + (1 | item)", data)
    rows, found = own(fit, "c", "3")
    items, classes = rows["item"].astype(int).to_numpy(), rows["class"].to_numpy()
    same = classes[:, None] == classes[None, :]
    for s in FEW:
        covariance = flat(fit, "1|c_sigma")[s] ** 2 + flat(fit, "1|c:class_sigma")[s] ** 2 * same
        covariance = covariance + flat(fit, "sigma")[s] ** 2 * np.eye(len(rows))
        mean = flat(fit, "Intercept")[s] + flat(fit, "x")[s] * rows["x"].to_numpy()
        mean = mean + flat(fit, "1|item")[s][items]
        expected = stats.multivariate_normal.logpdf(rows["y"], mean, covariance)
        np.testing.assert_allclose(found[s], expected, rtol=1e-9)


def test_a_class_left_out_keeps_its_school(data):
    fit = made_up("y ~ 1 + (1 | c/class)", data)
    group = fit.factors["c:class"][4]
    rows, found = own(fit, "c:class", group)
    school = fit.factors["c"].index(rows["c"].iloc[0])
    for s in FEW:
        covariance = flat(fit, "1|c:class_sigma")[s] ** 2 + flat(fit, "sigma")[s] ** 2 * np.eye(
            len(rows)
        )
        mean = flat(fit, "Intercept")[s] + flat(fit, "1|c")[s][school]
        expected = stats.multivariate_normal.logpdf(rows["y"], np.full(len(rows), mean), covariance)
        np.testing.assert_allclose(found[s], expected, rtol=1e-9)


def test_categorical_slopes_and_a_modelled_scale(data):
    fit = made_up(bmb.Formula("y ~ kind + (0 + kind | c)", "sigma ~ x"), data)
    rows, found = own(fit, "c", "2")
    levels = list(fit.posterior["kind|c_sigma"]["kind__expr_dim"].to_numpy())
    Z = np.array([[kind == level for level in levels] for kind in rows["kind"]], float)
    common = ["lo", "mid"]
    for s in FEW:
        tau = flat(fit, "kind|c_sigma")[s]
        sigma = np.exp(flat(fit, "sigma_Intercept")[s] + flat(fit, "sigma_x")[s] * rows["x"])
        covariance = Z @ np.diag(tau**2) @ Z.T + np.diag(sigma.to_numpy() ** 2)
        b = flat(fit, "kind", kind_dim=common)[s]
        mean = flat(fit, "Intercept")[s] + sum(
            (rows["kind"] == level).to_numpy() * b[i] for i, level in enumerate(common)
        )
        expected = stats.multivariate_normal.logpdf(rows["y"], mean, covariance)
        np.testing.assert_allclose(found[s], expected, rtol=1e-9)


def dense(log, tau):
    """The integral over one effect with standard deviation tau, by a dense sum."""
    z = np.linspace(-11, 11, 6001)
    return special.logsumexp(log(tau * z[:, None]) + stats.norm.logpdf(z)) + np.log(z[1] - z[0])


def aux(fit, name, s):
    return flat(fit, name)[s]


ROWWISE = {
    "bernoulli": ("yes", {}, lambda f, s, r, e: stats.bernoulli.logpmf(r["yes"], special.expit(e))),
    "probit": (
        "yes",
        {"family": "bernoulli", "link": "probit"},
        lambda f, s, r, e: stats.bernoulli.logpmf(r["yes"], special.ndtr(e)),
    ),
    "binomial": (
        "p(hits, tries)",
        {},
        lambda f, s, r, e: stats.binom.logpmf(r["hits"], 6, special.expit(e)),
    ),
    "poisson": ("count", {}, lambda f, s, r, e: stats.poisson.logpmf(r["count"], np.exp(e))),
    "negativebinomial": (
        "count",
        {},
        lambda f, s, r, e: stats.nbinom.logpmf(
            r["count"], aux(f, "alpha", s), aux(f, "alpha", s) / (aux(f, "alpha", s) + np.exp(e))
        ),
    ),
    "gamma": (
        "size",
        {"link": "log"},
        lambda f, s, r, e: stats.gamma.logpdf(
            r["size"], aux(f, "alpha", s), scale=np.exp(e) / aux(f, "alpha", s)
        ),
    ),
    "beta": (
        "share",
        {},
        lambda f, s, r, e: stats.beta.logpdf(
            r["share"],
            special.expit(e) * aux(f, "kappa", s),
            special.expit(-e) * aux(f, "kappa", s),
        ),
    ),
    "t": (
        "y",
        {},
        lambda f, s, r, e: stats.t.logpdf(r["y"], aux(f, "nu", s), e, aux(f, "sigma", s)),
    ),
    "gaussian, log link": (
        "size",
        {"family": "gaussian", "link": "log"},
        lambda f, s, r, e: stats.norm.logpdf(r["size"], np.exp(e), aux(f, "sigma", s)),
    ),
}


@pytest.mark.parametrize("name", ROWWISE)
def test_one_effect_of_every_family(name, data):
    response, options, density = ROWWISE[name]
    fit = made_up(f"{response} ~ x + (1 | c)", data, **{"family": name, **options})
    for group in ("1", "4"):
        rows, found = own(fit, "c", group)
        values = {column: rows[column].to_numpy() for column in rows}
        for s in FEW:
            base = aux(fit, "Intercept", s) + aux(fit, "x", s) * values["x"]

            def log(u, s=s, base=base, values=values):
                return density(fit, s, values, base + u).sum(axis=1)

            np.testing.assert_allclose(found[s], dense(log, aux(fit, "1|c_sigma", s)), atol=1e-6)


def test_ordered_answers(data):
    fit = made_up("grade ~ x + (1 | c)", data, family="cumulative")
    rows, found = own(fit, "c", "0")
    k = rows["grade"].cat.codes.to_numpy().astype(int)
    for s in FEW:
        cuts = np.concatenate([[-np.inf], aux(fit, "threshold", s), [np.inf]])
        base = aux(fit, "x", s) * rows["x"].to_numpy()

        def log(u, cuts=cuts, base=base):
            eta = base + u
            p = special.expit(cuts[k + 1] - eta) - special.expit(cuts[k] - eta)
            return np.log(p).sum(axis=1)

        np.testing.assert_allclose(found[s], dense(log, aux(fit, "1|c_sigma", s)), atol=1e-6)


@pytest.mark.parametrize("correlated", [False, True])
def test_two_effects_on_a_plane(correlated, data):
    fit = made_up("count ~ x + (x | c)", data, family="poisson", correlated=correlated)
    rows, found = own(fit, "c", "5")
    z = np.linspace(-9, 9, 361)
    mesh = np.stack([m.ravel() for m in np.meshgrid(z, z)], axis=1)
    for s in FEW:
        tau = np.array([aux(fit, "1|c_sigma", s), aux(fit, "x|c_sigma", s)])
        corr = flat(fit, "c_corr")[s] if correlated else np.eye(2)
        u = mesh @ np.linalg.cholesky(tau[:, None] * corr * tau).T
        x = rows["x"].to_numpy()
        eta = aux(fit, "Intercept", s) + aux(fit, "x", s) * x + u[:, [0]] + u[:, [1]] * x
        logs = stats.poisson.logpmf(rows["count"].to_numpy(), np.exp(eta)).sum(axis=1)
        expected = special.logsumexp(logs + stats.norm.logpdf(mesh).sum(axis=1))
        np.testing.assert_allclose(found[s], expected + 2 * np.log(z[1] - z[0]), atol=1e-6)


def test_a_group_effect_on_the_scale_is_integrated_around_the_normal(data):
    fit = made_up(bmb.Formula("y ~ x + (1 | c)", "sigma ~ 1 + (1 | c)"), data)
    rows, found = own(fit, "c", "1")
    v = np.linspace(-8, 8, 801)
    for s in FEW:
        mean = aux(fit, "Intercept", s) + aux(fit, "x", s) * rows["x"].to_numpy()
        logs = []
        for one in v:
            sigma = np.exp(aux(fit, "sigma_Intercept", s) + aux(fit, "sigma_1|c_sigma", s) * one)
            covariance = aux(fit, "1|c_sigma", s) ** 2 + sigma**2 * np.eye(len(rows))
            logs.append(
                stats.multivariate_normal.logpdf(rows["y"], mean, covariance, allow_singular=True)
            )
        expected = special.logsumexp(logs + stats.norm.logpdf(v)) + np.log(v[1] - v[0])
        np.testing.assert_allclose(found[s], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("formula", "options", "reason"),
    [
        ("count ~ (x + weight | c)", {"family": "poisson"}, "3 effects are new in it"),
        ("y ~ (x | c)", {"family": "t"}, "where there may be several modes"),
        (
            "censored(size, state) ~ (1 | c)",
            {"family": "exponential", "link": "log"},
            "the distribution of the exponential family between bounds",
        ),
        ("y ~ hsgp(x, m=4, c=1.5) + (1 | c)", {}, "the Gaussian process"),
        ("kind ~ x + (1 | c)", {"family": "categorical"}, "the density of the categorical family"),
        (
            "y ~ x + (1 | c)",
            {
                "priors": {
                    "1|c": bmb.Prior("StudentT", nu=4, mu=0, sigma=bmb.Prior("HalfNormal", sigma=1))
                },
                "noncentered": False,
            },
            "not Normal around zero",
        ),
    ],
)
def test_where_there_is_no_density_a_reason_stands(formula, options, reason, data):
    fit = made_up(formula, data, **options)
    found = Draws(fit).density(Grouping.of(fit, "c").rows("1"))
    assert found.log is None
    assert reason in found.reason


def test_chunks_are_one_whole(data, monkeypatch):
    fit = made_up("count ~ x + (1 | c)", data, family="poisson")
    mine = Grouping.of(fit, "c").rows("1")
    whole = Draws(fit).density(mine).log
    assert whole is not None
    monkeypatch.setattr(left_out, "_BATCH", 7 * len(mine))
    parts = Draws(fit).density(mine).log
    assert parts is not None
    np.testing.assert_allclose(parts, whole, rtol=1e-9)
