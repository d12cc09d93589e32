"""Whose funnel it is: only terms that have a neck are accused, and only they are to be written anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierwidgets as hw
from hierwidgets import models
from hierwidgets.tables import convergence, funnel
from tests.benchmarks import funnels as study

GROUPS = 8
# Median of a scale and the sd of its logarithm.
INFORMED, EMPTY = (3.0, 0.3), (0.05, 1.0)


def crossed(
    divergent: int = 12, seed: int = 0, *, both: bool = False, other: bool | None = False
) -> hw.Fit:
    """Made-up draws of ``(1 | a) + (1 | b)``: b, centred, has a funnel, and a has one too if `both`.

    Divergences are the draws where both scales are smallest, and `other` is how a is written.
    """
    rng = np.random.default_rng(seed)
    g = np.arange(96)
    labels = [str(i) for i in range(GROUPS)]
    data = pd.DataFrame({"a": (g % GROUPS).astype(str), "b": (g // 12).astype(str)})
    data["y"] = rng.normal(size=96)
    priors = {
        f"1|{name}": hw.Prior(
            "Normal", mu=0, sigma=hw.Prior("HalfNormal", sigma=3), noncentered=written
        )
        for name, written in (("a", other), ("b", False))
    }
    model, _ = models.build("y ~ 1 + (1 | a) + (1 | b)", data, priors=priors)
    shape = (2, 500)
    posterior = {"Intercept": rng.normal(size=shape), "sigma": np.exp(rng.normal(0, 0.1, shape))}
    place = np.zeros(shape)
    for name in ("a", "b"):
        centre, width = EMPTY if both or name == "b" else INFORMED
        z = rng.normal(size=shape)
        scale = centre * np.exp(width * z)
        place += stats.rankdata(z).reshape(shape)
        noise = rng.normal(size=(*shape, GROUPS))
        known = centre * rng.normal(size=GROUPS) + 0.3 * noise
        u = known if (centre, width) == INFORMED else scale[..., None] * noise
        posterior |= {f"1|{name}_sigma": scale, f"1|{name}": u}
    variables = {
        name: (("chain", "draw", *([f"{name[2:]}__factor_dim"] if v.ndim == 3 else [])), v)
        for name, v in posterior.items()
    }
    coords = {"a__factor_dim": labels, "b__factor_dim": labels}
    lost = np.zeros(shape, bool).ravel()
    lost[np.argsort(place, axis=None)[:divergent]] = True
    kept = xr.Dataset({"diverging": (("chain", "draw"), lost.reshape(shape))})
    return hw.wrap(
        model,
        xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords), "sample_stats": kept}),
    )


@pytest.mark.parametrize("divergent", [1, 2, 12])
def test_a_well_informed_neighbour_is_not_accused(divergent):
    fit = crossed(divergent)
    table = funnel.funnels(fit).set_index("term")
    assert table["accused"].to_dict() == {"1|b": True, "1|a": False}
    if divergent == 12:
        assert table["lower"]["1|a"] > 0.5
    line = "fit.refit(noncentered={'1|b': True}, target_accept=0.95)"
    assert table["next"].to_dict() == {"1|b": line, "1|a": ""}
    assert convergence.verdict(fit).findings[0].next == line
    assert study.advised(fit) == {"1|b"}
    told = fit.convergence().content().about["funnels"]["1|a"]["said"]
    assert "even in the lowest tenth of its scale the rows decide" in told


def test_two_funnels_are_both_named():
    fit = crossed(both=True)
    assert funnel.funnels(fit)["accused"].all()
    finding = convergence.verdict(fit).findings[0]
    assert finding.next == "fit.refit(noncentered=True, target_accept=0.95)"
    assert "So is that of 1|" in finding.said


def test_a_non_centred_neighbour_is_not_accused_beside_a_centred_one():
    table = funnel.funnels(crossed(both=True, other=True)).set_index("term")
    assert table["lower"].min() > 0.5
    assert table["accused"].to_dict() == {"1|b": True, "1|a": False}
    assert table["why"]["1|a"] == ""


def test_low_energy_fractions_blame_terms_that_have_a_neck():
    fit = crossed(divergent=0)
    slow = np.cumsum(np.random.default_rng(0).normal(size=(2, 500)), axis=1)
    fit.idata["sample_stats"] = xr.DataTree(xr.Dataset({"energy": (("chain", "draw"), slow)}))
    assert study.advised(fit) == {"1|b"}


@pytest.mark.parametrize("seed", range(3))
def test_the_weight_in_the_neck_is_that_of_its_definition(seed):
    fit = crossed(seed=seed)
    known = funnel.funnels(fit).set_index("term")["weight"]
    low = np.quantile(fit.posterior["1|a_sigma"], 0.1)
    assert known["1|a"] == pytest.approx(low**2 / (low**2 + 0.3**2), abs=0.01)
    assert known["1|b"] < 0.1


def test_a_model_without_group_terms_has_no_funnel_to_blame():
    rng = np.random.default_rng(0)
    shape = (2, 500)
    model, _ = models.build("y ~ 1", pd.DataFrame({"y": rng.normal(size=20)}))
    dims = ("chain", "draw")
    posterior = {"Intercept": (dims, rng.normal(size=shape)), "sigma": (dims, rng.random(shape))}
    kept = {
        "energy": (dims, np.cumsum(rng.normal(size=shape), axis=1)),
        "diverging": (dims, rng.random(shape) < 0.01),
    }
    tree = {"posterior": xr.Dataset(posterior), "sample_stats": xr.Dataset(kept)}
    fit = hw.wrap(model, xr.DataTree.from_dict(tree))
    assert funnel.funnels(fit).empty
    told = [finding.next for finding in convergence.verdict(fit).findings]
    assert told == ["fit.refit(target_accept=0.95)", "fit.refit(tune=4000)"]


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_effect_that_is_not_finite_frees_no_term(value):
    fit = crossed()
    fit.idata["posterior"]["1|b"][0, 0, 0] = value
    assert funnel.funnels(fit).set_index("term")["accused"].to_dict() == {"1|b": True, "1|a": False}
