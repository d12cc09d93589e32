import time
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from hierwidgets.weights import densities, gate

SIZES = [(4, 1000)]


@dataclass(frozen=True)
class Prior:
    family: str
    args: dict


def drawn(centre=0.0, seed=1):
    """Posterior of one observation, 0, of unit variance under a normal prior of unit variance."""
    return np.random.default_rng(seed).normal(centre / 2, np.sqrt(0.5), size=4000)


def judged(x, members, centre, sizes=SIZES, **more):
    L = np.stack([stats.norm.logpdf(x, m, 1) for m in members])
    return gate.judge(stats.norm.logpdf(x, centre, 1), L, x[None], sizes, **more)


def test_a_moderate_change_is_reliable_and_right():
    found = judged(drawn(), [0.0], 0.6)
    assert found.verdict == "reliable"
    assert found.reason == ""
    assert abs(found.mean[0] - 0.3) < 4 * found.mcse_mean[0]
    assert abs(found.sd[0] - np.sqrt(0.5)) < 4 * found.mcse_sd[0]
    assert 500 < found.ess <= 4000
    assert found.weights.sum() == pytest.approx(1)


def test_an_unchanged_prior_is_reliable():
    found = judged(drawn(), [0.0], 0.0)
    assert (found.verdict, found.khat, found.log_evidence) == ("reliable", -np.inf, 0.0)
    assert found.evidence_reliable
    assert found.mean[0] == pytest.approx(drawn().mean())


def test_a_distant_change_needs_a_refit_and_says_why():
    found = judged(drawn(), [0.0], 5.0)
    assert found.verdict == "needs a refit"
    assert found.reason


def test_verdicts_only_worsen_with_distance():
    order = {"reliable": 0, "doubtful": 1, "needs a refit": 2}
    rank = [order[judged(drawn(), [0.0], c).verdict] for c in np.linspace(0, 5, 21)]
    assert rank[0] == 0
    assert rank[-1] == 2
    assert sum(np.diff(rank) < 0) <= 1


@pytest.mark.parametrize("centre", [0.5, 1.0, -0.8])
def test_the_evidence_is_the_closed_form(centre):
    found = judged(drawn(), [0.0], centre)
    exact = stats.norm.logpdf(0, centre, np.sqrt(2)) - stats.norm.logpdf(0, 0, np.sqrt(2))
    assert found.evidence_reliable
    assert found.log_evidence == pytest.approx(exact, abs=0.05)
    assert abs(found.log_evidence - exact) < 4 * found.evidence_se


def test_a_second_fit_makes_the_distant_change_reliable():
    x = np.concatenate([drawn(), drawn(4.0, seed=2)])
    found = judged(x, [0.0, 4.0], 3.4, sizes=SIZES * 2)
    assert found.verdict == "reliable"
    assert abs(found.mean[0] - 1.7) < 4 * found.mcse_mean[0]
    exact = stats.norm.logpdf(0, 3.4, np.sqrt(2)) - stats.norm.logpdf(0, 0, np.sqrt(2))
    assert abs(found.log_evidence - exact) < 4 * found.evidence_se


def test_the_evidence_of_fits_that_hardly_overlap_is_withheld():
    x = np.concatenate([drawn(), drawn(12.0, seed=2)])
    found = judged(x, [0.0, 12.0], 12.0, sizes=SIZES * 2)
    assert found.mean[0] == pytest.approx(6.0, abs=0.1)
    assert not found.evidence_reliable


def test_a_negative_khat_proves_nothing():
    """Weights that are bounded, and draws that are absent: only the count in the tail sees it."""
    x = drawn()
    edge = np.sort(x)[-12]
    target = np.where(x >= edge, 0.0, -np.inf)
    found = gate.judge(target, np.zeros((1, 4000)), x[None], SIZES)
    assert found.khat < 0.7 or found.khat == np.inf
    assert found.ntail < 5
    assert found.verdict == "needs a refit"


def test_a_prior_that_rules_out_every_draw_is_no_exception():
    x = drawn()
    found = gate.judge(np.full(4000, -np.inf), np.zeros((1, 4000)), x[None], SIZES)
    assert (found.verdict, found.reason) == ("needs a refit", "This prior rules out every draw.")
    assert np.isnan(found.mean).all()
    assert np.isnan(found.mcse(x[None])).all()
    assert not found.evidence_reliable


def test_weights_on_a_single_draw_are_no_posterior():
    x = drawn()
    found = gate.judge(
        np.where(np.arange(4000) == 5, 0.0, -800.0), np.zeros((1, 4000)), x[None], SIZES
    )
    assert found.verdict == "needs a refit"


def test_a_constant_quantity_does_not_stand_in_the_way():
    x = drawn()
    quantities = np.stack([x, np.full(4000, 2.0)])
    found = gate.judge(0.1 * x, np.zeros((1, 4000)), quantities, SIZES)
    assert found.verdict == "reliable"
    assert found.mcse_mean[1] == 0


def test_quantities_must_be_numbers():
    with pytest.raises(ValueError, match="not finite"):
        gate.judge(np.zeros(4), np.zeros((1, 4)), np.array([[1.0, 2, np.nan, 3]]), [(1, 4)])


def uniform(low, high):
    return Prior("Uniform", {"lower": low, "upper": high})


def test_a_wider_support_needs_a_refit_and_a_narrower_one_goes_through_the_gate():
    x = np.random.default_rng(3).uniform(0, 4, 4000)
    fitted = {"tau": uniform(0.0, 4.0)}
    for target, verdict in [(uniform(0.0, 3.0), "reliable"), (uniform(0.0, 5.0), "needs a refit")]:
        change = gate.Change({"tau": target}, [fitted])
        log_target = densities.log_density("Uniform", target.args, x)
        L = densities.log_density("Uniform", fitted["tau"].args, x)[None]
        found = gate.judge(log_target, L, x[None], SIZES, change=change)
        assert found.verdict == verdict
    assert found.reason.startswith("The prior of tau allows values from 0 to 5")
    assert not found.evidence_reliable


def test_one_fit_that_allows_all_of_it_is_enough():
    members = [{"tau": uniform(0.0, 4.0)}, {"tau": uniform(-1.0, 6.0)}]
    assert gate.Change({"tau": uniform(0.0, 5.0)}, members).obstacle(SIZES * 2, np.zeros(2)) == ""
    vector = [{"tau": uniform([0.0, 0.0], [4.0, 9.0])}]
    for high, stands in [([4.0, 9.0], False), ([4.0, 9.5], True)]:
        change = gate.Change({"tau": uniform([0.0, 0.0], high)}, vector)
        assert bool(change.obstacle(SIZES, np.zeros(1))) == stands


def test_a_mode_hidden_near_zero_is_suspected_where_no_draw_went():
    rng = np.random.default_rng(4)
    fitted, target = Prior("HalfNormal", {"sigma": 5.0}), Prior("HalfNormal", {"sigma": 0.2})
    far, near = rng.gamma(16, 0.25, 4000), np.abs(rng.normal(0, 1, 4000))
    for tau, stands in [(far, True), (near, False)]:
        change = gate.Change({"tau": target}, [{"tau": fitted}], {"tau": tau})
        assert (change.hidden("tau", tau, SIZES, np.zeros(1)) >= 1) == stands
    change = gate.Change({"tau": target}, [{"tau": fitted}], {"tau": far})
    log_target = densities.log_density("HalfNormal", target.args, far)
    L = densities.log_density("HalfNormal", fitted.args, far)[None]
    found = gate.judge(log_target, L, far[None], SIZES, change=change)
    assert found.verdict == "needs a refit"
    assert "nearer to zero than any draw" in found.reason


def test_the_bound_on_a_hidden_mode_is_its_formula():
    tau = 1 + np.random.default_rng(5).uniform(size=4000)
    fitted, target = Prior("Exponential", {"lam": 1.0}), Prior("Exponential", {"lam": 4.0})
    change = gate.Change({"tau": target}, [{"tau": fitted}], {"tau": tau})
    from hierwidgets.weights import errors

    ratio = np.exp(-3 * tau)
    expected = 3 / errors.ess(tau, SIZES)[0] * np.exp(-3 * tau.min() / 1000) / ratio.mean()
    assert change.hidden("tau", tau, SIZES, np.zeros(1)) == pytest.approx(expected)


def test_errors_of_other_draws_are_those_of_the_verdict():
    x = drawn()
    found = judged(x, [0.0], 0.6)
    of_mean, of_sd = found.mcse(np.stack([x, 10 * x]))
    np.testing.assert_allclose(of_mean, [found.mcse_mean[0], 10 * found.mcse_mean[0]])
    np.testing.assert_allclose(of_sd, [found.mcse_sd[0], 10 * found.mcse_sd[0]])


def test_a_verdict_takes_no_time():
    x = np.random.default_rng(6).normal(size=(10, 4000))
    took = []
    for _ in range(5):
        start = time.process_time()
        gate.judge(0.2 * x[0], np.zeros((1, 4000)), x, SIZES)
        took.append(time.process_time() - start)
    assert min(took) < 0.05
