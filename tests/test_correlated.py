"""Correlated group effects: the prior, the literature, planted correlations, and every use after."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import stats

import hierwidgets as hw
from hierwidgets import correlated, models, terms
from hierwidgets.tables.shrinkage import shrinkage

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def fit(sleepstudy):
    return hw.fit(FORMULA, sleepstudy, correlated=True, random_seed=11, progress=False)


def grouped(rho, groups=60, rows=12, seed=0):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    Sigma = np.array([[1.0, rho * 0.8], [rho * 0.8, 0.64]])
    u = rng.multivariate_normal([0, 0], Sigma, size=groups)
    x, z = rng.normal(size=(2, len(g)))
    y = 1 + u[g, 0] + (0.5 + u[g, 1]) * x + rng.normal(0, 0.5, len(g))
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": g, "h": rng.integers(0, 15, len(g))})


def test_sleepstudy_agrees_with_the_reml_fit(fit):
    """Bates, Maechler, Bolker and Walker (2015), Journal of Statistical Software 67(1), section 1."""
    post = fit.posterior
    for name, published in (("Intercept", 251.405), ("Days", 10.467)):
        draws = post[name].to_numpy()
        assert abs(draws.mean() - published) < 0.3 * draws.std()
    for name, published in (
        ("1|Subject_sigma", 24.74),
        ("Days|Subject_sigma", 5.92),
        ("sigma", 25.59),
    ):
        assert post[name].to_numpy().mean() == pytest.approx(published, rel=0.15)
    rho = post["Subject_corr"].sel(Subject__effect="1", Subject__effect_bis="Days").to_numpy()
    lower, upper = np.quantile(rho, [0.1, 0.9])
    assert lower < 0.066 < upper
    assert fit.idata["sample_stats"]["diverging"].to_numpy().sum() <= 2


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.9])
def test_a_planted_correlation_is_recovered(rho):
    fit = hw.fit(
        "y ~ x + (x | g)",
        grouped(rho),
        correlated=True,
        draws=500,
        tune=500,
        random_seed=1,
        progress=False,
    )
    draws = fit.posterior["g_corr"].sel(g__effect="1", g__effect_bis="x").to_numpy().ravel()
    lower, upper = np.quantile(draws, [0.01, 0.99])
    assert lower < rho < upper
    assert draws.std() < 0.2


@pytest.mark.parametrize(("formula", "K"), [("y ~ x + (x | g)", 2), ("y ~ x + z + (x + z | g)", 3)])
@pytest.mark.parametrize("eta", [1.0, 2.0, 4.0])
def test_the_prior_is_lkj(formula, K, eta):
    model, _ = models.build(formula, grouped(0.0), correlated={"g": eta})
    model.build()
    with model.backend.model:
        prior = pm.sample_prior_predictive(draws=4000, var_names=["g_corr"], random_seed=3)
    matrix = prior["prior"]["g_corr"].to_numpy()[0]
    assert np.isfinite(matrix).all()
    np.testing.assert_allclose(np.diagonal(matrix, axis1=1, axis2=2), 1, atol=1e-12)
    assert (np.linalg.eigvalsh(matrix) > 0).all()
    a = eta - 1 + K / 2
    for i in range(K):
        for j in range(i):
            assert stats.kstest((matrix[:, i, j] + 1) / 2, stats.beta(a, a).cdf).pvalue > 0.001


def test_the_scales_keep_their_priors(sleepstudy):
    plain, _ = models.build(FORMULA, sleepstudy)
    joint, _ = models.build(FORMULA, sleepstudy, correlated=True)
    for name in ("1|Subject", "Days|Subject"):
        one, other = (m.parameters["mu"].group_specific_terms[name].prior for m in (plain, joint))
        assert str(one.args["sigma"]) == str(other.args["sigma"])
    for name, prior in models.priors(plain).items():
        assert str(models.priors(joint)[name]) == str(prior)


def test_the_effects_are_scale_times_correlated_normals(fit):
    post = fit.posterior
    varying = fit.effects
    rho = terms.correlation_draws(varying, post)[:, 0, 1]
    tau = np.stack([e.scale_draws(post).ravel() for e in varying], axis=1)
    u = np.stack([e.draws(post).reshape(-1, 18) for e in varying])
    Sigma = terms.covariance_draws(varying, post)
    np.testing.assert_allclose(Sigma[:, 0, 1], rho * tau[:, 0] * tau[:, 1])
    np.testing.assert_allclose(Sigma[:, 1, 1], tau[:, 1] ** 2)
    z = u / tau.T[:, :, None]
    assert z.std() == pytest.approx(1, abs=0.15)


def test_the_weight_knows_the_correlation(fit, sleepstudy):
    post = fit.posterior
    Z = np.column_stack([np.ones(10), sleepstudy.query("Subject == '308'")["Days"]])
    unscaled = np.linalg.inv(Z.T @ Z)
    Sigma = terms.covariance_draws(fit.effects, post)
    V = post["sigma"].to_numpy().ravel()[:, None, None] ** 2 * unscaled
    expected = np.mean(
        [np.diag(S @ np.linalg.inv(S + v)) for S, v in zip(Sigma, V, strict=True)], axis=0
    )
    for k, term in enumerate(("1|Subject", "Days|Subject")):
        row = shrinkage(fit, term).set_index("group").loc["308"]
        assert row["weight"] == pytest.approx(expected[k], rel=1e-9)


@pytest.mark.filterwarnings("ignore:Cannot cache compiled function")
def test_saved_loaded_and_predicting(fit, sleepstudy, tmp_path):
    again = hw.load(fit.save(tmp_path / "fit.nc"))
    pd.testing.assert_frame_equal(again.terms, fit.terms)
    assert correlated.etas(again.model) == {"Subject": 2.0}
    new = sleepstudy.iloc[:20]
    one, other = (f.model.predict(f.idata, data=new, inplace=False) for f in (fit, again))
    np.testing.assert_allclose(one["posterior"]["mu"], other["posterior"]["mu"], rtol=1e-12)
    expected = terms.linear_predictor(fit.model, fit.posterior, "mu")[..., :20]
    np.testing.assert_allclose(one["posterior"]["mu"], expected, rtol=1e-10)
    likelihood = again.model.compute_log_likelihood(again.idata, inplace=False)
    sigma = fit.posterior["sigma"].to_numpy()[..., None]
    whole = terms.linear_predictor(fit.model, fit.posterior, "mu")
    closed = stats.norm(whole, sigma).logpdf(sleepstudy["Reaction"].to_numpy())
    np.testing.assert_allclose(likelihood["log_likelihood"]["Reaction"], closed, rtol=1e-8)


@pytest.mark.parametrize(
    ("formula", "matrices"),
    [
        ("y ~ x + z + (x + z | g)", {"g": 3}),
        ("y ~ x + (x | g) + (x | h)", {"g": 2, "h": 2}),
        ("y ~ c + (c | g)", {"g": 3}),
        ("y ~ x + (x | h / c)", {"h": 2, "h:c": 2}),
        (bmb.Formula("y ~ x + (x | g)", "sigma ~ x + (x | g)"), {"g": 2, "sigma_g": 2}),
    ],
)
def test_every_structure_samples(formula, matrices):
    data = grouped(0.5, groups=12)
    data["c"] = pd.Categorical(np.tile(list("uvw"), len(data) // 3))
    fit = hw.fit(
        formula, data, correlated=True, draws=30, tune=60, chains=2, random_seed=1, progress=False
    )
    for name, size in matrices.items():
        matrix = fit.posterior[f"{name}_corr"].to_numpy()
        assert matrix.shape[-2:] == (size, size)
        assert (np.linalg.eigvalsh(matrix) > -1e-9).all()
    for term in fit.terms["term"]:
        table = shrinkage(fit, term)
        assert ((table["weight"] > -0.5) & (table["weight"] < 1.5) | table["weight"].isna()).all()
    names = fit.trace().data["parameter"]
    assert not names.str.contains("_cpc").any()
    assert names.str.contains("_corr[", regex=False).sum() == sum(
        k * (k - 1) // 2 for k in matrices.values()
    )


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        (["Subjct"], ValueError, "Did you mean 'Subject'"),
        ({"Subject": -1}, ValueError, "needs a positive number eta, not -1"),
        ("Subject", TypeError, "correlated must be True, a list"),
        (3, TypeError, "correlated must be True, a list"),
    ],
)
def test_bad_requests_are_refused(given, error, sentence, sleepstudy):
    with pytest.raises(error, match=sentence):
        models.build(FORMULA, sleepstudy, correlated=given)


def test_one_effect_has_nothing_to_correlate(sleepstudy):
    for given in (True, ["Subject"]):
        with pytest.raises(ValueError, match="to correlate"):
            models.build("Reaction ~ Days + (1 | Subject)", sleepstudy, correlated=given)


def test_the_slider_at_the_posterior_scales_is_near_the_posterior(fit):
    from hierwidgets.tables.shrinkage import information
    from hierwidgets.tables.slide import slide

    info = information(fit, "Subject")
    assert info.correlated
    assert info.free.all()
    estimates, _, centre = slide(
        info.precision, info.score, info.scale, info.correlation, info.free
    )
    for k, term in enumerate(info.terms):
        table = shrinkage(fit, term).set_index("group").loc[info.groups]
        gap = np.abs(estimates[:, k] - table["partial_pooling"])
        assert (gap < 0.3 * table["partial_pooling_sd"]).all()
        assert centre[k] == pytest.approx(table["population"].iloc[0], rel=0.02)
