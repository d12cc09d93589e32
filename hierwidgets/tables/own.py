"""One group's maximum likelihood: least squares, a generalised linear model, or another likelihood."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

from hierwidgets.checks import plural
from hierwidgets.tables.likelihoods import Likelihood, maximise

if TYPE_CHECKING:
    from hierwidgets.terms import Effect

_DIVERGED = "its maximum likelihood did not converge"


@dataclass(frozen=True)
class Rows:
    """What one grouping sees: effects (K), Z (rows, K), response, offset and group of each row.

    `count` is how many rows each stands for, the weight of its log likelihood, and is part of
    `inverse_scale`, by its root, already.
    """

    effects: list[Effect]
    Z: np.ndarray
    y: np.ndarray
    offset: np.ndarray
    index: np.ndarray
    inverse_scale: np.ndarray
    modelled_scale: bool
    count: np.ndarray


@dataclass(frozen=True)
class Own:
    """What one group says of K effects; see `hierwidgets.tables.no_pooling.NoPooling`."""

    estimate: np.ndarray
    se: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    reason: str = ""
    weight: np.ndarray | None = None


Solver = Callable[[Rows, np.ndarray], Own]


def _missing(K: int, reason: str) -> Own:
    nan = np.full(K, np.nan)
    return Own(nan, nan, np.full((K, K), np.nan), nan, reason)


def _rank_reason(n: int, K: int) -> str:
    if n < K:
        return f"{n} row{plural(n)} for {K} effects"
    return (
        f"its {n} rows cannot tell {K} effects apart"
        if K > 1
        else "the predictor is zero in its rows"
    )


def unknown(Z: np.ndarray) -> str:
    """Why the rows Z (n, K) cannot tell K effects apart, or nothing."""
    n, K = Z.shape
    norms = np.linalg.norm(Z, axis=0)
    if norms.all() and np.linalg.matrix_rank(Z / norms) == K:
        return ""
    return _rank_reason(n, K)


def _no_se(n: int, K: int) -> str:
    return f"{n} row{plural(n)} for {K} effect{plural(K)}: no standard error of its own"


def least_squares(given: Rows, mine: np.ndarray) -> Own:
    """Weighted by the model's residual scale, which cancels where it is the same for all rows."""
    weight = given.inverse_scale[mine]
    Z = given.Z[mine] * weight[:, None]
    r = (given.y[mine] - given.offset[mine]) * weight
    n, K = int(np.count_nonzero(given.count[mine])), Z.shape[1]
    precision, score = Z.T @ Z, Z.T @ r
    norms = np.sqrt(np.diag(precision))
    nan = np.full(K, np.nan)
    if not norms.all():
        return Own(nan, nan, precision, score, _rank_reason(n, K))
    scaled, residual, rank, _ = np.linalg.lstsq(Z / norms, r, rcond=None)
    if rank < K:
        return Own(nan, nan, precision, score, _rank_reason(n, K))
    estimate = scaled / norms
    if given.modelled_scale:
        own = 1.0
    elif n == K or (freedom := given.count[mine].sum() - K) <= 0:
        return Own(estimate, nan, precision, score, _no_se(n, K))
    else:
        own = float(residual[0]) / freedom
    R = np.linalg.qr(Z / norms, mode="r")
    unscaled = (np.linalg.inv(R) ** 2).sum(axis=1) / norms**2
    return Own(estimate, np.sqrt(own * unscaled), precision, score)


def generalised(family: Any, kind: str, shape: float = 1.0) -> Solver:
    """A statsmodels family; `kind` is Bambi's name of it, `shape` a gamma's alpha."""
    return lambda given, mine: _glm(given, mine, family, kind, shape)


def _glm(given: Rows, mine: np.ndarray, family: Any, kind: str, shape: float) -> Own:
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import (
        ConvergenceWarning,
        DomainWarning,
        PerfectSeparationWarning,
    )

    if given.y.ndim == 2:
        mine = mine[given.y[mine, 1] > 0]
    mine = mine[given.count[mine] > 0]
    Z, y, offset = given.Z[mine], given.y[mine], given.offset[mine]
    n, K = Z.shape
    if np.linalg.matrix_rank(Z) < K:
        return _missing(K, _rank_reason(n, K))
    trials = None
    if y.ndim == 2:
        y, trials = y[:, 0], y[:, 1]
    reason = _runaway(kind, Z, y, trials)
    if reason:
        return _missing(K, reason)
    if trials is not None:
        y = np.column_stack([y, trials - y])
    count = given.count[mine]
    weights = given.inverse_scale[mine] ** 2 / count if kind == "gaussian" else None
    start = _gaussian_start(family.link, Z, y, offset) if kind == "gaussian" else None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for expected in (ConvergenceWarning, DomainWarning, PerfectSeparationWarning):
            warnings.simplefilter("ignore", expected)
        options = {"var_weights": weights, "freq_weights": count}
        model = GLM(y, Z, family=family, offset=offset, **options)
        try:
            result = model.fit(start_params=start, tol=1e-12, maxiter=100)
        except ValueError:
            return _missing(K, _DIVERGED)
    estimate = np.asarray(result.params)
    unscaled = np.asarray(result.normalized_cov_params)
    if not result.converged or not np.isfinite(estimate).all() or not np.isfinite(unscaled).all():
        return _missing(K, _DIVERGED)
    own = 1.0
    if kind == "gamma" or (kind == "gaussian" and not given.modelled_scale):
        own = float(result.scale) if n > K and count.sum() > K else np.nan
    precision = np.linalg.inv(unscaled) * shape
    se = np.sqrt(own * np.diag(unscaled))
    reason = "" if np.isfinite(own) else _no_se(n, K)
    return Own(estimate, se, precision, precision @ estimate, reason)


def _gaussian_start(link: Any, Z: np.ndarray, y: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Least squares on the link scale, the response kept where the link has a value."""
    least = max(float(np.abs(y).max()) * 1e-2, 1e-300)
    return np.linalg.lstsq(Z, link(np.maximum(y, least)) - offset, rcond=None)[0]


def by_likelihood(likelihood: Likelihood, kind: str, top: float = np.inf) -> Solver:
    """Any likelihood; `top` is the highest category of an ordered response."""

    def solve(given: Rows, mine: np.ndarray) -> Own:
        Z = given.Z[mine]
        n, K = Z.shape
        if np.linalg.matrix_rank(Z) < K:
            return _missing(K, _rank_reason(n, K))
        reason = _runaway(kind, Z, given.y[mine], np.full(n, top))
        if reason:
            return _missing(K, reason)
        found = maximise(likelihood, Z, given.offset[mine], mine)
        if found.reason:
            return _missing(K, found.reason)
        P = found.information
        return Own(found.estimate, np.sqrt(np.diag(np.linalg.inv(P))), P, P @ found.estimate)

    return solve


_EDGES = {
    "bernoulli": ("no successes", "all successes"),
    "binomial": ("no successes", "all successes"),
    "cumulative": ("all in the lowest category", "all in the highest category"),
    "poisson": ("all counts are zero", ""),
    "negativebinomial": ("all counts are zero", ""),
}


def _runaway(kind: str, Z: np.ndarray, y: np.ndarray, top: np.ndarray | None) -> str:
    """Why a group's likelihood has no maximum: the data lie on one side of some direction.

    Konis (2007), Linear programming algorithms for detecting separated data, DPhil thesis, Oxford.
    """
    if kind not in _EDGES:
        return ""
    lowest, highest = _EDGES[kind]
    low = y == 0
    high = y == (1.0 if top is None else top) if highest else np.zeros(len(y), bool)
    if low.all():
        return lowest
    if high.all():
        return highest
    if Z.shape[1] == 1 and (Z > 0).all():
        return ""
    side = np.where(high, 1.0, np.where(low, -1.0, 0.0))
    signed = Z * side[:, None]
    inside = side == 0
    found = optimize.linprog(
        -signed.sum(axis=0),
        A_ub=-signed[~inside] if (~inside).any() else None,
        b_ub=np.zeros((~inside).sum()) if (~inside).any() else None,
        A_eq=Z[inside] if inside.any() else None,
        b_eq=np.zeros(inside.sum()) if inside.any() else None,
        bounds=(-1, 1),
    )
    return "its outcomes are separated by the predictor" if -found.fun > 1e-7 else ""
