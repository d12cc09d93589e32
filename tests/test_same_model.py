"""The model that samples is the one that the formula says, and others are refused."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import models, same_model, sampling, terms
from hierwidgets.tables.log_likelihood import as_given

N = 120


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    found = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "z": rng.normal(size=N),
            "p": rng.normal(size=N),
            "b": rng.random(N) < 0.5,
            "c": rng.choice(list("uv"), N),
            "g": np.repeat(list("abcdef"), 20),
            "h": rng.choice(list("ABCD"), N),
            "tick": rng.poisson(3, N),
            "yes": rng.integers(0, 2, N),
            "all": 10,
        }
    )
    found["grade"] = pd.Categorical(
        rng.choice(list("lmh"), N), categories=list("lmh"), ordered=True
    )
    words = {name: found[name].astype("category") for name in "cgh"}
    return found.assign(y=rng.normal(size=N), **words)


SLOPES = ["x:z", "x*z", "x:z:p", "poly(x, 1)", "b:x", "poly(x, 1):z"]
HELD = ["x", "b", "x:c", "0 + x:c", "x:z:c", "poly(x, 2)", "poly(x, 2):z", "I(x * z)"]


@pytest.mark.parametrize("slope", SLOPES)
def test_bambis_own_program_is_refused_by_the_terms_name(slope, data):
    model = bmb.Model(f"y ~ x * c + ({slope} | g)", data)
    model.build()
    name = "x:z" if slope == "x*z" else slope
    with pytest.raises(ValueError, match="not what the formula says") as error:
        same_model.check(model)
    assert f"{name}|g" in str(error.value)
    assert ("I(" if ":" in name and "(" not in name else "a column of the data") in str(error.value)


@pytest.mark.parametrize("slope", SLOPES + HELD)
@pytest.mark.parametrize("correlated", [False, True])
def test_ours_is_what_the_formula_says(slope, correlated, data):
    model, _ = models.build(f"y ~ x * c + ({slope} | g)", data, correlated=correlated)
    sampling.build(model)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x + (x | g) + (1 | h)", {"correlated": ["g"]}),
        ("tick ~ x + offset(z) + (x:z | g)", {"family": "poisson"}),
        ("p(yes, all) ~ x + (1 | g)", {"family": "binomial"}),
        ("yes ~ c + (x:z | g)", {"family": "bernoulli", "noncentered": False}),
        ("grade ~ x + (x | g)", {"family": "cumulative"}),
        ("c ~ x + (1 | g)", {"family": "categorical"}),
        ("y ~ x + (1 | g)", {"family": "t"}),
        ("y ~ x + (1 | g / h)", {}),
        ("y ~ x + (x | g)", {"center_predictors": False}),
        ("y ~ 0 + x + (1 | g)", {"priors": {"sigma": 2.0}}),
        (bmb.Formula("y ~ x + (x | g)", "sigma ~ z + (x:z | h)"), {}),
    ],
)
def test_families_offsets_and_further_components(formula, options, data):
    model, _ = models.build(formula, data, **options)
    sampling.build(model)


def test_a_difference_of_any_cause_is_refused(data):
    model, _ = models.build("y ~ x + (z | g)", data)
    model.build()
    expression = model.parameters["mu"].group_specific_terms["z|g"].term.expr
    expression.data = np.asarray(expression.data) * 1.01
    with pytest.raises(ValueError, match=r"'z\|g'"):
        same_model.check(model)


@pytest.fixture(scope="module")
def product():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=240), "z": rng.normal(size=240)})
    data["g"] = np.repeat(list("abcdefgh"), 30)
    slopes = dict(zip("abcdefgh", rng.normal(0, 1, 8), strict=True))
    data["y"] = data["g"].map(slopes) * data["x"] * data["z"] + rng.normal(0, 0.2, 240)
    fit = hw.fit(
        "y ~ 1 + (0 + x:z | g)", data, draws=500, tune=500, chains=2, random_seed=4, progress=False
    )
    return data, slopes, fit


def test_a_slope_of_two_numbers_has_the_posterior_of_its_product(product):
    """With this little noise, a group's slope is its own least squares, of sd sigma / |xz|."""
    data, slopes, fit = product
    draws = fit.posterior["x:z|g"]
    sigma = float(fit.posterior["sigma"].mean())
    assert sigma == pytest.approx(0.2, rel=0.2)
    for group, rows in data.groupby("g"):
        product = rows["x"] * rows["z"]
        sd = sigma / np.sqrt((product**2).sum())
        own = draws.sel(g__factor_dim=group)
        assert float(own.std()) == pytest.approx(sd, rel=0.15)
        assert float(own.mean()) == pytest.approx(slopes[str(group)], abs=4 * sd)
    assert fit.shrinkage("x:z|g").data["weight"].between(0.9, 1).all()


def test_it_is_saved_loaded_and_predicts(product, tmp_path):
    data, _, fit = product
    loaded = hw.load(fit.save(tmp_path / "product.nc"))
    np.testing.assert_allclose(
        loaded.predict(data.head(8))["mean"], fit.predict(data.head(8))["mean"], rtol=1e-12
    )
    sampling.build(loaded.model)


def test_wrapped_draws_of_another_model_are_refused(product):
    data, _, fit = product
    theirs = bmb.Model("y ~ 1 + (0 + x:z | g)", data.astype({"g": "category"}))
    with pytest.raises(ValueError, match=r"'x:z\|g' is not what the formula says.*hw.fit"):
        hw.wrap(theirs, fit.idata)
    hw.wrap(fit.model, fit.idata)


def test_wrapped_draws_are_compared_with_the_mu_they_bring(sleep_fit):
    tree = sleep_fit.idata.isel(draw=slice(0, 20)).copy()
    mu = terms.linear_predictor(sleep_fit.model, tree["posterior"].to_dataset(), "mu")
    dims = ("chain", "draw", "__obs__")
    tree["posterior"] = tree["posterior"].to_dataset().assign(mu=(dims, mu))
    hw.wrap(sleep_fit.model, tree)
    tree["posterior"] = tree["posterior"].to_dataset().assign(mu=(dims, mu + 1))
    with pytest.raises(ValueError, match="another one"):
        hw.wrap(sleep_fit.model, tree)


@pytest.fixture(scope="module")
def with_likelihood(sleep_fit):
    """Twenty draws with the log likelihood that Bambi computes, and the mean of other rows."""
    tree = sleep_fit.idata.isel(draw=slice(0, 20)).copy()
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = posterior.drop_vars("mu", errors="ignore")
    tree = sleep_fit.model.compute_log_likelihood(tree, inplace=False)
    posterior = tree["posterior"].to_dataset()
    posterior["mu"].values = posterior["mu"].to_numpy()[..., ::-1].copy()
    tree["posterior"] = posterior
    return tree


def test_wrapped_draws_are_compared_with_the_log_likelihood_they_bring(sleep_fit, with_likelihood):
    assert as_given(hw.wrap(sleep_fit.model, with_likelihood)) is True
    tree = with_likelihood.copy()
    for scale in (1.0, np.nan):
        moved = tree["log_likelihood"].to_dataset()
        moved["Reaction"][:, :2] *= scale
        moved["Reaction"][0, 12, 7] -= 1.0
        tree["log_likelihood"] = moved
        with pytest.raises(ValueError, match="another one"):
            hw.wrap(sleep_fit.model, tree)


def test_a_mean_of_other_rows_is_named_with_the_way_out(sleep_fit, with_likelihood):
    tree = with_likelihood.copy()
    del tree["log_likelihood"]
    with pytest.raises(ValueError, match=r"prediction for other rows.*drop_vars\('mu'\)"):
        hw.wrap(sleep_fit.model, tree)
    tree["posterior"] = tree["posterior"].to_dataset().drop_vars("mu")
    hw.wrap(sleep_fit.model, tree)


@pytest.mark.parametrize("added", ["", "mu", "log likelihood"])
def test_bambis_own_draws_of_a_product_are_refused_with_all_that_bambi_adds(added, data):
    model = bmb.Model("y ~ x + (0 + x:z | g)", data)
    draws = model.fit(
        draws=10, tune=10, chains=1, random_seed=1, progressbar=False, inference_method="nutpie",
        compute_convergence_checks=False,
    )  # fmt: skip
    if added == "mu":
        model.predict(draws, kind="response_params")
        assert "mu" in draws["posterior"]
    if added == "log likelihood":
        model.compute_log_likelihood(draws)
        assert "log_likelihood" in draws.children
    with pytest.raises(ValueError, match=r"'x:z\|g' is not what the formula says.*hw.fit"):
        hw.wrap(model, draws)


@pytest.fixture(scope="module")
def with_mu(data):
    """A Poisson model and draws of it with the mean they belong to; year times a slope overflows."""

    def make(slope, dtype="float64"):
        rows = data.assign(year=np.tile(np.arange(1950.0, 1970.0), 6))
        model, _ = models.build("tick ~ year + (1 | g)", rows, family="poisson")
        rng = np.random.default_rng(5)
        shape = (2, 9)
        draws = {
            "Intercept": (("chain", "draw"), 1 - 1960 * slope + rng.normal(0, 0.1, shape)),
            "year": (("chain", "draw"), np.full(shape, slope)),
            "1|g_sigma": (("chain", "draw"), np.ones(shape)),
            "1|g": (("chain", "draw", "g__factor_dim"), rng.normal(size=(*shape, 6))),
        }
        coords = {"chain": [0, 1], "draw": range(9), "g__factor_dim": list("abcdef")}
        posterior = xr.Dataset(draws, coords)
        with np.errstate(over="ignore"):
            mu = terms.linear_predictor(model, posterior, "mu", inverse=True)
        found = posterior.assign(mu=(("chain", "draw", "__obs__"), mu))
        return model, found.astype(dtype)

    return make


def tree_of(posterior):
    return xr.DataTree.from_dict({"posterior": posterior})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [(0, 0), (1, slice(4, None)), (slice(None), slice(None))])
def test_broken_draws_are_no_other_model(value, where, with_mu):
    model, posterior = with_mu(0.02)
    for name in ("Intercept", "mu"):
        posterior[name][where] = value
    hw.wrap(model, tree_of(posterior))


def test_a_mean_that_overflows_is_no_other_model(with_mu):
    model, posterior = with_mu(200.0)
    assert not np.isfinite(posterior["mu"]).all()
    hw.wrap(model, tree_of(posterior))


def test_single_precision_is_no_other_model(with_mu):
    model, posterior = with_mu(0.2, "float32")
    hw.wrap(model, tree_of(posterior))


@pytest.mark.parametrize("slope", [0.02, 200.0])
def test_broken_draws_do_not_hide_another_model_in_the_others(slope, with_mu):
    model, posterior = with_mu(slope)
    posterior["mu"] = posterior["mu"] * 1.01
    for name in ("Intercept", "mu"):
        posterior[name][0, 0] = np.nan
    with pytest.raises(ValueError, match="another one"):
        hw.wrap(model, tree_of(posterior))


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("y ~ x | g", r"'\|' is out of place. Groups stand in parentheses"),
        ("y ~ x + (1 | g) % z", "'%' is out of place"),
        ("y ~ x + (1 | g))", r"'\)' is out of place"),
    ],
)
def test_a_formula_is_read_to_its_end(formula, said, data):
    with pytest.raises(ValueError, match=said):
        hw.fit(formula, data)
