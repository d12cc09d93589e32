import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from hierwidgets.weights import pool

MEANS = [0.0, 1.5, -2.0]
N = [2000, 1000, 3000]


@pytest.fixture(scope="module")
def gaussian():
    """One observation, 0, of unit variance, under normal priors of unit variance and other means."""
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(m / 2, np.sqrt(0.5), n) for m, n in zip(MEANS, N, strict=True)])
    return x, np.stack([stats.norm.logpdf(x, m, 1) for m in MEANS])


def fixed_point(L, n, tolerance=1e-13):
    f = np.zeros(len(n))
    while True:
        D = logsumexp(L - f[:, None] + np.log(n)[:, None], axis=0)
        further = logsumexp(L - D, axis=1)
        further -= further[0]
        if np.abs(further - f).max() < tolerance:
            return further
        f = further


def test_normalisers_are_the_fixed_points(gaussian):
    _, L = gaussian
    np.testing.assert_allclose(pool.normalisers(L, N), fixed_point(L, N), atol=1e-8)


def test_normalisers_are_the_closed_form(gaussian):
    _, L = gaussian
    exact = stats.norm.logpdf(0, MEANS, np.sqrt(2))
    np.testing.assert_allclose(pool.normalisers(L, N), exact - exact[0], atol=0.05)


def test_normalisers_survive_supports_that_cut_off():
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.uniform(0, 1, 3000), rng.uniform(0, 2, 3000)])
    L = np.stack([stats.uniform.logpdf(x, 0, 1), stats.uniform.logpdf(x, 0, 2)])
    f = pool.normalisers(L, [3000, 3000])
    np.testing.assert_allclose(f, fixed_point(L, [3000, 3000]), atol=1e-8)
    assert f[1] == pytest.approx(-np.log(2) - f[0] + np.log(2), abs=0.1)


def test_normalisers_of_fits_that_hardly_overlap_come_to_an_end():
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(m, 0.5, 5000) for m in (0, 3, 6, 9)])
    L = np.stack([2 * -((x - m) ** 2) for m in (0, 3, 6, 9)])
    n = np.full(4, 5000)
    R = pool.responsibilities(L, n, pool.normalisers(L, n))
    np.testing.assert_allclose(R.sum(axis=1), n, rtol=1e-8)
    assert pool.overlap(L, n, pool.normalisers(L, n)) < 0.03


def test_one_fit_is_plain_importance_sampling():
    L = np.random.default_rng(4).normal(size=(1, 50))
    f = pool.normalisers(L, [50])
    assert f.tolist() == [0]
    np.testing.assert_allclose(pool.mixture(L, [50], f), L[0] + np.log(50))
    assert pool.overlap(L, [50], f) == 1
    assert not pool.correction(L[0], pool.responsibilities(L, [50], f)).any()


def test_shares_sum_to_one_and_mixture_is_the_logarithm_of_the_sum(gaussian):
    _, L = gaussian
    f = pool.normalisers(L, N)
    np.testing.assert_allclose(pool.responsibilities(L, N, f).sum(axis=0), 1)
    expected = np.log(sum(n * np.exp(row - v) for n, row, v in zip(N, L, f, strict=True)))
    np.testing.assert_allclose(pool.mixture(L, N, f), expected)


def test_overlap_of_equal_fits_is_whole_and_of_strangers_is_none():
    assert pool.overlap(np.zeros((2, 100)), [50, 50], np.zeros(2)) == pytest.approx(1)
    apart = np.where(np.eye(2).repeat(50, axis=1) > 0, 0.0, -np.inf)
    assert pool.overlap(apart, [50, 50], np.zeros(2)) == pytest.approx(0)
