"""Quadrature against dense sums, at integrands from mild to nasty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from hierwidgets.tables.integrate import TOLERANCE, Rule, log_integral, settled


def dense(log, effects):
    """By the trapezoid rule, which is exact to many digits for smooth integrands that vanish."""
    x = np.linspace(-12, 12, 4801 if effects == 1 else 1201)
    mesh = np.stack([m.ravel() for m in np.meshgrid(*[x] * effects)], axis=1)
    return special.logsumexp(log(mesh) + stats.norm.logpdf(mesh).sum(axis=1)) + effects * np.log(
        x[1] - x[0]
    )


def poisson(y, base, tau):
    return lambda z: stats.poisson.logpmf(y, np.exp(base + tau * z[:, [0]])).sum(axis=1)


def logit(k, n, base, tau):
    def log(z):
        eta = base + tau * z[:, 0]
        return k * special.log_expit(eta) + (n - k) * special.log_expit(-eta)

    return log


def student(y, sigma, nu, tau):
    return lambda z: stats.t.logpdf(y, nu, tau * z[:, [0]], sigma).sum(axis=1)


def plane(z):
    eta = 0.3 + 0.8 * z[:, [0]] + (0.5 * z[:, [1]] - 0.3 * z[:, [0]]) * np.array([-1, 0, 1, 2])
    return stats.poisson.logpmf([0, 3, 2, 9], np.exp(eta)).sum(axis=1)


INTEGRANDS = {
    "counts": (poisson([3, 4, 0], 0.5, 0.7), 1),
    "many counts, far from the prior": (poisson(np.full(80, 40), 0.0, 1.5), 1),
    "no counts and a wide prior": (poisson([0, 0, 0, 0], 0.0, 3.0), 1),
    "one success": (logit(1, 1, 0.0, 1.0), 1),
    "all of many": (logit(30, 30, 0.5, 2.5), 1),
    "no effect at all": (logit(3, 9, -0.5, 0.0), 1),
    "one outlier": (student([8.0], 1.0, 4, 2.0), 1),
    "two effects": (plane, 2),
}


@pytest.mark.parametrize("name", INTEGRANDS)
def test_it_is_the_dense_sum(name):
    log, effects = INTEGRANDS[name]
    rule, error = settled(log, 1, effects, 0.5 if name == "one outlier" else None)
    assert error <= TOLERANCE
    found = log_integral(log, 1, effects, rule)
    np.testing.assert_allclose(found, [dense(log, effects)], atol=1e-6)


def test_it_is_exact_for_a_normal():
    y, base, tau, sigma = np.array([1.0, 2.5, -0.3]), 0.4, 1.7, 0.6

    def log(z):
        return stats.norm.logpdf(y, base + tau * z[:, [0]], sigma).sum(axis=1)

    covariance = tau**2 * np.ones((3, 3)) + sigma**2 * np.eye(3)
    expected = stats.multivariate_normal.logpdf(y, np.full(3, base), covariance)
    np.testing.assert_allclose(log_integral(log, 1, 1, Rule(11)), [expected], rtol=1e-9)


def test_draws_do_not_touch_each_other():
    base = np.array([-3.0, 0.0, 4.0])

    def log(z):
        return stats.poisson.logpmf(5, np.exp(base[: len(z)] + z[:, 0]))

    together = log_integral(log, 3, 1, Rule(21))
    alone = [log_integral(poisson([5], b, 1.0), 1, 1, Rule(21))[0] for b in base]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_without_new_effects_nothing_is_integrated():
    found = log_integral(lambda z: np.full(len(z), -2.0), 5, 0, Rule(1))
    np.testing.assert_array_equal(found, np.full(5, -2.0))
    assert settled(lambda z: np.zeros(len(z)), 5, 0) == (Rule(1), 0.0)


@pytest.mark.parametrize("apart", [1.0, 3.0, 6.0])
def test_several_modes_are_all_seen(apart):
    """Adaptive nodes stand about one of them, and quadratures of more nodes may agree on it."""

    def log(z):
        return student([-apart * 3, apart * 3], 0.4, 3, 3.0)(z)

    rule, error = settled(log, 1, 1, narrowest=0.1)
    assert rule.even
    assert error <= TOLERANCE
    np.testing.assert_allclose(log_integral(log, 1, 1, rule), [dense(log, 1)], atol=1e-6)


def test_gauss_hermite_is_given_up_where_it_does_not_settle():
    log, _ = INTEGRANDS["no counts and a wide prior"]
    assert settled(log, 1, 1)[0].even
    assert settled(INTEGRANDS["counts"][0], 1, 1)[0] == Rule(11)
