"""How far each group is really pulled to the population, beside what its weight alone says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hierwidgets import checks
from hierwidgets.tables import beside, heavy, place

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.tables.no_pooling import NoPooling
    from hierwidgets.terms import Effect

TOLERATED = 0.1


@dataclass(frozen=True)
class Pull:
    """The share that is realised in each group, and over all of them.

    Attributes
    ----------
    realised : ndarray, shape (groups,)
        (partial pooling - population) / (no pooling - population); NaN without an own estimate.
    overall : float
        The same as the slope of one difference on the other over the groups, through the origin.
    weight : float
        The mean weight.
    beyond : float
        The share of groups on the other side of the population than their own estimate.
    missed : float
        The root mean square of what the weight alone misses, partial pooling less
        w no pooling + (1 - w) population, in units of that of no pooling - population.
    """

    realised: np.ndarray
    overall: float
    weight: float
    beyond: float
    missed: float


def pull(
    own: np.ndarray, partial: np.ndarray, population: float, weight: np.ndarray
) -> Pull | None:
    """What becomes of each group's own estimate; None where no group has one.

    Examples
    --------
    >>> import numpy as np
    >>> found = pull(np.array([2.0, -4.0]), np.array([1.0, -3.0]), 0.0, np.array([0.5, 0.75]))
    >>> found.realised.tolist(), found.missed
    ([0.5, 0.75], 0.0)
    """
    far, near = own - population, partial - population
    known = np.isfinite(far) & np.isfinite(weight) & (far != 0)
    realised = np.full(len(own), np.nan)
    realised[known] = near[known] / far[known]
    if not known.any():
        return None
    square = float((far[known] ** 2).mean())
    rest = near[known] - weight[known] * far[known]
    return Pull(
        realised,
        float((near[known] * far[known]).mean()) / square,
        float(weight[known].mean()),
        float((realised[known] < 0).mean()),
        float(np.sqrt((rest**2).mean() / square)),
    )


def helps(here: Pull | None, there: Pull | None) -> bool:
    """Whether weights describe the groups at another place, or miss at most half of what they miss here."""
    if here is None or there is None:
        return False
    return there.missed <= max(TOLERATED, here.missed / 2)


def caution(
    fit: Fit,
    effect: Effect,
    own: NoPooling,
    found: Pull | None,
    at: dict[str, float] | None,
    *,
    better: dict[str, float] | None = None,
) -> str:
    """Why weight or own estimate must be read with care, in sentences, or nothing.

    `better` is a place where the weights say more.
    """
    said = []
    if unlike := heavy.odd(own.effects):
        said.append(_unlike(unlike[0]))
    if own.conditional:
        said.append(
            f"Effects of {own.conditional}, are held at their posterior means, which have already "
            "absorbed part of what the group is: own estimates and weights are too sure."
        )
    several = len(own.effects) > 1
    others = beside.factors(fit, own.effects)
    if found is None or found.missed <= TOLERATED or not (several or others):
        return " ".join(said)
    said.append(
        f"The weight alone does not say where groups end: its mean is {found.weight:.2f}, but "
        f"{found.overall:.2f} of the way from the population to the own estimates is realised, and "
        f"{found.beyond:.0%} of the groups lie on the other side of the population."
    )
    mean = place.mean(fit, effect)
    if several:
        where = (
            f", at {place.said(at)}" if at else ", where the predictors are zero" if mean else ""
        )
        said.append(f"The effects that vary over {effect.factor!r} pull on each other{where}.")
        if better:
            entries = ", ".join(f'"{name}": {value!r}' for name, value in better.items())
            said.append(f"Look at the mean of the rows: at={{{entries}}}.")
    elif not own.conditional:
        said.append(
            f"A group's rows alone cannot tell it from {checks.listed(others, 5)}, of which the rows of "
            "other groups tell."
        )
    return " ".join(said)


def _unlike(effect: Effect) -> str:
    if effect.distribution == "StudentT":
        return (
            f"The effects of {effect.term!r} come from a Student t: a group far from the population is pulled "
            "less, so each weight is that of its own group. No slider moves their scale: its formula is for "
            "Normal effects."
        )
    return (
        f"The effects of {effect.term!r} have the prior {effect.prior}: weights and the slider of the scale are "
        "for Normal effects, and weights for Student t."
    )
