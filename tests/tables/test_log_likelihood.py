"""The log likelihood of every row against Bambi's own, which compiles the model."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierwidgets as hw
from hierwidgets.tables import log_likelihood
from hierwidgets.tables.log_likelihood import _closed, by_rows, total
from hierwidgets.tables.log_likelihood import log_likelihood as pointwise

KINDS = [
    ("y ~ x + (x | c)", {}),
    ("y ~ x + (x | c)", {"correlated": True}),
    ("y ~ x + kind + offset(x) + (kind | c)", {"noncentered": False}),
    (bmb.Formula("y ~ x + (1 | c)", "sigma ~ x + (1 | c)"), {}),
    (bmb.Formula("y ~ x + (1 | c)", "nu ~ 1"), {"family": "t"}),
    ("y ~ x + (1 | c)", {"family": "t"}),
    ("yes ~ x + (1 | c)", {"family": "bernoulli"}),
    ("yes ~ x + (1 | c)", {"family": "bernoulli", "link": "probit"}),
    ("p(hits, tries) ~ x + (x | c)", {"family": "binomial"}),
    ("count ~ x + (1 | c)", {"family": "poisson"}),
    ("count ~ x + (1 | c)", {"family": "negativebinomial"}),
    (bmb.Formula("size ~ x + (1 | c)", "alpha ~ x"), {"family": "gamma", "link": "log"}),
    ("share ~ x + (1 | c)", {"family": "beta"}),
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    n = 90
    c = np.arange(n) % 6
    x = rng.normal(3, 1, n)
    mean = -0.6 + 0.3 * x + 0.5 * rng.normal(size=6)[c]
    return pd.DataFrame(
        {
            "x": x,
            "c": c.astype(str),
            "kind": pd.Categorical(rng.choice(["lo", "mid", "hi"], n)),
            "y": mean + rng.normal(size=n),
            "yes": rng.binomial(1, 1 / (1 + np.exp(-mean))),
            "hits": rng.binomial(6, 1 / (1 + np.exp(-mean))),
            "tries": 6,
            "count": rng.poisson(np.exp(mean)),
            "size": rng.gamma(3, np.exp(mean) / 3),
            "share": np.clip(rng.beta(2, 2, n), 0.01, 0.99),
            "grade": pd.Categorical(np.digitize(mean, [-0.3, 0.5]), ordered=True),
            "weight": rng.uniform(0.5, 2, n),
            "state": ["none", "right", "left"] * (n // 3),
        }
    )


def short(formula, data, **options):
    return hw.fit(
        formula, data, draws=40, tune=80, chains=2, random_seed=1, progress=False, **options
    )


def bambis(fit):
    tree = xr.DataTree.from_dict({"posterior": fit.posterior})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Cannot cache compiled function")
        computed = fit.model.compute_log_likelihood(tree, inplace=False)
    (values,) = computed["log_likelihood"].data_vars.values()
    return values.transpose("chain", "draw", ...).to_numpy()


@pytest.mark.parametrize(("formula", "options"), KINDS)
def test_it_is_bambis(formula, options, data):
    fit = short(formula, data, **options)
    before = fit.idata.copy(deep=True)
    found = pointwise(fit)
    assert _closed(fit.model)
    np.testing.assert_allclose(found, bambis(fit), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(total(fit), found.sum(axis=-1), rtol=1e-12)
    blocks = np.concatenate([block for _, block in by_rows(fit, 80 * 7)])
    np.testing.assert_allclose(blocks, found.reshape(80, -1).T, rtol=1e-12, atol=1e-12)
    assert fit.idata.identical(before)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("grade ~ x + (1 | c)", {"family": "cumulative"}),
        ("y ~ hsgp(x, m=4, c=1.5) + (1 | c)", {}),
    ],
)
def test_what_has_no_closed_form_here_is_left_to_bambi(formula, options, data):
    fit = short(formula, data, **options)
    before = fit.idata.copy(deep=True)
    found = pointwise(fit)
    assert not _closed(fit.model)
    np.testing.assert_array_equal(found, bambis(fit).reshape(found.shape))
    assert found.shape == (2, 40, len(data))
    assert pointwise(fit) is found
    assert fit.idata.identical(before)


def test_bambi_is_asked_for_some_draws_after_others_and_once(data, monkeypatch):
    fit = short("grade ~ x + (1 | c)", data, family="cumulative")
    whole = pointwise(fit)
    again, asked, told = hw.wrap(fit.model, fit.idata), [], []
    compute = fit.model.compute_log_likelihood

    def counted(tree, **options):
        asked.append(tree["posterior"].sizes["draw"])
        return compute(tree, **options)

    @contextmanager
    def heard(what, total):
        told.append((what, total))
        yield told.append

    monkeypatch.setattr(fit.model, "compute_log_likelihood", counted)
    monkeypatch.setattr(log_likelihood, "bar", heard)
    monkeypatch.setattr(log_likelihood, "_CHUNK", 2 * len(data) * 15)
    monkeypatch.setattr(log_likelihood, "_MOST_IN_MEMORY", 100)
    found = pointwise(again)
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, whole)
    np.testing.assert_array_equal(total(again), whole.sum(axis=-1))
    assert asked == [15, 15, 10]
    assert told == [("log likelihood of 90 rows", 40), 15, 15, 10]


def test_a_weighted_row_counts_as_often_as_its_weight(data):
    fit = short("weighted(y, weight) ~ x + (1 | c)", data)
    plain = hw.wrap(short("y ~ x + (1 | c)", data).model, fit.idata)
    expected = data["weight"].to_numpy() * pointwise(plain)
    np.testing.assert_allclose(pointwise(fit), expected, rtol=1e-13)
    np.testing.assert_allclose(total(fit), expected.sum(axis=-1), rtol=1e-12)


def test_batches_are_one_whole(sleep_fit, monkeypatch):
    whole = pointwise(sleep_fit)
    monkeypatch.setattr(log_likelihood, "_BATCH", 180 * 137)
    np.testing.assert_array_equal(pointwise(sleep_fit), whole)
    assert whole.shape == (4, 1000, 180)


def test_a_row_at_a_draw_by_scipy(sleep_fit):
    mu = bambi_mean(sleep_fit)
    sigma = sleep_fit.posterior["sigma"].to_numpy()[..., None]
    expected = stats.norm.logpdf(sleep_fit.data["Reaction"].to_numpy(), mu, sigma)
    np.testing.assert_allclose(pointwise(sleep_fit), expected, rtol=1e-10)


def test_a_known_scale_of_each_row(data):
    """Bambi 0.21 cannot predict a component that is an offset alone."""
    fit = short(bmb.Formula("y ~ 1 + (1 | c)", "sigma ~ 0 + offset(log(size))"), data)
    groups = fit.posterior["1|c"].transpose("chain", "draw", ...).sel(c__factor_dim=list(data["c"]))
    mu = fit.posterior["Intercept"].to_numpy()[..., None] + groups.to_numpy()
    expected = stats.norm.logpdf(data["y"].to_numpy(), mu, data["size"].to_numpy())
    np.testing.assert_allclose(pointwise(fit), expected, rtol=1e-12)


def bambi_mean(fit):
    tree = xr.DataTree.from_dict({"posterior": fit.posterior})
    return fit.model.predict(tree, inplace=False)["posterior"]["mu"].to_numpy()


def test_a_group_of_the_tree_is_taken(data):
    fit = short("y ~ x + (1 | c)", data)
    values = pointwise(fit) * (1 + 1e-6)
    dims = ("chain", "draw", "__obs__")
    for drawn, used in ((values, True), (values[:, :20], False)):
        tree = xr.DataTree.from_dict(
            {"posterior": fit.posterior, "log_likelihood": xr.Dataset({"y": (dims, drawn)})}
        )
        wrapped = hw.wrap(fit.model, tree)
        assert np.array_equal(pointwise(wrapped), values) is used
        assert np.array_equal(total(wrapped), values.sum(axis=-1)) is used
