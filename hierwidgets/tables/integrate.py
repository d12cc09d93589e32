"""Integrals over standard normal effects by adaptive Gauss-Hermite quadrature, for many draws at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise, product

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import logsumexp

__all__ = ["LADDERS", "log_integral", "nodes_needed"]

Log = Callable[[np.ndarray], np.ndarray]
LADDERS = {1: (11, 21, 41, 81), 2: (11, 21, 41)}
TOLERANCE = 1e-6
_MOST_STEPS = 50
_MOST_HALVINGS = 25
_NEAR = 0.02
_FLATTEST = 0.25


def log_integral(log: Log, count: int, effects: int, nodes: int) -> np.ndarray:
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
    nodes : int
        In each dimension.

    Returns
    -------
    ndarray, shape (draws,)

    References
    ----------
    Naylor and Smith (1982), Applied Statistics 31, 214-225; Pinheiro and Bates (1995), Journal of
    Computational and Graphical Statistics 4, 12-35.

    Examples
    --------
    >>> found = log_integral(lambda z: 2 * z[:, 0], 1, 1, 11)
    >>> round(float(found[0]), 9)
    2.0
    """
    if effects == 0:
        return log(np.zeros((count, 0)))

    def joint(z: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            value = log(z) - 0.5 * (z * z).sum(axis=1)
        return np.where(np.isnan(value), -np.inf, value)

    mode, root = _peak(joint, np.zeros((count, effects)))
    points, weights = _rule(nodes, effects)
    values = [joint(mode + root @ x) + w for x, w in zip(points, weights, strict=True)]
    spread = np.log(np.abs(np.diagonal(root, axis1=1, axis2=2))).sum(axis=1)
    return logsumexp(values, axis=0) + spread


def nodes_needed(log: Log, count: int, effects: int) -> tuple[int, float]:
    """How many nodes the integrals of these draws need, and the error that is left.

    Quadratures of ever more nodes are compared until two agree within 1e-6 in every draw.

    Parameters
    ----------
    log, count, effects
        As in `log_integral`.

    Returns
    -------
    nodes : int
    error : float
        The largest difference of any draw's logarithm from that with more nodes.

    Examples
    --------
    >>> nodes_needed(lambda z: 2 * z[:, 0], 1, 1)[0]
    11
    """
    if effects == 0:
        return 1, 0.0
    ladder = LADDERS[effects]
    fewer, error = log_integral(log, count, effects, ladder[0]), np.inf
    for few, many in pairwise(ladder):
        more = log_integral(log, count, effects, many)
        error = float(np.max(np.abs(more - fewer)))
        if error <= TOLERANCE:
            return few, error
        fewer = more
    return ladder[-1], error


@cache
def _rule(nodes: int, effects: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (N, K) and log weights (N,) by which exp of a joint log density is summed."""
    x, w = hermegauss(nodes)
    logs = np.log(w) + 0.5 * x**2 - 0.5 * np.log(2 * np.pi)
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
