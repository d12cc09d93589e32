"""Draws that are no numbers to compute with: which parameters have them, and what to do."""

from __future__ import annotations

import json
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
_KNOWN: WeakKeyDictionary[Fit, Complaint | None] = WeakKeyDictionary()


class Fault(NamedTuple):
    """What is wrong with the draws of a parameter.

    Attributes
    ----------
    parameter, said : str
        Its name, and what is wrong, in words.
    lost : bool
        Whether the sampler lost its way; else the draws are of another model.
    """

    parameter: str
    said: str
    lost: bool = True


class Complaint(NamedTuple):
    """Why no picture can be made of a fit.

    Attributes
    ----------
    said : str
        Which parameters, and what is wrong with them.
    then : str
        The next step, as the end of the sentence.
    line : str
        The line of Python to go on with.
    """

    said: str
    then: str
    line: str


def check(fit: Fit, what: str) -> None:
    """Refuse draws that no picture can be made of.

    Raises
    ------
    ValueError
        Names `what` cannot be made, the parameter, what is wrong and the next step.
    """
    if found := complaint(fit):
        raise ValueError(f"{what} cannot be made: {found.said}; {found.then}.")


def complaint(fit: Fit) -> Complaint | None:
    """What is wrong with the draws of the model's parameters, and the next step; None if nothing.

    Looked for once: the lowest and the highest value of every parameter.

    Examples
    --------
    >>> complaint(fit) is None  # doctest: +SKIP
    True
    """
    if fit not in _KNOWN:
        _KNOWN[fit] = _complaint(fit)
    return _KNOWN[fit]


def _complaint(fit: Fit) -> Complaint | None:
    draws = fit.posterior.sizes["draw"]
    if draws < sampling.LEAST_DRAWS:
        line = f"{fit.name}.refit(draws=1000)"
        said = f"{trace.first(fit)} and the other parameters have {draws} draw{checks.plural(draws)} a chain"
        return Complaint(
            said, f"{sampling.LEAST_DRAWS} are the least, so sample more, by {line}", line
        )
    found = list(faults(fit))
    if not found:
        return None
    first, *others = found
    if (short := lengths(fit)) and (line := whole(fit)):
        said = f"{first.parameter} and the other parameters have {short}, padded with NaN"
        return Complaint(said, f"go on with the draws that are there, by {line}", line)
    count = len(others)
    more = f", and {count} other parameter{checks.plural(count)} {'are' if count > 1 else 'is'} broken too"
    line = f"{fit.name}.trace([{json.dumps(first.parameter, ensure_ascii=False)}])"
    then = (
        _remedy(fit)
        if first.lost
        else "wrap what the sampler of this model gave, or fit it by hw.fit, as these are no draws of it"
    )
    return Complaint(f"{first.said}{more if others else ''}", f"look at {line}, and {then}", line)


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


def _remedy(fit: Fit) -> str:
    advice = starts.advice(starts.large(fit.model) if fit.model.built else [])
    if advice:
        return f"before you fit again: {advice[0].lower()}{advice[1:]}"
    return "before you fit again, give the coefficients narrower priors or bring the predictors to like size"


def faults(fit: Fit) -> Iterator[Fault]:
    """What is wrong with each of the parameters that the model's tables are computed from."""
    positive = priors.positive(fit.model)
    own = needed(fit.model)
    scales = {effect.scale for effect in fit.effects}
    for place in trace.places(fit):
        if place.variable not in own:
            continue
        values = place.draws(fit)
        low, high = float(values.min()), float(values.max())
        least = -FAR
        if place.variable in positive:
            least = 0.0 if place.variable in scales else NOTHING
        if least <= low and high <= FAR:
            continue
        yield from _faults(place, values, least)


def _faults(place: trace.Place, values: np.ndarray, least: float) -> Iterator[Fault]:
    wrong, said, lost = ~np.isfinite(values), "not a finite number", True
    if not wrong.any():
        wrong, said = np.abs(values) > FAR, f"beyond {FAR:g}, too far out to compute with,"
    if not wrong.any():
        wrong, said, lost = values < least, "not above 0, as this scale has to be,", False
    counts = wrong.sum(axis=(0, 1))
    total = values.shape[0] * values.shape[1]
    for column in np.flatnonzero(counts):
        name = place.names[column]
        yield Fault(name, f"{name} is {said} in {counts[column]:,} of {total:,} draws", lost)


def needed(model: bmb.Model) -> set[str]:
    """The variables of the posterior that the tables of a model are computed from."""
    found = set(priors.names(model))
    for effect in terms.effects(model):
        found |= {effect.variable, effect.scale, effect.location, effect.correlation}
    return found - {""}
