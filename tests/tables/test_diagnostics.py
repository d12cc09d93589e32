"""R-hat and ESS against ArviZ's, one parameter at a time."""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base.array import array_stats

from hierwidgets.tables.diagnostics import described, diagnostics


@pytest.mark.parametrize("shape", [(4, 1000), (4, 999), (2, 7), (4, 4), (3, 101)])
def test_equal_to_arviz(shape):
    chains, length = shape
    draws = np.random.default_rng(1).normal(size=(chains, length, 70))
    for k, phi in enumerate(np.linspace(-0.95, 0.99, 70)):
        for t in range(1, length):
            draws[:, t, k] += phi * draws[:, t - 1, k]
    draws[..., 3] = np.round(draws[..., 3])
    draws[0, :, 5] += 1
    got = diagnostics(draws)
    for k in range(draws.shape[2]):
        one = draws[..., k]
        expected = [
            array_stats.rhat(one),
            array_stats.ess(one, method="bulk"),
            array_stats.ess(one, method="tail", prob=0.05),
        ]
        np.testing.assert_allclose([column[k] for column in got], expected, rtol=1e-9)


def test_what_cannot_be_judged_is_missing():
    draws = np.random.default_rng(2).normal(size=(2, 50, 2))
    draws[0, 3, 0] = np.nan
    got = diagnostics(draws)
    assert np.isnan(got.rhat[0])
    assert np.isnan(got.ess_bulk[0])
    assert np.isfinite(got.rhat[1])
    one_chain = diagnostics(draws[:1])
    assert np.isnan(one_chain.rhat).all()
    assert np.isfinite(one_chain.ess_bulk[1])
    assert np.isnan(diagnostics(draws[:, :3]).ess_bulk).all()


def test_a_constant_has_every_draw():
    got = diagnostics(np.full((4, 100, 1), 2.5))
    assert got.ess_bulk[0] == 400
    assert got.ess_tail[0] == 400


@pytest.mark.parametrize("shape", [(4, 251, 70), (1, 3, 2), (2, 100, 0)])
def test_quantiles_are_those_of_numpy(shape):
    draws = np.random.default_rng(3).normal(size=shape)
    levels = [0.025, 0.5, 0.9]
    found, marks = described(draws, levels)
    assert marks.shape == (3, shape[2])
    np.testing.assert_allclose(marks, np.quantile(draws, levels, axis=(0, 1)), rtol=1e-12)
    np.testing.assert_array_equal(found.ess_bulk, diagnostics(draws).ess_bulk)


def test_draws_that_are_not_finite_have_no_quantiles():
    draws = np.ones((2, 10, 2))
    draws[0, 0, 1] = np.inf
    np.testing.assert_array_equal(described(draws, [0.5])[1], [[1.0, np.nan]])
