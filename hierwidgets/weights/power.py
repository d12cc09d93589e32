"""Power-scaling sensitivity: how much the posterior moves when a component is raised to a power."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hierwidgets.weights.smoothing import smooth

__all__ = ["Sensitivity", "cjs", "sensitivity"]

ALPHAS = (0.99, 1.01)


@dataclass(frozen=True)
class Sensitivity:
    """
    Power-scaling sensitivity of quantities to components.

    Attributes
    ----------
    components : list of str
    cjs : (components, Q) array
        Change of the cumulative Jensen-Shannon distance with log2 of the power; above 0.05 the
        quantity is sensitive (about 0.3 sd).
    khat : (components,) array
        The larger Pareto k of the two scalings: 0.7 or more and the row cannot be trusted.
    """

    components: list[str]
    cjs: np.ndarray
    khat: np.ndarray


def cjs(values: np.ndarray, weights: np.ndarray) -> float:
    """
    Cumulative Jensen-Shannon distance between draws and the same draws weighted.

    Parameters
    ----------
    values : (N,) array
    weights : (N,) array
        Summing to 1.

    Returns
    -------
    float
        0 to 1, the larger of that of the values and that of their negatives.

    References
    ----------
    Kallioinen, Paananen, Bürkner and Vehtari (2024), Detecting and diagnosing prior and likelihood
    sensitivity with power-scaling, Statistics and Computing 34, 57.
    """
    return max(_cjs(values, weights), _cjs(-values, weights))


def _cjs(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    n = len(values)
    width = np.diff(values[order])
    p = np.linspace(1 / n, 1 - 1 / n, n - 1)
    q = np.cumsum(weights[order] / weights.sum())[:-1]
    log_middle = np.log2((p + q) / 2)
    p_whole, q_whole = p @ width, q @ width
    if p_whole + q_whole == 0:
        return 0.0
    log_q = np.log2(q, out=np.zeros_like(q), where=q > 0)
    half = 0.5 / math.log(2)
    first = (p * (np.log2(p) - log_middle)) @ width + half * (q_whole - p_whole)
    second = (q * (log_q - log_middle)) @ width + half * (p_whole - q_whole)
    return math.sqrt((max(first, 0.0) + max(second, 0.0)) / (p_whole + q_whole))


def scaled(log_density: np.ndarray, alpha: float) -> tuple[np.ndarray, float]:
    """Smoothed weights of a component raised to a power, and their Pareto k, as ArviZ has them."""
    n = len(log_density)
    r_eff = _tail_efficiency(log_density)
    count = math.floor(3 * math.sqrt(n / r_eff) if n * r_eff > 225 else n / 5)
    weights, khat, _ = smooth((alpha - 1) * log_density, tail=min(count, n // 2), constant=1e-12)
    return weights, khat


def _tail_efficiency(values: np.ndarray) -> float:
    from arviz_stats.base.array import array_stats

    if np.ptp(values) == 0:
        return 1.0
    found: Any = array_stats.ess(values[None], method="tail", prob=0.05)
    return max(float(found), 1.0) / len(values)


def sensitivity(
    components: Mapping[str, np.ndarray],
    quantities: np.ndarray,
    alphas: tuple[float, float] = ALPHAS,
) -> Sensitivity:
    """
    How sensitive each quantity is to each component of the model.

    Parameters
    ----------
    components : dict
        Name -> log density at every draw, (N,): one prior, the sum of several, or the likelihood.
    quantities : (Q, N) array
        Draws in their order, chain after chain.
    alphas : (float, float)
        Powers below and above 1.

    Returns
    -------
    Sensitivity

    References
    ----------
    Kallioinen, Paananen, Bürkner and Vehtari (2024), Statistics and Computing 34, 57.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(1).normal(size=2000)
    >>> prior = {"prior": -0.5 * x**2, "elsewhere": np.zeros(2000)}
    >>> sensitivity(prior, x[None]).cjs.round(1).tolist()
    [[0.1], [0.0]]
    """
    quantities = np.asarray(quantities, dtype=float)
    table = np.zeros((len(components), len(quantities)))
    khat = np.zeros(len(components))
    for i, log_density in enumerate(components.values()):
        both = [scaled(np.asarray(log_density, dtype=float), a) for a in alphas]
        khat[i] = max(k for _, k in both)
        for j, values in enumerate(quantities):
            slopes = [
                cjs(values, w) / abs(math.log2(a)) for (w, _), a in zip(both, alphas, strict=True)
            ]
            table[i, j] = sum(slopes) / 2
    return Sensitivity(list(components), table, khat)
