"""Fits that differ only in their priors, taken as one mixture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["correction", "mixture", "normalisers", "overlap", "responsibilities"]

TOLERANCE = 1e-9
MOST_STEPS = 100


def mixture(L: np.ndarray, n: Sequence[int] | np.ndarray, f: np.ndarray) -> np.ndarray:
    """
    Log of the pool's mixture of priors at every draw: log sum_k n_k exp(L_k - f_k).

    Parameters
    ----------
    L : (K, N) array
        Log prior density of every pooled draw under each fit's priors; -inf outside a support.
    n : (K,) array
        Draws of each fit.
    f : (K,) array
        Log normalisers, as `normalisers` gives them.

    Returns
    -------
    (N,) array

    Examples
    --------
    >>> import numpy as np
    >>> mixture(np.zeros((2, 3)), [1, 2], np.zeros(2)).round(3).tolist()
    [1.099, 1.099, 1.099]
    """
    return _log_sum(L + (np.log(n) - f)[:, None], axis=0)


def _log_sum(a: np.ndarray, axis: int) -> np.ndarray:
    high = a.max(axis=axis, keepdims=True)
    high = np.where(np.isfinite(high), high, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(a - high).sum(axis=axis)) + high.squeeze(axis)


def responsibilities(
    L: np.ndarray, n: Sequence[int] | np.ndarray, f: np.ndarray, D: np.ndarray | None = None
) -> np.ndarray:
    """Each fit's share of the mixture at every draw, shape (K, N); columns sum to 1."""
    return np.exp(L + (np.log(n) - f)[:, None] - (mixture(L, n, f) if D is None else D))


def normalisers(L: np.ndarray, n: Sequence[int] | np.ndarray) -> np.ndarray:
    """
    Log marginal likelihood of each fit relative to the first, from the draws of all of them.

    The minimum of the convex F(f) = sum_i log sum_k n_k exp(L_ki - f_k) + sum_k n_k f_k, by three
    fixed-point steps and damped Newton steps.

    Parameters
    ----------
    L : (K, N) array
        Log prior density of every pooled draw under each fit's priors.
    n : (K,) array
        Draws of each fit, in the order of the draws.

    Returns
    -------
    (K,) array
        The first is 0.

    References
    ----------
    Shirts and Chodera (2008), Statistically optimal analysis of samples from multiple equilibrium
    states, Journal of Chemical Physics 129, 124105.

    Examples
    --------
    >>> import numpy as np
    >>> normalisers(np.zeros((1, 10)), [10]).tolist()
    [0.0]
    """
    n = np.asarray(n, dtype=float)
    f = np.zeros(len(n))
    if len(n) == 1:
        return f
    for _ in range(3):
        f = _log_sum(L - mixture(L, n, f), axis=1)
        f -= f[0]
    mixed = mixture(L, n, f)
    value = mixed.sum() + n @ f
    for _ in range(MOST_STEPS):
        R = responsibilities(L, n, f, mixed)
        gap = n - R.sum(axis=1)
        if np.abs(gap / n).max() < TOLERANCE:
            break
        H = _curvature(R) + 1e-12 * np.diag(n)
        step = np.zeros(len(n))
        step[1:] = np.clip(np.linalg.solve(H[1:, 1:], -gap[1:]), -30, 30)
        length = 1.0
        while True:
            further = f + length * step
            next_mixture = mixture(L, n, further)
            value_further = next_mixture.sum() + n @ further
            if value_further <= value + 1e-12 * abs(value) or length < 1e-4:
                break
            length /= 2
        f, mixed, value = further, next_mixture, value_further
    return f


def _curvature(R: np.ndarray) -> np.ndarray:
    return np.diag(R.sum(axis=1)) - R @ R.T


def correction(h: np.ndarray, R: np.ndarray) -> np.ndarray:
    """
    What the uncertain normalisers add to influences: c' H^-1 r_i.

    Parameters
    ----------
    h : (..., N) array
        Influence of each draw on an estimate.
    R : (K, N) array
        `responsibilities`.

    Returns
    -------
    (..., N) array
        Zero for a single fit.
    """
    h = np.asarray(h, dtype=float)
    if len(R) == 1:
        return np.zeros_like(h)
    H = _curvature(R)[1:, 1:] + 1e-12 * np.diag(R[1:].sum(axis=1))
    c = h @ R[1:].T
    return np.linalg.solve(H, c.reshape(-1, len(H)).T).T.reshape(c.shape) @ R[1:]


def overlap(L: np.ndarray, n: Sequence[int] | np.ndarray, f: np.ndarray) -> float:
    """
    How well the fits of a pool overlap: 1 less the second eigenvalue of R R' / n.

    Returns
    -------
    float
        Near 0 when some fits share no draws with the others; 1 for a single fit.

    References
    ----------
    Klimovich, Shirts and Mobley (2015), Journal of Computer-Aided Molecular Design 29.

    Examples
    --------
    >>> import numpy as np
    >>> round(overlap(np.zeros((2, 10)), [5, 5], np.zeros(2)), 6)
    1.0
    """
    if len(n) == 1:
        return 1.0
    R = responsibilities(L, n, f)
    root = np.sqrt(np.asarray(n, dtype=float))
    values = np.linalg.eigvalsh(R @ R.T / np.outer(root, root))
    return float(1 - values[-2])
