"""What a group's effect means on the response scale: an expected response, or a ratio."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from hierwidgets import checks, design, models, terms

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.tables.no_pooling import NoPooling
    from hierwidgets.terms import Effect

UNITS = ("link", "response")
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Meaning:
    """How an effect is carried to the response scale, draw by draw.

    Attributes
    ----------
    kind : {"level", "ratio"}
        A level is the inverse link of the linear predictor at a reference row; a ratio is exp of
        the effect.
    name : str
        What it is called on an axis.
    row : ndarray, shape (p,)
        The population's columns of the reference row; of a ratio, what picks the population's
        effect, all 0 for a deviation.
    own : ndarray, shape (K,)
        The columns there of every effect of the grouping.
    offset : float
    """

    effect: Effect
    kind: Literal["level", "ratio"]
    name: str
    row: np.ndarray = field(repr=False)
    own: np.ndarray = field(repr=False)
    offset: float = 0.0

    def carry(self, fit: Fit, eta: np.ndarray) -> np.ndarray:
        """Values of the link scale on the response scale; NaN stays NaN."""
        if self.kind == "ratio":
            return np.exp(eta)
        return design.inverse(fit.model, self.effect.component, eta)

    def draws(self, fit: Fit) -> tuple[np.ndarray, np.ndarray]:
        """Each group's draws (chain, draw, groups), and the population's (chain, draw)."""
        posterior = fit.posterior
        common = terms.common(fit.model, self.effect.component)
        beta = common.draws(posterior, self.effect.response)
        population = beta @ self.row + self.offset
        groups = population[..., None]
        for weight, effect in zip(self.own, fit.siblings(self.effect), strict=True):
            if weight:
                groups = groups + weight * effect.draws(posterior)
        return self.carry(fit, groups), self.carry(fit, population)

    def estimates(self, fit: Fit, own: NoPooling) -> dict[str, np.ndarray]:
        """No-pooling estimates and the ends of their 95 % intervals (groups,), complete pooling ().

        The ends are those of the link scale, estimate and 1.96 standard errors, carried over.
        """
        common = terms.common(fit.model, self.effect.component)
        beta = common.draws(fit.posterior, self.effect.response).mean(axis=(0, 1))
        within = terms.population_weights(common, own.effects) @ beta
        rest = self.row @ beta + self.offset - self.own @ within
        centre = rest + weighted(self.own, own.estimate)
        reach = _Z95 * error(self.own, own)
        return {
            "no_pooling": self.carry(fit, centre),
            "no_pooling_lower": self.carry(fit, centre - reach),
            "no_pooling_upper": self.carry(fit, centre + reach),
            "complete_pooling": self.carry(fit, rest + weighted(self.own, own.complete[None]))[0],
        }


def meaning(fit: Fit, effect: Effect, scale: str = "effect") -> Meaning | str:
    """What `effect` means on the response scale, or the reason why it means nothing there.

    Parameters
    ----------
    fit : Fit
    effect : Effect
    scale : {"effect", "deviation"}

    Returns
    -------
    Meaning or str
        A whole intercept, or a cell of ``0 + f | g``, is a level: the inverse link of the linear
        predictor at the mean of the model's columns over the rows (of that cell), the offset
        included, other groupings at 0. A slope, and any deviation, is a ratio: the odds ratio of a
        logit link, the ratio of a log link. Others mean nothing.

    Examples
    --------
    >>> meaning(fit, fit.effect("1|herd")).name
    """
    model, component = fit.model, effect.component
    link = terms.link_name(model, component)
    if fit.family in checks.ORDERED or effect.response or models.has_categories(model):
        return "the response has an expectation for each of its categories"
    if link == "identity":
        return "under the identity link it is that of the linear predictor"
    beside = fit.siblings(effect)
    k = beside.index(effect)
    Z = np.column_stack([one.predictor for one in beside])
    common = terms.common(model, component)
    if scale == "effect" and is_level(Z, k):
        if smooth := terms.smooths(model):
            return f"the share of the Gaussian process {smooth[0]} has no average"
        rows = Z[:, k] == 1
        row, own = common.X[rows].mean(axis=0), Z[rows].mean(axis=0)
        offset = float(common.offset[rows].mean())
        inside = terms.population_weights(common, beside)[k] != 0
        alone = not (row[~inside].any() or np.delete(own, k).any() or offset)
        where = "" if alone else ", at the average of the other predictors"
        return Meaning(
            effect, "level", f"expected {measure(fit, component)}{where}", row, own, offset
        )
    if link not in ("logit", "log"):
        what = "a deviation" if scale == "deviation" else "a slope"
        return f"{what} under the {link} link is neither an expected response nor a ratio"
    own = np.eye(len(beside))[k]
    row = terms.population_weights(common, beside)[k] * (scale == "effect")
    name = _ratio(fit, component, link)
    against = "against the population" if scale == "deviation" else f"for {effect.effect}"
    return Meaning(effect, "ratio", f"{name} {against}", row, own)


def required(fit: Fit, effect: Effect, scale: str = "effect") -> Meaning:
    """The same, or a ValueError with the reason."""
    found = meaning(fit, effect, scale)
    if isinstance(found, Meaning):
        return found
    raise ValueError(
        f'units="response" is not for the {scale} of {effect.term!r}: {found}. Use units="link".'
    )


def measure(fit: Fit, component: str) -> str:
    """What a component of the model is called: the response, a share of it, or the component."""
    name = str(fit.model.response_term.name)
    if component != terms.parent(fit.model):
        return component
    if fit.family.startswith(("zero_inflated", "hurdle")):
        return f"{component} of the {fit.family} family"
    return f"share {name}" if terms.response(fit.model).ndim == 2 else name


def population_draws(fit: Fit, effect: Effect) -> np.ndarray:
    """The population's value of an effect, shape (chain, draw); 0 where it has none."""
    common = terms.common(fit.model, effect.component)
    beside = fit.siblings(effect)
    weights = terms.population_weights(common, beside)[beside.index(effect)]
    return common.draws(fit.posterior, effect.response) @ weights


def is_level(Z: np.ndarray, k: int) -> bool:
    """Whether column k is an intercept, or a cell where no intercept varies beside it."""
    whole = (Z == 1).all(axis=0)
    if whole[k]:
        return True
    binary = np.isin(Z, (0, 1)).all(axis=0)
    return bool(binary[k] and not whole.any() and (Z[:, binary].sum(axis=1) == 1).all())


def _ratio(fit: Fit, component: str, link: str) -> str:
    if component != terms.parent(fit.model):
        return f"ratio of {component}" if link == "log" else f"odds ratio of {component}"
    if link == "logit":
        return "odds ratio"
    return "rate ratio" if fit.family in checks.COUNTS else "ratio of means"


def weighted(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values @ weights, in which a missing value of weight 0 is not missed."""
    return np.where(weights != 0, values, 0.0) @ weights


def error(weights: np.ndarray, own: NoPooling) -> np.ndarray:
    """Standard error of a weighted sum of each group's own estimates."""
    used = np.flatnonzero(weights)
    if len(used) == 1:
        return abs(weights[used[0]]) * own.se[:, used[0]]
    out = np.full(len(own.se), np.nan)
    known = np.isfinite(own.se).all(axis=1) & np.isfinite(own.precision).all(axis=(1, 2))
    if known.any():
        variance = np.linalg.inv(own.precision[known])
        sd = np.sqrt(np.diagonal(variance, axis1=1, axis2=2))
        scaled = weights * own.se[known] / sd
        out[known] = np.sqrt(np.einsum("gi,gij,gj->g", scaled, variance, scaled))
    return out
