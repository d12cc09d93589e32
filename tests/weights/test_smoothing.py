import numpy as np
import pytest
from arviz_stats.base.array import array_stats
from scipy import stats

from hierwidgets.weights.smoothing import pareto, smooth, tail_length


@pytest.mark.parametrize("slope", [-0.5, 0.3, 0.6, 1.2, 2.5])
@pytest.mark.parametrize("draws", [2500, 10_000])
def test_smoothing_is_arvizs(slope, draws):
    """These lengths have a whole number of tail draws, where ours is rounded up and ArviZ's down."""
    log_weights = slope * np.random.default_rng(draws).exponential(size=draws)
    expected, khat = array_stats.psislw(-log_weights, r_eff=1.0)
    found = smooth(log_weights)
    np.testing.assert_allclose(found.weights, np.exp(expected), rtol=1e-8)
    assert found.khat == pytest.approx(float(khat), abs=1e-9)


@pytest.mark.parametrize("shape", [-0.4, 0.1, 0.7])
def test_the_pareto_fit_recovers_the_shape_and_is_arvizs(shape):
    tail = np.sort(stats.genpareto.rvs(shape, scale=2.0, size=4000, random_state=3))
    k, scale = pareto(tail)
    assert k == pytest.approx(shape, abs=0.06)
    assert scale == pytest.approx(2.0, rel=0.08)
    np.testing.assert_allclose((k, scale), array_stats._gpdfit(tail), rtol=1e-10)


def test_excesses_of_any_size_are_fitted():
    tail = np.sort(stats.genpareto.rvs(0.3, size=500, random_state=4))
    k, scale = pareto(tail)
    small = pareto(tail * 1e-290)
    np.testing.assert_allclose(small, (k, scale * 1e-290), rtol=1e-9)
    assert pareto(np.append(tail[:-1] * 1e-305, 1.0))[0] == np.inf


def test_the_tail_is_no_longer_than_a_fifth():
    assert tail_length(4000) == 190
    assert tail_length(4000, 0.25) == 380
    assert tail_length(100) == 20


@pytest.mark.parametrize("noise", [0.0, 1e-7])
def test_constant_weights_need_no_smoothing(noise):
    log_weights = 7 + noise * np.random.default_rng(1).normal(size=1000)
    weights, khat, log_mean = smooth(log_weights)
    assert khat == -np.inf
    np.testing.assert_allclose(weights, 1 / 1000, rtol=1e-5)
    assert log_mean == pytest.approx(7, abs=1e-5)


def test_a_cut_off_leaves_equal_weights():
    log_weights = np.where(np.arange(1000) < 600, 0.0, -np.inf)
    weights, khat, log_mean = smooth(log_weights)
    assert khat == -np.inf
    np.testing.assert_allclose(weights[:600], 1 / 600)
    assert not weights[600:].any()
    assert log_mean == pytest.approx(np.log(0.6))


def test_a_tail_without_weights_fits_no_pareto():
    log_weights = np.full(1000, -np.inf)
    log_weights[:3] = [0.0, -1.0, -2.0]
    weights, khat, _ = smooth(log_weights)
    assert khat == np.inf
    assert weights.sum() == pytest.approx(1)


def test_weights_do_not_depend_on_a_constant():
    log_weights = np.random.default_rng(2).normal(size=1000)
    one, other = smooth(log_weights), smooth(log_weights - 5000)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9)
    assert other.log_mean == pytest.approx(one.log_mean - 5000)


def test_what_cannot_be_weighted_is_refused():
    with pytest.raises(ValueError, match="No draw has a finite weight"):
        smooth(np.full(100, -np.inf))
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not a number below infinity"):
            smooth(np.array([0.0, bad]))
