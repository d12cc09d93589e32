"""The badges of a dashboard beside ArviZ, and which views a fit has."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest

import hierwidgets as hw
from hierwidgets.tables import dashboard as tables
from hierwidgets.tables.convergence import Finding, Verdict
from tests.synthetic import made_up
from tests.tables.test_trace import diverging


def test_the_figures_are_arvizs(sleep_fit: hw.Fit) -> None:
    summary = az.summary(sleep_fit.idata, round_to="none")
    found = {badge.check: badge for badge in tables.badges(sleep_fit)}
    least = float(summary[["ess_bulk", "ess_tail"]].to_numpy().min())
    assert found["smallest ESS"].verdict == f"{np.floor(least):,.0f}"
    assert found["largest R-hat"].verdict == f"{summary['r_hat'].max():.3f}"
    assert str(summary["r_hat"].idxmax()).split("[")[0] in found["largest R-hat"].said
    assert all(badge.healthy for badge in found.values())
    assert all(badge.next == "" for badge in found.values())


def test_divergences_are_counted_and_lead_on() -> None:
    fit = diverging(made_up(["a", "b", "c"]), [(0, 10), (1, 150)])
    (whole, divergences, *_) = tables.badges(fit)
    assert (whole.healthy, divergences.healthy) == (False, False)
    assert divergences.verdict == "2"
    assert "2 of 400 draws diverged" in divergences.said
    assert divergences.next == "fit.convergence()"
    assert whole.next.startswith("fit.refit(")


def test_what_cannot_be_judged_is_not_called_healthy() -> None:
    found = {badge.check: badge for badge in tables.badges(made_up(["a", "b"], chains=1))}
    assert found["divergences"].verdict == "not recorded"
    assert found["largest R-hat"].verdict == "one chain"
    assert found["divergences"].healthy is None
    assert found["largest R-hat"].healthy is None


def test_chains_that_disagree_are_named() -> None:
    fit = made_up(["a", "b"])
    fit.idata["posterior"]["sigma"][0] += 5
    found = {badge.check: badge for badge in tables.badges(fit)}
    assert found["largest R-hat"].healthy is False
    assert "sigma" in found["largest R-hat"].said
    assert found["largest R-hat"].next == 'fit.trace(["sigma"])'


def test_the_verdict_of_any_view_makes_a_badge() -> None:
    verdict = Verdict(False, "look here", "One thing.", [Finding("It is odd.", "fit.x()")], [])
    badge = tables.judged("ppc", "ppc", verdict)
    assert badge == ("ppc", "look here", False, "One thing. It is odd.", "fit.x()", "ppc")


def test_views_are_those_a_fit_has() -> None:
    names = tables.views(made_up(["a", "b"]))
    assert names == [name for name in tables.VIEWS if hasattr(hw.Fit, name)]
    assert names[0] == "convergence"
    assert "shrinkage" in names


@pytest.mark.parametrize("dropped", [0, 1200])
def test_facts_are_counted(dropped: int) -> None:
    fit = made_up(["a", "b"], chains=1)
    fit.dropped = dropped
    told = tables.facts(fit)
    assert told[0] == "gaussian family"
    assert told[2:4] == ["2 groups of g", "1 chain of 200 draws"]
    assert told[4:] == (["1,200 rows left out"] if dropped else [])
