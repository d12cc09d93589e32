"""Predictions for known groups, new groups and the average, kept apart by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from hierwidgets import checks, design, models, terms
from hierwidgets.tables import groups
from hierwidgets.tables.new_rows import group_labels, new_rows

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

KINDS = ("known", "new", "average")
Kind = Literal["known", "new", "average"]
COLUMNS = ["mean", "sd", "lower", "inner_lower", "median", "inner_upper", "upper"]
_MEANS = {
    "bernoulli",
    "beta",
    "beta_binomial",
    "binomial",
    "exponential",
    "gamma",
    "gaussian",
    "laplace",
    "negativebinomial",
    "poisson",
    "t",
    "wald",
    "weibull",
}
_BATCH = 4_000_000


def predict(
    fit: Fit,
    data: pd.DataFrame | None = None,
    kind: Kind = "known",
    *,
    link: bool = False,
    random_seed: int | None = None,
) -> pd.DataFrame:
    """The posterior of the expected response of each row.

    Parameters
    ----------
    fit : Fit
    data : DataFrame, optional
        The rows, with the predictors' columns and, but for the average, those that group. The
        fitted rows by default. It is not changed.
    kind : {"known", "new", "average"}
        ``"known"``: the rows' groups with their own effects; every group must have been fitted.
        ``"new"``: the same, but a group that was not fitted is drawn from the population, one draw
        of its effects u = sigma L z for each posterior draw, shared by its rows and independent of
        other groups. ``"average"``: all group effects zero, the centre of the population on the
        link scale.
    link : bool
        The linear predictor in place of the expected response.
    random_seed : int, optional
        Makes the draws of new groups repeatable.

    Returns
    -------
    DataFrame
        One row a row of `data`, with its index. ``kind`` is the row's own: under ``kind="new"`` a
        row all of whose groups were fitted says "known". mean, sd, median, inner_lower and
        inner_upper (50 %), lower and upper (95 %, equal-tailed) are those of the expected response:
        the noise of single observations is not in them. For counts of trials it is the probability
        of one success.

    Raises
    ------
    TypeError, ValueError
        Data that lack a column or a value, a level or a group that was not fitted, or a family
        without one expected value.

    Examples
    --------
    >>> rows = pd.DataFrame({"Days": [0, 9], "Subject": "someone else"})
    >>> predict(fit, rows, kind="new", random_seed=1)
    """
    checks.one_of(kind, KINDS, "a kind of prediction")
    _refuse_family(fit, link=link)
    component = terms.parent(fit.model)
    grouped = {} if kind == "average" else models.group_columns(fit.model, component)
    given = fit.data if data is None else data
    if isinstance(given, pd.DataFrame) and not len(given):
        raise ValueError("data has no rows to predict.")
    checks.frame(given)
    rows = new_rows(fit, given, component, grouped)
    members = {factor: _members(fit, component, factor, rows, at) for factor, at in grouped.items()}
    fresh = np.any([np.zeros(len(rows), bool), *(m.unknown for m in members.values())], axis=0)
    if kind == "known":
        for factor, member in members.items():
            _refuse_unknown(factor, member)
    elif kind == "new":
        _refuse_undrawable(fit, component, drawn=bool(fresh.any()))
    rng = np.random.default_rng(random_seed)
    effects = {factor: _effects(fit, member, rng) for factor, member in members.items()}
    designs = {
        factor: design.effects_at(fit.model, component, member.varying, rows)
        for factor, member in members.items()
    }

    beta = _flat(terms.common(fit.model, component).draws(fit.posterior))
    X, offset = design.common_at(fit.model, component, rows)
    step = max(1, _BATCH // len(beta))
    parts: list[pd.DataFrame] = []
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        eta = beta @ X[block].T + offset[block]
        for factor, member in members.items():
            u = effects[factor][:, member.index[block]]
            eta += np.einsum("rk,drk->dr", designs[factor][block], u)
        values = eta if link else design.inverse(fit.model, component, eta)
        parts.append(groups.summarise(values[None]))
    table = pd.concat(parts, ignore_index=True)[COLUMNS]
    name = np.where(fresh, "new", "average" if kind == "average" else "known")
    table.insert(0, "kind", name.astype(object))
    return table.set_index(rows.index)


@dataclass(frozen=True)
class _Members:
    """The groups of one factor that rows are in: first those fitted, then those that were not.

    `labels` names them, `index` places each row, `fitted` places the known ones in the posterior.
    """

    varying: list[Effect]
    labels: list[str]
    index: np.ndarray
    fitted: np.ndarray

    @property
    def unknown(self) -> np.ndarray:
        """Whether each row is in a group that was not fitted."""
        return self.index >= len(self.fitted)


def _members(
    fit: Fit, component: str, factor: str, rows: pd.DataFrame, columns: list[str]
) -> _Members:
    varying = [e for e in fit.effects if (e.component, e.factor) == (component, factor)]
    place = {label: i for i, label in enumerate(varying[0].groups)}
    codes, found = pd.factorize(np.array(group_labels(rows, columns), object))
    labels = [str(label) for label in found]
    order = sorted(range(len(labels)), key=lambda i: labels[i] not in place)
    position = np.empty(len(labels), int)
    position[order] = np.arange(len(labels))
    fitted = np.array([place[labels[i]] for i in order if labels[i] in place], int)
    return _Members(varying, [labels[i] for i in order], position[codes], fitted)


def _effects(fit: Fit, members: _Members, rng: np.random.Generator) -> np.ndarray:
    """Effects of the groups, shape (draws, groups, K): the posterior's, or drawn for new groups."""
    varying, posterior = members.varying, fit.posterior
    known = np.stack([_flat(e.draws(posterior))[:, members.fitted] for e in varying], axis=-1)
    count = len(members.labels) - len(members.fitted)
    if not count:
        return known
    tau = np.stack([e.scale_draws(posterior).ravel() for e in varying], axis=1)
    values, vectors = np.linalg.eigh(terms.correlation_draws(varying, posterior))
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    z = rng.standard_normal((len(tau), count, len(varying)))
    drawn = tau[:, None, :] * (z @ np.swapaxes(root, -1, -2))
    return np.concatenate([known, drawn], axis=1)


def _refuse_unknown(factor: str, members: _Members) -> None:
    unknown = members.labels[len(members.fitted) :]
    if unknown:
        known = members.varying[0].groups
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise ValueError(
            f"{factor!r} has no fitted group {unknown[0]!r}{more}.{checks.nearest(unknown[0], known)} "
            'kind="new" draws a group that was not fitted from the population.'
        )


def _refuse_undrawable(fit: Fit, component: str, *, drawn: bool) -> None:
    if not drawn:
        raise ValueError(
            'kind="new" predicts groups that were not fitted, and every group of these rows was. '
            'Give the new ones labels of their own, or ask for kind="known".'
        )
    if other := models.not_normal(fit.model, component):
        raise ValueError(
            f"The effects of {other[0]!r} are not Normal around zero, and new groups are drawn from "
            'a Normal. kind="average" needs none.'
        )


def _refuse_family(fit: Fit, *, link: bool) -> None:
    if smooth := terms.smooths(fit.model):
        raise ValueError(f"predict() cannot compute the Gaussian process {smooth[0]!r}.")
    if models.has_categories(fit.model):
        raise ValueError(
            f"A model of the {fit.family} family has one linear predictor for each category, and "
            "predict() needs a single one."
        )
    if not link and fit.family not in _MEANS:
        raise ValueError(
            f"The inverse link of the {fit.family} family is not its expected response. "
            "link=True predicts on the scale of the link."
        )


def _flat(draws: np.ndarray) -> np.ndarray:
    return draws.reshape(-1, draws.shape[-1])
