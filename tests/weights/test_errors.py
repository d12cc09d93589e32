import numpy as np
import pytest
from arviz_stats.base.array import array_stats

from hierwidgets.weights import errors, pool
from hierwidgets.weights.smoothing import smooth

SIZES = [(4, 250)]


def chains(rng, m, n, phi):
    x = rng.normal(size=(m, n))
    noise = rng.normal(size=(m, n)) * np.sqrt(1 - phi**2)
    for t in range(1, n):
        x[:, t] = phi * x[:, t - 1] + noise[:, t]
    return x


@pytest.mark.parametrize("n", [4, 5, 8, 9, 20, 21, 100, 101, 500])
@pytest.mark.parametrize("phi", [-0.9, -0.5, 0.0, 0.5, 0.95, 1.0])
def test_effective_sample_size_is_arvizs(n, phi):
    rng = np.random.default_rng(n)
    for m in (1, 2, 4):
        for _ in range(5):
            x = chains(rng, m, n, phi)
            expected = array_stats.ess(x, method="mean")
            assert errors.ess(x.ravel(), [(m, n)])[0] == pytest.approx(float(expected), rel=1e-9)


def test_members_and_quantities_are_kept_apart():
    rng = np.random.default_rng(1)
    one, other = chains(rng, 2, 50, 0.5), chains(rng, 3, 40, 0.8)
    h = np.concatenate([one.ravel(), other.ravel()])
    found = errors.ess(np.stack([h, -h]), [(2, 50), (3, 40)])
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found[0], found[1])
    assert found[0, 1] == pytest.approx(float(array_stats.ess(other, method="mean")))


def test_draws_that_are_equal_or_tiny_have_a_size():
    assert errors.ess(np.full(40, 3.0), [(2, 20)])[0] == 40
    x = chains(np.random.default_rng(2), 2, 50, 0.3).ravel()
    small = errors.ess(x * 1e-250, [(2, 50)])
    assert small == pytest.approx(errors.ess(x, [(2, 50)]))


def test_sizes_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="100 draws in all; the array has 99"):
        errors.ess(np.zeros(99), [(4, 25)])


def test_unweighted_errors_of_independent_draws_are_the_textbooks():
    x = np.random.default_rng(3).normal(5, 2, size=20_000)
    of_mean, of_sd = errors.mcse(np.full(20_000, 1 / 20_000), x, [(4, 5000)])
    assert of_mean == pytest.approx(2 / np.sqrt(20_000), rel=0.1)
    assert 2 / np.sqrt(40_000) * 0.9 < of_sd < 2 / np.sqrt(40_000) * 1.6


@pytest.mark.parametrize(("phi", "slope"), [(0.0, 0.0), (0.0, 0.7), (0.7, 0.0), (0.7, 0.7)])
def test_errors_cover_the_spread_of_repeated_sampling(phi, slope):
    """Normal draws tilted by exp(slope x) are normal about the slope; 300 data sets of chains."""
    rng = np.random.default_rng(4)
    means, sds, reported = [], [], []
    for _ in range(300):
        x = chains(rng, *SIZES[0], phi).ravel()
        weights = smooth(slope * x).weights
        means.append(weights @ x)
        sds.append(np.sqrt(weights @ (x - means[-1]) ** 2))
        reported.append(errors.mcse(weights, x, SIZES))
    errors_of = np.array(reported)
    for found, truth, own in [(means, slope, errors_of[:, 0]), (sds, 1.0, errors_of[:, 1])]:
        spread = np.sqrt(np.mean((np.array(found) - truth) ** 2))
        assert 0.85 < np.median(own) / spread < (5 if slope else 1.6)
        assert np.mean(np.abs(np.array(found) - truth) < 4 * own) > 0.996


def test_errors_of_a_pool_count_the_normalisers():
    """Two fits of known posteriors, pooled again and again."""
    rng = np.random.default_rng(5)
    found, with_them, without = [], [], []
    sizes = [(4, 100)] * 2
    for _ in range(300):
        x = np.concatenate([rng.normal(0, 1, 400), rng.normal(2.5, 1, 400)])
        L = np.stack([np.zeros(800), 2.5 * x])
        f = pool.normalisers(L, [400, 400])
        R = pool.responsibilities(L, [400, 400], f)
        weights = smooth(1.25 * x - pool.mixture(L, [400, 400], f)).weights
        found.append(weights @ x)
        h = errors.influences(weights, x)[0]
        without.append(errors.spread(h, sizes))
        with_them.append(errors.spread(h + pool.correction(h, R), sizes))
    spread = np.std(found)
    assert np.mean(found) == pytest.approx(1.25, abs=4 * spread / np.sqrt(300))
    assert np.median(with_them) == pytest.approx(spread, rel=0.12)
    assert abs(np.median(without) / spread - 1) > abs(np.median(with_them) / spread - 1)


def test_a_single_fit_needs_no_correction():
    h = np.random.default_rng(6).normal(size=1000)
    weights = smooth(h).weights
    alone = errors.mcse(weights, h, SIZES)
    np.testing.assert_allclose(alone, errors.mcse(weights, h, SIZES, np.ones((1, 1000))))


def test_the_inflation_is_bounded_and_grows_with_the_tail():
    rng = np.random.default_rng(7)
    assert errors.inflation(np.ones(1000)) == (1, 1)
    assert errors.inflation(np.where(np.arange(1000) < 3, 1.0, 0.0)) == (5, 5)
    light, heavy = rng.uniform(size=4000), rng.standard_t(1.5, size=4000)
    assert errors.inflation(light).bound < 1.05
    assert 2 < errors.inflation(heavy).bound <= 5
    assert errors.inflation(light).stated == 1
    assert 1.6 <= errors.inflation(heavy).stated < min(errors.inflation(heavy).bound, 3)
    assert errors.inflation(light * 1e-200) == pytest.approx(errors.inflation(light), abs=0.05)


@pytest.mark.parametrize(("slope", "most"), [(0.0, 2.0), (0.1, 2.5), (-0.5, 1.25)])
def test_the_stated_error_of_a_skewed_sd_is_near_the_actual(slope, most):
    """Exponential draws tilted by exp(slope x) are exponential again: their sd is 1 / (1 - slope)."""
    rng = np.random.default_rng(8)
    missed, stated, bound = [], [], []
    for _ in range(150):
        x = rng.exponential(size=1000)
        weights, khat, _ = smooth(slope * x)
        missed.append(np.sqrt(weights @ (x - weights @ x) ** 2) - 1 / (1 - slope))
        stated.append(errors.mcse(weights, x, SIZES, khat=khat)[1])
        bound.append(errors.bounds(weights, x, SIZES)[1])
    ratio = np.median(stated) / np.sqrt(np.mean(np.square(missed)))
    assert 0.8 < ratio < most
    assert np.mean(np.abs(missed) < 2 * np.array(stated)) > 0.9
    if slope == 0:
        assert np.median(bound) > 2 * np.median(stated)
