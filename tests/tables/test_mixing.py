"""The verdict on mixing: seldom a false alarm, and what is planted is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hierwidgets.tables import convergence, dashboard
from hierwidgets.tables.diagnostics import diagnostics
from hierwidgets.tables.mixing import mixing
from tests.benchmarks.convergence import KINDS, SHIFTS, best, chains, found, healthy
from tests.synthetic import made_up


@pytest.mark.parametrize(("count", "ess"), [(20, 400), (20, 1000), (300, 400)])
def test_chains_that_mix_are_called_healthy(count, ess):
    rng = np.random.default_rng(11)
    runs = 40 if count == 20 else 8
    wrong = sum(not healthy(rng, count, ess)[0] for _ in range(runs))
    assert wrong <= (6 if count == 20 else 3)


def test_the_limits_alone_cry_wolf():
    draws = chains(np.random.default_rng(1), 300, 400)
    assert (diagnostics(draws).rhat > 1.01).sum() > 30
    assert not mixing(draws, diagnostics(draws)).apart.any()


@pytest.mark.parametrize(
    ("kind", "ess"), [("stepped", 400), ("stepped", 4000), ("stuck", 400), ("shifted", 4000)]
)
def test_a_planted_fault_is_found_among_ten_thousand(kind, ess):
    assert kind in KINDS
    rng = np.random.default_rng(5)
    assert sum(found(rng, 10_000, ess, kind) for _ in range(20)) >= 19


@pytest.mark.parametrize("kind", SHIFTS)
def test_no_test_finds_more_than_the_best(kind):
    rng = np.random.default_rng(6)
    away = np.array(SHIFTS[kind])
    means = away + rng.normal(size=(20_000, 4)) * np.sqrt(4 / 400)
    blind, knowing = best(20, 400, kind)
    spread = 100 * means.var(axis=1, ddof=0) * 4
    assert np.mean(stats.chi2.sf(spread, 3) < 0.05 / 20) == pytest.approx(blind, abs=0.015)
    off = (away - away.mean()) / np.linalg.norm(away - away.mean())
    told = stats.norm.sf(10 * means @ off) < 0.05 / 20
    assert np.mean(told) == pytest.approx(knowing, abs=0.015)


def test_slow_chains_are_slow_and_not_apart_by_chance():
    draws = chains(np.random.default_rng(2), 20, 60)
    told = mixing(draws, diagnostics(draws))
    assert told.slow.mean() > 0.9


def test_a_verdict_explains_exceedances_by_chance():
    fit = made_up([f"g{i}" for i in range(300)], draws=200)
    table = convergence.parameters(fit)
    assert (table["rhat"] > 1.01).any()
    told = convergence.verdict(fit, table)
    assert told.healthy
    assert "as chance explains" in told.said
    badges = {badge.check: badge for badge in dashboard.badges(fit, table, told)}
    assert badges["largest R-hat"].healthy
    assert "chance explains this much" in badges["largest R-hat"].said
    assert convergence.unmixed(fit) == ""


def test_why_a_fit_has_not_converged_is_said():
    fit = made_up(["a", "b"])
    fit.idata["posterior"]["sigma"][0] += 5
    assert convergence.unmixed(fit).endswith("(sigma)")
    assert convergence.unmixed(fit).startswith("R-hat up to")
    fit = made_up(["a", "b"], chains=1)
    fit.idata["posterior"]["x"][:] = 1.0
    assert convergence.unmixed(fit) == f"x: {convergence.UNKNOWN}"
