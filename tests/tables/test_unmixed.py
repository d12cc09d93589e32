"""A base whose chains disagree: nothing that is reweighted from it is reliable."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base.array import array_stats

import hierwidgets as hw
from hierwidgets import refits
from hierwidgets.tables import reweight
from tests.synthetic import made_up

GROUPS = [f"g{i}" for i in range(6)]
WIDER = {"x": hw.Prior("Normal", mu=0, sigma=3)}


def drawn(apart: float = 0.0) -> hw.Fit:
    """Four chains, the first `apart` standard deviations from the others in one scale."""
    fit = made_up(GROUPS, chains=4, draws=500)
    scale = fit.idata["posterior"]["1|g_sigma"]
    scale[0] += apart * 0.1
    return hw.wrap(fit.model, fit.idata)


@pytest.mark.parametrize("changes", [{}, WIDER])
def test_chains_apart_are_named_with_their_r_hat_and_what_to_do(changes: dict) -> None:
    fit = drawn(apart=0.5)
    found = fit.reweight(changes)
    rhat = float(array_stats.rhat(fit.posterior["1|g_sigma"].to_numpy(), method="rank"))
    assert rhat > 1.01
    assert found.verdict == "doubtful"
    assert not found.reliable
    assert f"R-hat of 1|g_sigma is {rhat:.3f}" in found.reason
    assert "fit.refit(" in found.reason
    assert found.reason in repr(found)
    assert drawn().reweight(changes).reliable


def test_evidence_from_chains_apart_is_withheld() -> None:
    assert np.isnan(drawn(apart=0.5).reweight(WIDER).log_evidence_ratio)
    assert np.isfinite(drawn().reweight(WIDER).log_evidence_ratio)


def test_what_needs_a_refit_still_does_and_says_both() -> None:
    found = drawn(apart=0.5).reweight({"1|g_sigma": 0.001})
    assert found.verdict == "needs a refit"
    assert found.reason.startswith("The chains that are reweighted disagree")
    assert drawn().reweight({"1|g_sigma": 0.001}).reason in found.reason


def test_the_lab_says_so_in_its_table_and_to_its_page() -> None:
    lab = drawn(apart=0.5).priors(WIDER)
    assert (lab.data["verdict"] == "doubtful").all()
    assert lab.data["reason"].str.contains("R-hat of 1|g_sigma", regex=False).all()
    assert lab.about["unmixed"] == reweight.unmixed(lab.fit) != ""
    assert drawn().priors().about["unmixed"] == ""


def test_a_single_chain_is_no_disagreement() -> None:
    fit = made_up(GROUPS, chains=1, draws=2000)
    assert reweight.unmixed(fit) == ""


def test_a_longer_fit_speaks_in_its_place_and_leaves_it_behind() -> None:
    fit = drawn(apart=0.5)
    longer = hw.wrap(fit.model, drawn().idata)
    refits._in_pool(fit, longer)
    assert fit.pool == [fit, longer]
    assert longer.pool == [longer]
    assert fit.reweight({}).reliable
    np.testing.assert_allclose(
        fit.reweight({}).judgement.mean, longer.reweight({}).judgement.mean, rtol=1e-12
    )
    assert longer.reweight(WIDER).reliable
    assert fit.reweight(WIDER).verdict == "doubtful"
