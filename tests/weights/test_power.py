import numpy as np
import pytest
import xarray as xr
from arviz_base import from_dict
from arviz_stats.base.array import array_stats
from arviz_stats.psense import psense

from hierwidgets.weights import power


@pytest.fixture(scope="module")
def posterior():
    """Mean 0.8 of a normal of unit variance: prior N(0, 1), four observations of 1 on average."""
    x = np.random.default_rng(1).normal(0.8, np.sqrt(0.2), size=(4, 500))
    return x, -0.5 * x**2, -0.5 * 4 * (1 - x) ** 2


@pytest.mark.parametrize("group", ["prior", "likelihood"])
def test_sensitivity_is_arvizs(posterior, group):
    x, prior, likelihood = posterior
    tree = from_dict(
        {"posterior": {"m": x}, "log_prior": {"m": prior}, "log_likelihood": {"y": likelihood}}
    )
    expected = psense(tree, group=group)["m"]
    component = {"prior": prior, "likelihood": likelihood}[group]
    found = power.sensitivity({group: component.ravel()}, x.reshape(1, -1))
    assert isinstance(expected, xr.DataArray)
    assert found.cjs[0, 0] == pytest.approx(float(expected), rel=1e-6)


def test_the_distance_is_arvizs():
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=1000), rng.gamma(1, size=1000)
    w /= w.sum()
    expected = max(array_stats._cjs_dist(x, w), array_stats._cjs_dist(-x, w))
    assert power.cjs(x, w) == pytest.approx(float(expected), rel=1e-10)
    assert power.cjs(x, np.full(1000, 1e-3)) == pytest.approx(0, abs=1e-6)
    assert power.cjs(np.ones(1000), w) == 0


def test_the_table_keeps_pareto_k_and_the_order_of_components(posterior):
    x, prior, likelihood = (part.ravel() for part in posterior)
    found = power.sensitivity(
        {
            "prior": prior,
            "likelihood": likelihood,
            "elsewhere": np.zeros(2000),
            "absurd": 4000 * x**2,
        },
        np.stack([x, np.exp(x)]),
    )
    assert found.components == ["prior", "likelihood", "elsewhere", "absurd"]
    assert found.cjs.shape == (4, 2)
    assert (found.cjs[:2] > 0.05).all()
    np.testing.assert_allclose(found.cjs[2], 0, atol=1e-6)
    assert found.khat[2] == -np.inf
    assert found.khat[0] < 0.7 < found.khat[3]
