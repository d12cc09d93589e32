"""Integrals over standard normal effects, for many draws at once: adaptive Gauss-Hermite quadrature.

Where that does not settle, or the integrand may have several modes, a single effect is summed by the
trapezoid rule, which converges as fast for smooth integrands that vanish at both ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

__all__ = ["LADDERS", "Rule", "log_integral", "settled"]

Log = Callable[[np.ndarray], np.ndarray]
LADDERS = {1: (11, 21, 41), 2: (11, 21, 41)}
TOLERANCE = 1e-6
REACH = 9.0
STEP = 0.35
MOST_EVEN = 8000
_MOST_STEPS = 50
_MOST_HALVINGS = 25
_NEAR = 0.02
_FLATTEST = 0.25
_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)


class Rule(NamedTuple):
    """How to integrate: nodes in each dimension, and whether they lie evenly spaced."""

    nodes: int
    even: bool = False


def log_integral(log: Log, count: int, effects: int, rule: Rule) -> np.ndarray:
    """The logarithm of the integral of exp(log(z)) over standard normal z, for each draw.

    The nodes lie about the mode of each draw's integrand, scaled by its curvature there. The mode is
    found by Newton's method with step-halving, derivatives by central differences: they place the
    nodes and do not enter the integral.

    Parameters
    ----------
    log : callable
        From z of shape (draws, effects) to shape (draws,).
    count : int
        Draws.
    effects : int
        Dimensions of z.
    rule : Rule

    Returns
    -------
    ndarray, shape (draws,)

    References
    ----------
    Naylor and Smith (1982), Applied Statistics 31, 214-225; Pinheiro and Bates (1995), Journal of
    Computational and Graphical Statistics 4, 12-35.

    Examples
    --------
    >>> found = log_integral(lambda z: 2 * z[:, 0], 1, 1, Rule(11))
    >>> round(float(found[0]), 9)
    2.0
    """
    if effects == 0:
        return log(np.zeros((count, 0)))

    joint = _with_prior(log)
    mode, root = _peak(joint, np.zeros((count, effects)))
    if rule.even:
        places = np.linspace(-REACH, REACH, rule.nodes)
        values = (joint(mode + x) for x in places)
        return _summed(values, count) + np.log(places[1] - places[0]) - _HALF_LOG_TWO_PI
    points, weights = _hermite(rule.nodes, effects)
    values = (joint(mode + root @ x) + w for x, w in zip(points, weights, strict=True))
    return _summed(values, count) + np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)


def _summed(logs: Iterable[np.ndarray], count: int) -> np.ndarray:
    total = np.full(count, -np.inf)
    for one in logs:
        np.logaddexp(total, one, out=total)
    return total


def settled(
    log: Log, count: int, effects: int, narrowest: float | None = None
) -> tuple[Rule, float]:
    """The rule that the integrals of these draws need, and the error that is left.

    Quadratures of ever more nodes are compared until two agree within 1e-6 in every draw.

    Parameters
    ----------
    log, count, effects
        As in `log_integral`.
    narrowest : float, optional
        Of a single effect that may have several modes: about the standard deviation of the narrowest.

    Returns
    -------
    rule : Rule
    error : float
        The largest difference of any draw's logarithm from that with more nodes.

    Examples
    --------
    >>> settled(lambda z: 2 * z[:, 0], 1, 1)[0].nodes
    11
    """
    if effects == 0:
        return Rule(1), 0.0
    rules = [] if narrowest else [Rule(n) for n in LADDERS[effects]]
    error = np.inf
    if rules:
        values = [log_integral(log, count, effects, rules[0])]
        for rule, next_rule in pairwise(rules):
            values.append(log_integral(log, count, effects, next_rule))
            error = float(np.max(np.abs(values[-1] - values[-2])))
            if error <= TOLERANCE:
                return rule, error
    if effects > 1:
        return rules[-1], error
    return _even(log, count, narrowest)


def _even(log: Log, count: int, narrowest: float | None) -> tuple[Rule, float]:
    if narrowest is None:
        _, root = _peak(_with_prior(log), np.zeros((count, 1)))
        narrowest = float(root.min())
    intervals = int(np.ceil(2 * REACH / (STEP * min(narrowest, 1.0))))
    rule, error = Rule(intervals + 1, even=True), np.inf
    coarse = log_integral(log, count, 1, rule)
    while 2 * intervals <= MOST_EVEN:
        intervals *= 2
        fine = log_integral(log, count, 1, Rule(intervals + 1, even=True))
        error = float(np.max(np.abs(fine - coarse)))
        if error <= TOLERANCE:
            return rule, error
        rule, coarse = Rule(intervals + 1, even=True), fine
    return rule, error


def _with_prior(log: Log) -> Log:
    def joint(z: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            value = log(z) - 0.5 * (z * z).sum(axis=1)
        return np.where(np.isnan(value), -np.inf, value)

    return joint


@cache
def _hermite(nodes: int, effects: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (N, K) and log weights (N,) by which exp of a joint log density is summed."""
    x, w = hermegauss(nodes)
    logs = np.log(w) + 0.5 * x**2 - _HALF_LOG_TWO_PI
    places = np.array(list(product(x, repeat=effects)))
    return places, np.array([sum(one) for one in product(logs, repeat=effects)])


def _peak(joint: Log, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mode of each draw, and a root of its inverse curvature, lower triangular."""
    step = np.full(z.shape, 0.05)
    value = joint(z)
    for _ in range(_MOST_STEPS):
        gradient, precision = _differences(joint, z, step, value)
        move = np.linalg.solve(precision, gradient[..., None])[..., 0]
        far = np.sqrt(np.maximum((move * gradient).sum(axis=1), 0.0))
        step = np.clip(0.1 / np.sqrt(np.diagonal(precision, axis1=1, axis2=2)), 1e-6, 0.2)
        if np.all(far < _NEAR):
            break
        z, value = _uphill(joint, z, value, move)
    _, precision = _differences(joint, z, step, value)
    return z, np.linalg.cholesky(np.linalg.inv(precision))


def _uphill(
    joint: Log, z: np.ndarray, value: np.ndarray, move: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    share = np.ones((len(z), 1))
    there = z + move
    found = joint(there)
    for _ in range(_MOST_HALVINGS):
        worse = ~(found >= value)
        if not worse.any():
            return there, found
        share[worse] /= 2
        there = z + share * move
        found = joint(there)
    worse = ~(found >= value)
    return np.where(worse[:, None], z, there), np.where(worse, value, found)


def _differences(
    joint: Log, z: np.ndarray, step: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (S, K) and minus the Hessian (S, K, K), made positive definite."""
    count, K = z.shape
    gradient, precision = np.zeros((count, K)), np.zeros((count, K, K))
    moves = [np.where(np.arange(K) == k, step, 0.0) for k in range(K)]
    with np.errstate(invalid="ignore"):
        for k in range(K):
            above, below = joint(z + moves[k]), joint(z - moves[k])
            gradient[:, k] = (above - below) / (2 * step[:, k])
            precision[:, k, k] = -(above - 2 * value + below) / step[:, k] ** 2
            for m in range(k):
                corners = [
                    i * j * joint(z + i * moves[k] + j * moves[m]) for i in (1, -1) for j in (1, -1)
                ]
                mixed = -sum(corners) / (4 * step[:, k] * step[:, m])
                precision[:, k, m] = precision[:, m, k] = mixed
    wrong = ~(np.isfinite(precision).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1))
    gradient[wrong], precision[wrong] = -z[wrong], np.eye(K)
    if K == 1:
        return gradient, np.maximum(precision, _FLATTEST)
    values, vectors = np.linalg.eigh(precision)
    values = np.maximum(values, _FLATTEST)
    return gradient, (vectors * values[:, None, :]) @ np.swapaxes(vectors, 1, 2)
