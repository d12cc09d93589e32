"""What the views with a row for each group share: labels, homes in a parent, and their states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import checks
from hierwidgets.brief import told_apart
from hierwidgets.tables import nested, units

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect


def shown(fit: Fit, factor: str) -> list[str]:
    """The groups of a factor as a reader sees them."""
    return next(effect.shown for effect in fit.effects if effect.factor == factor)


def labels(fit: Fit) -> dict[str, list[str]]:
    """Columns of labels: ``labels/<factor>``, and ``shown/<factor>`` where readers see others.

    ``brief/<factor>`` has them cut to the place beside a picture, where some are too long for it.
    """
    out: dict[str, list[str]] = {}
    for effect in fit.effects:
        out[f"labels/{effect.factor}"] = effect.groups
        if effect.shown != effect.groups:
            out[f"shown/{effect.factor}"] = effect.shown
        brief = told_apart(effect.shown)
        if brief != effect.shown:
            out[f"brief/{effect.factor}"] = brief
    return out


def homes(fit: Fit) -> tuple[dict[str, np.ndarray], list[dict[str, str]]]:
    """Columns ``within/<i>``, the position of each group's parent, and which factors these are."""
    columns: dict[str, np.ndarray] = {}
    about: list[dict[str, str]] = []
    for factor, groups in fit.factors.items():
        for by, home in nested.parents(fit, factor).items():
            place = {label: i for i, label in enumerate(fit.factors[by])}
            columns[f"within/{len(about)}"] = np.array([place[home[group]] for group in groups])
            about.append({"factor": factor, "by": by})
    return columns, about


def arrangement(fit: Fit, effect: Effect, state: dict[str, Any]) -> dict[str, Any]:
    """The `by` and `folded` of a state, checked."""
    by, folded = state["by"], state["folded"]
    if not isinstance(folded, (list, tuple)):
        raise TypeError(f"folded must be a list of groups; got {folded!r}.")
    folded = list(dict.fromkeys(str(group) for group in folded))
    if by is not None:
        nested.homes(fit, effect.factor, by, folded)
    elif folded:
        raise ValueError(
            f"folded={folded!r} needs by, the factor whose groups are folded"
            f"{_example(fit, effect)}."
        )
    return {"by": by, "folded": folded}


def measured(fit: Fit, effect: Effect, state: dict[str, Any], scale: str = "effect") -> None:
    """Refuse units that the effect has no meaning in."""
    checks.one_of(state["units"], units.UNITS, "units of a group effect")
    if state["units"] == "response":
        units.required(fit, effect, scale)


def _example(fit: Fit, effect: Effect) -> str:
    known = list(nested.parents(fit, effect.factor))
    return f", such as by={known[0]!r}" if known else ""
