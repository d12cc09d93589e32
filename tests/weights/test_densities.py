from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from hierwidgets.weights import densities
from tests.weights_vectors import POINTS, PRIORS, lkj_constant, scipy_log

NAMES = [f"{prior.family}-{i}" for i, prior in enumerate(PRIORS)]


@pytest.mark.parametrize("prior", PRIORS, ids=NAMES)
def test_a_log_density_is_scipys_in_tails_and_at_boundaries(prior):
    x = np.array(POINTS)
    found = densities.log_density(prior.family, prior.args, x)
    expected = scipy_log(prior.family, prior.args, x)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("prior", PRIORS, ids=NAMES)
def test_a_log_density_is_pymcs(prior):
    import pymc as pm

    x = np.array([v for v in POINTS if v != 0])
    own = getattr(pm, prior.family).dist(**prior.args)
    expected = np.array([pm.logp(own, v).eval() for v in x[::3]])
    found = densities.log_density(prior.family, prior.args, x[::3])
    rough = prior.args.get("nu", 0) > 100
    np.testing.assert_allclose(found, expected, rtol=2e-4 if rough else 1e-7, atol=1e-9)


@pytest.mark.parametrize("prior", PRIORS, ids=NAMES)
def test_quantiles_have_their_probability_below(prior):
    p = np.array([0.01, 0.3, 0.5, 0.9])
    at = densities.quantile(prior.family, prior.args, p)
    low = densities.support(prior.family, prior.args)[0]
    start = max(low, float(densities.quantile(prior.family, prior.args, 1e-9)))

    def density(x):
        return np.exp(densities.log_density(prior.family, prior.args, x))

    mass = [integrate.quad(density, a, b, limit=300)[0] for a, b in pairwise(at)]
    np.testing.assert_allclose(mass, np.diff(p), rtol=1e-6)
    assert start <= at[0]


def test_every_family_of_the_menus_has_a_density():
    menu = {*densities.LOCATION, *densities.POSITIVE, *densities.CORRELATION}
    assert menu == {*{prior.family for prior in PRIORS}, "Flat", "LKJ"}
    assert densities.log_density("Flat", {}, [-3.0, 1e9]).tolist() == [0, 0]


@pytest.mark.parametrize("eta", [0.6, 1.0, 3.0])
def test_lkj_of_two_rows_is_normalised(eta):
    def density(r):
        return np.exp(densities.log_density("LKJ", {"eta": eta, "size": 2}, np.log1p(-(r**2))))

    assert integrate.quad(density, -1, 1)[0] == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("eta", [1.0, 2.0, 5.0])
def test_lkj_of_three_rows_is_normalised(eta):
    """The third correlation, given two others, is integrated over what keeps the matrix positive."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    a, b, t = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    root = np.sqrt((1 - a**2) * (1 - b**2))
    c = a * b + t * root
    log_det = np.log(np.maximum(1 - a**2 - b**2 - c**2 + 2 * a * b * c, 1e-300))
    density = np.exp(densities.log_density("LKJ", {"eta": eta, "size": 3}, log_det)) * root
    total = np.einsum("ijk,i,j,k", density, weights, weights, weights)
    assert total == pytest.approx(1, rel=2e-4)


def test_lkj_of_more_rows_has_the_constant_of_the_vine():
    for eta, size in [(1.0, 5), (2.5, 6)]:
        found = densities.log_density("LKJ", {"eta": eta, "size": size}, 0.0)
        assert found == pytest.approx(-lkj_constant(eta, size))
    assert densities.log_density("LKJ", {"eta": 1.0, "size": 2}, 0.1) == -np.inf


def test_arguments_broadcast_over_elements():
    x = np.arange(6.0).reshape(3, 2)
    found = densities.log_density("Normal", {"mu": [0.0, 1.0], "sigma": 2.0}, x)
    np.testing.assert_allclose(found, stats.norm.logpdf(x, [0, 1], 2))
    inside = densities.log_density("Uniform", {"lower": [0.0, 3.0], "upper": [9.0, 4.0]}, x)
    assert np.isfinite(inside).tolist() == [[True, False], [True, True], [True, False]]


@pytest.mark.parametrize(
    ("family", "args", "sentence"),
    [
        ("Normal", {"mu": 0.0, "sigma": -1.0}, "sigma of Normal must be greater than 0; got -1."),
        ("HalfNormal", {"sigma": 0.0}, "sigma of HalfNormal must be greater than 0; got 0."),
        ("Normal", {"mu": np.inf, "sigma": 1.0}, "mu of Normal must be a finite number."),
        ("Normal", {"mu": np.nan, "sigma": 1.0}, "mu of Normal must be a finite number."),
        ("StudentT", {"mu": 0.0, "sigma": 1.0}, "StudentT needs nu."),
        ("Exponential", {"lam": 1.0, "mu": 0.0}, "Exponential has no mu; it has lam."),
        (
            "Uniform",
            {"lower": 3.0, "upper": 1.0},
            "lower of Uniform must be less than upper; got lower 3 and upper 1.",
        ),
        (
            "Uniform",
            {"lower": [0.0, 3.0], "upper": 2.0},
            "lower of Uniform must be less than upper; got lower 3 and upper 2.",
        ),
        ("LKJ", {"eta": 0.0, "size": 2}, "eta of LKJ must be greater than 0; got 0."),
        ("LKJ", {"eta": 2.0, "size": 2}, ""),
        ("Flat", {}, ""),
    ],
)
def test_impossible_arguments_are_named(family, args, sentence):
    assert densities.complaint(family, args) == sentence


@pytest.mark.parametrize(
    ("family", "args"),
    [
        ("Normal", {"mu": 1.0, "tau": 4.0}),
        ("HalfNormal", {"tau": 0.25}),
        ("LogNormal", {"mu": 0.2, "tau": 3.0}),
        ("StudentT", {"nu": 4.0, "mu": 1.0, "lam": 0.5}),
        ("HalfStudentT", {"nu": 4.0, "lam": 2.0}),
        ("Gamma", {"mu": 3.0, "sigma": 2.0}),
        ("InverseGamma", {"mu": 3.0, "sigma": 2.0}),
        ("Exponential", {"scale": 4.0}),
        ("StudentT", {"nu": 3.0}),
        ("Uniform", {}),
        ("LogNormal", {}),
    ],
)
def test_other_parametrisations_are_pymcs(family, args):
    import pymc as pm

    plain = densities.canonical(family, args)
    assert tuple(plain) == densities.arguments(family)
    x = 0.7
    expected = pm.logp(getattr(pm, family).dist(**args), x).eval()
    assert densities.log_density(family, plain, x) == pytest.approx(float(expected), rel=1e-7)


def test_what_is_no_family_or_has_no_quantile_is_refused():
    with pytest.raises(ValueError, match="'Beta' is no family"):
        densities.arguments("Beta")
    with pytest.raises(ValueError, match="Normal needs sigma; got mu"):
        densities.log_density("Normal", {"mu": 0.0}, 1.0)
    with pytest.raises(ValueError, match="Flat has no quantiles"):
        densities.quantile("Flat", {}, 0.5)


def test_lists_of_arguments_stay_lists():
    found = densities.canonical("Normal", {"mu": [0.0, 1.0], "sigma": 2.0})
    assert found == {"mu": [0.0, 1.0], "sigma": 2.0}
