"""Scales, correlations, shares and pooling against loops, closed forms and published fits."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierwidgets as hw
from hierwidgets.models import build
from hierwidgets.tables import icc
from hierwidgets.tables import variance as tables
from tests.synthetic import made_up

CHAINS, DRAWS = 2, 150
RNG = np.random.default_rng(11)
ROWS = pd.DataFrame(
    {
        "g": np.repeat([f"g{i}" for i in range(6)], 8),
        "h": np.tile(list("abcd"), 12),
        "x": np.tile(np.arange(8.0), 6),
        "z": RNG.normal(size=48),
        "cond": np.tile(["u", "v", "w"], 16),
        "y": RNG.normal(size=48),
        "count": RNG.poisson(3, 48),
        "positive": RNG.gamma(2, 1, 48),
        "unit": RNG.beta(2, 2, 48),
        "yes": RNG.integers(0, 2, 48),
    }
)
ROWS["cut"] = pd.Categorical(RNG.integers(0, 3, 48).astype(str), ordered=True)


def invented(formula, family="gaussian", data=ROWS, correlated=False, **values):
    """A fit whose scales, coefficients and constants are drawn, not sampled; named ones as given."""
    model, _ = build(
        formula, data, family=family, correlated=correlated, **values.pop("options", {})
    )
    model.build()
    rng = np.random.default_rng(3)
    posterior = {}
    coords = {"chain": range(CHAINS), "draw": range(DRAWS)}
    built = model.backend.model
    from hierwidgets.models import stored

    for name in stored(model):
        dims = built.named_vars_to_dims.get(name, ())
        coords |= {dim: list(built.coords[dim]) for dim in dims}
        shape = (CHAINS, DRAWS, *(len(coords[dim]) for dim in dims))
        drawn = (
            rng.gamma(20, 1 / 20, shape)
            if dims == () or "_sigma" in name
            else rng.normal(size=shape)
        )
        if name.endswith("_corr"):
            rho = rng.uniform(-0.9, 0.9, (CHAINS, DRAWS))
            drawn = np.broadcast_to(np.eye(shape[-1]), shape).copy()
            drawn[..., 0, 1] = drawn[..., 1, 0] = rho
        posterior[name] = (("chain", "draw", *dims), values.get(name, drawn) * np.ones(shape))
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, coords=coords)})
    return hw.wrap(model, tree)


def flat(fit, name):
    return fit.posterior[name].to_numpy().reshape(CHAINS * DRAWS, -1).squeeze()


def rest(fit) -> np.ndarray:
    """The residual variance, which there must be."""
    variance = icc.decompose(fit).residual.variance
    assert variance is not None
    return variance


def test_sleepstudy_agrees_with_the_published_fit(sleep_fit):
    # Bates et al. (2015), lme4, section 5: REML 24.740 and 5.922, residual 25.592.
    table = tables.scales(sleep_fit).set_index("term")
    for term, published in (("1|Subject", 24.74), ("Days|Subject", 5.922), ("residual", 25.592)):
        row = table.loc[term]
        assert row["lower"] < published < row["upper"]
        assert row["median"] == pytest.approx(published, rel=0.15)
    assert table.loc["residual", "parameter"] == "sigma"
    assert table["share"].sum() == pytest.approx(1)


def test_the_curve_of_sleepstudy_holds_the_published_shares(sleep_fit):
    # By the same REML fit, correlation 0.066: z' Sigma z and 25.592^2 at days 0 and 9.
    first, last = 24.74**2, 24.74**2 + 2 * 0.066 * 24.74 * 5.922 * 9 + (9 * 5.922) ** 2
    table = icc.curve(sleep_fit, "Subject", "Days")
    for row, between in ((table.iloc[0], first), (table.iloc[-1], last)):
        share = between / (between + 25.592**2)
        assert row["lower"] < share < row["upper"]
        assert row["median"] == pytest.approx(share, abs=0.06)
    assert (table["x"].iloc[0], table["x"].iloc[-1]) == (0, 9)


def test_penicillin_agrees_with_the_published_fit():
    fit = hw.fit(
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        hw.example("penicillin"),
        draws=500,
        tune=700,
        chains=2,
        random_seed=5,
        progress=False,
    )
    # lme4's REML fit of Penicillin: sd 0.8467, 1.9316 and 0.5499.
    published = np.array([0.8467, 1.9316, 0.5499])
    table = tables.scales(fit)
    assert (table["lower"] < published).all()
    assert (published < table["upper"]).all()
    np.testing.assert_allclose(table["median"][[0, 2]], published[[0, 2]], rtol=0.1)
    shares = icc.icc(fit)
    assert shares["factor"].tolist() == ["plate", "sample", ""]
    expected = published**2 / (published**2).sum()
    assert ((shares["lower"] < expected) & (expected < shares["upper"])).all()


def test_shares_equal_a_loop_over_draws_and_rows():
    fit = invented("y ~ x + (x | g) + (0 + cond | h)", correlated=["g"])
    tau = [flat(fit, f"{name}|g_sigma") for name in ("1", "x")]
    rho = flat(fit, "g_corr").reshape(-1, 2, 2)[:, 0, 1]
    cond, sigma = flat(fit, "cond|h_sigma"), flat(fit, "sigma")
    between = {"g": [], "h": []}
    for s in range(CHAINS * DRAWS):
        a, b = tau[0][s], tau[1][s]
        Sigma = np.array([[a * a, rho[s] * a * b], [rho[s] * a * b, b * b]])
        by_row = [np.array([1, x]) @ Sigma @ np.array([1, x]) for x in ROWS["x"]]
        between["g"].append(np.mean(by_row))
        scale = np.broadcast_to(cond[s], 3)
        between["h"].append(np.mean([scale["uvw".index(c)] ** 2 for c in ROWS["cond"]]))
    total = np.add(between["g"], between["h"]) + sigma**2
    table = icc.icc(fit)
    for factor, row in zip(("g", "h"), table.to_dict("records"), strict=False):
        share = between[factor] / total
        assert row["mean"] == pytest.approx(share.mean())
        assert row["lower"] == pytest.approx(np.quantile(share, 0.025))
        assert row["inner_upper"] == pytest.approx(np.quantile(share, 0.75))
    assert table["mean"].sum() == pytest.approx(1)
    own = tables.scales(fit).set_index("term")
    expected = (tau[1] ** 2 * np.mean(ROWS["x"] ** 2) / total).mean()
    assert own.loc["x|g", "share"] == pytest.approx(expected)


def test_the_curve_is_the_share_at_each_value():
    fit = invented("y ~ x + (x | g) + (1 | h)", correlated=["g"])
    a, b = flat(fit, "1|g_sigma"), flat(fit, "x|g_sigma")
    rho = flat(fit, "g_corr").reshape(-1, 2, 2)[:, 0, 1]
    rest = flat(fit, "1|h_sigma") ** 2 + flat(fit, "sigma") ** 2
    table = icc.curve(fit, "g", points=8)
    assert table["x"].tolist() == list(range(8))
    for row in table.to_dict("records"):
        x = row["x"]
        own = a**2 + 2 * rho * a * b * x + (b * x) ** 2
        share = own / (own + rest)
        assert row["mean"] == pytest.approx(share.mean())
        assert row["upper"] == pytest.approx(np.quantile(share, 0.975))
    assert icc.predictors(fit, "h") == []
    assert icc.curve(fit, "h").empty


def test_other_predictors_are_averaged_over_the_rows():
    fit = invented("y ~ x + z + (x + z | g)")
    assert icc.predictors(fit, "g") == ["x", "z"]
    a, b, c, s = (flat(fit, n) for n in ("1|g_sigma", "x|g_sigma", "z|g_sigma", "sigma"))
    own = a**2 + (3 * b) ** 2 + c**2 * np.mean(ROWS["z"] ** 2)
    table = icc.curve(fit, "g", "x", points=8)
    assert table["mean"][3] == pytest.approx((own / (own + s**2)).mean())
    with pytest.raises(ValueError, match="'q' is not a predictor whose slope varies over 'g'"):
        icc.curve(fit, "g", "q")


def test_a_bent_effect_is_drawn_at_the_observed_values():
    fit = invented("y ~ x + (x + I(x**2) | g)")
    table = icc.curve(fit, "g", "x")
    assert table["x"].tolist() == sorted(set(ROWS["x"]))
    a, b, c, s = (flat(fit, n) for n in ("1|g_sigma", "x|g_sigma", "I(x ** 2)|g_sigma", "sigma"))
    own = a**2 + 25 * b**2 + 625 * c**2
    assert table["mean"][5] == pytest.approx((own / (own + s**2)).mean())


def test_columns_are_found_by_their_whole_name():
    more = ROWS.assign(I=1.0, x_2=1.0, xx=1.0)
    more["2"] = 1.0
    fit = invented("y ~ x + (x + I(x**2) | g)", data=more)
    assert icc.predictors(fit, "g") == ["x"]


def test_an_interaction_has_no_curve():
    assert icc.predictors(invented("y ~ x * z + (x:z + x | g)"), "g") == []
    assert icc.predictors(invented("y ~ x + (cond | g)"), "g") == []


@pytest.mark.parametrize(
    ("link", "variance"),
    [("logit", math.pi**2 / 3), ("probit", 1.0), ("cloglog", math.pi**2 / 6)],
)
def test_binary_families_have_the_variance_of_their_link(link, variance):
    fit = invented("yes ~ x + (1 | g)", "bernoulli", options={"link": link})
    tau = flat(fit, "1|g_sigma")
    row = icc.icc(fit).iloc[0]
    assert row["mean"] == pytest.approx((tau**2 / (tau**2 + variance)).mean())
    residual = icc.decompose(fit).residual
    assert residual.exact
    assert "latent scale" in residual.scale
    last = tables.scales(fit).iloc[-1]
    assert (last["term"], last["parameter"]) == ("residual", "")
    assert last["lower"] == last["upper"] == pytest.approx(math.sqrt(variance))


def test_link_variances_are_those_of_their_distributions():
    assert stats.logistic.var() == pytest.approx(math.pi**2 / 3)
    assert stats.gumbel_l.var() == pytest.approx(math.pi**2 / 6)


def test_an_ordinal_model_is_on_the_latent_scale():
    fit = invented("cut ~ x + (1 | g)", "cumulative")
    tau = flat(fit, "1|g_sigma")
    expected = (tau**2 / (tau**2 + math.pi**2 / 3)).mean()
    assert icc.icc(fit)["mean"][0] == pytest.approx(expected)


@pytest.mark.parametrize("family", ["poisson", "negativebinomial"])
def test_counts_by_a_loop(family):
    fit = invented("count ~ x + (x | g)", family, x=RNG.normal(0, 0.1, (CHAINS, DRAWS)))
    shares = []
    for s in range(CHAINS * DRAWS):
        tau = [flat(fit, f"{name}|g_sigma")[s] for name in ("1", "x")]
        own = [tau[0] ** 2 + (tau[1] * x) ** 2 for x in ROWS["x"]]
        eta = flat(fit, "Intercept")[s] + flat(fit, "x")[s] * ROWS["x"]
        rate = np.mean(np.exp(eta + np.array(own) / 2))
        more = 1 / flat(fit, "alpha")[s] if family == "negativebinomial" else 0
        rest = math.log(1 + 1 / rate + more)
        shares.append(np.mean(own) / (np.mean(own) + rest))
    assert icc.icc(fit)["mean"][0] == pytest.approx(np.mean(shares))
    assert not icc.decompose(fit).residual.exact


def test_poisson_with_an_intercept_only_is_the_closed_form():
    fit = invented("count ~ 1 + (1 | g)", "poisson")
    tau, b = flat(fit, "1|g_sigma"), flat(fit, "Intercept")
    rest = np.log(1 + 1 / np.exp(b + tau**2 / 2))
    assert icc.icc(fit)["mean"][0] == pytest.approx((tau**2 / (tau**2 + rest)).mean())


def test_a_rate_beyond_every_number_leaves_no_residual():
    fit = invented("count ~ 1 + (1 | g)", "poisson", Intercept=800.0)
    np.testing.assert_array_equal(rest(fit), 0)
    assert icc.icc(fit)["mean"].tolist() == [1, 0]


def test_gamma_and_beta_are_the_variances_of_log_and_log_odds():
    rng = np.random.default_rng(8)
    fit = invented("positive ~ 1 + (1 | g)", "gamma", alpha=2.5, options={"link": "log"})
    drawn = np.log(rng.gamma(2.5, 1, 400_000)).var()
    assert rest(fit)[0] == pytest.approx(drawn, rel=0.02)
    fit = invented("unit ~ 1 + (1 | g)", "beta", kappa=4.0, Intercept=0.5)
    mu = 1 / (1 + math.exp(-0.5))
    y = rng.beta(4 * mu, 4 * (1 - mu), 400_000)
    drawn = np.log(y / (1 - y)).var()
    assert rest(fit)[0] == pytest.approx(drawn, rel=0.02)


def test_t_has_the_variance_of_a_t_where_it_has_one():
    fit = invented("y ~ x + (1 | g)", "t", nu=5.0, sigma=2.0)
    expected = stats.t(5, scale=2).var()
    np.testing.assert_allclose(rest(fit), expected)
    nu = np.full((CHAINS, DRAWS), 5.0)
    nu[0, :3] = 1.5
    table = icc.icc(invented("y ~ x + (1 | g)", "t", nu=nu))
    assert table["mean"].isna().all()
    assert "nu is 2 or less in 3 of 300 draws" in table["reason"][0]


def test_a_modelled_scale_counts_by_its_mean_square_over_rows():
    import bambi as bmb

    fit = invented(bmb.Formula("y ~ x + (1 | g)", "sigma ~ z + (1 | g)"))
    sigma = []
    for c in range(CHAINS):
        for d in range(DRAWS):
            at = fit.posterior.isel(chain=c, draw=d)
            by = dict(zip(at["g__factor_dim"].values, at["sigma_1|g"].values, strict=True))
            deviation = ROWS["g"].map(by)
            eta = float(at["sigma_Intercept"]) + float(at["sigma_z"]) * ROWS["z"] + deviation
            sigma.append(np.mean(np.exp(eta) ** 2))
    tau = flat(fit, "1|g_sigma")
    expected = (tau**2 / (tau**2 + np.array(sigma))).mean()
    assert icc.icc(fit)["mean"][0] == pytest.approx(expected)
    other = tables.scales(fit).set_index("term").loc["sigma_1|g"]
    assert math.isnan(other["share"])
    assert other["reason"] == "it is on the scale of sigma, not of mu"
    assert other["mean"] == pytest.approx(flat(fit, "sigma_1|g_sigma").mean())


@pytest.mark.parametrize(
    ("formula", "family", "options", "said"),
    [
        ("positive ~ 1 + (1 | g)", "gamma", {"link": "inverse"}, "'gamma' with the link 'inverse'"),
        ("y ~ 1 + (1 | g)", "laplace", {}, "'laplace' with the link 'identity'"),
        ("y ~ 1 + (1 | g)", "gaussian", {"link": "log"}, "'gaussian' with the link 'log'"),
    ],
)
def test_what_has_no_definition_is_missing_with_its_reason(formula, family, options, said):
    fit = invented(formula, family, options=options)
    table = icc.icc(fit)
    assert table["mean"].isna().all()
    assert said in table["reason"][0]
    scales = tables.scales(fit)
    assert scales["term"].tolist() == ["1|g"]
    assert scales["share"].isna().all()
    assert scales["mean"][0] == pytest.approx(flat(fit, "1|g_sigma").mean())


def test_correlations_are_those_of_the_matrix():
    fit = invented("y ~ x + (x | g) + (z | h)", correlated=["g"])
    table = tables.correlations(fit)
    rho = flat(fit, "g_corr").reshape(-1, 2, 2)[:, 0, 1]
    (row,) = table.to_dict("records")
    assert (row["factor"], row["one"], row["other"]) == ("g", "1", "x")
    assert row["mean"] == pytest.approx(rho.mean())
    assert row["upper"] == pytest.approx(np.quantile(rho, 0.975))
    assert tables.correlations(made_up(["a", "b"])).empty


def test_the_pooling_factor_is_gelman_and_pardoes():
    fit = made_up([f"g{i}" for i in range(20)])
    u = fit.posterior["1|g"].to_numpy().reshape(-1, 20)
    means = [u[:, j].mean() for j in range(20)]
    each = [np.var(draw, ddof=1) for draw in u]
    expected = 1 - np.var(means, ddof=1) / np.mean(each)
    assert tables.scales(fit)["pooling"][0] == pytest.approx(expected)
    alike = np.tile(RNG.normal(size=5), (2, 9, 1))
    assert tables.pooling_factor(alike) == pytest.approx(0)
    noise = RNG.normal(size=(2, 20_000, 5))
    assert tables.pooling_factor(noise) == pytest.approx(1, abs=0.01)
    assert math.isnan(tables.pooling_factor(np.zeros((2, 9, 5))))


def test_densities_are_of_the_scales(sleep_fit):
    table = tables.densities(sleep_fit)
    assert table.groupby("row").size().tolist() == [128, 128, 128]
    one = table[table["row"] == 1]
    draws = sleep_fit.posterior["Days|Subject_sigma"].to_numpy()
    assert (one["value"].min(), one["value"].max()) == (draws.min(), draws.max())
    assert np.trapezoid(one["density"], one["value"]) == pytest.approx(1)


def test_a_categorical_response_has_scales_and_no_shares():
    fit = invented("cond ~ x + (1 | g)", "categorical")
    table = tables.scales(fit)
    assert table["term"].tolist() == ["1[v]|g", "1[w]|g"]
    assert table["share"].isna().all()
    assert "'categorical'" in table["reason"][0]


def test_groups_of_a_categorical_slope_have_a_row_for_each_level():
    fit = invented("y ~ 1 + (0 + cond | h)")
    table = tables.scales(fit)
    assert table["term"].tolist() == ["cond[u]|h", "cond[v]|h", "cond[w]|h", "residual"]
    assert table["share"].sum() == pytest.approx(1)


def test_a_model_without_groups_is_refused():
    with pytest.raises(ValueError, match="no group terms"):
        tables.scales(invented("y ~ x"))
