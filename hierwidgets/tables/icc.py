"""Shares of variance: between the groups of each factor, and left to the residual."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import checks, terms
from hierwidgets.tables import groups
from hierwidgets.tables.heavy import no_variance
from hierwidgets.tables.residual import Residual, residual

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

__all__ = ["Parts", "curve", "decompose", "icc", "levels", "predictors", "share_draws"]

POINTS = 65
_KNOWN: WeakKeyDictionary[Fit, Parts] = WeakKeyDictionary()


@dataclass(frozen=True)
class Parts:
    """The variance of a model by level.

    Attributes
    ----------
    between : dict
        For each grouping factor the variance it contributes to the linear predictor, the average of
        z_i' Sigma z_i over the rows of the data, shape (draws,).
    residual : Residual
        What is left below the groups, with its definition.
    reason : str
        Why there are no shares, else "".
    """

    between: dict[str, np.ndarray]
    residual: Residual
    reason: str


def levels(fit: Fit) -> dict[str, list[terms.Effect]]:
    """The effects of the main formula that vary over each grouping factor."""
    main = terms.parent(fit.model)
    found: dict[str, list[terms.Effect]] = {}
    for effect in fit.effects:
        if effect.component == main and effect.factor not in found:
            found[effect.factor] = fit.siblings(effect)
    return found


def decompose(fit: Fit) -> Parts:
    """The variance of the linear predictor that each grouping contributes, and the residual's.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Parts

    References
    ----------
    Johnson (2014), Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models, Methods in
    Ecology and Evolution 5, 944-946.

    Examples
    --------
    >>> decompose(fit).between["Subject"].mean()
    """
    if fit not in _KNOWN:
        posterior = fit.posterior
        between = {
            factor: np.einsum(
                "dkl,kl->d", terms.covariance_draws(varying, posterior), _moments(varying)
            )
            for factor, varying in levels(fit).items()
        }
        rest = residual(fit, levels(fit))
        varying = [effect for some in levels(fit).values() for effect in some]
        _KNOWN[fit] = Parts(between, rest, no_variance(varying, posterior) or rest.reason)
    return _KNOWN[fit]


def share_draws(parts: Parts) -> dict[str, np.ndarray]:
    """Each factor's share of the variance and, under "", the residual's, shape (draws,).

    Nothing where no residual is defined, or the effects of groups have no variance.
    """
    rest = parts.residual.variance
    if rest is None or parts.reason:
        return {}
    total = sum(parts.between.values()) + rest
    return {name: variance / total for name, variance in {**parts.between, "": rest}.items()}


def icc(fit: Fit) -> pd.DataFrame:
    """The intraclass correlation of each level: its share of the variance, given the predictors.

    The share of a factor is also called its variance partition coefficient (VPC). With slopes that
    vary, it is the share on average over the rows of the data; `curve` has it by the predictor.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        One row a grouping factor of the main formula, then the residual's: level ("group" or
        "residual"), factor ("" for the residual), mean, sd, lower, inner_lower, median,
        inner_upper, upper, and reason: why the shares are missing, else "". In every draw the
        shares add up to 1, so their means do too.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Partitioning variation in multilevel models, Understanding
    Statistics 1, 223-231. Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society
    Interface 14, 20170213.

    Examples
    --------
    >>> icc(fit)[["factor", "mean", "lower", "upper"]]
    """
    parts = decompose(fit)
    shares = share_draws(parts)
    frame = pd.DataFrame(
        {
            "level": [*["group"] * len(parts.between), "residual"],
            "factor": [*parts.between, ""],
        }
    )
    names = ["mean", "sd", *groups.QUANTILES]
    if shares:
        draws = np.stack(list(shares.values()), axis=-1)
        summary = groups.summarise(draws[None])[names]
    else:
        summary = pd.DataFrame(np.nan, index=frame.index, columns=names)
    return pd.concat([frame, summary], axis=1).assign(reason=parts.reason)


def predictors(fit: Fit, factor: str) -> list[str]:
    """The numeric columns of the data along which the share of `factor` can be drawn.

    A column is one of them when an effect of the factor depends on it, and every effect of the main
    formula that names it depends on it alone.
    """
    known = levels(fit)
    checks.one_of(factor, list(known), "a grouping factor of this model")
    found: dict[str, None] = {}
    for effect in known[factor]:
        for name in _named(fit, effect):
            if _along(fit, name):
                found[name] = None
    return list(found)


def curve(
    fit: Fit, factor: str, predictor: str | None = None, points: int = POINTS
) -> pd.DataFrame:
    """The share of variance between the groups of `factor`, by a predictor whose slope varies.

    At each value of the predictor: the variance z' Sigma z of every grouping there, other columns
    averaged over the rows, as a share of the sum with the residual variance. A residual variance
    that depends on the mean is held at its average over the rows.

    Parameters
    ----------
    fit : Fit
    factor : str
        Such as ``"Subject"``.
    predictor : str, optional
        A column of `predictors`; the first by default.
    points : int
        Values over the observed range. Where an effect bends with the predictor, the observed
        values themselves, at most so many.

    Returns
    -------
    DataFrame
        factor, predictor, x, mean, sd, lower, inner_lower, median, inner_upper, upper. No rows
        where the model has no such predictor or there are no shares.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Understanding Statistics 1, 223-231.

    Examples
    --------
    >>> curve(fit, "Subject", "Days")[["x", "mean", "lower", "upper"]]
    """
    known = predictors(fit, factor)
    parts = decompose(fit)
    rest = parts.residual.variance
    if not known or rest is None or parts.reason:
        return pd.DataFrame(columns=["factor", "predictor", "x", "mean", "sd", *groups.QUANTILES])
    predictor = known[0] if predictor is None else predictor
    checks.one_of(predictor, known, f"a predictor whose slope varies over {factor!r}")
    posterior = fit.posterior
    x = _values(fit, predictor, points)
    between = {
        name: np.einsum(
            "dkl,xkl->dx",
            terms.covariance_draws(varying, posterior),
            _moments_at(fit, varying, predictor, x),
        )
        for name, varying in levels(fit).items()
    }
    share = between[factor] / (sum(between.values()) + rest[:, None])
    table = groups.summarise(share[None])
    table.insert(0, "factor", factor)
    table.insert(1, "predictor", predictor)
    table.insert(2, "x", x)
    return table


def _moments(varying: list[terms.Effect]) -> np.ndarray:
    """The average of z z' over the rows, shape (K, K)."""
    Z = np.column_stack([effect.predictor for effect in varying])
    return Z.T @ Z / len(Z)


def _moments_at(fit: Fit, varying: list[terms.Effect], predictor: str, x: np.ndarray) -> np.ndarray:
    """The average of z z' over the rows with the predictor set to each x, shape (x, K, K)."""
    observed = fit.data[predictor].to_numpy(float)
    at, first = np.unique(observed, return_index=True)
    fixed = {
        k: np.interp(x, at, effect.predictor[first])
        for k, effect in enumerate(varying)
        if predictor in _named(fit, effect)
    }
    Z = np.column_stack([effect.predictor for effect in varying])
    out = np.broadcast_to(_moments(varying), (len(x), len(varying), len(varying))).copy()
    for k, values in fixed.items():
        for other in range(len(varying)):
            beside = fixed.get(other, Z[:, other].mean())
            out[:, k, other] = out[:, other, k] = values * beside
    return out


def _named(fit: Fit, effect: terms.Effect) -> list[str]:
    """The columns of the data that the expression of an effect names."""
    expression = re.sub(r"\[.*?\]", "", effect.effect)
    if expression == "1":
        return []
    return [
        name
        for name in fit.data.columns
        if isinstance(name, str)
        and not name.isdigit()
        and re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.(])", expression)
    ]


def _along(fit: Fit, name: str) -> bool:
    """Whether the effects of the main formula that name a column are functions of it alone."""
    column = fit.data[name]
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.nunique() < 2:
        return False
    _, where = np.unique(column.to_numpy(float), return_inverse=True)
    for varying in levels(fit).values():
        for effect in varying:
            named = _named(fit, effect)
            if name not in named:
                continue
            if named != [name] or len(effect.predictor) != len(where):
                return False
            by = pd.Series(effect.predictor).groupby(where)
            if float((by.max() - by.min()).max()) > 1e-9 * np.abs(effect.predictor).max():
                return False
    return True


def _values(fit: Fit, predictor: str, points: int) -> np.ndarray:
    """An even grid over a predictor, or its observed values where an effect is not linear in it."""
    observed = fit.data[predictor].to_numpy(float)
    at, first = np.unique(observed, return_index=True)
    for varying in levels(fit).values():
        for effect in varying:
            if predictor not in _named(fit, effect):
                continue
            z = effect.predictor[first]
            line = z[0] + (z[-1] - z[0]) * (at - at[0]) / (at[-1] - at[0])
            if np.abs(z - line).max() > 1e-9 * np.abs(z).max():
                return at[np.unique(np.linspace(0, len(at) - 1, points).round().astype(int))]
    return np.linspace(at[0], at[-1], points)
