"""The population's ellipse against the definition of a 95 % region."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hierwidgets.tables.ellipse import ellipse


@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.4, 1.0])
def test_every_point_is_at_the_95_percent_distance(rho):
    sd = np.array([3.0, 0.5])
    covariance = np.outer(sd, sd) * np.array([[1, rho], [rho, 1]])
    around = ellipse(np.array([10.0, -2.0]), covariance)
    assert around["step"].tolist() == list(range(73))
    off = around[["x", "y"]].to_numpy() - [10.0, -2.0]
    np.testing.assert_allclose(off[0], off[-1], atol=1e-9)
    if rho == 1:
        np.testing.assert_allclose(off[:, 0] / 3, off[:, 1] / 0.5, atol=1e-12)
        return
    distance = np.einsum("ij,jk,ik->i", off, np.linalg.inv(covariance), off)
    np.testing.assert_allclose(distance, stats.chi2(2).ppf(0.95))


def test_no_spread_is_a_line_or_a_point():
    flat = ellipse(np.zeros(2), np.diag([4.0, 0.0]))
    assert np.ptp(flat["y"]) == 0
    assert flat["x"].max() == pytest.approx(2 * 5.991464547**0.5)
