"""Where the level of each group is looked at: at zero of its predictors, or at another place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import checks, design
from hierwidgets.tables.units import is_level

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect


def columns(fit: Fit, effect: Effect) -> list[str]:
    """The numeric columns of the slopes that vary beside a level over the grouping of `effect`."""
    return [] if _mean(fit, effect) is None else _numeric(fit, effect)


def mean(fit: Fit, effect: Effect) -> dict[str, float]:
    """The mean of each of `columns` over the rows, to a thousandth of its sd; {} without any."""
    return _mean(fit, effect) or {}


def checked(fit: Fit, effect: Effect, at: Any) -> dict[str, float] | None:
    """A place as numbers by column, None for zero.

    Raises
    ------
    TypeError, ValueError
        What is no dictionary of such columns and finite numbers.
    """
    if at is None or (isinstance(at, Mapping) and not at):
        return None
    known = columns(fit, effect)
    if not isinstance(at, Mapping):
        example = {known[0]: 1.0} if known else {"x": 1.0}
        raise TypeError(f"at must be a dictionary of column and number, such as {example}.")
    if not known:
        raise ValueError(
            f"at is the place of a level beside slopes, and {effect.factor!r} has no numeric slope "
            f"beside a level: leave it out."
        )
    for name, value in at.items():
        checks.one_of(name, known, f"a column of the slopes over {effect.factor!r}")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise ValueError(f"at[{name!r}] must be a finite number; got {value!r}.")
    return {str(name): float(value) for name, value in at.items()}


def turn(fit: Fit, effect: Effect, at: Mapping[str, float] | None) -> np.ndarray:
    """What makes of the K effects of a grouping those at a place, shape (K, K): the identity at zero.

    Each level, an intercept or a cell of ``0 + f``, gains the slopes times their columns at the
    place. A column that then still differs between the rows of the level stays at zero.
    """
    varying = fit.siblings(effect)
    out = np.eye(len(varying))
    if not at:
        return out
    data = _complete(fit, effect)
    before = design.effects_at(fit.model, effect.component, varying, data)
    moved = data.assign(**{name: float(value) for name, value in at.items()})
    after = design.effects_at(fit.model, effect.component, varying, moved)
    for k in range(len(varying)):
        if not is_level(before, k):
            continue
        rows = before[:, k] == 1
        for m in range(len(varying)):
            if m != k and np.ptp(before[rows, m]) > 0 and np.ptp(after[rows, m]) == 0:
                out[k, m] = after[rows, m][0]
    return out


def said(at: Mapping[str, float]) -> str:
    """A place in words, such as ``temp = 200``."""
    return ", ".join(f"{name} = {value:.6g}" for name, value in at.items())


def _numeric(fit: Fit, effect: Effect) -> list[str]:
    names = {one.variable for one in fit.siblings(effect)}
    kinds = design.predictors(fit.model, effect.component, names)
    return [name for name, kind in kinds.items() if kind == "numeric"]


def _complete(fit: Fit, effect: Effect) -> pd.DataFrame:
    used = design.predictors(
        fit.model, effect.component, {e.variable for e in fit.siblings(effect)}
    )
    return fit.model.data.dropna(subset=list(used))


def _mean(fit: Fit, effect: Effect) -> dict[str, float] | None:
    found: dict[str, float] = {}
    names = _numeric(fit, effect)
    data = _complete(fit, effect)
    for name in names:
        values = data[name].to_numpy(float)
        sd = float(values.std())
        centre = float(values.mean())
        digits = 3 - math.floor(math.log10(sd)) if sd > 0 else 6
        found[name] = round(centre, digits)
    if not found or np.array_equal(turn(fit, effect, found), np.eye(len(fit.siblings(effect)))):
        return None
    return found
