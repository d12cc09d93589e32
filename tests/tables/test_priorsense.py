"""Power-scaling of the eight schools beside priorsense and ArviZ, on the same draws.

The draws are exact ones of priorsense's example: effects Normal(theta_j, se_j), theta_j Normal(mu, tau), mu
Normal(0, 5), tau Normal+(0, 5).
"""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pytest
import xarray as xr
from arviz_stats.psense import psense_summary
from scipy import stats

import hierwidgets as hw
from hierwidgets.models import build
from hierwidgets.tables.log_likelihood import log_likelihood, total
from hierwidgets.tables.sensitivity import log_priors, sensitivity
from hierwidgets.weights import power

SCHOOLS = hw.example("eight_schools")
Y, SE = SCHOOLS["effect"].to_numpy(float), SCHOOLS["se"].to_numpy(float)
# What powerscale_sensitivity() of priorsense 1.2.0.9000 (posterior 1.6.0) makes of these very draws, its lprior and
# log_lik by dnorm: all priors, mu's alone, tau's alone, and the likelihood.
PRIORSENSE = {
    "mu": (0.1065079776, 0.1093130365, 0.0077924293, 0.1017448067),
    "tau": (0.1476883138, 0.0095429061, 0.1563910024, 0.0204975793),
    "theta[1]": (0.0781958036, 0.0467947066, 0.0354607575, 0.0971188972),
    "theta[8]": (0.0766464884, 0.0540784513, 0.0312217358, 0.0593543446),
}


def exact(seed=8, chains=4, draws=1000):
    """Draws of mu, tau and theta: tau on a grid, the rest Normal given it (Gelman et al., BDA, 5.4)."""
    rng = np.random.default_rng(seed)
    tau = np.linspace(1e-3, 30, 30_000)
    V = SE**2 + tau[:, None] ** 2
    precision = 1 / 25 + (1 / V).sum(axis=1)
    mean = (Y / V).sum(axis=1) / precision
    log = stats.norm.logpdf(tau, 0, 5) - 0.5 * np.log(V).sum(axis=1) - 0.5 * np.log(precision)
    log += 0.5 * mean**2 * precision - 0.5 * (Y**2 / V).sum(axis=1)
    mass = np.exp(log - log.max()).cumsum()
    size = (chains, draws)
    at = np.searchsorted(mass / mass[-1], rng.uniform(size=size))
    mu = rng.normal(mean[at], 1 / np.sqrt(precision[at]))
    P = 1 / SE**2 + 1 / tau[at][..., None] ** 2
    centre = (Y / SE**2 + (mu / tau[at] ** 2)[..., None]) / P
    return mu, tau[at], rng.normal(centre, 1 / np.sqrt(P))


@pytest.fixture(scope="module", params=[True, False], ids=["noncentred", "centred"])
def fit(request) -> hw.Fit:
    scale = hw.Prior("HalfNormal", sigma=5)
    model, _ = build(
        bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))"),
        SCHOOLS,
        priors={
            "Intercept": hw.Prior("Normal", mu=0, sigma=5),
            "1|school": hw.Prior("Normal", mu=0, sigma=scale),
        },
        noncentered=request.param,
    )
    mu, tau, theta = exact()
    dims = ("chain", "draw")
    variables = {
        "Intercept": (dims, mu),
        "1|school_sigma": (dims, tau),
        "1|school": ((*dims, "school__factor_dim"), theta - mu[..., None]),
    }
    coords = {"school__factor_dim": list("ABCDEFGH")}
    return hw.wrap(model, xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords)}))


def test_the_log_likelihood_is_scipys(fit):
    _, _, theta = exact()
    found = np.asarray(log_likelihood(fit)).reshape(theta.shape)
    np.testing.assert_allclose(found, stats.norm.logpdf(Y, theta, SE), rtol=1e-10)


def test_eight_schools_are_priorsenses(fit):
    mu, tau, theta = exact()
    values = dict(zip(PRIORSENSE, (mu, tau, theta[..., 0], theta[..., 7]), strict=True))
    logs = log_priors(fit)
    scaled = {
        "all": sum(logs.values()),
        "mu": logs["Intercept"],
        "tau": logs["1|school_sigma"],
        "likelihood": total(fit),
    }
    found = power.sensitivity(
        {name: np.ravel(log) for name, log in scaled.items()},
        np.stack([draws.ravel() for draws in values.values()]),
    ).cjs
    # priorsense smooths a tail of another length, by its own relative efficiency: 3e-5 at most here.
    np.testing.assert_allclose(found.T, list(PRIORSENSE.values()), rtol=0, atol=5e-5)
    table = sensitivity(fit).set_index("quantity")
    for name, key in (("Intercept", "mu"), ("1|school_sigma", "tau")):
        row = table.loc[name, ["prior", "likelihood"]].tolist()
        assert row == pytest.approx([PRIORSENSE[key][0], PRIORSENSE[key][3]], abs=5e-5)


def test_eight_schools_are_arvizs(fit):
    mu, tau, _ = exact()
    dims = ("chain", "draw")
    given = {"mu": stats.norm.logpdf(mu, 0, 5), "tau": stats.norm.logpdf(tau, 0, 5)}
    rows = stats.norm.logpdf(Y, exact()[2], SE)
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"mu": (dims, mu), "tau": (dims, tau)}),
            "log_prior": xr.Dataset({name: (dims, log) for name, log in given.items()}),
            "log_likelihood": xr.Dataset({"y": ((*dims, "school"), rows)}),
        }
    )
    expected = psense_summary(tree, round_to=12)
    table = sensitivity(fit).set_index("quantity")
    for name, key in (("Intercept", "mu"), ("1|school_sigma", "tau")):
        for column in ("prior", "likelihood"):
            assert table.loc[name, column] == pytest.approx(expected.loc[key, column], rel=1e-6)
    assert table.loc["Intercept", "diagnosis"] == "prior-data conflict"
    assert table.loc["1|school_sigma", "diagnosis"] == "strong prior / weak likelihood"
