"""Each group's own maximum-likelihood estimate, from its rows alone.

Every effect that varies over the grouping is estimated freely. Gaussian groups are least squares, in
which the effects of other groupings are noise of a known covariance (`hierwidgets.tables.beside`);
others are statsmodels' generalised linear models, or their family's likelihood maximised by SciPy,
all other terms held at their posterior means as an offset on the link scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import checks, located, models, responses, terms
from hierwidgets.tables import beside, likelihoods
from hierwidgets.tables.own import (
    Own,
    Rows,
    Solver,
    by_likelihood,
    generalised,
    least_squares,
    unknown,
)

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.tables.beside import Beside

__all__ = ["NoPooling", "Rows", "no_pooling", "rows"]

# The families whose estimates can count a row several times.
COUNTED = ("gaussian", "poisson", "gamma", "negativebinomial")


@dataclass(frozen=True)
class NoPooling:
    """Estimates of G groups and K effects; NaN and a reason where there is none.

    Attributes
    ----------
    estimate, se : ndarray, shape (G, K)
        The standard error comes from the group's own residuals where the family has a scale, from
        the model's where that is modelled by row, other groupings are integrated out, or the family
        is beta or Student's t.
    precision : ndarray, shape (G, K, K)
        Fisher information of the group's rows at the model's own scales; the observed information
        for Student's t, beta and ordered categories.
    score : ndarray, shape (G, K)
        ``precision @ estimate``, which exists for a Gaussian group even where the estimate does not.
    complete : ndarray, shape (K,)
        The same estimate from all rows together: complete pooling. An effect that the population
        does not have is 0 there, since without groups nothing is left of it.
    reason : list of str
    weight : ndarray, shape (G, K, K), or None
        The mean of Sigma (Sigma + V)^-1 over draws, where other groupings are integrated out.
    conditional : str
        The other groupings that are held at their posterior means, and why, or nothing.
    """

    effects: list[terms.Effect]
    estimate: np.ndarray
    se: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    complete: np.ndarray
    reason: list[str]
    weight: np.ndarray | None = None
    conditional: str = ""


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
    rest = responses.altered(fit.model)
    count = np.ones(len(y)) if rest is None or rest.weights is None else rest.weights
    inverse = np.asarray(inverse) * np.sqrt(count)
    return Rows(varying, Z, y, offset, varying[0].index, inverse, by_row, count)


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
    others = beside.factors(fit, varying)
    kept = beside.reason(fit, varying) if others else ""
    if kept:
        out = replace(out, conditional=f"{checks.listed(others, 5)}, {kept}")
    noise = beside.Beside(fit, varying, given.inverse_scale) if others and not kept else None
    if noise is not None:
        out = replace(out, weight=np.full((count, K, K), np.nan))
    out.complete[:] = _complete(fit, given, solver, noise)
    order = np.argsort(given.index, kind="stable")
    ends = np.searchsorted(given.index[order], np.arange(count + 1))
    for j in range(count):
        mine = order[ends[j] : ends[j + 1]]
        own = solver(given, mine) if noise is None else _among(noise, given, mine)
        out.estimate[j], out.se[j] = own.estimate, own.se
        out.precision[j], out.score[j] = own.precision, own.score
        out.reason[j] = own.reason
        if out.weight is not None:
            out.weight[j] = own.weight
    return out


def _among(noise: Beside, given: Rows, mine: np.ndarray) -> Own:
    """One group's generalised least squares, other groupings integrated out."""
    reason = unknown(given.Z[mine])
    found = noise.group(mine, not reason)
    se = np.sqrt(np.diag(found.variance))
    return Own(found.estimate, se, found.precision, found.score, reason, found.weight)


def _complete(fit: Fit, given: Rows, solver: Solver, noise: Beside | None) -> np.ndarray:
    """All rows together; an effect without a counterpart in the population is its prior's mean."""
    design = terms.common(fit.model, given.effects[0].component)
    shared, estimate = located.centre(design, given.effects)
    if not shared.any():
        return estimate
    if noise is not None and not estimate.any() and not unknown(given.Z[:, shared]):
        estimate[shared] = noise.complete(shared)
    else:
        free = replace(given, Z=given.Z[:, shared], offset=given.offset + given.Z @ estimate)
        estimate[shared] = solver(free, np.arange(len(given.y))).estimate
    return estimate


def _solver(fit: Fit, component: str) -> Solver | str:
    """What estimates a group, or the reason why this model has none."""
    if component != terms.parent(fit.model):
        return f"effects on {component} have no no-pooling estimate"
    if smooth := terms.smooths(fit.model):
        return f"no-pooling estimates are not available beside the Gaussian process {smooth[0]}"
    rest = responses.altered(fit.model)
    if responses.is_altered(fit.model) and (rest is None or rest.weights is None):
        return "no-pooling estimates are not available for a censored, truncated or constrained response"
    name = terms.link_name(fit.model, component)
    if fit.family == "gaussian" and name == "identity":
        return least_squares
    link = _links().get(name)
    made = None if link is None else _of_family(fit, name, link())
    if made is None:
        return (
            f"no-pooling estimates are not available for the {fit.family} family "
            f"with the {name} link"
        )
    if rest is not None and fit.family not in COUNTED:
        return (
            f"no-pooling estimates are not available for weighted rows of the {fit.family} family"
        )
    return made


def _links() -> dict[str, Any]:
    from statsmodels.genmod.families import links

    return {
        "logit": links.Logit,
        "probit": links.Probit,
        "cloglog": links.CLogLog,
        "log": links.Log,
        "identity": links.Identity,
        "inverse": links.InversePower,
    }


def _of_family(fit: Fit, name: str, link: Any) -> Solver | str | None:
    """The solver of a family, the reason why this model of it has none, or None."""
    from statsmodels.genmod import families

    def constant(parameter: str) -> float | None:
        return terms.auxiliary(fit.model, fit.posterior, parameter)

    def by_row(parameter: str) -> np.ndarray:
        return models.parameter_by_row(fit.model, fit.posterior, parameter)

    y = terms.response(fit.model)
    if fit.family in ("bernoulli", "binomial"):
        return generalised(families.Binomial(link=link), fit.family)
    if fit.family == "poisson":
        return generalised(families.Poisson(link=link), fit.family)
    if fit.family == "gaussian":
        return generalised(families.Gaussian(link=link), fit.family)
    if fit.family in ("gamma", "negativebinomial"):
        alpha = constant("alpha")
        if alpha is None:
            return "the family's shape is modelled"
        if fit.family == "gamma":
            return generalised(families.Gamma(link=link), fit.family, alpha)
        family = families.NegativeBinomial(link=link, alpha=1 / alpha)
        return generalised(family, fit.family)
    if fit.family == "t":
        known = likelihoods.student_t(y, by_row("nu"), by_row("sigma"), link)
        return by_likelihood(known, fit.family)
    if fit.family == "beta":
        return by_likelihood(likelihoods.beta(y, by_row("kappa"), link), fit.family)
    if fit.family == "cumulative":
        cuts = models.threshold_means(fit.model, fit.posterior)
        if cuts is None:
            return "the thresholds are modelled"
        return by_likelihood(likelihoods.cumulative(y, cuts, name), fit.family, top=len(cuts))
    return None
