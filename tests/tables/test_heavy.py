"""Group effects from a Student t: weights and variances against quadrature and SciPy's distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import integrate, stats

import hierwidgets as hw
from hierwidgets.models import build
from hierwidgets.tables import heavy, icc, variance
from hierwidgets.tables import priors as lab
from hierwidgets.tables.shrinkage import shrinkage

CHAINS, DRAWS = 4, 1000
MU, SIGMA, TAU, NU = 1.0, 1.0, 0.8, 3.0
MEANS = np.array([-4.0, -0.5, 0.9, 1.4, 2.0, 6.0])
EACH = np.array([2, 5, 3, 8, 4, 3])


def density(u, mean, n, nu):
    """The density of a group's effect given its rows, up to a factor; all else known."""
    return stats.t.pdf(u / TAU, nu) * stats.norm.pdf(mean - MU - u, 0, SIGMA / np.sqrt(n))


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    y = []
    for mean, n in zip(MEANS, EACH, strict=True):
        e = rng.normal(size=n)
        y.append(mean + e - e.mean())
    g = np.repeat([f"g{i}" for i in range(len(MEANS))], EACH)
    return pd.DataFrame({"y": np.concatenate(y), "g": g})


def prior(**options):
    return hw.Prior(
        "StudentT", mu=0, sigma=hw.Prior("HalfNormal", sigma=1), noncentered=False, **options
    )


def known(nu=NU, *, estimated=False, beside="", data=None, seed=0) -> hw.Fit:
    """A fit whose effects are exact draws given the mean and all scales, which are known."""
    data = rows() if data is None else data
    given = hw.Prior("Gamma", alpha=2, beta=0.1) if estimated else nu
    model, _ = build(f"y ~ 1 + (1 | g){beside}", data, priors={"1|g": prior(nu=given)})
    rng = np.random.default_rng(seed)
    grid = np.linspace(-9, 9, 20_001)
    effects = np.empty((CHAINS, DRAWS, len(MEANS)))
    for j, (mean, n) in enumerate(zip(MEANS, EACH, strict=True)):
        mass = np.cumsum(density(grid, mean, n, nu))
        effects[..., j] = np.interp(rng.uniform(size=(CHAINS, DRAWS)), mass / mass[-1], grid)
    constant = {"Intercept": MU, "sigma": SIGMA, "1|g_sigma": TAU}
    if estimated:
        constant["1|g_nu"] = nu
    if beside:
        constant["1|h_sigma"] = 1e-9
    scalars = {k: (("chain", "draw"), np.full((CHAINS, DRAWS), v)) for k, v in constant.items()}
    coords = {"chain": range(CHAINS), "draw": range(DRAWS), "g__factor_dim": sorted(set(data["g"]))}
    variables = {**scalars, "1|g": (("chain", "draw", "g__factor_dim"), effects)}
    if beside:
        levels = sorted(set(data["h"]))
        coords["h__factor_dim"] = levels
        shape = (CHAINS, DRAWS, len(levels))
        variables["1|h"] = (("chain", "draw", "h__factor_dim"), np.zeros(shape))
    return hw.wrap(model, xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords)}))


@pytest.mark.parametrize("beside", ["", " + (1 | h)"])
@pytest.mark.parametrize("nu", [1.5, 3.0])
def test_weights_are_what_the_exact_posterior_means_show(nu, beside):
    data = rows().assign(h=np.tile(["p", "q"], 13)[: EACH.sum()])
    table = shrinkage(known(nu, beside=beside, data=data), sort="name").set_index("group")
    for j, (mean, n) in enumerate(zip(MEANS, EACH, strict=True)):
        mass = integrate.quad(density, -12, 12, (mean, n, nu), limit=200)[0]
        first = integrate.quad(lambda u, *a: u * density(u, *a), -12, 12, (mean, n, nu), limit=200)
        exact = first[0] / mass / (mean - MU)
        row = table.loc[f"g{j}"]
        # Its sd over draws is 0.15 at most: four standard errors of 4,000, or beside others 200, draws.
        assert row["weight"] == pytest.approx(exact, abs=0.04 if beside else 0.01)
        assert row["no_pooling"] == pytest.approx(mean)
    # Of two groups of three rows the one that lies far out is pulled less.
    assert table.loc["g5", "weight"] > table.loc["g2", "weight"] + 0.1
    assert "Student t" in table["caution"].iloc[0]


@pytest.mark.parametrize("estimated", [False, True])
def test_variances_are_those_of_scipys_t(estimated):
    fit = known(4.0, estimated=estimated)
    between = stats.t(4.0, scale=TAU).var()
    share = between / (between + SIGMA**2)
    assert icc.icc(fit)["mean"].tolist() == pytest.approx([share, 1 - share])
    scales = variance.scales(fit).set_index("term")
    assert scales.loc["1|g", "mean"] == pytest.approx(stats.t(4.0, scale=TAU).std())
    assert scales.loc["1|g", "parameter"] == ""
    assert scales.loc["1|g", "share"] == pytest.approx(share)
    assert any("not their scale sigma" in note for note in fit.variance().about["notes"])


@pytest.mark.parametrize("nu", [1.0, 2.0])
def test_a_t_without_variance_has_no_shares_but_a_scale(nu):
    fit = known(nu)
    assert icc.share_draws(icc.decompose(fit)) == {}
    scales = variance.scales(fit).set_index("term")
    assert scales.loc["1|g", "parameter"] == "1|g_sigma"
    assert scales.loc["1|g", "mean"] == pytest.approx(TAU)
    assert np.isnan(scales["share"]).all()
    said = f"nu of the Student t of '1|g' is {nu:g}, and a t has no variance from 2 down"
    assert (scales["reason"] == said).all()
    view = fit.variance()
    assert view.about["statements"] == [f"There are no shares of variance: {said}."]
    view.chart.to_dict()
    assert not [one.name for one in lab.quantities(fit) if one.name.startswith("ICC")]


def test_a_new_group_of_the_lab_comes_from_the_t():
    fit = known(3.0)
    found = {one.name: one.draws.ravel() for one in lab.quantities(fit)}
    drawn = (found["a new group of 1|g"] - MU) / TAU
    assert stats.kstest(drawn, stats.t(3.0).cdf).pvalue > 1e-3
    assert stats.kstest(drawn, stats.norm.cdf).pvalue < 1e-6


def test_counts_have_no_share_beside_a_t():
    data = rows()
    data["y"] = np.arange(len(data)) % 4
    model, _ = build("y ~ 1 + (1 | g)", data, family="poisson", priors={"1|g": prior(nu=5)})
    rng = np.random.default_rng(2)
    shape = (2, 50)
    names = sorted(set(data["g"]))
    variables = {
        "Intercept": (("chain", "draw"), rng.normal(size=shape)),
        "1|g_sigma": (("chain", "draw"), rng.gamma(20, 1 / 20, shape)),
        "1|g": (("chain", "draw", "g__factor_dim"), rng.normal(size=(*shape, len(names)))),
    }
    coords = {"chain": range(2), "draw": range(50), "g__factor_dim": names}
    fit = hw.wrap(model, xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords)}))
    table = icc.icc(fit)
    assert table["mean"].isna().all()
    assert "infinite or unknown" in table["reason"].iloc[0]
    variance.scales(fit)


def test_the_slider_is_for_normal_effects_alone():
    fit = known()
    view = fit.shrinkage()
    assert view.about["factors"] == {}
    with pytest.raises(ValueError, match="group scale can be moved"):
        fit.shrinkage(sigma={"1|g": 1.0})
    assert fit.priors().about["factors"] == []


def test_other_distributions_have_no_weight_and_no_share():
    given = hw.Prior(
        "SkewNormal", mu=0, sigma=hw.Prior("HalfNormal", sigma=1), alpha=3, noncentered=False
    )
    data = rows()
    fit = known()
    model, _ = build("y ~ 1 + (1 | g)", data, priors={"1|g": given})
    fit = hw.wrap(model, fit.idata)
    table = shrinkage(fit)
    assert table["weight"].isna().all()
    assert table["no_pooling"].notna().all()
    assert "SkewNormal" in table["caution"].iloc[0]
    assert "variance is not computed here" in icc.icc(fit)["reason"].iloc[0]
    assert not [one for one in lab.quantities(fit) if "new group" in one.name]
    assert heavy.odd(fit.effects)[0].distribution == "SkewNormal"
    for view in (fit.variance(), fit.shrinkage(), fit.priors()):
        view.chart.to_dict()
