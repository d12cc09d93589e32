"""Each group's own maximum-likelihood estimate, from its rows alone.

Every effect that varies over the grouping is estimated freely; all other terms are held at their
posterior means as an offset, on the link scale. Gaussian groups are least squares, others
statsmodels' generalised linear models.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

from hierwidgets import terms
from hierwidgets.checks import plural

if TYPE_CHECKING:
    from hierwidgets.fit import Fit


@dataclass(frozen=True)
class Rows:
    """What one grouping sees: effects (K), Z (rows, K), response, offset and group of each row."""

    effects: list[terms.Effect]
    Z: np.ndarray
    y: np.ndarray
    offset: np.ndarray
    index: np.ndarray
    inverse_scale: np.ndarray
    modelled_scale: bool


@dataclass(frozen=True)
class NoPooling:
    """Estimates of G groups and K effects; NaN and a reason where there is none.

    Attributes
    ----------
    estimate, se : ndarray, shape (G, K)
        The standard error comes from the group's own residuals where the family has a scale, from
        the model's where that is modelled by row.
    precision : ndarray, shape (G, K, K)
        Fisher information of the group's rows at the model's own residual scale.
    score : ndarray, shape (G, K)
        ``precision @ estimate``, which exists for a Gaussian group even where the estimate does not.
    complete : ndarray, shape (K,)
        The same estimate from all rows together: complete pooling.
    reason : list of str
    """

    effects: list[terms.Effect]
    estimate: np.ndarray
    se: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    complete: np.ndarray
    reason: list[str]


def rows(fit: Fit, varying: list[terms.Effect]) -> Rows:
    """The rows of a model as the effects that vary over one grouping see them."""
    posterior = fit.posterior
    component, factor = varying[0].component, varying[0].factor
    design = terms.common(fit.model, component)
    beta = design.draws(posterior, varying[0].response).mean(axis=(0, 1))
    Z = np.column_stack([effect.predictor for effect in varying])
    within = terms.population_weights(design, varying) @ beta
    offset = design.offset + design.X @ beta - Z @ within
    for effect in fit.effects:
        if effect.component == component and effect.factor != factor:
            mean = effect.draws(posterior).mean(axis=(0, 1))
            offset = offset + mean[effect.index] * effect.predictor
    y = terms.response(fit.model)
    scale = terms.residual_scale(fit.model, posterior)
    inverse = np.ones(len(y))
    if scale is not None:
        inverse = np.broadcast_to(1 / scale.mean(axis=(0, 1)), len(y))
    by_row = scale is not None and scale.ndim == 3
    return Rows(varying, Z, y, offset, varying[0].index, np.asarray(inverse), by_row)


def no_pooling(fit: Fit, effect: terms.Effect) -> NoPooling:
    """No-pooling estimates of `effect` and all that varies over the same groups."""
    varying = fit.siblings(effect)
    count, K = len(effect.groups), len(varying)
    empty = np.full((count, K), np.nan)
    out = NoPooling(
        varying,
        empty.copy(),
        empty.copy(),
        np.full((count, K, K), np.nan),
        empty.copy(),
        np.full(K, np.nan),
        [""] * count,
    )
    solver = _solver(fit, effect.component)
    if isinstance(solver, str):
        out.reason[:] = [solver] * count
        return out
    given = rows(fit, varying)
    every = np.arange(len(given.y))
    out.complete[:] = solver(given, every).estimate
    order = np.argsort(given.index, kind="stable")
    ends = np.searchsorted(given.index[order], np.arange(count + 1))
    for j in range(count):
        mine = order[ends[j] : ends[j + 1]]
        own = solver(given, mine)
        out.estimate[j], out.se[j] = own.estimate, own.se
        out.precision[j], out.score[j] = own.precision, own.score
        out.reason[j] = own.reason
    return out


@dataclass(frozen=True)
class _Own:
    estimate: np.ndarray
    se: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    reason: str = ""


def _missing(K: int, reason: str) -> _Own:
    nan = np.full(K, np.nan)
    return _Own(nan, nan, np.full((K, K), np.nan), nan, reason)


def _solver(fit: Fit, component: str) -> Any:
    """A function (rows, positions) -> _Own, or the reason why this model has none."""
    if component != terms.parent(fit.model):
        return f"effects on {component} have no no-pooling estimate"
    if smooth := terms.smooths(fit.model):
        return f"no-pooling estimates are not available beside the Gaussian process {smooth[0]}"
    if terms.altered_response(fit.model):
        return (
            "no-pooling estimates are not available for a censored, truncated or weighted response"
        )
    if fit.family == "gaussian" and terms.link_name(fit.model, component) == "identity":
        return _least_squares
    family = _glm_family(fit, component)
    if family is None:
        link = terms.link_name(fit.model, component)
        return f"no-pooling estimates are not available for the {fit.family} family with the {link} link"
    return lambda given, mine: _glm(given, mine, family, fit)


def _rank_reason(n: int, K: int) -> str:
    if n < K:
        return f"{n} row{plural(n)} for {K} effects"
    return (
        f"its {n} rows cannot tell {K} effects apart"
        if K > 1
        else "the predictor is zero in its rows"
    )


def _least_squares(given: Rows, mine: np.ndarray) -> _Own:
    """Weighted by the model's residual scale, which cancels where it is the same for all rows."""
    weight = given.inverse_scale[mine]
    Z = given.Z[mine] * weight[:, None]
    r = (given.y[mine] - given.offset[mine]) * weight
    n, K = Z.shape
    precision, score = Z.T @ Z, Z.T @ r
    norms = np.sqrt(np.diag(precision))
    nan = np.full(K, np.nan)
    if not norms.all():
        return _Own(nan, nan, precision, score, _rank_reason(n, K))
    scaled, residual, rank, _ = np.linalg.lstsq(Z / norms, r, rcond=None)
    if rank < K:
        return _Own(nan, nan, precision, score, _rank_reason(n, K))
    estimate = scaled / norms
    if given.modelled_scale:
        own = 1.0
    elif n == K:
        return _Own(estimate, nan, precision, score, _no_se(n, K))
    else:
        own = float(residual[0]) / (n - K)
    R = np.linalg.qr(Z / norms, mode="r")
    unscaled = (np.linalg.inv(R) ** 2).sum(axis=1) / norms**2
    return _Own(estimate, np.sqrt(own * unscaled), precision, score)


def _glm_family(fit: Fit, component: str) -> Any:
    """The statsmodels family of the model, with its link, or None."""
    from statsmodels.genmod import families

    links = {
        "logit": families.links.Logit,
        "probit": families.links.Probit,
        "cloglog": families.links.CLogLog,
        "log": families.links.Log,
        "identity": families.links.Identity,
        "inverse": families.links.InversePower,
    }
    link = links.get(terms.link_name(fit.model, component))
    if link is None:
        return None
    if fit.family in ("bernoulli", "binomial"):
        return families.Binomial(link=link())
    if fit.family == "poisson":
        return families.Poisson(link=link())
    if fit.family == "gamma":
        return families.Gamma(link=link())
    if fit.family == "negativebinomial":
        alpha = terms.auxiliary(fit.model, fit.posterior, "alpha")
        return None if alpha is None else families.NegativeBinomial(link=link(), alpha=1 / alpha)
    return None


def _glm(given: Rows, mine: np.ndarray, family: Any, fit: Fit) -> _Own:
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

    if given.y.ndim == 2:
        mine = mine[given.y[mine, 1] > 0]
    Z, y, offset = given.Z[mine], given.y[mine], given.offset[mine]
    n, K = Z.shape
    if np.linalg.matrix_rank(Z) < K:
        return _missing(K, _rank_reason(n, K))
    trials = None
    if y.ndim == 2:
        y, trials = y[:, 0], y[:, 1]
    reason = _runaway(fit.family, Z, y, trials)
    if reason:
        return _missing(K, reason)
    if trials is not None:
        y = np.column_stack([y, trials - y])
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = GLM(y, Z, family=family, offset=offset).fit(tol=1e-12, maxiter=100)
    if not result.converged or not np.isfinite(result.params).all():
        return _missing(K, "its maximum likelihood did not converge")
    estimate = np.asarray(result.params)
    unscaled = np.asarray(result.normalized_cov_params)
    dispersion = 1.0
    own = 1.0
    if fit.family == "gamma":
        shape = terms.auxiliary(fit.model, fit.posterior, "alpha")
        if shape is None:
            return _missing(K, "the family's shape is modelled")
        dispersion = 1 / shape
        own = float(result.scale) if n > K else np.nan
    precision = np.linalg.inv(unscaled) / dispersion
    se = np.sqrt(own * np.diag(unscaled))
    return _Own(
        estimate, se, precision, precision @ estimate, "" if n > K or own == 1.0 else _no_se(n, K)
    )


def _no_se(n: int, K: int) -> str:
    return f"{n} row{plural(n)} for {K} effect{plural(K)}: no standard error of its own"


def _runaway(family: str, Z: np.ndarray, y: np.ndarray, trials: np.ndarray | None) -> str:
    """Why a group's likelihood has no maximum: the data lie on one side of some direction.

    Konis (2007), Linear programming algorithms for detecting separated data, DPhil thesis, Oxford.
    """
    if family in ("bernoulli", "binomial"):
        top = np.ones(len(y)) if trials is None else trials
        low, high = y == 0, y == top
        if high.all() or low.all():
            return "all successes" if high.all() else "no successes"
    elif family in ("poisson", "negativebinomial"):
        low, high = y == 0, np.zeros(len(y), bool)
        if low.all():
            return "all counts are zero"
    else:
        return ""
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
