"""Draws that are no numbers to compute with: which parameters have them, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from hierwidgets import checks, priors, sampling, starts, terms
from hierwidgets.tables import trace
from hierwidgets.tables.held import held, lengths, rectangle

if TYPE_CHECKING:
    import bambi as bmb

    from hierwidgets.fit import Fit

# Pictures are made of float32, which ends at 3.4e38; sums and products need room below.
FAR = 1e30
# The square of a family's own scale, by which densities divide, must be above 0 in float64.
NOTHING = 1e-150
_SAID: WeakKeyDictionary[Fit, str] = WeakKeyDictionary()


class Fault(NamedTuple):
    """What is wrong with the draws of a parameter, in words."""

    parameter: str
    said: str


def check(fit: Fit, what: str) -> None:
    """Refuse draws that no picture can be made of.

    Raises
    ------
    ValueError
        Names `what` cannot be made, the parameter, what is wrong and the next step.
    """
    if said := complaint(fit):
        raise ValueError(f"{what} cannot be made: {said}")


def complaint(fit: Fit) -> str:
    """What is wrong with the draws of the model's parameters, and the next step; "" if nothing.

    Looked for once: the lowest and the highest value of every parameter.

    Examples
    --------
    >>> complaint(fit)  # doctest: +SKIP
    ''
    """
    if fit not in _SAID:
        _SAID[fit] = _complaint(fit)
    return _SAID[fit]


def _complaint(fit: Fit) -> str:
    draws = fit.posterior.sizes["draw"]
    if draws < sampling.LEAST_DRAWS:
        return (
            f"the posterior has {draws} draw{checks.plural(draws)} a chain, and {sampling.LEAST_DRAWS} are the least; "
            f"sample more, by {fit.name}.refit(draws=1000)."
        )
    if (short := lengths(fit)) and (line := whole(fit)):
        first = next(iter(faults(fit))).parameter
        return f"{first} and the other parameters have {short}, padded with NaN; cut them to one length, by {line}"
    found = list(faults(fit))
    if not found:
        return ""
    first, *others = found
    more = f", and {len(others)} other parameters are broken too" if len(others) > 1 else ""
    if len(others) == 1:
        more = f", and {others[0].parameter} is broken too"
    return f"{first.said}{more}; {remedy(fit)}"


def whole(fit: Fit) -> str:
    """Python for the fit cut to the largest rectangle of draws that its chains hold, or nothing."""
    there = held(fit)
    found = rectangle(there, sampling.LEAST_DRAWS)
    if there.all() or found is None:
        return ""
    chains, length = found
    only = "" if len(chains) == len(there) else f"chain={chains.tolist()}, "
    name = fit.name
    return f"{name} = hw.wrap({name}.model, {name}.idata.isel({only}draw=slice(0, {length})))"


def remedy(fit: Fit) -> str:
    """What to do about draws that are no numbers, as the end of a sentence."""
    names = starts.large(fit.model) if fit.model.built else []
    narrower = "give its parameters narrower priors or bring its predictors to like size"
    more = starts.advice(names) or f"{narrower}, as the sampler lost its way"
    return f"see {fit.name}.convergence(), and before you fit again: {more}."


def faults(fit: Fit) -> Iterator[Fault]:
    """What is wrong with each of the model's parameters, the first value of each variable named."""
    positive = priors.positive(fit.model)
    own = needed(fit.model)
    scales = {effect.scale for effect in fit.effects}
    for place in trace.places(fit):
        if place.variable not in own:
            continue
        values = place.draws(fit)
        least = 0.0 if place.variable in scales else NOTHING
        low, high = float(values.min()), float(values.max())
        sound = -FAR <= low and high <= FAR
        if sound and not (place.variable in positive and low < least):
            continue
        wrong = ~np.isfinite(values)
        said = "not a finite number"
        if not wrong.any() and not sound:
            wrong = np.abs(values) > FAR
            said = f"beyond {FAR:g}, too far to compute with,"
        elif not wrong.any():
            wrong = values < least
            said = "below 0, which no scale is," if low < 0 else "0, which this scale cannot be,"
        counts = wrong.sum(axis=(0, 1))
        for column in np.flatnonzero(counts):
            name = place.names[column]
            total = values.shape[0] * values.shape[1]
            yield Fault(name, f"{name} is {said} in {counts[column]:,} of {total:,} draws")


def needed(model: bmb.Model) -> set[str]:
    """The variables of the posterior that the tables of a model are computed from."""
    found = set(priors.names(model))
    for effect in terms.effects(model):
        found |= {effect.variable, effect.scale, effect.location, effect.correlation}
    return found - {""}
