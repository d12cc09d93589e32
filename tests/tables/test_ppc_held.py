"""Groups as the other groups foresee them, against refits without the group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import models, refits, sampling
from hierwidgets.tables import loo_refits, ppc, ppc_draws, ppc_verdict
from hierwidgets.tables.loo_groups import Grouping
from hierwidgets.tables.ppc_held import MOST_GROUPS, held_out, resampled
from tests.synthetic import made_up

PLAN = sampling.Plan(1000, 1000, 4, seed=2)


def apart(distance: float, groups: int = 10, rows: int = 8) -> pd.DataFrame:
    """Groups with sd 1 around 0, but for the first, which lies so far away."""
    rng = np.random.default_rng(4)
    u = rng.normal(size=groups)
    u[0] = distance
    g = np.repeat(np.arange(groups), rows)
    return pd.DataFrame({"y": u[g] + rng.normal(size=len(g)), "g": [f"g{i}" for i in g]})


@pytest.fixture(scope="module")
def far() -> hw.Fit:
    return hw.fit("y ~ 1 + (1 | g)", apart(4.0), random_seed=1, progress=False)


def levels(made: ppc_draws.Replications, index: np.ndarray) -> np.ndarray:
    return ppc.by_statistic(made, index, "mean").replicated


def test_levels_are_those_of_a_fit_without_the_group(far):
    left = Grouping.of(far, "g")
    held = held_out(far, "g", draws=4000)
    seen = levels(ppc_draws.replications(far, new="g", draws=4000), left.index)
    found = levels(held.made, left.index)
    rng = np.random.default_rng(1)
    widths: dict[str, list[float]] = {}
    for group in ("g0", "g3"):
        j = left.groups.index(group)
        given = loo_refits.job(far, left.rows(group), PLAN)
        assert isinstance(given, refits.Job)
        without = refits.run(given)["posterior"].to_dataset()
        mu, tau, sigma = (
            without[name].to_numpy().ravel() for name in ("Intercept", "1|g_sigma", "sigma")
        )
        truth = mu + np.hypot(tau, sigma / np.sqrt(8)) * rng.standard_normal(len(mu))
        three = (truth, found[:, j], seen[:, j])
        widths[group] = [float(np.subtract(*np.quantile(one, [0.9, 0.1]))) for one in three]
    refitted, weighted, _ = widths["g3"]
    assert held.khat[left.groups.index("g3")] < 0.5
    assert weighted == pytest.approx(refitted, rel=0.1)
    refitted, weighted, unweighted = widths["g0"]
    assert held.khat[left.groups.index("g0")] > 0.5
    assert unweighted > 1.4 * refitted
    assert abs(weighted - refitted) < 0.4 * (unweighted - refitted)


def test_the_far_group_hides_in_the_population_it_has_seen(far):
    effect = far.effects[0]
    seen = ppc.groups(ppc_draws.replications(far, new="g"), effect)
    held = ppc.groups(held_out(far, "g").made, effect)
    seen, held = (one.set_index("group").loc["g0", "probability"] for one in (seen, held))
    assert held < 0.05 < seen
    assert held < 0.5 * seen


def test_equal_weights_choose_every_draw_once():
    found = resampled(np.full(50, 0.02), 50, np.random.default_rng(1))
    assert sorted(found) == list(range(50))
    assert list(found) != sorted(found)
    weights = np.array([0.1, 0.6, 0.3])
    share = np.bincount(resampled(weights, 1000, np.random.default_rng(2))) / 1000
    np.testing.assert_allclose(share, weights, atol=1e-3)


def test_of_many_groups_the_most_surprising_are_held_out():
    fit = made_up([f"g{i}" for i in range(130)], draws=100)
    held = held_out(fit, "g")
    assert np.isfinite(held.khat).sum() == MOST_GROUPS
    mixed = ppc_draws.replications(fit, new="g")
    left = Grouping.of(fit, "g")
    seen = np.isin(left.index, np.flatnonzero(np.isnan(held.khat)))
    np.testing.assert_array_equal(held.made.replicated[:, seen], mixed.replicated[:, seen])
    order = ppc.of_groups(mixed, left.index).index
    assert np.isfinite(held.khat[order[:MOST_GROUPS]]).all()


def test_groups_without_a_density_are_left_in():
    data = apart(0.0).assign(x=np.tile(np.arange(8.0), 10))
    model, _ = models.build("y ~ x + (x | g)", data, family="t")
    rng = np.random.default_rng(0)
    one = {
        "Intercept": ((), 0.0),
        "x": ((), 0.0),
        "1|g_sigma": ((), 1.0),
        "x|g_sigma": ((), 0.1),
        "sigma": ((), 1.0),
        "nu": ((), 5.0),
    }
    groups = [f"g{i}" for i in range(10)]
    variables = {
        name: (("chain", "draw"), value + 0.01 * rng.random((2, 50)))
        for name, (_, value) in one.items()
    }
    for name in ("1|g", "x|g"):
        variables[name] = (("chain", "draw", "g__factor_dim"), rng.normal(size=(2, 50, 10)))
    posterior = xr.Dataset(variables, {"g__factor_dim": groups, "chain": [0, 1], "draw": range(50)})
    fit = hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))
    held = held_out(fit, "g", draws=100)
    assert np.isnan(held.khat).all()
    mixed = ppc_draws.replications(fit, new="g", draws=100)
    np.testing.assert_array_equal(held.made.replicated, mixed.replicated)


def test_a_far_group_that_moves_the_posterior_is_a_finding():
    fit = hw.fit("y ~ 1 + (1 | g)", apart(8.0), random_seed=1, progress=False)
    told = fit.ppc().verdict
    assert not told.healthy
    (finding,) = told.findings
    assert "The most surprising is g0, whose mean is 8.323" in finding.said
    assert finding.next == 'fit.groups("g")'
    table = fit.ppc().data
    quiet = table.assign(khat=0.4, probability=np.maximum(table["probability"], 0.008))
    assert ppc_verdict._groups(fit, "g", quiet, "") == []
    (pulled,) = ppc_verdict._groups(fit, "g", quiet.assign(khat=0.9), "")
    assert "Without it the posterior would be another (Pareto k 0.90)" in pulled.said


def test_zeros_are_counted_where_there_may_be_some(far):
    assert "zeros" not in far.ppc().statistics["statistic"].tolist()


def test_groups_that_cannot_be_taken_out_are_named(far):
    view = far.ppc()
    table = view.data
    np.testing.assert_array_equal(
        table.set_index("group").loc[far.factors["g"], "khat"], view.khat["g"]
    )
    assert "khat" not in far.ppc(replicate="same").data
    assert ppc_verdict._notes({"g": table.assign(khat=0.1)}) == []
    (note,) = ppc_verdict._notes({"g": table.assign(khat=np.r_[0.9, np.zeros(9)])})
    assert f"'{table['group'].iloc[0]}' could not be taken out wholly" in note
    assert "of it the probability" in note
    (note,) = ppc_verdict._notes({"g": table.assign(khat=0.7)})
    assert "and 5 more could not" in note
    assert "of these the probability" in note
