import numpy as np
import pytest

from hierwidgets.tables.curves import kde
from hierwidgets.weights import estimates

PROBS = [0.0, 0.025, 0.25, 0.5, 0.9, 1.0]


def test_equal_weights_give_numpys_numbers():
    x = np.random.default_rng(1).normal(3, 2, size=501)
    w = np.full(501, 1 / 501)
    np.testing.assert_allclose(estimates.quantiles(w, x, PROBS), np.quantile(x, PROBS))
    mean, sd = estimates.moments(w, np.stack([x, 2 * x]))
    np.testing.assert_allclose(mean, [x.mean(), 2 * x.mean()])
    np.testing.assert_allclose(sd, [x.std(), 2 * x.std()])


def test_equal_weights_give_the_density_of_a_trace():
    for x in (np.random.default_rng(2).normal(size=400), np.full(9, 2.5)):
        found = estimates.density(x, np.full(len(x), 1 / len(x)))
        np.testing.assert_allclose(found, kde(x), rtol=1e-9, atol=1e-12)


def test_weighted_quantiles_are_those_of_the_tilted_distribution():
    x = np.random.default_rng(3).normal(size=200_000)
    w = np.exp(0.5 * x)
    w /= w.sum()
    found = estimates.quantiles(w, x, [0.025, 0.5, 0.975])
    np.testing.assert_allclose(found, [0.5 - 1.96, 0.5, 0.5 + 1.96], atol=0.04)


def test_draws_of_no_weight_do_not_count():
    rng = np.random.default_rng(4)
    x, w = rng.normal(size=300), rng.gamma(1, size=300)
    w /= w.sum()
    more = np.concatenate([x, rng.normal(50, 1, 200)])
    padded = np.concatenate([w, np.zeros(200)])
    alone = estimates.quantiles(w, x, PROBS)
    np.testing.assert_allclose(estimates.quantiles(padded, more, PROBS), alone)
    np.testing.assert_allclose(estimates.density(more, padded), estimates.density(x, w))


def test_a_known_order_changes_nothing():
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=300), np.full(300, 1 / 300)
    np.testing.assert_array_equal(
        estimates.quantiles(w, x, PROBS, np.argsort(x)), estimates.quantiles(w, x, PROBS)
    )


def test_one_draw_with_all_the_weight_is_every_quantile():
    w = np.zeros(50)
    w[7] = 1
    x = np.arange(50.0)
    assert estimates.quantiles(w, x, [0.1, 0.9]).tolist() == [7, 7]
    found = estimates.density(x, w)
    assert [part.tolist() for part in found] == [[7], [1]]


def test_a_weighted_density_integrates_to_one_and_follows_the_weights():
    x = np.abs(np.random.default_rng(6).normal(size=20_000))
    w = np.exp(-x)
    w /= w.sum()
    at, density = estimates.density(x, w)
    assert np.trapezoid(density, at) == pytest.approx(1)
    exact = np.exp(-0.5 * at**2 - at)
    exact /= np.trapezoid(exact, at)
    assert np.trapezoid(np.abs(density - exact), at) < 0.05


def test_a_wide_fit_does_not_stretch_the_picture_of_a_narrow_posterior():
    x = np.random.default_rng(7).normal(0, 100, size=20_000)
    w = np.exp(-0.5 * x**2)
    w /= w.sum()
    at, _ = estimates.density(x, w)
    assert -10 < at[0] < -3
    assert 3 < at[-1] < 10
