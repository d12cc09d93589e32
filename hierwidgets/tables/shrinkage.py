"""No, partial and complete pooling of every group, and the shrinkage weight w_j between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import checks, located, terms
from hierwidgets.tables import groups, heavy, place
from hierwidgets.tables import units as response
from hierwidgets.tables.no_pooling import NoPooling, no_pooling
from hierwidgets.tables.pull import TOLERATED, Pull, caution, helps, pull
from hierwidgets.tables.units import population_draws

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

_KNOWN: WeakKeyDictionary[Fit, dict[str, NoPooling]] = WeakKeyDictionary()
_BATCH = 2_000_000
_OWN = ("no_pooling", "no_pooling_se", "no_pooling_lower", "no_pooling_upper")


def shrinkage(
    fit: Fit,
    term: str | None = None,
    sort: str = "estimate",
    units: str = "link",
    at: dict[str, float] | None = None,
) -> pd.DataFrame:
    """How far each group is pulled from its own estimate to the population.

    Parameters
    ----------
    fit : Fit
    term : str, optional
        Such as ``"1|Subject"``; the first by default.
    sort : {"estimate", "name", "size", "uncertainty"}
        By the partial-pooling estimate.
    units : {"link", "response"}
        The linear predictor's, or the response's as `hierwidgets.tables.units.meaning` says.
    at : dict, optional
        Where the level of each group is looked at, such as ``{"temp": 200}``: column and number.
        At zero of the slopes' predictors by default. On the link scale only.

    Returns
    -------
    DataFrame
        One row a group.

        no_pooling, no_pooling_se
            Maximum likelihood from the group's rows alone of every effect that varies over the
            grouping, and its standard error, from the group's own residuals. Other groupings in a
            Gaussian model are part of the noise, by their scales, and the error is the model's; in
            other models all other terms are held at their posterior means. On the response scale
            ``no_pooling_lower`` and ``no_pooling_upper``, the 95 % interval of the link scale carried
            over, stand in place of the standard error and of sampling_sd.
        partial_pooling, partial_pooling_sd
            Posterior mean and sd of the whole effect.
        complete_pooling
            The same maximum likelihood from all rows together.
        population
            Posterior mean of the population's value.
        weight
            The shrinkage weight w_j, the share of the group's own estimate:
            the diagonal of Sigma (Sigma + V_j)^-1, averaged over the draws of the scales, V_j the
            variance of the no-pooling estimate at the model's scales. For one effect
            (1/V_j) / (1/V_j + 1/sigma_alpha^2). Gelman and Hill (2007), section 12.2. For Student-t
            effects Sigma is each group's own; see `weights`. Missing for other distributions.
        realised
            The share that is realised: (partial_pooling - population) / (no_pooling - population), on
            the link scale. It differs from the weight where several effects pull on each other.
        sampling_sd
            The square root of V_j at the posterior means of the scales.
        reason
            Why a cell is missing, else "".
        caution
            Why own estimates or weights must be read with care, the same in every row, else "".

        Also term, factor, group, label (the group as it is read) and n.

    Raises
    ------
    ValueError
        An unknown term, order, unit or place, or an effect without a meaning in these units.

    Examples
    --------
    >>> shrinkage(fit, "1|Subject")[["group", "no_pooling", "partial_pooling", "weight"]]
    """
    checks.one_of(units, response.UNITS, "units of shrinkage")
    effect = fit.effect(term)
    at = place.checked(fit, effect, at)
    own = _own(fit, effect)
    k = [e.term for e in own.effects].index(effect.term)
    W = weights(fit, own)
    link, weight, found = _seen(fit, own, W, k, at)
    better = _better(fit, own, W, k, at=at, found=found)
    if units == "response":
        if at is not None:
            raise ValueError(
                'at works on the link scale: use it with units="link". Levels on the response scale '
                "are at the mean of the other predictors."
            )
        meant = response.required(fit, effect)
        whole, population = meant.draws(fit)
        estimates: dict[str, Any] = meant.estimates(fit, own)
    else:
        whole, population, estimates = link["whole"], link["population"], link
    mean, sd = whole.mean(axis=(0, 1)), whole.reshape(-1, whole.shape[-1]).std(axis=0, ddof=1)
    table = pd.DataFrame(
        {
            "term": effect.term,
            "factor": effect.factor,
            "group": effect.groups,
            "label": effect.shown,
            "n": groups.sizes(effect),
            **{name: estimates[name] for name in _OWN if name in estimates},
            "partial_pooling": mean,
            "partial_pooling_sd": sd,
            "complete_pooling": estimates["complete_pooling"],
            "population": population.mean(),
            "weight": weight,
            "realised": np.nan if found is None else found.realised,
            **{name: estimates[name] for name in ("sampling_sd",) if name in estimates},
            "reason": own.reason,
            "caution": caution(fit, effect, own, found, at, better=better),
        }
    )
    rows = groups.order(sort, effect.groups, mean, table["n"].to_numpy(), sd)
    return table.iloc[rows].reset_index(drop=True)


def _better(
    fit: Fit,
    own: NoPooling,
    W: np.ndarray,
    k: int,
    *,
    at: dict[str, float] | None,
    found: Pull | None,
) -> dict[str, float] | None:
    """The mean of the rows, if the weights mislead where an effect is looked at and say more there."""
    if found is None or found.missed <= TOLERATED:
        return None
    middle = place.mean(fit, own.effects[k])
    if not middle or middle == at:
        return None
    if np.count_nonzero(place.turn(fit, own.effects[k], middle)[k]) < 2:
        return None
    there = _seen(fit, own, W, k, middle)[2]
    return middle if helps(found, there) else None


def _seen(
    fit: Fit, own: NoPooling, W: np.ndarray, k: int, at: dict[str, float] | None
) -> tuple[dict[str, Any], np.ndarray, Pull | None]:
    """An effect at a place on the link scale: estimates and draws, the groups' weights, their pull."""
    turn = place.turn(fit, own.effects[k], at)
    weight = (turn @ W @ np.linalg.inv(turn))[:, k, k]
    link = _on_link(fit, own, turn[k])
    means = link["whole"].mean(axis=(0, 1))
    return link, weight, pull(link["no_pooling"], means, float(link["population"].mean()), weight)


def _on_link(fit: Fit, own: NoPooling, row: np.ndarray) -> dict[str, Any]:
    """A weighted sum of the effects of one grouping: draws of every group, and own estimates."""
    used = np.flatnonzero(row)
    population = sum(row[m] * population_draws(fit, own.effects[m]) for m in used)
    deviations = sum(row[m] * own.effects[m].draws(fit.posterior) for m in used)
    return {
        "population": np.asarray(population),
        "whole": deviations + np.asarray(population)[..., None],
        "no_pooling": response.weighted(row, own.estimate),
        "no_pooling_se": response.error(row, own),
        "complete_pooling": response.weighted(row, own.complete[None])[0],
        "sampling_sd": _sampling_sd(own, row),
    }


@dataclass(frozen=True)
class Information:
    """What the sigma slider needs of G groups and K effects; see `slide`."""

    terms: list[str]
    groups: list[str]
    n: np.ndarray
    precision: np.ndarray
    score: np.ndarray
    population: np.ndarray
    complete: np.ndarray
    scale: np.ndarray
    scale_lower: np.ndarray
    scale_upper: np.ndarray
    correlation: np.ndarray
    correlation_lower: np.ndarray
    correlation_upper: np.ndarray
    correlated: bool
    free: np.ndarray
    fixed: np.ndarray


def information(fit: Fit, factor: str) -> Information:
    """Fisher information and score of every group of `factor`, at the model's residual scale.

    Parameters
    ----------
    fit : Fit
    factor : str
        A grouping factor, such as ``"Subject"``.

    Returns
    -------
    Information
        precision (G, K, K) and score (G, K), NaN where a group has none; the population's and the
        complete-pooling estimate (K,); posterior mean and 95 % interval of the scales (K,) and of
        the correlations (K, K); whether the model has correlations at all; free (K,), whether the
        population has the effect; and fixed (K,), its value where it is not free.
    """
    main = terms.parent(fit.model)
    effect = next(e for e in fit.effects if e.factor == factor and e.component == main)
    own = _own(fit, effect)
    posterior = fit.posterior
    scales = np.stack([e.scale_draws(posterior).ravel() for e in own.effects])
    lower, upper = np.quantile(scales, [0.025, 0.975], axis=1)
    rho = terms.correlation_draws(own.effects, posterior)
    rho_lower, rho_upper = np.quantile(rho, [0.025, 0.975], axis=0)
    free, fixed = located.centre(terms.common(fit.model, main), own.effects)
    return Information(
        terms=[e.term for e in own.effects],
        groups=effect.groups,
        n=groups.sizes(effect),
        precision=own.precision,
        score=own.score,
        population=np.array([population_draws(fit, e).mean() for e in own.effects]),
        complete=own.complete,
        scale=scales.mean(axis=1),
        scale_lower=lower,
        scale_upper=upper,
        correlation=rho.mean(axis=0),
        correlation_lower=rho_lower,
        correlation_upper=rho_upper,
        correlated=bool(effect.joint),
        free=free,
        fixed=fixed,
    )


def _own(fit: Fit, effect: terms.Effect) -> NoPooling:
    known = _KNOWN.setdefault(fit, {})
    first = fit.siblings(effect)[0].term
    if first not in known:
        known[first] = no_pooling(fit, effect)
    return known[first]


def weights(fit: Fit, own: NoPooling) -> np.ndarray:
    """The mean of Sigma (Sigma + V_j)^-1 over the posterior's draws, shape (groups, K, K).

    Its diagonal is w_j. A residual scale that is modelled by row is held at its posterior mean. A
    Student t is a mixture of Normals of variance sigma^2 / lambda_j: the mean is over lambda_j too,
    given the draws of group j, so that a group far from the population is pulled less.
    """
    if own.weight is not None:
        return own.weight
    posterior = fit.posterior
    out = np.full(own.precision.shape, np.nan)
    exists = np.isfinite(own.estimate).all(axis=1)
    if not exists.any() or not heavy.mixture(own.effects):
        return out
    residual = terms.residual_scale(fit.model, posterior)
    ratio = np.ones(posterior.sizes["chain"] * posterior.sizes["draw"])
    if residual is not None and residual.ndim == 2:
        ratio = (residual.ravel() / residual.mean()) ** 2
    if heavy.odd(own.effects):
        for j in np.flatnonzero(exists):
            variance = np.linalg.inv(own.precision[j])[None]
            out[j] = _mean_weight(
                variance, heavy.covariance(own.effects, posterior, int(j)), ratio
            )[0]
        return out
    Sigma = terms.covariance_draws(own.effects, posterior)
    shared, where = np.unique(own.precision[exists], axis=0, return_inverse=True)
    blocks = np.array_split(np.linalg.inv(shared), max(1, len(shared) * len(Sigma) // _BATCH))
    each = np.concatenate([_mean_weight(block, Sigma, ratio) for block in blocks])
    out[exists] = each[where.ravel()]
    return out


def _mean_weight(variance: np.ndarray, Sigma: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Mean over draws of Sigma (Sigma + V)^-1, shape (groups, K, K)."""
    total = Sigma + variance[:, None] * ratio[:, None, None]
    if Sigma.shape[1] == 1:
        return (Sigma / total).mean(axis=1)
    if Sigma.shape[1] == 2:
        a, b, c = total[..., 0, 0], total[..., 1, 1], total[..., 0, 1]
        determinant = a * b - c**2
        s, t, u = Sigma[:, 0, 0], Sigma[:, 1, 1], Sigma[:, 0, 1]
        entries = [b * s - c * u, a * u - c * s, b * u - c * t, a * t - c * u]
        means = [(entry / determinant).mean(axis=1) for entry in entries]
        return np.stack(means, axis=-1).reshape(-1, 2, 2)
    solved = np.linalg.solve(total, np.broadcast_to(Sigma, total.shape))
    return np.swapaxes(solved.mean(axis=1), 1, 2)


def _sampling_sd(own: NoPooling, row: np.ndarray) -> np.ndarray:
    out = np.full(len(own.estimate), np.nan)
    exists = np.isfinite(own.estimate).all(axis=1)
    if exists.any():
        out[exists] = np.sqrt(row @ np.linalg.inv(own.precision[exists]) @ row)
    return out
